"""Losses and metrics of their authors', which replay traces; metrics with variables of their own, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from nnc.ir import Graph, TensorType, Value
from nnc.layers.trace import Trace, without_config
from nnc.layers.traced import replay
from nnc.layers.traced_state import TracedState, as_value
from nnc.losses import ExpectedTargets, LossFunctionWrapper
from nnc.metrics.stateful import MetricVariable, StatefulMetric

TraceOf = Callable[[Sequence[TensorType]], Trace]
"""Returns the trace of a function for operands of these types."""


class FunctionOfTypes:
    """A function of its author's, which replays a trace that was made for the types of its operands.

    Args:
        name: its name.
        trace_of: returns the trace.
    """

    def __init__(self, name: str, trace_of: TraceOf) -> None:
        self.__name__, self.trace_of = name, trace_of

    def __call__(self, *values: Value) -> Value:
        """Return what the author's function returns."""
        found = replay(self.trace_of([value.type for value in values]), list(values))
        return as_value(found, values[0].graph, values[-1].dtype)


class TracedLoss(LossFunctionWrapper):
    """A loss of its author's.

    Args:
        fn: what it computes.
        targets_of: returns the types of the targets that it takes with an output, the likeliest first.
        fits_ranks: whether targets get, or lose, a last axis of length 1 where the output has it, or has it not.
        **options: arguments of `nnc.losses.LossFunctionWrapper`.
    """

    def __init__(
        self,
        fn: FunctionOfTypes,
        targets_of: Callable[[TensorType], Sequence[TensorType]],
        *,
        fits_ranks: bool,
        **options: Any,
    ) -> None:
        super().__init__(fn, **options)
        self.targets_of, self.fits_ranks = targets_of, fits_ranks
        self._chosen = 0

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return what the targets of an output must look like: what the author's code takes."""
        target = self.targets_of(output)[self._chosen]
        return ExpectedTargets(target, exact=not self.fits_ranks or target.shape != output.shape)

    def take(self, output: TensorType, shape: Sequence[int]) -> bool:
        """Take targets of another shape from now on, where the author's code does; see `nnc.losses.Loss.take`."""
        for number, target in enumerate(self.targets_of(output)):
            pairs = zip(target.shape, shape, strict=False)
            if target.rank == len(shape) and all(not isinstance(dim, int) or dim == found for dim, found in pairs):
                is_other = number != self._chosen
                self._chosen = number
                return is_other
        return False


class TracedMetric(StatefulMetric):
    """A metric of its author's with variables, as traces of its ``update_state`` and of its ``result``.

    Args:
        author_class: name of the author's class.
        name: key in logs.
        variables: its variables.
        state: what the traces read and assign: the variables, in their order.
        update_of: returns the trace of ``update_state`` for targets, output, weights and mask of these types; of what
            is None there is nothing.
        result: the trace of ``result``.
        is_part: whether that is one of several numbers, which ``result`` returns by name.
    """

    def __init__(
        self,
        author_class: str,
        name: str,
        variables: Sequence[MetricVariable],
        state: TracedState,
        update_of: Callable[[Sequence[TensorType | None]], Trace],
        result: Trace,
        is_part: bool = False,
    ) -> None:
        super().__init__(name, variables, is_part)
        self.author_class, self.state = author_class, state
        self.update_of, self.result_trace = update_of, result

    def _updated(self, values: Sequence[Value], operands: Sequence[Value | None]) -> list[Value]:
        trace = self.update_of([None if item is None else item.type for item in operands])
        self._hold(values)
        replay(trace, [item for item in operands if item is not None])
        return [item.value for item in self.state.weights]

    def _computed(self, graph: Graph, values: Sequence[Value]) -> Value:
        self._hold(values)
        return as_value(replay(self.result_trace, [graph.constant(0.0, "float32")]), graph, "float32")

    def _hold(self, values: Sequence[Value]) -> None:
        """Let the traces read variables."""
        for held, value in zip(self.state.weights, values, strict=True):
            held.value = value

    def get_config(self) -> NoReturn:
        """Refuse: no config holds a trace.

        Raises:
            ModelError: always.
        """
        raise without_config(f"{self._where} ({self.author_class})")
