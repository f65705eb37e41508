"""A layer by itself on arrays: forward, and backward through the derived gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy

from nnc.arrays import is_array_like, to_array
from nnc.backends import AUTO, backend_name
from nnc.backends.numpy import kernel_settings
from nnc.checks import is_whole
from nnc.eager_tensor import eager
from nnc.errors import DataError, ModelError
from nnc.execution.executor import Executor
from nnc.execution.spec import ProgramSpec
from nnc.execution.state import ProgramState
from nnc.fork_safety import renew_in_children
from nnc.ir import Graph, TensorType, Value
from nnc.layers.array_masks import MaskedArray, mask_of, with_mask
from nnc.layers.batch import BATCH, batch_size
from nnc.layers.call_arguments import takes_several
from nnc.layers.lowering import RANDOM, Lowering, declare_weights, lowering
from nnc.layers.weights import weight_paths
from nnc.passes import OPTIMIZE, gradients, run_passes
from nnc.structure import leaves, map_leaves
from nnc.utils import random_generator

if TYPE_CHECKING:
    from nnc.layers.computation import Computation

Array = Any
_SEED, _MASK, _LOSS = "gradient", "mask/", "loss/"
REMEMBERED_GRAPHS = 64
"""Compiled graphs that are kept; when there are more, all are forgotten."""


@dataclass(frozen=True)
class _ArrayCall:
    """The arguments of a call of the layer: arrays instead of tensors."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arrays(self) -> list[Array]:
        """The arrays among the arguments, from left to right."""
        return leaves((self.args, self.kwargs), numpy.ndarray)

    @property
    def rows(self) -> int:
        """The number of rows of the first array."""
        return next((len(array) for array in self.arrays), 0)

    @property
    def masks(self) -> dict[str, Array]:
        """The masks that the arrays carry, by the labels of their inputs in the graph."""
        found = {f"x{number}": mask_of(array) for number, array in enumerate(self.arrays)}
        return {label: mask for label, mask in found.items() if mask is not None}


