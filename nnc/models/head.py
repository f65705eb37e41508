"""What reads a model's outputs in training and evaluation: targets, losses, weights and metrics, as graph code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.ir import Graph, TensorType, Value
from nnc.layers.symbolic import BATCH
from nnc.losses import Loss
from nnc.metrics import Metric
from nnc.ops import Pack, size
from nnc.program import COUNT, TOTAL
from nnc.program.training import SAMPLE_WEIGHT


@dataclass(frozen=True)
class OutputHead:
    """Loss and metrics of one output.

    Args:
        label: name of the output in the graph.
        target: name of the input with its targets.
        loss: the loss, or None where the output is not trained.
        weight: factor of the loss in the sum.
        metrics: what else is measured.
    """

    label: str
    target: str
    target_type: TensorType
    loss: Loss | None
    weight: float
    metrics: tuple[Metric, ...]


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
        """Names of what is measured: the total loss, the losses of several outputs, then the metrics."""
        names = ["loss"]
        several = len(self.outputs) > 1
        if several:
            names += [f"{head.label}_loss" for head in self.outputs if head.loss is not None]
        for head in self.outputs:
            names += [f"{head.label}_{metric.name}" if several else metric.name for metric in head.metrics]
        return tuple(names)

    def lower(self, graph: Graph, outputs: dict[str, Value]) -> None:
        """Add targets, the output ``loss``, and the updates of the states that metrics add up in."""
        weights = graph.input(SAMPLE_WEIGHT, TensorType(self.dtype, (BATCH,))) if self.weighted else None
        targets = {head.label: graph.input(head.target, head.target_type) for head in self.outputs}
        losses: list[tuple[Value, float]] = []
        measured: list[tuple[Value, Value]] = []
        for head in self.outputs:
            if head.loss is not None:
                with graph.scope("", "loss"):
                    losses.append((head.loss.lower(targets[head.label], outputs[head.label], weights), head.weight))
        for head in self.outputs:
            with graph.scope("", "metrics"):
                measured += [
                    metric.lower(targets[head.label], outputs[head.label], weights) for metric in head.metrics
                ]
        with graph.scope("", "loss"):
            total = _weighted_sum(losses)
            graph.output("loss", total)
        with graph.scope("", "metrics"):
            rows = size(next(iter(targets.values())), [0], self.dtype)
            per_output = [loss for loss, _ in losses] if len(self.outputs) > 1 else []
            means = [(loss * rows, rows) for loss in (total, *per_output)]
            _accumulate(graph, TOTAL, [value for value, _ in (*means, *measured)])
            _accumulate(graph, COUNT, [count for _, count in (*means, *measured)])


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
