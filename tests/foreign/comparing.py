"""Runs a model in Keras and in nnc, and tells rounding from what is different.

The truth is what Keras computes in float64. How far rounding may lead away from it is measured on Keras itself, by what
is known as Monte Carlo arithmetic (Parker, 1997): the result of each function, its gradient, the weights and the inputs
are changed by a few units in the last place, at random, and what comes out is compared with the truth. Where that leads
to altogether different numbers (a step function at its step, a division by almost nothing), no one can say what is
right, and the array is *undecided*. The functions that layers are made of are changed as well, for what cancels out
within a layer (the gradient of attention's key bias, of a norm over one element) no change between layers shows.

Once a loss is not finite, a NaN may spread further than in Keras: nnc multiplies cotangents by masks where TensorFlow
selects, so that NaN times 0 is NaN, as in JAX. Elements that are not NaN are compared all the same.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from inspect import isfunction
from pathlib import Path
from typing import Any

import keras
import numpy
import tensorflow

import nnc
from nnc.errors import NncError
from nnc.readers import read_model

ROWS = (1, 5)
"""Rows that are predicted at once."""
BATCH, STEPS = 4, 3
"""Rows of a training step, and steps."""
TRIALS = 2
"""Times that rounding is tried."""
ULPS = 8
"""By how many units in the last place numbers are changed."""
MARGIN = 8
"""How much more than what was measured is still rounding."""
DECIDED = 1e-2
"""Largest uncertainty, as a fraction of the largest magnitude, of an array that counts as decided."""

SMALLEST = 2.0**-6
"""What weights count as at least: gradients that cancel out within a layer leave the rounding of their parts."""
WAYS = (
    ("float64", "live", "numpy"),
    ("float32", "live", "c"),
    ("float64", "live", "c"),
    ("float32", "keras", "numpy"),
    ("float32", "live", "numpy"),
    ("float32", "keras", "c"),
)
"""Element types, how a model is given, and backends."""
OPTIMIZERS: tuple[Callable[[], Any], ...] = (
    lambda: keras.optimizers.SGD(2.0**-7),
    lambda: keras.optimizers.Adam(2.0**-10, beta_1=0.875, beta_2=1 - 2.0**-8, epsilon=2.0**-20),
    lambda: keras.optimizers.SGD(2.0**-8, momentum=0.875, nesterov=True),
)
"""Their numbers are exact in float32, through which Keras makes numbers of Python's also in float64."""
Array = Any
Make = Callable[[str], Any]


@dataclass
class Run:
    """What an engine has computed, by what it is: arrays of predictions, losses and weights."""

    arrays: dict[str, Array] = field(default_factory=dict)

    def add(self, name: str, items: Sequence[Any]) -> None:
        for number, item in enumerate(items):
            self.arrays[f"{name}, {number}"] = numpy.array(item)


@dataclass
class Result:
    """What came of a model.

    Args:
        name: of the model.
        layers: how many layers and functions it has.
        merges: how many of them have several operands.
        ends: how many outputs it has.
        refused: errors by what was refused.
        differences: what is different.
        undecided: arrays that nobody can decide, of how many.
        arrays: how many arrays were compared.
        finite: whether training gave numbers that are finite.
        unrunnable: why Keras itself cannot run it, though it makes it.
    """

    name: str
    layers: int = 0
    merges: int = 0
    ends: int = 1
    refused: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    undecided: int = 0
    arrays: int = 0
    finite: bool = True
    unrunnable: str = ""


