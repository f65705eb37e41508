"""What reads a model's outputs in training and evaluation: targets, losses, weights and metrics, as graph code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nnc.ir import Graph, TensorType, Value
from nnc.layers.symbolic import BATCH
from nnc.losses import Loss
from nnc.metrics import Metric
from nnc.ops import Pack, size
from nnc.ops import sum as sum_
from nnc.program import COUNT, SAMPLE_WEIGHT, TOTAL

MASK, PENALTY = "mask/", "penalty/"
"""Prefixes of outputs beside those of the model: their masks, and what layers and weights add to the loss."""


@dataclass(frozen=True)
class OutputHead:
    """Loss and metrics of one output.

    Args:
        label: name of the output in the graph.
        target: name of the input with its targets.
        loss: the loss, or None where the output is not trained.
        target_type: type of the targets.
        weight: factor of the loss in the sum.
        metrics: what else is measured, row by row alike.
        weighted_metrics: what is measured with the weights of the rows.
    """

    label: str
    target: str
    target_type: TensorType
    loss: Loss | None
    weight: float
    metrics: tuple[Metric, ...]
    weighted_metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class ModelHead:
    """Losses and metrics of all outputs; lowers itself for `nnc.passes.training.AttachLoss`.

    Args:
        outputs: one head per output.
        weighted: whether there is an input with a weight per row.
        dtype: element type of the loss.
    """

    outputs: tuple[OutputHead, ...]
    weighted: bool
    dtype: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what is measured: the total loss, the losses of several outputs, then the metrics.

        Names are unique, as Keras makes them: ``mae_1`` is the second ``mae``, ``weighted_mae`` that with weights.
        """
        several = len(self.outputs) > 1
        names = ["loss"]
        if several:
            names += [f"{head.label}_loss" for head in self.outputs if head.loss is not None]
        for head in self.outputs:
            prefix = f"{head.label}_" if several else ""
            for metric in head.metrics:
                names.append(_unique(f"{prefix}{metric.name}", names))
        for head in self.outputs:
            prefix = f"{head.label}_" if several else ""
            for metric in head.weighted_metrics:
                is_free = f"{prefix}{metric.name}" not in names
                names.append(_unique(f"{prefix}{'' if is_free else 'weighted_'}{metric.name}", names))
        return tuple(names)

    def lower(self, graph: Graph, outputs: dict[str, Value]) -> None:
        """Add targets, the output ``loss``, and the updates of the states that metrics add up in."""
        weights = graph.input(SAMPLE_WEIGHT, TensorType(self.dtype, (BATCH,))) if self.weighted else None
        targets = {head.label: graph.input(head.target, head.target_type) for head in self.outputs}
        masks = {head.label: _keyword("mask", outputs.get(MASK + head.label)) for head in self.outputs}
        losses: list[tuple[Value, float]] = []
        measured: list[tuple[Value, Value]] = []
        for head in self.outputs:
            if head.loss is not None:
                with graph.scope("", "loss"):
                    loss = head.loss.lower(targets[head.label], outputs[head.label], weights, **masks[head.label])
                    losses.append((loss, head.weight))
        with graph.scope("", "metrics"):
            for head in self.outputs:
                operands, mask = (targets[head.label], outputs[head.label]), masks[head.label]
                measured += [metric.lower(*operands, **mask) for metric in head.metrics]
            for head in self.outputs:
                operands, mask = (targets[head.label], outputs[head.label]), masks[head.label]
                measured += [metric.lower(*operands, weights, **mask) for metric in head.weighted_metrics]
        with graph.scope("", "loss"):
            total = _weighted_sum(losses)
            for label, value in outputs.items():
                if label.startswith(PENALTY):
                    total = total + sum_(value)
            graph.output("loss", total)
        with graph.scope("", "metrics"):
            rows = size(next(iter(targets.values())), [0], self.dtype)
            per_output = [loss for loss, _ in losses] if len(self.outputs) > 1 else []
            means = [(loss * rows, rows) for loss in (total, *per_output)]
            _accumulate(graph, TOTAL, [value for value, _ in (*means, *measured)])
            _accumulate(graph, COUNT, [count for _, count in (*means, *measured)])


def _keyword(name: str, value: Value | None) -> dict[str, Any]:
    return {} if value is None else {name: value}


def _unique(name: str, taken: Sequence[str]) -> str:
    unique, count = name, 0
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    return unique


def _weighted_sum(losses: Sequence[tuple[Value, float]]) -> Value:
    total: Value | None = None
    for loss, weight in losses:
        part = loss if weight == 1.0 else loss * weight
        total = part if total is None else total + part
    assert total is not None
    return total


def _accumulate(graph: Graph, label: str, values: Sequence[Value]) -> None:
    """Add numbers to a state, one element each, with a single addition."""
    state = graph.state(label, TensorType(values[0].dtype, (len(values),)), "metric")
    graph.update(label, state + graph.add(Pack(), *values)[0])
