"""Metrics that keep variables of their own, which a batch gives new values: one vector in a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Graph, Placeholder, TensorType, Value, ops
from nnc.ir.placeholder import meaning
from nnc.metrics.metric import Metric
from nnc.optimizers.windows import join, split
from nnc.variable import Variable


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


class StatefulMetric(Metric):
    """A metric with variables, which its author assigns in ``update_state`` and reads in ``result``.

    Where a variable does not start as 0, the first element of the vector says whether there was a batch.

    Args:
        name: key in logs.
        variables: its variables.
        is_part: whether its result is one of several numbers that an author's metric returns by name.
    """

    result_name = "graph"
    sum_names = ()
    keeps_state = True

    def __init__(self, name: str, variables: Sequence[MetricVariable], is_part: bool = False) -> None:
        super().__init__(name)
        self.is_part, self.kept = is_part, tuple(variables)
        self._marks = any(numpy.any(item.first) for item in variables)

    def _updated(self, values: Sequence[Value], operands: Sequence[Value | None]) -> list[Value]:
        """Return the variables after a batch, of those before it and of targets, output, weights and mask."""
        raise NotImplementedError

    def _computed(self, graph: Graph, values: Sequence[Value]) -> Value:
        """Return the result of the variables, as graph arithmetic."""
        raise NotImplementedError

    @property
    def sum_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of what the state consists of."""
        return ((),) * self._marks + tuple(item.shape for item in self.kept)

    def state_type(self, dtype: str) -> TensorType:
        """Return the type of the state in a program that computes in an element type; whole numbers stay exact."""
        is_whole = any(not TensorType(item.dtype, ()).is_floating for item in self.kept)
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
            ModelError: the author's code does not suit these.
        """
        values = self._values_in(split(before, self.sum_shapes))
        parts = [ops.cast(item, before.dtype) for item in self._updated(values, (y_true, y_pred, sample_weight, mask))]
        return join([*([before.graph.constant(1.0, before.dtype)] if self._marks else []), *parts])

    def _values_in(self, parts: Sequence[Value]) -> list[Value]:
        """Return the variables in what a state consists of."""
        mark, found = (parts[0] if self._marks else None), []
        for item, part in zip(self.kept, parts[self._marks :], strict=True):
            value = ops.cast(part, item.dtype)
            if mark is not None and numpy.any(item.first):
                first = part.graph.constant(item.first, item.dtype)
                value = ops.where(ops.equal(mark, 0.0), first, value)
            found.append(value)
        return found

    def lower(
        self, y_true: Value, y_pred: Value, sample_weight: Value | None = None, mask: Value | None = None
    ) -> tuple[Value, ...]:
        """Return what the state consists of after a first batch."""
        type = self.state_type(y_pred.dtype)
        start = y_pred.graph.constant(numpy.zeros(type.shape), type.dtype)
        return tuple(split(self.next_state(start, y_true, y_pred, sample_weight, mask), self.sum_shapes))

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return the graph of the result."""
        graph = Graph("result")
        parts = [graph.input(f"sum.{n}", TensorType("float64", tuple(shape))) for n, shape in enumerate(shapes)]
        graph.output("result", self._computed(graph, self._values_in(parts)))
        return {"graph": str(graph)}


class AuthoredMetric(StatefulMetric):
    """A metric whose author wrote ``update_state`` and ``result``, as `Model.compile` takes it.

    Args:
        metric: the metric.

    Raises:
        ModelError: it makes no variables in its constructor.
    """

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        metric.reset_state()
        super().__init__(
            metric.name, [MetricVariable(item.path, item.dtype, item.numpy()) for item in metric.own_variables]
        )

    def _updated(self, values: Sequence[Value], operands: Sequence[Value | None]) -> list[Value]:
        y_true, y_pred, sample_weight, mask = operands
        assert y_true is not None
        assert y_pred is not None
        if mask is not None:  # as Keras, which multiplies weights with it
            counted = ops.cast(mask, y_pred.dtype)
            sample_weight = counted if sample_weight is None else sample_weight * counted
        meanings: dict[Placeholder, Value] = dict(zip(self.metric.own_variables, values, strict=True))
        with meaning(meanings, meanings.__setitem__):
            if sample_weight is None:
                self.metric.update_state(y_true, y_pred)
            else:
                self.metric.update_state(y_true, y_pred, sample_weight=sample_weight)
        return [meanings[item] for item in self.metric.own_variables]

    def _computed(self, graph: Graph, values: Sequence[Value]) -> Value:
        with meaning(dict(zip(self.metric.own_variables, values, strict=True))):
            found: Any = self.metric.result()
        if isinstance(found, Variable):
            found = values[self.metric.own_variables.index(found)]
        if isinstance(found, Value):
            return found
        raise ModelError(
            f"{self._where}: result must return one graph value, got {type(found).__name__}; several numbers by name"
            " are returned by a training step of one's own"
        )

    def get_config(self) -> dict[str, Any]:
        """Return the config of the metric."""
        return self.metric.get_config()
