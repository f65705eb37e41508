"""A layer by itself on arrays: forward, and backward through the derived gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from nnc.backends.numpy import Executable, kernel_workspace, print_source
from nnc.errors import DataError, ModelError
from nnc.ir import Graph, TensorType
from nnc.layers.checks import FLOAT
from nnc.layers.lowering import declare_weights
from nnc.layers.symbolic import BATCH
from nnc.passes import OPTIMIZE, gradients, run_passes
from nnc.plan import make_plan

if TYPE_CHECKING:
    from nnc.layers.base import Layer

Array = Any
_SEED = "gradient"


class Standalone:
    """Runs one layer on arrays; compiled for each row shape it meets.

    Args:
        layer: the layer.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self._graphs: dict[tuple[bool, tuple[TensorType, ...]], Graph] = {}
        self._inputs: list[Array] = []

    def forward(self, *inputs: Any) -> Any:
        """Return the output for arrays of shape (rows, …)."""
        layer = self.layer
        is_list = len(inputs) == 1 and isinstance(inputs[0], list | tuple)
        flat = inputs[0] if is_list and (layer.is_merging or layer.takes_several()) else inputs
        arrays = [self._as_array(item) for item in flat]
        if len({len(array) for array in arrays}) > 1:
            listed = ", ".join(str(len(array)) for array in arrays)
            raise DataError(f"Layer '{layer.name}': all inputs must have the same number of rows, got {listed}")
        self._inputs = arrays
        types = tuple(TensorType(str(array.dtype), (BATCH, *array.shape[1:])) for array in arrays)
        layer.ensure_built(types)
        outputs = self._run(False, types, dict(zip(self._labels(types), arrays, strict=True)))
        found = list(outputs.values())
        return found[0] if len(found) == 1 else found

    def backward(self, gradient: Any) -> Any:
        """Return the inputs' gradient and fill in the weights'."""
        if not self._inputs:
            raise ModelError(f"Layer '{self.layer.name}': call forward(x) before backward(gradient)")
        arrays = self._inputs
        types = tuple(TensorType(str(array.dtype), (BATCH, *array.shape[1:])) for array in arrays)
        given = dict(zip(self._labels(types), arrays, strict=True))
        dtype = next((type.dtype for type in types if type.is_floating), FLOAT)
        graph = self._graph(True, types)
        expected = graph.inputs[_SEED].type.bind({"batch": len(arrays[0])})
        seed = numpy.asarray(gradient, dtype)
        if seed.shape != expected.shape:
            raise DataError(f"Layer '{self.layer.name}': gradient must have shape {expected.shape}, got {seed.shape}")
        outputs = self._run(True, types, given | {_SEED: seed})
        for weight in self.layer.weights:
            weight.gradient = outputs.get(weight.path, numpy.zeros(weight.shape, weight.dtype))
        found = [outputs.get(label, numpy.zeros_like(given[label])) for label in self._labels(types)]
        return found[0] if len(found) == 1 else found

    def _as_array(self, item: Any) -> Array:
        array = numpy.asarray(item)
        if array.ndim < 1 or array.dtype.kind not in "fiub":
            raise DataError(f"Layer '{self.layer.name}' needs an array of numbers of shape (rows, …), got {item!r:.80}")
        dtype = self.layer.weights_dtype or FLOAT
        return numpy.ascontiguousarray(
            array, dtype if array.dtype.kind == "f" or not self.layer.keeps_integers else None
        )

    def _labels(self, types: tuple[TensorType, ...]) -> list[str]:
        return [f"x{number}" for number in range(len(types))]

    def _graph(self, backward: bool, types: tuple[TensorType, ...]) -> Graph:
        key = backward, types
        if key not in self._graphs:
            self._graphs[key] = run_passes(self._lower(backward, types), OPTIMIZE)
        return self._graphs[key]

    def _lower(self, backward: bool, types: tuple[TensorType, ...]) -> Graph:
        graph = Graph("backward" if backward else "forward")
        pairs = zip(self._labels(types), types, strict=True)
        inputs = [graph.input(label, type) for label, type in pairs]
        with declare_weights(graph, self.layer.weights):
            outputs = self.layer.lower(graph, inputs, training=False)
        if not backward:
            for number, value in enumerate(outputs):
                graph.output(f"y{number}", value)
            return graph
        if len(outputs) != 1:
            raise ModelError(f"Layer '{self.layer.name}' has {len(outputs)} outputs; backward needs one")
        seed = graph.input(_SEED, outputs[0].type)
        weights = [graph.states[weight.path] for weight in self.layer.weights]
        labels = [*self._labels(types), *(weight.path for weight in self.layer.weights)]
        found = gradients({outputs[0]: seed}, [*inputs, *weights])
        for label, gradient in zip(labels, found, strict=True):
            if gradient is not None:
                graph.output(label, gradient)
        return graph

    def _run(self, backward: bool, types: tuple[TensorType, ...], arrays: dict[str, Array]) -> dict[str, Array]:
        graph = self._graph(backward, types)
        rows = len(next(iter(arrays.values())))
        sizes = dict.fromkeys(graph.symbols, rows)
        plan = make_plan(graph, sizes, workspace=kernel_workspace)
        source = print_source(plan)
        states = {weight.path: weight.array for weight in self.layer.weights}
        bound = Executable(plan, source, source.compile(), states).bind(sizes)
        for label, target in bound.inputs.items():
            numpy.copyto(target, arrays[label])
        with numpy.errstate(all="ignore"):
            bound.run()
        return {label: output.copy() for label, output in bound.outputs.items()}
