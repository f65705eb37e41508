"""`GradientTape`: derivatives of what is computed in a block, in a graph that is being built or at once, on arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from nnc.checks import check_choice, check_flag
from nnc.eager_tensor import EagerTensor, eager
from nnc.errors import ModelError
from nnc.ir import Graph, Placeholder, Value, gradients
from nnc.ir.backward import dependents
from nnc.ir.ops import cast
from nnc.layers.lowering import current_lowering, is_lowering
from nnc.layers.variable import Variable
from nnc.structure import leaves, map_leaves

_UNCONNECTED = ("none", "zero")


class _Intervals:
    """The nodes that were added to a graph while a tape was recording."""

    def __init__(self) -> None:
        self.closed: list[range] = []
        self.start: int | None = None

    def begin(self, index: int) -> None:
        self.start = index

    def end(self, index: int) -> None:
        if self.start is not None:
            self.closed.append(range(self.start, index))
            self.start = None

    def __contains__(self, index: object) -> bool:
        if not isinstance(index, int):
            return False
        return (self.start is not None and index >= self.start) or any(index in part for part in self.closed)


class GradientTape:
    """Records what is computed in its block, and differentiates it: TensorFlow's ``tf.GradientTape``.

    In `train_step` of a model and in a function of `nnc.function` it takes part in the graph that is being built, and
    costs nothing when that runs. Everywhere else it computes at once, on arrays, by a graph of its own: what layers,
    losses and functions of `nnc.ops` make of arrays inside the block are values that have their numbers
    (``value.numpy()``, ``float(value)``).

    Args:
        persistent: whether `gradient` may be called several times.
        watch_accessed_variables: whether trainable variables are watched where they are read.

    >>> import nnc
    >>> x = nnc.Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = x * x
    >>> float(tape.gradient(y, x))
    6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = check_flag("GradientTape", "persistent", persistent)
        self.watch_accessed_variables = check_flag("GradientTape", "watch_accessed_variables", watch_accessed_variables)
        self._graph: Graph | None = None
        self._intervals = _Intervals()
        self._meanings: dict[Placeholder, Value] = {}
        self._live: Any = None
        self._watched: set[Any] = set()
        self._tensors: list[tuple[EagerTensor, Value]] = []
        self._is_used = False
        self._stack = ExitStack()

    # ------------------------------------------------------------------ recording

    def __enter__(self) -> Self:
        if self._graph is not None:
            raise ModelError("GradientTape: a tape records one block; make another one")
        if not is_lowering():
            from nnc.array_graph import recording_arrays

            self._stack.enter_context(recording_arrays())
        context = current_lowering()
        self._graph, self._live = context.graph, context.meanings
        self._meanings = dict(context.meanings)
        self._intervals.begin(len(context.graph.nodes))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._graph is not None
        self._intervals.end(len(self._graph.nodes))
        self._meanings = {**self._live, **self._meanings}  # as they were read, whatever is assigned afterwards
        self._stack.__exit__(kind, error, traceback)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Compute inside the block without recording it: it has no derivative.

        Raises:
            ModelError: the tape is not recording.
        """
        graph = self._recording_graph("stop_recording")
        self._intervals.end(len(graph.nodes))
        try:
            yield
        finally:
            self._intervals.begin(len(graph.nodes))

    def reset(self) -> None:
        """Forget what was recorded so far.

        Raises:
            ModelError: the tape is not recording.
        """
        graph = self._recording_graph("reset")
        self._intervals = _Intervals()
        self._intervals.begin(len(graph.nodes))

    def _recording_graph(self, action: str) -> Graph:
        if self._graph is None or self._intervals.start is None:
            raise ModelError(f"GradientTape.{action}: the tape is not recording; call it inside the block")
        return self._graph

    def watch(self, tensor: Any) -> None:
        """Differentiate with respect to a tensor, too.

        Args:
            tensor: a graph value or a variable, or several, nested.

        Raises:
            ModelError: it is an array, of which nobody knows what is computed; make a `nnc.Variable` of it.
        """
        found = leaves(tensor, (Value, Variable, EagerTensor))
        if not found or len(found) < len(_flat(tensor)):
            raise ModelError(
                "GradientTape.watch takes tensors and variables; what is computed of an array of NumPy's is not"
                " recorded: make it a tensor, x = nnc.ops.convert_to_tensor(x), or a variable, x = nnc.Variable(x)"
            )
        self._watched.update(self._entered(item) for item in found)

    def _entered(self, item: Any) -> Any:
        """Return what is watched: for a tensor, the value that stands for it until the block ends."""
        if not isinstance(item, EagerTensor):
            return item
        if item.recorded is None:
            graph = self._recording_graph("watch")
            if not graph.is_concrete:
                raise ModelError("GradientTape.watch: this tensor is a constant of the graph that is being built")
            item.recorded = graph.of_array(item)
            self._stack.callback(setattr, item, "recorded", None)
        self._tensors.append((item, item.recorded))
        return item.recorded

    def watched_variables(self) -> tuple[Variable, ...]:
        """Return the variables that were read, or watched."""
        known = list({**self._live, **self._meanings}) if self._live is not None else []
        read = [item for item in known if isinstance(item, Variable) and item.trainable]
        watched = [item for item in self._watched if isinstance(item, Variable)]
        return tuple(dict.fromkeys([*(read if self.watch_accessed_variables else []), *watched]))

    # ------------------------------------------------------------------ derivatives

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: Any = "none"
    ) -> Any:
        """Return the derivatives of a target, or of the sum of several, nested as the sources are.

        Args:
            target: what was computed in the block; what has more than one element counts as its sum.
            sources: variables and watched values, nested.
            output_gradients: factors of the targets' elements, of their shapes; by default 1.
            unconnected_gradients: ``none``, or ``zero`` for zeros where a target does not depend on a source.

        Returns:
            Graph values in a graph that is being built, otherwise arrays; None where a target does not depend on a
            source, or where it is not watched.

        Raises:
            ModelError: the tape has recorded nothing, or was used before and is not persistent.
            NotDifferentiableError: something on the way has no derivative.
        """
        if self._graph is None:
            raise ModelError("GradientTape.gradient: the tape has recorded nothing; use it as `with GradientTape()`")
        if self._is_used and not self.persistent:
            raise ModelError(
                "GradientTape.gradient can be called once on a tape that is not persistent; write"
                " GradientTape(persistent=True)"
            )
        choice = str(getattr(unconnected_gradients, "value", unconnected_gradients)).lower()
        check_choice("GradientTape.gradient", "unconnected_gradients", choice, _UNCONNECTED)
        self._is_used = True
        graph = self._graph
        seeds = self._seeds(graph, target, output_gradients)
        for tensor, value in self._tensors:
            sources = map_leaves(lambda item: value if item is tensor else item, sources, EagerTensor)  # noqa: B023
        wanted = leaves(sources, (Value, Placeholder))
        if len(wanted) < len(_flat(sources)):
            raise ModelError("GradientTape.gradient: sources must be variables or graph values of the block")
        meant = [self._meant(item) for item in wanted]
        known = [value for value in meant if value is not None]
        found = dict(zip(known, gradients(seeds, known, self._intervals), strict=True)) if seeds else {}
        results = iter([None if value is None else found.get(value) for value in meant])

        def result(source: Any) -> Any:
            value = next(results)
            if value is None and choice == "zero":
                import numpy

                return eager(numpy.zeros([int(dim) for dim in source.shape], source.dtype))
            return value if value is None or is_lowering() else eager(graph.numbers(value))

        return map_leaves(result, sources, (Value, Placeholder))

    def _seeds(self, graph: Graph, target: Any, factors: Any) -> dict[Value, Value]:
        """Return the cotangents that the derivative begins with."""
        targets = [item.value if isinstance(item, Placeholder) else item for item in _flat(target)]
        given = [None] * len(targets) if factors is None else _flat(factors)
        seeds: dict[Value, Value] = {}
        for item, factor in zip(targets, given, strict=True):
            if not isinstance(item, Value) or item.graph is not graph:
                continue  # nothing in the block has made it
            one = _like(item, 1.0 if factor is None else factor)
            seeds[item] = seeds[item] + one if item in seeds else one
        return seeds

    def _meant(self, source: Any) -> Value | None:
        """Return what a source stands for in the block, None where it is not watched or was never read."""
        if isinstance(source, Variable):
            is_watched = source in self._watched or (self.watch_accessed_variables and source.trainable)
            return self._meanings.get(source, dict.get(self._live, source)) if is_watched else None
        return source if source in self._watched or source.index in self._recorded_dependents() else None

    def _recorded_dependents(self) -> set[int]:
        """Return the nodes that compute something of what is watched."""
        assert self._graph is not None
        meant = [self._meant(item) for item in self.watched_variables()]
        watched = [item for item in self._watched if isinstance(item, Value)]
        begun = [item for item in meant if item is not None] + watched
        return dependents(self._graph, begun, self._intervals) - {item.index for item in begun}

    def jacobian(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: there is one graph of each shape.

        Raises:
            ModelError: always.
        """
        raise ModelError("GradientTape.jacobian is not there; call gradient of each element on a persistent tape")

    def batch_jacobian(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse; see `jacobian`.

        Raises:
            ModelError: always.
        """
        return self.jacobian(*args, **kwargs)


def _flat(structure: Any) -> list[Any]:
    if isinstance(structure, list | tuple):
        return [leaf for part in structure for leaf in _flat(part)]
    if isinstance(structure, dict):
        return [leaf for part in structure.values() for leaf in _flat(part)]
    return [structure]


def _like(value: Value, factor: Any) -> Value:
    """Return a factor in the shape of a value."""
    from nnc.ir import ops

    graph = value.graph
    given = factor if isinstance(factor, Value) else graph.constant(factor, value.dtype)
    return ops.broadcast_to(cast(given, value.dtype), value.shape)
