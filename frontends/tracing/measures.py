"""Losses and metrics that the author of a live model wrote, traced on what they measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

from frontends.nodes import Mapping as MappingNode
from frontends.nodes import Scalar, ValueNode
from frontends.nodes import Sequence as SequenceNode
from frontends.tracing.layer_tracer import BATCHES, LayerTracer
from frontends.tracing.model import LENGTHS
from nnc.identity import is_keras_module
from nnc.layers.traced import TracedFunction
from nnc.losses import LossFunctionWrapper
from nnc.metrics import MeanMetricWrapper


class MeasureTracer:
    """Traces the losses and metrics of a compiled model.

    Targets are taken to have the shape and the element type of the output that they belong to.

    Args:
        tracer: traces functions for the model.
        outputs: the model's outputs, as Keras's symbolic tensors, by name.
    """

    def __init__(self, tracer: LayerTracer, outputs: Mapping[str, Any]) -> None:
        self.tracer, self.outputs = tracer, outputs

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
        return replace(node, entries={**node.entries, **found}) if found else node

    def _losses(self, given: Any, node: ValueNode | None) -> ValueNode | None:
        """Return the losses by output with those of the author traced, None where there are none of these."""
        if isinstance(given, dict):
            parts = [given.get(name) for name in self.outputs]
            nodes = [node.entries.get(name) if isinstance(node, MappingNode) else None for name in self.outputs]
        elif isinstance(given, list | tuple):
            parts, nodes = list(given), list(node.items) if isinstance(node, SequenceNode) else [None] * len(given)
        else:
            parts, nodes = [given] * len(self.outputs), [node] * len(self.outputs)
        if not any(map(_is_authors, parts)) or len(parts) != len(self.outputs):
            return None
        made = [
            Scalar(value=self._loss(part, output)) if _is_authors(part) else other or Scalar(value=None)
            for part, other, output in zip(parts, nodes, self.outputs.values(), strict=True)
        ]
        return made[0] if len(made) == 1 else SequenceNode(items=tuple(made))

    def _loss(self, loss: Any, output: Any) -> LossFunctionWrapper:
        if isinstance(loss, FunctionType):
            return LossFunctionWrapper(self._function(loss, loss.__name__, output))
        reduction: Any = getattr(loss, "reduction", "sum_over_batch_size")
        return LossFunctionWrapper(self._function(loss.call, loss.name, output), reduction, loss.name)

    def _metrics(self, given: Any, node: ValueNode | None) -> ValueNode | None:
        """Return the metrics of a model with one output with functions of the author traced, None without such."""
        if not isinstance(given, list | tuple) or not isinstance(node, SequenceNode) or len(self.outputs) != 1:
            return None
        if len(given) != len(node.items) or not any(
            isinstance(item, FunctionType) and _is_authors(item) for item in given
        ):
            return None
        (output,) = self.outputs.values()
        return SequenceNode(
            items=tuple(
                Scalar(value=MeanMetricWrapper(self._function(item, item.__name__, output), name=item.__name__))
                if isinstance(item, FunctionType) and _is_authors(item)
                else other
                for item, other in zip(given, node.items, strict=True)
            )
        )

    def _function(self, function: Any, name: str, output: Any) -> TracedFunction:
        specs: list[Sequence[Any]] = []
        for run in range(3):
            shape = [BATCHES[run], *tuple(output.shape)[1:]]
            unknown = iter(LENGTHS[2:])
            shape = [next(unknown)[run] if dim is None else dim for dim in shape]
            tensor = self.tracer.keras.KerasTensor
            specs.append([tensor(tuple(shape), dtype=output.dtype) for _ in range(2)])
        return self.tracer.function(function, name, specs)


def _is_authors(measure: Any) -> bool:
    """Whether a loss or metric is a function, or of a class, that is not Keras's own."""
    if measure is None or isinstance(measure, str):
        return False
    item = measure if isinstance(measure, FunctionType) else type(measure)
    return not is_keras_module(str(getattr(item, "__module__", ""))) and callable(measure)
