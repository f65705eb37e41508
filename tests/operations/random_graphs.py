"""Random graphs of `keras.ops` beside Keras: ``python -m tests.operations.random_graphs --count 5000 --backend c``.

A graph is Python, line by line, that grows while Keras computes it for two numbers of rows: so that each function gets
numbers of its domain, and every difference is printed as a program that shows it again. It becomes a functional model,
or the call of an author's layer, with a trainable number; predictions and gradients are compared.

Prints each graph of which nnc makes something else than Keras, or which it refuses, and exits with 1 if there was any.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import nnc
from frontends.keras_model import FRONTEND
from nnc.errors import NncError
from tests.operations.graphs.growing import Arrays, known_axes
from tests.operations.graphs.steps import STEPS

ROWS = (5, 3)
"""Numbers of rows; that no axis has by chance but the first of them in some constants."""
INPUTS = (("float32", (3, 4)), ("float32", (4,)), ("float32", ()), ("float32", (2, 3, 1)), ("float32", (2, 4)))
OTHER_INPUTS = (
    ("int32", (3,)),
    ("int32", ()),
    ("bool", (4,)),
    ("float64", (3, 4)),
    ("uint8", (2, 3)),
    ("int64", (3, 4)),
)
LIMIT, WHOLE_LIMIT, ELEMENTS, RANK = 30.0, 1000, 500, 5
"""Values are no larger, in magnitude, number of elements and axes."""
WEIGHT = 1.25
SHAKEN = 1e-6
"""Numbers are shaken by so much to see whether a graph amplifies rounding."""
PRECISION = 1e-4


@dataclass(frozen=True)
class RandomGraph:
    """A graph of `keras.ops` as Python.

    Args:
        inputs: element type and shape of each, without rows.
        lines: ``v3 = ops.add(v1, v2)`` and so on; ``weight`` multiplies by the trainable number.
        outputs: the names of those values that are outputs.
        is_traced: whether it stands in the call of a layer.
    """

    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    lines: tuple[str, ...]
    outputs: tuple[str, ...]
    is_traced: bool

    def __str__(self) -> str:
        head = f"# {'in a layer' if self.is_traced else 'functional'}"
        given = [f"v{number} = Input({shape}, dtype='{dtype}')" for number, (dtype, shape) in enumerate(self.inputs)]
        return "\n".join([head, *given, *self.lines, f"return {', '.join(self.outputs)}"])

    def run(self, ops: Any, weight: Callable[[Any], Any], arguments: Sequence[Any]) -> list[Any]:
        """Return what comes out."""
        names: dict[str, Any] = {f"v{number}": argument for number, argument in enumerate(arguments)}
        for line in self.lines:
            name, _, text = line.partition(" = ")
            names[name] = evaluated(text, names, ops, weight)
        return [names[name] for name in self.outputs]

    def arrays(self, rows: int) -> list[Any]:
        """Return what goes in."""
        return [drawn(number, dtype, (rows, *shape)) for number, (dtype, shape) in enumerate(self.inputs)]

    def model(self, keras: Any) -> Any:
        """Return it as a model of Keras's."""
        inputs = [keras.Input(shape, dtype=dtype, name=f"v{n}") for n, (dtype, shape) in enumerate(self.inputs)]
        if self.is_traced:
            return keras.Model(inputs, list(_author_layer(keras, self)(inputs)))
        return keras.Model(inputs, self.run(keras.ops, _scale_layer(keras), inputs))


def evaluated(text: str, names: Mapping[str, Any], ops: Any, weight: Callable[[Any], Any]) -> Any:
    """Return what a line makes of values by name."""
    return eval(text, {"ops": ops, "numpy": numpy, "weight": weight, **names})


def drawn(number: int, dtype: str, shape: tuple[int, ...]) -> Any:
    """Return numbers for an input, the same each time."""
    generator = numpy.random.default_rng(number + 10 * len(shape))
    if dtype.startswith("float"):
        return generator.uniform(-1.6, 1.6, shape).astype(dtype)
    return generator.integers(0 if dtype in ("bool", "uint8") else -3, 2 if dtype == "bool" else 6, shape).astype(dtype)