@contextmanager
def floats(dtype: str) -> Iterator[None]:
    """Let Keras compute in an element type inside the block."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def compare(make: Make, seed: int, everything: bool = False) -> Result:
    """Return what came of a model in float32 and float64.

    Args:
        make: returns the model in an element type, the same one whenever it is called.
        seed: of inputs, targets, optimizer and changes.
        everything: whether each element type is tried in each way; by default each way and backend is, once.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = {}
        for dtype in ("float64", "float32"):
            with floats(dtype):
                keras.utils.set_random_seed(seed)
                models[dtype] = make(dtype)
        weights = [numpy.asarray(weight, "float32") for weight in models["float32"].get_weights()]
        operations = [item for item in models["float64"].operations if type(item).__name__ != "InputLayer"]
        merges = sum(len(_inputs(item)) > 1 for item in operations)
        result = Result(models["float64"].name, len(operations), merges, len(models["float64"].outputs))
        try:
            with floats("float64"):
                models["float64"].run_eagerly = True
                task = Task(models["float64"], seed)
                reset(models["float64"], weights, task)
                truth = keras_run(models["float64"], task)
        except (tensorflow.errors.OpError, TypeError, ValueError) as error:
            result.unrunnable = f"{type(error).__name__}: {error}"
            return result
        with floats("float32"):
            reset(models["float32"], weights, task)
            types = {
                "float64": element_types(truth),
                "float32": element_types(keras_run(models["float32"], task, steps=0)),
            }
        result.finite = all(numpy.isfinite(item).all() for item in truth.arrays.values() if item.dtype.kind == "f")
        with floats("float64"):
            noise = [keras_run(models["float64"], task, eps("float32") * ULPS, trial) for trial in range(TRIALS)]
        for way in WAYS if everything else (WAYS[0], WAYS[1 + seed % 2], WAYS[3]):
            dtype, source, backend = way
            with floats(dtype), tempfile.TemporaryDirectory() as folder:
                reset(models[dtype], weights, task)
                steps = STEPS if source == "live" else 1
                model = given(models[dtype], source, Path(folder))
                expected = types[dtype] if source == "live" else types_of_file(model, task)
                try:
                    found = nnc_run(model, task, backend, steps)
                except NncError as error:
                    result.refused.append(f"{', '.join(way)}: {type(error).__name__}: {error}")
                    continue
                check(result, ", ".join(way), expected, truth, noise, found)
        return result


def given(model: Any, source: str, folder: Path) -> Any:
    """Return a model as nnc gets it: live, or as the path of a file."""
    if source == "live":
        return model
    path = folder / f"model.{source}"
    model.save(path)
    return path


def _inputs(operation: Any) -> list[Any]:
    return [item for node in operation._inbound_nodes[:1] for item in node.input_tensors]


def eps(dtype: str) -> float:
    return float(numpy.finfo(dtype).eps)


class Task:
    """Inputs, targets, losses and an optimizer for a model."""

    def __init__(self, model: Any, seed: int) -> None:
        random = numpy.random.default_rng(seed)
        self.optimizer = OPTIMIZERS[seed % len(OPTIMIZERS)]
        self.inputs = {rows: [draw(random, rows, x) for x in model.inputs] for rows in (*ROWS, BATCH)}
        self.losses: list[Any] = []
        self.targets: list[Any] = []
        outputs = model.predict(self.x(BATCH), verbose=0)
        for output, found in zip(model.outputs, outputs if isinstance(outputs, list) else [outputs], strict=True):
            loss = loss_of(output, found.dtype, random)
            self.losses.append(loss)
            rows = (BATCH, *output.shape[1:])
            if loss is None:
                self.targets.append(numpy.zeros(rows, "float32"))
            elif loss == "sparse_categorical_crossentropy":
                self.targets.append(random.integers(0, output.shape[-1], rows[:-1]).astype("int32"))
            elif loss == "categorical_crossentropy":
                self.targets.append(numpy.eye(rows[-1], dtype="float32")[random.integers(0, rows[-1], rows[:-1])])
            elif loss == "binary_crossentropy":
                self.targets.append(random.integers(0, 2, rows).astype("float32"))
            else:
                self.targets.append(random.normal(size=rows).astype("float32"))

    def compile(self, model: Any) -> None:
        losses = self.losses[0] if len(self.losses) == 1 else self.losses
        model.compile(self.optimizer(), losses, run_eagerly=True, jit_compile=False)

    def x(self, rows: int) -> Any:
        items = self.inputs[rows]
        return items[0] if len(items) == 1 else items

    def y(self) -> Any:
        return self.targets[0] if len(self.targets) == 1 else self.targets


