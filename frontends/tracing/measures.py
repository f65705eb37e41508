"""Losses and metrics that the author of a live model wrote, traced on what they measure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from frontends.authors import identity_of, is_known
from frontends.live_objects import overridden_names
from frontends.nodes import Mapping as MappingNode
from frontends.nodes import Scalar, ValueNode
from frontends.nodes import Sequence as SequenceNode
from frontends.tracing.layer_tracer import LayerTracer
from frontends.tracing.metrics import traced_metrics
from frontends.tracing.symbols import tensors_of
from nnc.errors import ModelError, NncError, ShapeError
from nnc.identity import is_keras_module
from nnc.ir import Dim, Graph, TensorType
from nnc.layers.batch import BATCH
from nnc.layers.trace import Reference, Trace, TracedCall
from nnc.layers.traced_measures import FunctionOfTypes, TracedLoss
from nnc.losses.registry import as_loss
from nnc.metrics import MeanMetricWrapper, Metric
from nnc.objects import snake_case
from nnc.structure import leaves

_FUNCTIONS = FunctionType, MethodType, partial
_TRACED = frozenset({"call", "fn", "_api_export_path", "_api_export_symbol_id"})
"""What the class of a loss may define anew, besides how it is made, described and, where it is Keras's, exported."""


class MeasureTracer:
    """Traces the losses and metrics of a compiled model.

    Args:
        tracer: traces functions for the model.
        outputs: the types of the model's outputs by name.
    """

    def __init__(self, tracer: LayerTracer, outputs: Mapping[str, TensorType]) -> None:
        self.tracer, self.outputs = tracer, outputs
        self._targets: dict[str, TensorType] = dict(outputs)
        self._metrics_made: list[Any] = []
        self._by_name: list[Any] = []

    def compile_options(self, node: ValueNode) -> ValueNode:
        """Return optimizer, loss and metrics with what its author wrote traced.

        Args:
            node: what Keras's config says of them.

        Raises:
            ModelError: one cannot be traced; the message names the author's line.
        """
        source = self.tracer.source
        if not isinstance(node, MappingNode):
            return node
        found: dict[str, ValueNode] = {}
        if (loss := self._losses(getattr(source, "loss", None), node.entries.get("loss"))) is not None:
            found["loss"] = loss
        measures = getattr(source, "_compile_metrics", None)
        for key in ("metrics", "weighted_metrics"):
            given = getattr(measures, f"_user_{key}", None)
            if (metrics := self._metrics(given, node.entries.get(key))) is not None:
                found[key] = metrics
            if key == "metrics" and self._by_name and _items(node.entries.get("weighted_metrics")):
                raise ModelError(
                    f"metric {type(self._by_name[0]).__name__}: result returns numbers by name, which Keras lists"
                    " behind weighted_metrics; give it as one of these"
                )
        return replace(node, entries={**node.entries, **found}) if found else node

    # ------------------------------------------------------------------ losses

    def _losses(self, given: Any, node: ValueNode | None) -> ValueNode | None:
        """Return the losses by output with those of the author traced, None where there are none of these."""
        names = list(self.outputs)
        nodes: list[ValueNode | None]
        if isinstance(given, dict):
            parts = [given.get(name) for name in names]
            nodes = [node.entries.get(name) if isinstance(node, MappingNode) else None for name in names]
        elif isinstance(given, list | tuple):
            parts, nodes = list(given), [*_items(node)] or [None] * len(given)
        else:
            parts, nodes = [given] * len(names), [node] * len(names)
        if not len(parts) == len(nodes) == len(names):
            return None
        found: list[ValueNode] = []
        for name, part, other in zip(names, parts, nodes, strict=True):
            is_authors = self._is_authors(part, other)
            loss = Scalar(value=self._loss(part, self.outputs[name])) if is_authors else other or Scalar(value=None)
            self._targets[name] = _target(loss, self.outputs[name])
            found.append(loss)
        if not any(map(self._is_authors, parts, nodes)):
            return None
        return found[0] if len(found) == 1 else SequenceNode(items=tuple(found))

    def _loss(self, loss: Any, output: TensorType) -> TracedLoss:
        kind = self.tracer.keras.losses.Loss
        loss = loss() if isinstance(loss, type) else loss
        is_function = not isinstance(loss, kind)
        others = [] if is_function else sorted(set(overridden_names(type(loss), kind)) - _TRACED)
        if others:
            raise ModelError(
                f"loss {type(loss).__name__} defines {', '.join(others)} anew, of which Keras's are built in: only"
                " call is traced; move what it does there, or make the loss a function"
            )
        call, name = (loss, _name(loss)) if is_function else (loss.call, str(loss.name))
        reduction: Any = "sum_over_batch_size" if is_function else getattr(loss, "reduction", "sum_over_batch_size")

        def compared(y_true: Any, y_pred: Any) -> Any:
            return call(self.tracer.keras.ops.cast(y_true, y_pred.dtype), y_pred)

        function = FunctionOfTypes(name, Traces(self.tracer, compared, name))
        targets = _Targets(function)
        targets(output)
        return TracedLoss(function, targets, fits_ranks=is_function, reduction=reduction, name=name)

    # ------------------------------------------------------------------ metrics

    def _metrics(self, given: Any, node: ValueNode | None) -> ValueNode | None:
        """Return metrics with those of the author traced, None without such."""
        names = list(self.outputs)
        if node is None or not self._has_authors(given, node):
            return None
        if len(names) == 1:
            found = self._traced(given, node, names[0])
            return _with_several_last(found) if isinstance(found, SequenceNode) else found
        if isinstance(given, dict) and isinstance(node, MappingNode):
            parts = {
                key: self._traced(given[key], part, key) if key in given and key in self.outputs else part
                for key, part in node.entries.items()
            }
            return replace(node, entries=parts)
        items = _items(node)
        if isinstance(given, list | tuple) and len(given) == len(items) == len(names):
            return SequenceNode(items=tuple(map(self._traced, given, items, names)))
        return None

    def _has_authors(self, given: Any, node: ValueNode) -> bool:
        if isinstance(given, dict) and isinstance(node, MappingNode):
            return any(self._has_authors(given[key], part) for key, part in node.entries.items() if key in given)
        if isinstance(given, list | tuple) and len(given) == len(_items(node)):
            return any(map(self._has_authors, given, _items(node)))
        return self._is_authors(given, node)

    def _traced(self, given: Any, node: ValueNode, name: str) -> ValueNode:
        """Return the metrics of an output, given by its name, of which those of the author are traced."""
        if isinstance(given, dict) and isinstance(node, MappingNode):
            parts = {key: self._traced(given[key], part, name) for key, part in node.entries.items() if key in given}
            return replace(node, entries=parts)
        items = _items(node)
        if isinstance(given, list | tuple) and len(given) == len(items):
            return SequenceNode(items=tuple(self._traced(*pair, name) for pair in zip(given, items, strict=True)))
        if not self._is_authors(given, node):
            return node
        found = [Scalar(value=metric) for metric in self._made(given, name)]
        return found[0] if len(found) == 1 else SequenceNode(items=tuple(found))

    def _made(self, measure: Any, output: str) -> list[Metric]:
        """Return a metric of the author's, one for each number that it gives, tried on what it measures.

        Raises:
            ModelError: it cannot be traced, is given twice, or gives numbers by name for one of several outputs.
        """
        measure = measure() if isinstance(measure, type) else measure
        if not isinstance(measure, self.tracer.keras.metrics.Metric):
            name = _name(measure)
            made: list[Metric] = [
                MeanMetricWrapper(FunctionOfTypes(name, Traces(self.tracer, measure, name)), name=name)
            ]
        else:
            if any(measure is other for other in self._metrics_made):
                raise ModelError(f"metric '{measure.name}' is given twice, and would add up both; give two of it")
            self._metrics_made.append(measure)
            made = list(traced_metrics(self.tracer, measure))
            if any(item.is_part for item in made):
                self._by_name.append(measure)
            if self._by_name and len(self.outputs) > 1:
                raise ModelError(
                    f"metric {type(measure).__name__}: result returns numbers by name, which nnc shows of a model with"
                    " one output; make a metric of each"
                )
        graph = Graph("try")
        operands = graph.input("y_true", self._targets[output]), graph.input("y_pred", self.outputs[output])
        try:
            for item in made:
                item.lower(*operands)
        except ShapeError as error:
            raise ModelError(str(error)) from error
        return made

    def _is_authors(self, measure: Any, node: ValueNode | None = None) -> bool:
        """Whether a loss or metric is a function, or of a class, that is not Keras's own, or is made of such.

        Args:
            measure: the live one.
            node: its config; what the user has registered something for is not traced.
        """
        if measure is None or isinstance(measure, str | list | tuple | dict) or not callable(measure):
            return False
        identity = identity_of(node) if isinstance(node, MappingNode) else None
        if identity is not None and not identity.is_keras and is_known(identity, self.tracer.options):
            return False
        if isinstance(measure, partial):
            return True
        item = measure if isinstance(measure, (*_FUNCTIONS, type)) else type(measure)
        is_keras = is_keras_module(str(getattr(item, "__module__", "")))
        if item is not measure and identity is not None:  # one that overrides nothing counts as Keras's
            is_keras = identity.is_keras
        if not is_keras:
            return True
        inside = getattr(measure, "_fn", None) or getattr(measure, "fn", None)
        return inside is not None and inside is not measure and self._is_authors(inside)


