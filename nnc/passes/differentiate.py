"""Derives the backward graph from the ops' own derivatives (reverse-mode automatic differentiation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from nnc.errors import GraphError, NotDifferentiableError
from nnc.ir import PARAMETER, Graph, Rewriter, State, Value
from nnc.passes.base import Pass

GRADIENT = "gradient/"
"""Prefix of the output that holds the gradient of a state."""


def gradients(seeds: Mapping[Value, Value], wrt: Sequence[Value]) -> list[Value | None]:
    """Append the backward pass to a graph and return the cotangent of each value of `wrt`.

    Only nodes on a path from `wrt` to the seeds are differentiated.

    Args:
        seeds: cotangents of the values the gradient starts from.
        wrt: values to differentiate with respect to, of the same graph.

    Returns:
        One cotangent per value, None where the seeds do not depend on it.

    Raises:
        NotDifferentiableError: an op on the way has no derivative; the message names it and its layer.
    """
    if not seeds:
        return [None] * len(wrt)
    graph = next(iter(seeds)).graph
    dependent = _dependents(graph, wrt)
    cotangents: dict[Value, Value] = dict(seeds)
    last = max(value.index for value in seeds)
    for node in reversed(graph.nodes[: last + 1]):
        results = graph.results(node)
        given = [cotangents.get(result) for result in results]
        if node.is_leaf or node.index not in dependent or all(cotangent is None for cotangent in given):
            continue
        with graph.scope(node.path, "backward"):
            try:
                pulled = node.op.vjp(node.operands, results, given)
            except NotDifferentiableError as error:
                raise NotDifferentiableError(f"{error} (in layer '{node.path or graph.name}')") from None
            for operand, cotangent in zip(node.operands, pulled, strict=True):
                if cotangent is not None and operand.index in dependent:
                    known = cotangents.get(operand)
                    cotangents[operand] = cotangent if known is None else known + cotangent
    return [cotangents.get(value) for value in wrt]


def _dependents(graph: Graph, wrt: Sequence[Value]) -> set[int]:
    import networkx

    sources = {value.index for value in wrt}
    flow = graph.nx
    return sources.union(*(networkx.descendants(flow, index) for index in sources))


@dataclass(frozen=True)
class Differentiate(Pass, name="differentiate"):
    """Adds an output ``gradient/NAME`` for every state of role parameter; runs before fusion.

    Args:
        loss: name of the scalar output to differentiate.
        scale: factor of all gradients: the cotangent of the loss.
    """

    rejects: ClassVar[frozenset[str]] = frozenset({"fusion"})
    loss: str = "loss"
    scale: float = 1.0

    def run(self, graph: Graph) -> Graph:
        """Return the graph with its backward graph.

        Raises:
            GraphError: there is no such output, or it is no floating-point scalar.
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