def draw(random: numpy.random.Generator, rows: int, x: Any) -> Array:
    """Return numbers for an input, floats among those of float32."""
    shape, dtype = (rows, *x.shape[1:]), str(x.dtype)
    if "float" in dtype:
        return random.normal(size=shape).astype("float32").astype(dtype)
    return random.integers(0, 2 if dtype == "bool" else 6, shape).astype(dtype)


def loss_of(output: Any, dtype: Any, random: numpy.random.Generator) -> str | None:
    """Return a loss that fits an output; None for whole numbers."""
    history = getattr(output, "_keras_history", None)
    activation = getattr(getattr(history and history.operation, "activation", None), "__name__", None)
    if dtype.kind != "f":  # what a symbolic tensor says may be another type
        return None
    if activation == "softmax" and output.shape[-1] > 1:
        return str(random.choice(["categorical_crossentropy", "sparse_categorical_crossentropy"]))
    return "binary_crossentropy" if activation == "sigmoid" else "mse"


def reset(model: Any, weights: Sequence[Array], task: Task) -> None:
    model.set_weights(weights)
    task.compile(model)


def element_types(run: Run) -> dict[str, str]:
    """Return the element types of predictions."""
    return {name: array.dtype.name for name, array in run.arrays.items() if name.startswith("predict")}


def types_of_file(path: Path, task: Task) -> dict[str, str]:
    """Return the element types of predictions of what Keras reads: a file says less of operands than a live model."""
    model = keras.models.load_model(path)
    task.compile(model)
    return element_types(keras_run(model, task, steps=0))


def keras_run(model: Any, task: Task, change: float = 0.0, trial: int = 0, steps: int = STEPS) -> Run:
    """Return what Keras computes; its model is as before afterwards."""
    weights = model.get_weights()
    random = numpy.random.default_rng(trial)

    def changed(x: Array) -> Array:
        x = numpy.asarray(x)
        if not change or x.dtype.kind != "f":
            return x
        return x * (1 + change * random.choice([-1.0, 1.0], x.shape)).astype(x.dtype)

    run = Run()
    with changing(model, change, random):
        model.set_weights([changed(weight) for weight in weights])
        for rows in ROWS:
            inputs = [changed(x) for x in task.inputs[rows]]
            given = inputs[0] if len(inputs) == 1 else inputs
            found = model(given, training=False) if change else model.predict(given, verbose=0)
            run.add(f"predict {rows}", found if isinstance(found, list) else [found])
        for step in range(steps):
            model.reset_metrics()
            inputs = [changed(x) for x in task.inputs[BATCH]]
            found = model.train_on_batch(inputs[0] if len(inputs) == 1 else inputs, task.y())
            run.add(f"loss {step}", [found[0] if isinstance(found, list) else found])
            run.add(f"weights {step}", model.get_weights())
    reset(model, weights, task)
    return run


@contextmanager
def changing(model: Any, change: float, random: numpy.random.Generator) -> Iterator[None]:
    """Change what each layer and each function inside of layers gives in the block, and its gradient, at random."""
    if not change:
        yield
        return

    def factor(x: Any) -> Any:
        return tensorflow.constant(1 + change * random.choice([-1.0, 1.0], x.shape), x.dtype)

    @tensorflow.custom_gradient
    def changed(x: Any) -> Any:
        return x * factor(x), lambda cotangent: cotangent * factor(x)

    def change_one(x: Any) -> Any:
        is_float = tensorflow.is_tensor(x) and x.dtype.is_floating and x.shape.is_fully_defined()
        return changed(x) if is_float else x

    def changing_results(function: Any) -> Any:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return keras.tree.map_structure(change_one, function(*args, **kwargs))

        return call

    layers = [item for item in model.operations if type(item).__name__ != "InputLayer"]
    parts = [(module, name) for module in _engine() for name in vars(module) if _computes(module, name)]
    before = [(module, name, getattr(module, name)) for module, name in parts]
    for layer in layers:
        layer.__dict__["call"] = changing_results(layer.call)
    for module, name, function in before:
        setattr(module, name, changing_results(function))
    try:
        yield
    finally:
        for layer in layers:
            del layer.__dict__["call"]
        for module, name, function in before:
            setattr(module, name, function)