class Traces:
    """Traces of a function, one for each combination of types of its operands.

    Args:
        tracer: traces functions for the model.
        function: the function.
        name: its name, for messages.
    """

    def __init__(self, tracer: LayerTracer, function: Any, name: str) -> None:
        self.tracer, self.function, self.name = tracer, function, name
        self._known: dict[tuple[TensorType, ...], Trace] = {}

    def __call__(self, types: Sequence[TensorType]) -> Trace:
        """Return the trace.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        key = tuple(types)
        if key not in self._known:
            specs = tensors_of(types, self.tracer.keras)
            self._known[key] = self.tracer.function(self.function, self.name, specs).trace
        return self._known[key]


class _Targets:
    """Finds the targets that a loss takes: like the output, a number for each row, or of one column.

    Args:
        function: what the loss computes.
    """

    def __init__(self, function: FunctionOfTypes) -> None:
        self.function = function
        self._known: dict[TensorType, list[TensorType]] = {}

    def __call__(self, output: TensorType) -> list[TensorType]:
        """Return the types of the targets that go with an output, the likeliest first.

        Where only whole numbers are made of targets, they are indices, of which there is one for each row.

        Raises:
            ModelError: the loss takes none of those tried.
        """
        if output not in self._known:
            found = self._found(output)
            is_index = len(found) > 1 and found[0].shape == output.shape and not found[0].is_floating
            self._known[output] = [*found[1:], found[0]] if is_index else found
        return self._known[output]

    def _found(self, output: TensorType) -> list[TensorType]:
        problems: list[str] = []
        found: list[TensorType] = []
        candidates = list(_candidates(output))
        for target in candidates:
            try:
                graph = Graph("try")
                values = self.function(graph.input("y_true", target), graph.input("y_pred", output))
            except NncError as error:
                problems.append(str(error))
                continue
            if values.rank == 0 or (values.shape[0] == BATCH and not _has_batch(values.shape[1:])):
                found.append(self._as_indices(target, output))
            else:
                name = self.function.__name__
                problems.append(f"loss '{name}' returns {values.type}, which is no value for each row")
        if not found:
            tried = f" (targets {', '.join(map(str, candidates))} were tried)" if len(candidates) > 1 else ""
            raise ModelError(f"{problems[0]}{tried}")
        return found

    def _as_indices(self, target: TensorType, output: TensorType) -> TensorType:
        """Return the type of whole numbers where all that is done with targets is to make such of them."""
        trace = self.function.trace_of([target, output])
        calls = [step for step in trace.steps if isinstance(step, TracedCall)]
        known, casts = {0}, []
        for number, call in enumerate(calls, 2):  # each has one result here, or is not looked at any more
            if any(item.index in known for item in leaves([list(call.args), dict(call.kwargs)], Reference)):
                if call.target != "Cast":
                    return target
                if not TensorType(str(call.kwargs.get("dtype")), ()).is_floating:
                    casts.append(number)
                else:
                    known.add(number)
        return TensorType("int32", target.shape) if casts else target


def _candidates(output: TensorType) -> Iterator[TensorType]:
    yield output
    if output.rank > 1 and output.shape[-1] != 1:
        yield TensorType(output.dtype, output.shape[:-1])
        yield TensorType(output.dtype, (*output.shape[:-1], 1))


def _target(loss: ValueNode, output: TensorType) -> TensorType:
    """Return the type of the targets that a loss takes with an output; that of the output where it says nothing."""
    given = loss.plain()
    try:
        return output if given is None else as_loss(given).target(output).type
    except NncError:  # which is told when the model is compiled
        return output


def _has_batch(shape: Sequence[Dim]) -> bool:
    return any(not isinstance(dim, int) and not BATCH.symbols.isdisjoint(dim.symbols) for dim in shape)


def _with_several_last(metrics: SequenceNode) -> SequenceNode:
    """Return metrics with what some give by name behind the others and by name, as Keras lists them."""
    several = [part for item in metrics.items if isinstance(item, SequenceNode) for part in item.items]
    named = sorted(several, key=lambda part: str(part.value.name) if isinstance(part, Scalar) else "")
    return replace(metrics, items=(*(item for item in metrics.items if not isinstance(item, SequenceNode)), *named))


def _items(node: ValueNode | None) -> list[ValueNode]:
    return list(node.items) if isinstance(node, SequenceNode) else []


def _name(function: Any) -> str:
    """Return the name that Keras gives what a function measures."""
    name = getattr(function, "name", None) or getattr(function, "__name__", None) or type(function).__name__
    return snake_case(re.sub(r"\W+", "", str(name)))
