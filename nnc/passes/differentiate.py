"""Derives the backward graph from the ops' own derivatives (reverse-mode automatic differentiation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nnc.errors import GraphError
from nnc.ir import PARAMETER, Graph, Rewriter, State, gradients
from nnc.passes.base import Pass

GRADIENT = "gradient/"
"""Prefix of the output that holds the gradient of a state."""


@dataclass(frozen=True)
class Differentiate(Pass, name="differentiate"):
    """Adds an output ``gradient/NAME`` for every state of role parameter; runs before fusion.

    Args:
        loss: name of the scalar output to differentiate.
        scale: factor of all gradients: the cotangent of the loss.
    """

    enters_bodies: ClassVar[bool] = False
    rejects: ClassVar[frozenset[str]] = frozenset({"fusion"})
    loss: str = "loss"
    scale: float = 1.0

    def run(self, graph: Graph) -> Graph:
        """Return the graph with its backward graph.

        Raises:
            GraphError: there is no such output, or it is not a floating-point scalar.
        """
        rewriter = Rewriter(graph)
        result = rewriter.keep_all()
        for label, value in graph.outputs.items():
            result.output(label, rewriter[value])
        loss = result.outputs.get(self.loss)
        if loss is None:
            known = ", ".join(result.outputs) or "none"
            raise GraphError(f"graph '{graph.name}' has no output '{self.loss}' to differentiate; it has: {known}")
        if loss.rank != 0 or not loss.type.is_floating:
            raise GraphError(
                f"output '{self.loss}' must be a floating-point scalar to be differentiated, is {loss.type}"
            )
        states = {
            label: value
            for label, value in result.states.items()
            if isinstance(value.node.op, State) and value.node.op.role == PARAMETER
        }
        seed = result.constant(self.scale, loss.dtype)
        for label, cotangent in zip(states, gradients({loss: seed}, list(states.values())), strict=True):
            if cotangent is None:
                raise GraphError(f"output '{self.loss}' does not depend on parameter '@{label}'")
            result.output(GRADIENT + label, cotangent)
        return result