def _engine() -> list[Any]:
    """Return the modules of the functions that Keras's layers are made of."""
    from keras.src.backend.tensorflow import math, nn
    from keras.src.backend.tensorflow import numpy as arrays

    return [math, nn, arrays]


def _computes(module: Any, name: str) -> bool:
    function = getattr(module, name)
    return isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")


def nnc_run(source: Any, task: Task, backend: str, steps: int = STEPS) -> Run:
    """Return what nnc computes."""
    model = read_model(source)
    nnc.compile(model, backend=backend)
    run = Run()
    for rows in ROWS:
        found = model.predict(task.x(rows), verbose=0)
        run.add(f"predict {rows}", found if isinstance(found, list) else [found])
    for step in range(steps):
        model.reset_metrics()
        found = model.train_on_batch(task.x(BATCH), task.y())
        run.add(f"loss {step}", [found[0] if isinstance(found, list) else found])
        run.add(f"weights {step}", model.get_weights())
    return run


def check(result: Result, where: str, types: Mapping[str, str], truth: Run, noise: Sequence[Run], found: Run) -> None:
    """Note what is different, and what nobody can decide."""
    dtype = where.partition(",")[0]
    lost = [step for step in range(STEPS) if not numpy.isfinite(truth.arrays[f"loss {step}, 0"]).all()]
    for name, array in found.arrays.items():
        result.arrays += 1
        exact = truth.arrays.get(name)
        if exact is None or array.shape != exact.shape:
            expected = "nothing" if exact is None else f"shape {exact.shape}"
            result.differences.append(f"{where}: {name} has shape {array.shape}, expected {expected}")
            continue
        if name in types and array.dtype != types[name]:
            result.differences.append(f"{where}: {name} is {array.dtype}, expected {types[name]}")
        with numpy.errstate(all="ignore"):
            smallest = SMALLEST if name.startswith("weights") else 0.0
            allowed, decided = bound(dtype, smallest, exact, [run.arrays[name] for run in noise])
            spreads = bool(lost) and name.startswith("weights") and int(name[8]) >= lost[0]
            error = distance(exact, numpy.where(numpy.isnan(array), exact, array) if spreads else array)
        result.undecided += not decided
        if decided and not error <= allowed:
            result.differences.append(
                f"{where}: {name} differs by {error:.3g}, allowed {allowed:.3g}, magnitude {scale(exact):.3g}"
            )


def bound(dtype: str, smallest: float, exact: Array, noise: Sequence[Array]) -> tuple[float, bool]:
    """Return how far numbers may be away from the truth, and whether that says anything.

    In float32 as far as what was changed by some units in the last place. In float64 as far as what was changed by one
    unit of float32 in its last place: Keras makes that of numbers of Python's also in float64. Numbers that float32 has
    none of, so small are they, may become 0.

    Args:
        dtype: what was computed in.
        smallest: what numbers count as at least.
        exact: the truth.
        noise: what becomes of it where Keras's numbers are changed.
    """
    measured = max(distance(exact, other) for other in noise)
    if exact.dtype.kind != "f":
        return measured, measured == 0
    size = max(scale(exact), smallest)
    rounding = MARGIN * ULPS * eps(dtype) * size
    rounding += float(numpy.finfo(dtype).tiny)
    is_decided = measured <= DECIDED * size
    return (measured / ULPS if dtype == "float64" else MARGIN * measured) + rounding, is_decided


def scale(array: Array) -> float:
    """Return the largest finite magnitude."""
    numbers = numpy.abs(array[numpy.isfinite(array)].astype("float64")) if array.size else numpy.zeros(1)
    return float(numbers.max(initial=0.0))


def distance(exact: Array, other: Array) -> float:
    """Return the largest difference; infinity where one is finite, and the other not or is another one."""
    exact, other = numpy.asarray(exact, "float64"), numpy.asarray(other, "float64")
    same = (exact == other) | (numpy.isnan(exact) & numpy.isnan(other))
    differences = numpy.where(same, 0.0, numpy.abs(exact - other))
    return float(numpy.where(numpy.isfinite(differences), differences, numpy.inf).max(initial=0.0))
