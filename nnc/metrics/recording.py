"""Metrics inside a graph that is being built, such as that of a training step: what they add up is its states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy

from nnc.errors import ModelError
from nnc.ir import Graph, Placeholder, TensorType, Value
from nnc.ir.placeholder import Operators
from nnc.structure import leaves

Next = Callable[[Value], Value]
"""Returns what a state becomes, of what it was."""


class MetricStates(Protocol):
    """The states of one graph in which metrics add up."""

    graph: Graph

    def change(self, metric: Any, type: TensorType, shapes: Sequence[tuple[int, ...]], following: Next) -> None:
        """Let the state of a metric, a vector of this type, become what follows from what it was."""

    def sums(self, metric: Any) -> list[Value]:
        """Return what a metric has added up so far."""


_STATES: ContextVar[MetricStates | None] = ContextVar("metric_states", default=None)


@contextmanager
def adding_up_in(states: MetricStates) -> Iterator[None]:
    """Let metrics that are given graph values inside the block add up in states of that graph."""
    token = _STATES.set(states)
    try:
        yield
    finally:
        _STATES.reset(token)


def is_adding_up() -> bool:
    """Return whether metrics that are given graph values have states to add up in."""
    return _STATES.get() is not None


def are_in_graph(*operands: Any) -> bool:
    """Return whether an operand has no numbers before a graph runs."""
    values = leaves(operands, Value) + [item.value for item in leaves(operands, Placeholder) if item.has_value]
    return any(not value.graph.is_concrete for value in values)


def metric_states(where: str, is_a_layers: bool = False) -> MetricStates | None:
    """Return the states to add up in; None where a layer that has the metric only predicts.

    Args:
        where: the metric, for messages.
        is_a_layers: whether the metric is an attribute of a layer, whose model records the steps that train and test.

    Raises:
        ModelError: there are none.
    """
    found = _STATES.get()
    if found is None and not is_a_layers:
        raise ModelError(
            f"{where}: graph values are added up in a training step, such as train_step of a model; in call() use"
            " add_loss, or metrics of compile()"
        )
    return found


def as_values(graph: Graph, *operands: Any) -> list[Any]:
    """Return operands as values of a graph: arrays and numbers as its constants, None as it is."""
    found: list[Any] = []
    for item in operands:
        meant = item.value if isinstance(item, Placeholder) else item
        if meant is None or isinstance(meant, Value):
            found.append(meant)
        else:
            array = numpy.asarray(meant)
            found.append(graph.of_array(array.astype("float32") if array.dtype == numpy.float64 else array))
    return found


class MetricResult(Operators):
    """The result of a metric inside a graph: what a step returns by name, or an operand.

    Args:
        metric: the metric.
        states: where it adds up.
    """

    def __init__(self, metric: Any, states: MetricStates) -> None:
        self.metric = metric
        self._states = states

    @property
    def value(self) -> Value:
        """The result so far as a graph value, of metrics whose result is graph arithmetic.

        Raises:
            ModelError: it is computed by NumPy, after a run.
        """
        found: Value = self.metric.result_value(self._states.sums(self.metric))
        return found