def _scale_layer(keras: Any) -> Any:
    class Scale(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, shape: Any) -> None:
            self.factor = self.add_weight(shape=(), initializer=keras.initializers.Constant(WEIGHT), name="factor")

        def call(self, x: Any) -> Any:
            return x * self.factor

    return Scale()


def _author_layer(keras: Any, graph: RandomGraph) -> Any:
    class Author(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, shapes: Any) -> None:
            self.factor = self.add_weight(shape=(), initializer=keras.initializers.Constant(WEIGHT), name="factor")

        def call(self, arguments: Any) -> Any:
            return tuple(graph.run(keras.ops, lambda x: x * self.factor, arguments))

    return Author()


# ---------------------------------------------------------------------- growing


class Grower:
    """A graph under construction; see `tests.operations.graphs.growing.Growing`."""

    def __init__(self, draw: Callable[[Any], Any], keras: Any) -> None:
        self.draw = draw
        self.keras = keras
        self.is_traced = bool(draw(st.booleans()))
        first = draw(st.sampled_from(INPUTS))
        self.inputs = (first, *draw(st.lists(st.sampled_from((*INPUTS[1:], *OTHER_INPUTS)), max_size=2)))
        self.lines: list[str] = []
        self.found: dict[str, Arrays] = {}
        self.symbols: dict[str, Any] = {}
        self.used: set[str] = set()
        for number, (dtype, shape) in enumerate(self.inputs):
            name = f"v{number}"
            self.found[name] = tuple(drawn(number, dtype, (rows, *shape)) for rows in ROWS)
            self.symbols[name] = keras.KerasTensor((None, *shape), dtype)
        self.add("weight(v0)")

    def pick(self, accepts: Callable[[Arrays], bool] = lambda arrays: True) -> str:
        """Draw a value that is accepted, or the first of all where none is; late ones are likelier."""
        fitting = [name for name, arrays in self.found.items() if accepts(arrays)]
        late = fitting[-3:]
        return str(self.draw(st.sampled_from([*late, *fitting]))) if fitting else "v0"

    def arrays(self, name: str) -> Arrays:
        """Return what a value is, or the numbers that a text means."""
        if name in self.found:
            return self.found[name]
        return tuple(numpy.asarray(self.evaluated(name, place)) for place in range(len(ROWS)))

    def evaluated(self, text: str, place: int) -> Any:
        """Return what a line gives in Keras."""
        ops = self.keras.ops
        names = {name: ops.convert_to_tensor(arrays[place]) for name, arrays in self.found.items()}
        return evaluated(text, names, ops, lambda x: x * WEIGHT)

    def add(self, text: str) -> str | None:
        """Add a line, unless Keras refuses it or its numbers are not fit to go on from."""
        try:
            arrays = tuple(numpy.asarray(self.evaluated(text, place)) for place in range(len(ROWS)))
            symbol = None if self.is_traced else evaluated(text, self.symbols, self.keras.ops, lambda x: x * WEIGHT)
        except Exception:  # Keras's or TensorFlow's, for arguments that do not go together
            return None
        if any(array.size == 0 or array.size > ELEMENTS or array.ndim > RANK for array in arrays):
            return None
        if arrays[0].dtype.name not in ("float32", "float64", "int32", "int64", "uint8", "bool", "uint32"):
            return None
        if arrays[0].dtype.kind == "f" and not all(bool(numpy.isfinite(array).all()) for array in arrays):
            return None
        most = max(float(numpy.abs(array.astype("float64")).max()) for array in arrays)
        if arrays[0].dtype.kind == "f" and most > LIMIT:
            return self.add(f"ops.tanh({text})")
        if arrays[0].dtype.kind in "iu" and most > WHOLE_LIMIT:
            return None
        name = f"v{len(self.found)}"
        if not self.is_traced and not isinstance(symbol, self.keras.KerasTensor):
            return None
        self.symbols[name] = symbol
        self.lines.append(f"{name} = {text}")
        self.found[name] = arrays
        self.used |= {other for other in self.found if other != name and _mentions(text, other)}
        return name

    def finish(self) -> RandomGraph:
        """Return the graph, whose outputs are what nothing uses, in each row."""
        ends = [name for name in self.found if name not in self.used and int(name[1:]) >= len(self.inputs)]
        outputs = [self.in_rows(name) for name in ends[-4:]]
        return RandomGraph(self.inputs, tuple(self.lines), tuple(filter(None, outputs)), self.is_traced)

    def in_rows(self, name: str) -> str | None:
        """Return a value that has rows in front, made of one that need not."""
        arrays = self.found[name]
        lengths = [tuple(array.shape[axis] for array in arrays) for axis in range(arrays[0].ndim)]
        place = lengths.index(ROWS) if ROWS in lengths else None
        others = [axis for axis in range(arrays[0].ndim) if axis not in known_axes(arrays) and axis != place]
        if others:
            reduce = "any" if arrays[0].dtype == "bool" else "sum"
            found = self.add(f"ops.{reduce}({name}, axis={tuple(others)})")
            return None if found is None else self.in_rows(found)
        if place is not None:
            return name if place == 0 else self.add(f"ops.moveaxis({name}, {place}, 0)")
        first = ", ".join([":", *["0"] * len(self.inputs[0][1])])
        ones = f"ops.reshape(ops.ones_like(v0[{first}], dtype='int32'), {(-1, *[1] * arrays[0].ndim)})"
        return self.add(f"ops.multiply(ops.expand_dims({name}, 0), {ones})")


