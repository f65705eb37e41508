"""Metrics that the author of a live model wrote as classes, with the variables in which they add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy

from frontends.tracing.layer_tracer import LayerTracer, explained
from frontends.tracing.recording import Recorder
from frontends.tracing.symbols import tensors_of
from nnc.errors import ModelError
from nnc.ir import TensorType
from nnc.layers.trace import Assignment, OwnWeight, Trace
from nnc.layers.traced_measures import TracedMetric
from nnc.layers.traced_state import TracedState
from nnc.metrics.stateful import MetricVariable

Types = tuple[TensorType | None, ...]


def traced_metrics(tracer: LayerTracer, metric: Any) -> list[TracedMetric]:
    """Return nnc's metric for one of its author's, or one for each number that its ``result`` returns by name.

    Args:
        tracer: traces functions for the model.
        metric: the live one; its variables are afterwards what they were.

    Raises:
        ModelError: it cannot be traced; the message names the author's line.
    """
    traces, variables = _Traces(tracer, metric), _variables(metric)
    results = traces.results()
    is_part = list(results) != [metric.name]
    return [
        TracedMetric(type(metric).__name__, name, variables, traces.state, traces.update, result, is_part)
        for name, result in results.items()
    ]


class _Traces:
    """Traces of what a metric does.

    Args:
        tracer: traces functions for the model.
        metric: the live one.
    """

    def __init__(self, tracer: LayerTracer, metric: Any) -> None:
        self.tracer, self.metric, self.name = tracer, metric, type(metric).__name__
        self.variables = list(metric.variables)
        self.state = TracedState(str(item.path) for item in self.variables)
        self._updates: dict[Types, Trace] = {}

    def update(self, types: Sequence[TensorType | None]) -> Trace:
        """Return the trace of ``update_state`` for targets, output, weights and mask of these types.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        key = tuple(types)
        if key not in self._updates:
            is_weighted, is_masked = types[2] is not None, types[3] is not None

            def update(y_true: Any, y_pred: Any, *others: Any) -> None:
                if is_masked:
                    y_pred._keras_mask = others[-1]
                self.metric.update_state(y_true, y_pred, *others[: int(is_weighted)])

            specs = tensors_of([item for item in types if item is not None], self.tracer.keras)
            self._updates[key] = self._trace(update, "update_state", specs)
        return self._updates[key]

    def results(self) -> dict[str, Trace]:
        """Return the trace of ``result`` by the name of what it returns; it has an operand that it does not use.

        Raises:
            ModelError: it cannot be traced, returns several numbers without names, or assigns something.
        """
        specs = [[self.tracer.keras.KerasTensor((), dtype="float32")]]
        found = self._trace(lambda _: self.metric.result(), "result", specs)
        outputs = found.outputs if isinstance(found.outputs, dict) else {str(self.metric.name): found.outputs}
        if any(isinstance(item, dict | list | tuple) or item is None for item in outputs.values()):
            raise ModelError(
                f"metric {self.name}: result must return one tensor, or a dictionary of such, which is what is shown of"
                " a metric"
            )
        if any(isinstance(step, Assignment) for step in found.steps):
            raise ModelError(f"metric {self.name}: result assigns a variable, which nnc does only in update_state")
        return {str(name): replace(found, outputs=item) for name, item in outputs.items()}

    def _trace(self, function: Any, method: str, specs: Sequence[Sequence[Any]]) -> Trace:
        frames = self.tracer.frames(function, f"{self.name}.{method}", specs, around=self._symbolic)
        return self.tracer.settled(frames, self._weight)

    @contextmanager
    def _symbolic(self, recorder: Recorder) -> Iterator[None]:
        with ExitStack() as stack:
            for metric in _flat(self.metric):
                stack.enter_context(recorder.symbols_in(metric))
            yield

    def _weight(self, variable: Any) -> OwnWeight:
        for index, item in enumerate(self.variables):
            if item is variable:
                return OwnWeight(self.state, index)
        raise ModelError(f"metric {self.name} reads '{variable.path}', which is none of its variables")


def _flat(metric: Any) -> Iterator[Any]:
    """Yield a metric and those inside it."""
    yield metric
    for inside in metric._metrics:
        yield from _flat(inside)


def _variables(metric: Any) -> list[MetricVariable]:
    """Return the variables of a metric, with what ``reset_state`` gives them.

    Raises:
        ModelError: that depends on what they were.
    """
    variables = list(metric.variables)
    before = [numpy.array(item.numpy()) for item in variables]
    found = []
    try:
        for offset in (1, 2):
            for item, array in zip(variables, before, strict=True):
                item.assign(numpy.full(array.shape, offset, array.dtype))
            try:
                metric.reset_state()
            except Exception as error:  # the author's code may raise anything
                raise ModelError(explained(error, f"reset_state of metric {type(metric).__name__}")) from error
            found.append([numpy.array(item.numpy()) for item in variables])
    finally:
        for item, array in zip(variables, before, strict=True):
            item.assign(array)
    for item, first, second in zip(variables, *found, strict=True):
        if not numpy.array_equal(first, second, equal_nan=first.dtype.kind == "f"):
            raise ModelError(
                f"metric {type(metric).__name__}: reset_state leaves '{item.path}' as it was, or makes it of what it"
                " was; in nnc a metric starts with the same numbers in each epoch"
            )
    return [
        MetricVariable(str(item.path), first.dtype.name, first) for item, first in zip(variables, found[0], strict=True)
    ]
