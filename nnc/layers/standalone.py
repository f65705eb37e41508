"""A layer by itself on arrays: forward, and backward through the derived gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from nnc.arrays import to_array
from nnc.backends.numpy import Executable, kernel_settings, kernel_workspace, print_source
from nnc.errors import DataError, ModelError
from nnc.ir import Graph, TensorType, Value
from nnc.layers.calling import takes_several
from nnc.layers.checks import FLOAT
from nnc.layers.lowering import RANDOM, declare_weights, lowering
from nnc.layers.structure import leaves, map_leaves
from nnc.layers.symbolic import BATCH, batch_size
from nnc.layers.weights import weight_paths
from nnc.passes import OPTIMIZE, gradients, run_passes
from nnc.plan import make_plan
from nnc.utils import random_generator

if TYPE_CHECKING:
    from nnc.layers.base import Layer

Array = Any
_SEED = "gradient"
MAX_OUTPUTS = 10_000


class Standalone:
    """Runs one layer on arrays; compiled for each combination of types and options it meets.

    Args:
        layer: the layer.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self._graphs: dict[Any, Graph] = {}
        self._executables: dict[Any, tuple[Executable, dict[str, Array]]] = {}
        self._structures: dict[Any, Any] = {}
        self._call: tuple[Any, Any] = ((), {})
        self._states: dict[str, Array] = {}

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Return the output for arrays of shape (rows, …), nested as the layer's call wants and returns them."""
        layer = self.layer
        is_list = len(inputs) == 1 and isinstance(inputs[0], list | tuple)
        if is_list and layer.is_merging:
            args: tuple[Any, ...] = ([self._as_array(item) for item in inputs[0]],)
        elif is_list and (takes_several(layer) or leaves(inputs[0], numpy.ndarray)):
            args = tuple(self._as_array(item) for item in inputs[0])
        else:
            args = tuple(self._as_array(item) for item in inputs)
        kwargs = map_leaves(self._as_array, options, numpy.ndarray)
        arrays = leaves((args, kwargs), numpy.ndarray)
        if len({len(array) for array in leaves(args, numpy.ndarray)}) > 1:
            listed = ", ".join(str(len(array)) for array in arrays)
            raise DataError(f"Layer '{layer.name}': all inputs must have the same number of rows, got {listed}")
        self._call = args, kwargs
        with batch_size(len(arrays[0]) if arrays else None):
            structure = self._structure()
        outputs = self._run(False, arrays)
        return map_leaves(outputs.__getitem__, structure, str)

    def backward(self, gradient: Any) -> Any:
        """Return the inputs' gradient and fill in the weights'."""
        arrays = leaves(self._call, numpy.ndarray)
        if not arrays:
            raise ModelError(f"Layer '{self.layer.name}': call forward(x) before backward(gradient)")
        dtype = next(
            (str(array.dtype) for array in arrays if array.dtype.kind == "f"), self.layer.weights_dtype or FLOAT
        )
        graph = self._graph(True)
        seeds = {label: value for label, value in graph.inputs.items() if label.startswith(_SEED)}
        given = gradient if isinstance(gradient, list | tuple) and len(seeds) > 1 else [gradient]
        if len(given) != len(seeds):
            raise DataError(f"Layer '{self.layer.name}' has {len(seeds)} outputs, got {len(given)} gradients")
        cotangents = [numpy.asarray(item, dtype) for item in given]
        for seed, value in zip(cotangents, seeds.values(), strict=True):
            expected = value.type.bind(dict.fromkeys(value.type.symbols, len(arrays[0]))).shape
            if seed.shape != expected:
                raise DataError(f"Layer '{self.layer.name}': gradient must have shape {expected}, got {seed.shape}")
        outputs = self._run(True, [*arrays, *cotangents])
        for weight, path in self._paths().items():
            weight.gradient = outputs.get(path, numpy.zeros(weight.shape, weight.dtype))
        found = [outputs.get(f"x{number}", numpy.zeros_like(array)) for number, array in enumerate(arrays)]
        return found[0] if len(found) == 1 else found

    def _as_array(self, item: Any) -> Array:
        array = to_array(item, f"Layer '{self.layer.name}': the input")
        if array.ndim < 1:
            raise DataError(f"Layer '{self.layer.name}' needs an array of numbers of shape (rows, …), got {item!r:.80}")
        dtype = self.layer.weights_dtype or FLOAT
        return numpy.ascontiguousarray(array, dtype if array.dtype.kind == "f" else None)

    def _paths(self) -> dict[Any, str]:
        return weight_paths(self.layer, f"{self.layer.name}/")

    def _key(self, backward: bool) -> Any:
        args, kwargs = map_leaves(_type, self._call, numpy.ndarray)
        return backward, repr((args, kwargs))

    def _graph(self, backward: bool) -> Graph:
        key = self._key(backward)
        if key not in self._graphs:
            self._graphs[key] = run_passes(self._lower(backward), OPTIMIZE)
        return self._graphs[key]

    def _lower(self, backward: bool) -> Graph:
        graph = Graph("backward" if backward else "forward")
        count = iter(range(len(leaves(self._call, numpy.ndarray))))
        args, kwargs = map_leaves(lambda array: graph.input(f"x{next(count)}", _type(array)), self._call, numpy.ndarray)
        paths = self._paths()
        with lowering(graph) as context:
            declare_weights(context, paths)
            found = self.layer.lower(*args, **kwargs)
            outputs = leaves(found, Value)
            if not backward:
                for number, value in enumerate(outputs):
                    graph.output(f"y{number}", value)
                context.finish()
                return graph
        labels = [_SEED] if len(outputs) == 1 else [f"{_SEED}{number}" for number in range(len(outputs))]
        seeds: dict[Value, Value] = {}
        for label, value in zip(labels, outputs, strict=True):
            seed = graph.input(label, value.type)
            seeds[value] = seeds[value] + seed if value in seeds else seed  # a layer may return a value twice
        wrt = {label: value for label, value in graph.inputs.items() if not label.startswith(_SEED)}
        wrt |= {path: graph.states[path] for path in paths.values()}
        wrt = {label: value for label, value in wrt.items() if value.type.is_floating}
        for label, gradient in zip(wrt, gradients(seeds, list(wrt.values())), strict=True):
            if gradient is not None:
                graph.output(label, gradient)
        return graph

    def _run(self, backward: bool, arrays: list[Array]) -> dict[str, Array]:
        """Run on arrays and return the outputs by label."""
        graph = self._graph(backward)
        sizes = dict.fromkeys(graph.symbols, len(arrays[0]))
        key = self._key(backward), len(arrays[0])
        states = {path: weight.memory for weight, path in self._paths().items()}
        if RANDOM in graph.states:
            states[RANDOM] = self._states.setdefault(RANDOM, self._random_key())
        executable, known = self._executables.get(key, (None, {}))
        if executable is None or any(known[label] is not array for label, array in states.items()):
            plan = make_plan(graph, sizes, workspace=kernel_workspace)
            source = print_source(plan)
            executable = Executable(plan, source, source.compile(), states)
            self._executables[key] = executable, states
        bound = executable.bind(sizes)
        for target, array in zip(bound.inputs.values(), arrays, strict=True):
            numpy.copyto(target, array)
        with kernel_settings():
            bound.run()
        return {label: output.copy() for label, output in bound.outputs.items()}

    def _structure(self) -> Any:
        """Return the labels of the outputs, nested as the layer returns them; builds the layer where needed."""
        key = self._key(False)
        if key not in self._structures:
            args, kwargs = map_leaves(_type, self._call, numpy.ndarray)
            count = iter(range(MAX_OUTPUTS))
            types = self.layer.output_types(*args, **kwargs)
            self._structures[key] = map_leaves(lambda _: f"y{next(count)}", types, TensorType)
        return self._structures[key]

    @staticmethod
    def _random_key() -> Array:
        return numpy.array([random_generator().integers(2**32), 0], "uint32")


def _type(array: Array) -> TensorType:
    return TensorType(str(array.dtype), (BATCH, *array.shape[1:]))
