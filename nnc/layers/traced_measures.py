"""Losses and metrics of their authors', which replay traces; metrics with variables of their own, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NoReturn

import numpy

from nnc.ir import Graph, TensorType, Value, ops
from nnc.layers.trace import Trace, without_config
from nnc.layers.traced import replay
from nnc.layers.traced_state import TracedState, as_value
from nnc.losses import ExpectedTargets, LossFunctionWrapper
from nnc.metrics import Metric
from nnc.optimizers.windows import join, split

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


@dataclass(frozen=True, eq=False)
class MetricVariable:
    """A variable of a metric.

    Args:
        name: what it is, for messages.
        dtype: its element type in Keras.
        first: what it starts with in each epoch.
    """

    name: str
    dtype: str
    first: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(numpy.shape(self.first))


class TracedMetric(Metric):
    """A metric of its author's with variables, as traces of its ``update_state`` and of its ``result``.

    The variables are one vector in a program. Where one does not start as 0, the first element of the vector says
    whether there was a batch.

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

    result_name = "graph"
    keeps_state = True

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
        super().__init__(name)
        self.is_part = is_part
        self.author_class, self.variables, self.state = author_class, tuple(variables), state
        self.update_of, self.result_trace = update_of, result
        self._marks = any(numpy.any(item.first) for item in variables)

    @property
    def sum_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of what the state consists of."""
        return ((),) * self._marks + tuple(item.shape for item in self.variables)

    def state_type(self, dtype: str) -> TensorType:
        """Return the type of the state in a program that computes in an element type; whole numbers stay exact."""
        is_whole = any(not TensorType(item.dtype, ()).is_floating for item in self.variables)
        return TensorType("float64" if is_whole else dtype, (sum(map(prod, self.sum_shapes)),))

    def next_state(
        self, before: Value, y_true: Value, y_pred: Value, sample_weight: Value | None, mask: Value | None
    ) -> Value:
        """Return the state after a batch.

        Args:
            before: the state before it.
            y_true: targets, shape (batch, …).
            y_pred: the model's output, shape (batch, …).
            sample_weight: weights of shape (batch), or of more of the axes; None for none.
            mask: bool, true where a value counts, or None.

        Raises:
            ModelError: the author's code does not suit these; the message names the line.
        """
        operands = (y_true, y_pred, sample_weight, mask)
        trace = self.update_of([None if item is None else item.type for item in operands])
        self._hold(split(before, self.sum_shapes))
        replay(trace, [item for item in operands if item is not None])
        parts = [ops.cast(item.value, before.dtype) for item in self.state.weights]
        return join([*([before.graph.constant(1.0, before.dtype)] if self._marks else []), *parts])

    def _hold(self, parts: Sequence[Value]) -> None:
        """Let the traces read what a state consists of."""
        mark = parts[0] if self._marks else None
        for held, item, part in zip(self.state.weights, self.variables, parts[self._marks :], strict=True):
            value = ops.cast(part, item.dtype)
            if mark is not None and numpy.any(item.first):
                first = part.graph.constant(item.first, item.dtype)
                value = ops.where(ops.equal(mark, 0.0), first, value)
            held.value = value

    def lower(
        self, y_true: Value, y_pred: Value, sample_weight: Value | None = None, mask: Value | None = None
    ) -> tuple[Value, ...]:
        """Return what the state consists of after a first batch."""
        start = y_pred.graph.constant(
            numpy.zeros(self.state_type(y_pred.dtype).shape), self.state_type(y_pred.dtype).dtype
        )
        return tuple(split(self.next_state(start, y_true, y_pred, sample_weight, mask), self.sum_shapes))

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return the graph of the result."""
        graph = Graph("result")
        parts = [graph.input(f"sum.{n}", TensorType("float64", tuple(shape))) for n, shape in enumerate(shapes)]
        self._hold(parts)
        found = replay(self.result_trace, [graph.constant(0.0, "float32")])
        graph.output("result", as_value(found, graph, "float32"))
        return {"graph": str(graph)}

    def get_config(self) -> NoReturn:
        """Refuse: no config holds a trace.

        Raises:
            ModelError: always.
        """
        raise without_config(f"{self._where} ({self.author_class})")