def _mentions(text: str, name: str) -> bool:
    place = text.find(name)
    while place >= 0:
        if (
            not text[place + len(name) : place + len(name) + 1].isdigit()
            and not text[max(place - 1, 0) : place].isalnum()
        ):
            return True
        place = text.find(name, place + 1)
    return False


@st.composite
def random_graphs(draw: Any, keras: Any, steps: int = 14) -> RandomGraph:
    """Draw a graph.

    Args:
        draw: given by Hypothesis.
        keras: Keras, on TensorFlow.
        steps: the largest number of steps; one adds a line, or none where nothing fits.
    """
    grower = Grower(draw, keras)
    for _ in range(draw(st.integers(2, steps))):
        draw(st.sampled_from(STEPS))(grower)
    return grower.finish()


# ---------------------------------------------------------------------- comparing


@contextmanager
def backend_of_layers(backend: str) -> Iterator[None]:
    """Let layers by themselves run on a backend."""
    before = os.environ.get("NNC_BACKEND")
    os.environ["NNC_BACKEND"] = backend
    try:
        yield
    finally:
        os.environ.pop("NNC_BACKEND") if before is None else os.environ.update(NNC_BACKEND=before)


def gradients_of(model: Any, arrays: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
    """Return Keras's gradients with respect to the inputs that are floats, and the trainable number."""
    import tensorflow

    tensors = [tensorflow.constant(array) for array in arrays]
    floats = [tensor for tensor in tensors if tensor.dtype.is_floating]
    weights = [weight.value for weight in model.trainable_weights]
    with tensorflow.GradientTape() as tape:
        for tensor in floats:
            tape.watch(tensor)
        outputs = _list(model(tensors))
    found = tape.gradient(outputs, [*floats, *weights], list(map(tensorflow.constant, seeds)))
    return [
        numpy.zeros(source.shape, source.dtype.name)
        if one is None
        else numpy.asarray(tensorflow.convert_to_tensor(one))
        for one, source in zip(found, [*floats, *weights], strict=True)
    ]


def _list(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else [found]


def difference(graph: RandomGraph, backend: str, keras: Any) -> str:
    """Say in what nnc differs from Keras, or why it refuses the graph; an empty text where it does not."""
    try:
        model = graph.model(keras)
    except Exception:  # Keras's: not everything that works on arrays works in a model
        return ""
    try:
        program = nnc.compile(model, backend=backend)
        for rows in ROWS:
            arrays = graph.arrays(rows)
            expected = list(map(numpy.asarray, _list(model(arrays))))
            for name, one, other in zip(graph.outputs, _list(program(arrays)), expected, strict=True):
                if text := _unequal(f"{name} for {rows} rows", one, other, partial(_shaken, graph, model, rows)):
                    return text
        return _gradient_difference(graph, model, backend, keras)
    except NncError as error:
        return f"{type(error).__name__}: {error}"


def _gradient_difference(graph: RandomGraph, model: Any, backend: str, keras: Any) -> str:
    floats = [output for output in _list(model.outputs) if "float" in output.dtype]
    if not floats:
        return ""
    arrays = graph.arrays(ROWS[0])
    if any(array.dtype == "float64" for array in arrays):  # a layer by itself computes in its own element type
        return ""
    part = keras.Model(model.inputs, floats)
    generator = numpy.random.default_rng(0)
    seeds = [generator.uniform(0.5, 1.5, output.shape).astype(output.dtype.name) for output in _list(part(arrays))]
    expected = gradients_of(part, arrays, seeds)
    ours = FRONTEND.read(part)
    with backend_of_layers(backend):
        ours.forward(arrays)
        found = _list(ours.backward(seeds if len(seeds) > 1 else seeds[0]))
    found = [one for one, array in zip(found, arrays, strict=True) if array.dtype.kind == "f"]
    found += [weight.gradient for weight in ours.weights]
    names = [f"v{number}" for number, (dtype, _) in enumerate(graph.inputs) if dtype.startswith("float")]
    names += ["the number"] * len(ours.weights)
    for name, one, other in zip(names, found, expected, strict=True):
        shaken = partial(_shaken_gradients, part, arrays, seeds, expected)
        if text := _unequal(f"gradient of {name}", one, other, shaken):
            return text
    return ""


def _shake(arrays: Sequence[Any]) -> list[Any]:
    generator = numpy.random.default_rng(1)
    return [
        (array * (1 + SHAKEN * generator.uniform(-1, 1, array.shape))).astype(array.dtype)
        if array.dtype.kind == "f"
        else array
        for array in arrays
    ]


def _shaken_gradients(model: Any, arrays: Sequence[Any], seeds: Sequence[Any], expected: Sequence[Any]) -> float:
    """Return by how much Keras's own gradients differ for inputs that are a little different."""
    pairs = zip(gradients_of(model, _shake(arrays), seeds), expected, strict=True)
    return max(float(numpy.abs(again - before).max()) for again, before in pairs)


def _shaken(graph: RandomGraph, model: Any, rows: int) -> float:
    """Return by how much Keras's own outputs differ for inputs that are a little different."""
    arrays = graph.arrays(rows)
    pairs = zip(_list(model(arrays)), _list(model(_shake(arrays))), strict=True)
    return max(float(numpy.abs(numpy.asarray(a).astype("float64") - numpy.asarray(b)).max()) for a, b in pairs)


def _unequal(name: str, found: Any, expected: Any, amplified: Callable[[], float]) -> str:
    """Say in what an array differs, unless rounding explains it."""
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return f"{name} is {found.dtype}{found.shape}, expected {expected.dtype}{expected.shape}"
    if expected.dtype.kind != "f":
        return "" if numpy.array_equal(found, expected) else f"{name} is\n{found}\nexpected\n{expected}"
    limit = PRECISION * max(1.0, float(numpy.abs(expected).max()))
    if bool((numpy.abs(found - expected) <= limit).all()) or amplified() > limit / 20:
        return ""
    return f"{name} is\n{found}\nexpected\n{expected}"


def main() -> int:
    """Try as many graphs as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.operations.random_graphs", description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="graphs to try; default: 500")
    parser.add_argument("--seed", type=int, default=0, help="which graphs; default: 0")
    parser.add_argument("--backend", choices=("numpy", "c"), default="numpy", help="default: numpy")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    import tensorflow

    keras = tensorflow.keras
    found: list[str] = []
    tried = 0

    @seed(arguments.seed)
    @settings(
        max_examples=arguments.count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(random_graphs(keras))
    def attempt(graph: RandomGraph) -> None:
        nonlocal tried
        tried += 1
        if not graph.outputs:
            return
        try:
            text = difference(graph, arguments.backend, keras)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
        if text:
            found.append(text)
            print(f"{graph}\n{text}\n", flush=True)

    attempt()
    print(f"{tried} graphs, {len(found)} of which differ or are refused")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
