"""Passes that turn a forward graph into a training or evaluation graph: loss and metrics, then the update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from nnc.ir import Graph, Rewriter, Value
from nnc.passes.base import Pass
from nnc.passes.differentiate import GRADIENT


class Head(Protocol):
    """What reads a model's outputs: losses and metrics; see `nnc.models.head`."""

    def lower(self, graph: Graph, outputs: dict[str, Value]) -> None:
        """Add inputs for targets, the output ``loss``, and the updates of the metrics' state."""


class OptimizerRule(Protocol):
    """What turns a gradient into an update; see `nnc.optimizers`."""

    def lower(self, label: str, parameter: Value, gradient: Value) -> None:
        """Add the state the rule needs and the update of the state ``label``."""


@dataclass(frozen=True)
class AttachLoss(Pass, name="loss"):
    """Replaces the outputs by the scalar output ``loss`` and the updates of the metrics.

    Args:
        head: losses and metrics of the model.
    """

    head: Head

    def run(self, graph: Graph) -> Graph:
        """Return the graph with loss and metrics."""
        rewriter = Rewriter(graph)
        result = rewriter.keep_all()
        self.head.lower(result, {label: rewriter[value] for label, value in graph.outputs.items()})
        return result


@dataclass(frozen=True)
class ApplyOptimizer(Pass, name="update"):
    """Replaces every output ``gradient/NAME`` by an update of the state ``@NAME``.

    Args:
        optimizer: the update rule.
    """

    rejects: ClassVar[frozenset[str]] = frozenset({"fusion"})
    optimizer: OptimizerRule

    def run(self, graph: Graph) -> Graph:
        """Return the graph with updates in the place of gradients."""
        rewriter = Rewriter(graph)
        result = rewriter.keep_all()
        for label, value in graph.outputs.items():
            if not label.startswith(GRADIENT):
                result.output(label, rewriter[value])
                continue
            state = label.removeprefix(GRADIENT)
            with result.scope("optimizer", "update"):
                self.optimizer.lower(state, result.states[state], rewriter[value])
        return result
