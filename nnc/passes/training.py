"""Passes that turn a forward graph into a training or evaluation graph: loss and metrics, then the update."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from nnc.ir import Graph, Rewriter, Value
from nnc.ir.ops import Pack, Unpack, reshape
from nnc.passes.base import Pass
from nnc.passes.differentiate import GRADIENT


class Head(Protocol):
    """A reader of a model's outputs: losses and metrics; see `nnc.models.head`."""

    def lower(self, graph: Graph, outputs: dict[str, Value]) -> None:
        """Add inputs for targets, the output ``loss``, and the updates of the metrics' state."""


class OptimizerRule(Protocol):
    """A rule that turns a gradient into an update; see `nnc.optimizers`."""

    def lower(self, gradients: Mapping[str, Value], variables: Sequence[Any]) -> Mapping[str, Value]:
        """Add the state the rule needs and its updates, and return what becomes of each parameter.

        Args:
            gradients: the gradient of each parameter by the label of its state.
            variables: the variables that lie in these states.
        """


@dataclass(frozen=True)
class AttachLoss(Pass, name="loss"):
    """Replaces the outputs by the scalar output ``loss`` and the updates of the metrics.

    Args:
        head: losses and metrics of the model.
    """

    enters_bodies: ClassVar[bool] = False
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

    Where layers have assigned weights in there, that update has their values; the optimizer's step goes on from them.

    Args:
        optimizer: the update rule.
        variables: what lies where in the states: path, state, offset and shape of each variable; see
            `nnc.optimizers.windows.Window`.
        constraints: for paths of variables what they are projected to after the update, as graph arithmetic.
    """

    enters_bodies: ClassVar[bool] = False
    rejects: ClassVar[frozenset[str]] = frozenset({"fusion"})
    optimizer: OptimizerRule
    variables: tuple[Any, ...] = ()
    constraints: Mapping[str, Callable[[Value], Value]] = field(default_factory=dict)

    def run(self, graph: Graph) -> Graph:
        """Return the graph with updates instead of gradients."""
        rewriter = Rewriter(graph)
        result = rewriter.keep_all()
        gradients: dict[str, Value] = {}
        for label, value in graph.outputs.items():
            if label.startswith(GRADIENT):
                gradients[label.removeprefix(GRADIENT)] = rewriter[value]
            else:
                result.output(label, rewriter[value])
        with result.scope("optimizer", "update"):
            for label, value in self.optimizer.lower(gradients, self.variables).items():
                result.updates.pop(label, None)
                result.update(label, self._constrained(label, value))
        return result

    def _constrained(self, label: str, value: Value) -> Value:
        windows = sorted((item for item in self.variables if item.state == label), key=lambda item: item.offset)
        if not any(window.path in self.constraints for window in windows):
            return value
        if len(windows) == 1:
            whole = reshape(value, windows[0].shape)
            return reshape(self.constraints[windows[0].path](whole), value.shape)
        parts = value.graph.add(Unpack(tuple(window.shape for window in windows)), value)
        return value.graph.add(
            Pack(),
            *(
                self.constraints[window.path](part) if window.path in self.constraints else part
                for window, part in zip(windows, parts, strict=True)
            ),
        )[0]