class Standalone:
    """Runs one layer on arrays. It is lowered in each call, and compiled where that gives a graph not met before.

    So whatever a layer's call depends on may change between two calls. What runs it is the backend that ``NNC_BACKEND``
    names; with ``auto`` it is NumPy, because nobody says how often a graph will be met again.

    Args:
        layer: the layer.
    """

    def __init__(self, layer: Computation) -> None:
        self.layer = layer
        self._wired: set[str] = set()
        self._optimized: dict[str, Graph] = {}
        self._executors: dict[tuple[str, str], Executor] = {}
        self._call = _ArrayCall()
        self.losses: list[Array] = []
        self._key: Array = None
        self._last_key: Array = None
        self._renew_locks()
        renew_in_children(self, type(self)._renew_locks)

    def _renew_locks(self) -> None:
        """Make the lock."""
        self._lock = RLock()

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Return the output for arrays of shape (rows, …), nested as the layer's call wants and returns them."""
        layer = self.layer
        args = tuple(self._as_arrays(item) for item in self._spread(inputs))
        kwargs = map_leaves(self._as_array, options, numpy.ndarray)
        arrays = leaves((args, kwargs), numpy.ndarray)
        if len({len(array) for array in leaves(args, numpy.ndarray)}) > 1:
            listed = ", ".join(str(len(array)) for array in arrays)
            raise DataError(f"Layer '{layer.name}': all inputs must have the same number of rows, got {listed}")
        with self._lock, batch_size(len(arrays[0]) if arrays else None):
            self._call = _ArrayCall(args, kwargs)
            self._wire()
            graph, found, taken = self._forward_graph()
            if RANDOM in graph.states:
                self._keep_key()
            outputs = self._run(graph, arrays, self._key)
            self.losses = [outputs.pop(label) for label in list(outputs) if label.startswith(_LOSS)]
        for array in leaves((inputs, options), MaskedArray):
            if any(mask_of(array) is mask for mask in taken):
                array._mask = None
        masks = {label: outputs.get(_MASK + label) for label in outputs}
        return map_leaves(lambda label: with_mask(eager(outputs[label]), masks[label]), found, str)

    def backward(self, gradient: Any) -> Any:
        """Return the inputs' gradient and fill in the weights'."""
        arrays = self._call.arrays
        if not arrays:
            raise ModelError(f"Layer '{self.layer.name}': call forward(x) before backward(gradient)")
        with self._lock:
            graph = self._backward_graph()
            seeds = {label: value for label, value in graph.inputs.items() if label.startswith(_SEED)}
            given = gradient if isinstance(gradient, list | tuple) and len(seeds) > 1 else [gradient]
            if len(given) != len(seeds):
                raise DataError(f"Layer '{self.layer.name}' has {len(seeds)} outputs, got {len(given)} gradients")
            cotangents = [numpy.asarray(item, value.dtype) for item, value in zip(given, seeds.values(), strict=True)]
            for seed, value in zip(cotangents, seeds.values(), strict=True):
                expected = value.type.bind(dict.fromkeys(value.type.symbols, len(arrays[0]))).shape
                if seed.shape != expected:
                    raise DataError(f"Layer '{self.layer.name}': gradient must have shape {expected}, got {seed.shape}")
            outputs = self._run(graph, [*arrays, *cotangents], self._last_key)
        for weight, path in self._paths().items():
            weight.gradient = outputs.get(path, numpy.zeros(weight.shape, weight.dtype))
        found = [outputs.get(f"x{number}", numpy.zeros_like(array)) for number, array in enumerate(arrays)]
        return found[0] if len(found) == 1 else found

    # ------------------------------------------------------------------ arguments

    def _spread(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments of the layer's call: those in a list may be several."""
        if len(inputs) != 1 or not isinstance(inputs[0], list | tuple) or self.layer.is_merging:
            return inputs
        return tuple(inputs[0]) if takes_several(self.layer.call) or _holds_tensors(inputs[0]) else inputs

    def _as_arrays(self, given: Any) -> Any:
        """Return a structure with arrays in the places of tensors; a list of numbers is one array."""
        if isinstance(given, dict):
            return {key: self._as_arrays(item) for key, item in given.items()}
        if isinstance(given, list | tuple) and (self.layer.is_merging or _holds_tensors(given)):
            parts = [self._as_arrays(item) for item in given]
            return parts if isinstance(given, list) else tuple(parts)
        return self._as_array(given)

    def _as_array(self, item: Any) -> Array:
        array = to_array(item, f"Layer '{self.layer.name}': the input")
        if array.ndim < 1:
            raise DataError(f"Layer '{self.layer.name}' needs an array of numbers of shape (rows, …), got {item!r:.80}")
        dtype = self.layer.compute_dtype if array.dtype.kind == "f" else None
        return with_mask(numpy.ascontiguousarray(array, dtype), mask_of(item))

    # ------------------------------------------------------------------ graphs

    def _paths(self) -> dict[Any, str]:
        return weight_paths(self.layer, f"{self.layer.name}/")

    def _wire(self) -> None:
        """Build the layer, and check it, for arguments of types not met before."""
        call = self._call
        args, kwargs = map_leaves(lambda array: _type(array, call.rows), (call.args, call.kwargs), numpy.ndarray)
        key = repr((args, kwargs))
        if key not in self._wired:
            self.layer.output_types(*args, **kwargs)
            self._wired.add(key)

    def _lower(self, graph: Graph) -> tuple[Any, Lowering]:
        """Lower the layer to a graph, and return what it returns and what is known afterwards."""
        call = self._call
        count = iter(range(len(call.arrays)))
        args, kwargs = map_leaves(
            lambda array: graph.input(f"x{next(count)}", _type(array, call.rows)),
            (call.args, call.kwargs),
            numpy.ndarray,
        )
        with lowering(graph, training=None, dtype=self.layer.compute_dtype) as context:
            declare_weights(context, self._paths())
            for label, mask in call.masks.items():
                context.masks[graph.inputs[label]] = graph.input(_MASK + label, _type(mask, call.rows))
            return self.layer.lower(*args, **kwargs), context

    def _forward_graph(self) -> tuple[Graph, Any, list[Array]]:
        """Return the graph of outputs, their labels, nested as the layer returns them, and masks that it takes off."""
        graph = Graph("forward")
        found, context = self._lower(graph)
        context.finish()
        for number, value in enumerate(leaves(found, Value)):
            graph.output(f"y{number}", value)
            if value in context.masks:
                graph.output(f"{_MASK}y{number}", context.masks[value])
        count = iter(range(len(graph.outputs)))
        for number, value in enumerate(context.losses):
            graph.output(f"{_LOSS}{number}", value)
        taken = [mask for label, mask in self._call.masks.items() if graph.inputs[label] not in context.masks]
        return graph, map_leaves(lambda _: f"y{next(count)}", found, Value), taken

    def _backward_graph(self) -> Graph:
        """Return the graph of the gradients of inputs and weights, from those of the outputs."""
        graph = Graph("backward")
        found, _ = self._lower(graph)
        outputs = leaves(found, Value)
        labels = [_SEED] if len(outputs) == 1 else [f"{_SEED}{number}" for number in range(len(outputs))]
        seeds: dict[Value, Value] = {}
        wrt = {label: value for label, value in graph.inputs.items() if not label.startswith(_MASK)}
        wrt |= {path: graph.states[path] for path in self._paths().values()}
        for label, value in zip(labels, outputs, strict=True):
            seed = graph.input(label, value.type)
            seeds[value] = seeds[value] + seed if value in seeds else seed  # a layer may return a value twice
        wrt = {label: value for label, value in wrt.items() if value.type.is_floating}
        for label, gradient in zip(wrt, gradients(seeds, list(wrt.values())), strict=True):
            if gradient is not None:
                graph.output(label, gradient)
        return graph

    # ------------------------------------------------------------------ running

    def _run(self, graph: Graph, arrays: list[Array], random_key: Array) -> dict[str, Array]:
        """Run a graph on the arrays of its inputs, masks apart, and return the outputs by label."""
        weights = {path: weight for weight, path in self._paths().items()}
        states = {path: weight.memory for path, weight in weights.items()}
        if RANDOM in graph.states:
            states[RANDOM] = random_key
        executor = self._executor(graph, states)
        executor.state.changed()  # whoever wrote to weights that no model has compiled did not count it
        bound, masks = executor.bound(graph.name, dict.fromkeys(graph.symbols, len(arrays[0]))), self._call.masks
        given = iter(arrays)
        for label, target in bound.inputs.items():
            numpy.copyto(target, masks[label.removeprefix(_MASK)] if label.startswith(_MASK) else next(given))
        with kernel_settings():
            bound.run()
        for label in graph.updates:
            version = weights[label].version if label in weights else None
            if version is not None:
                version.change()
        return {label: output.copy() for label, output in bound.outputs.items()}

    def _executor(self, graph: Graph, states: dict[str, Array]) -> Executor:
        """Return what runs a graph on these states; it is compiled where it was not met before."""
        backend, text = backend_name(), str(graph)
        executor = self._executors.get((backend, text))
        if executor is not None and all(executor.state.arrays[label] is array for label, array in states.items()):
            return executor
        if len(self._executors) >= REMEMBERED_GRAPHS:
            self._executors.clear()
            self._optimized.clear()
        if text not in self._optimized:
            self._optimized[text] = run_passes(graph, OPTIMIZE)
        spec, optimized = ProgramSpec(self.layer.name, (), ()), self._optimized[text]
        state, engine = ProgramState(spec, states), "numpy" if backend == AUTO else backend
        executor = Executor(spec, {graph.name: lambda: optimized}, state, engine)
        self._executors[backend, text] = executor
        return executor

    def _keep_key(self) -> None:
        """Keep the random key, which a call steps, for the gradients of that call; a layer's seed decides the first."""
        if self._key is None:
            seed: Any = getattr(self.layer, "seed", None)
            first = int(seed) % 2**32 if is_whole(seed) else random_generator().integers(2**32)
            self._key = numpy.array([first, 0], "uint32")
            self._last_key = self._key.copy()
        self._last_key[...] = self._key


def _holds_tensors(given: Any) -> bool:
    """Return whether there are arrays in nested lists, tuples and dictionaries, instead of numbers alone."""
    if isinstance(given, list | tuple):
        return any(map(_holds_tensors, given))
    return isinstance(given, dict) or (not isinstance(given, int | float) and is_array_like(given))


def _type(array: Array, rows: int) -> TensorType:
    """Return the type of an array: with the batch in front, unless it has not one row for each."""
    has_batch = array.ndim and len(array) == rows
    return TensorType(str(array.dtype), (BATCH, *array.shape[1:]) if has_batch else array.shape)
