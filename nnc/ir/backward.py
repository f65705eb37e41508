"""Reverse-mode automatic differentiation: appends the backward pass that follows from the ops' own derivatives."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from nnc.errors import NotDifferentiableError
from nnc.ir.graph import Graph, Value


def gradients(
    seeds: Mapping[Value, Value], wrt: Sequence[Value], recorded: Container[int] | None = None
) -> list[Value | None]:
    """Append the backward pass to a graph and return the cotangent of each value of `wrt`.

    Only nodes on a path from `wrt` to the seeds are differentiated.

    Args:
        seeds: cotangents of the values the gradient starts from.
        wrt: values to differentiate with respect to, of the same graph.
        recorded: indices of the nodes that are differentiated; what others compute are constants. None for all.

    Returns:
        One cotangent per value, None where the seeds do not depend on it.

    Raises:
        NotDifferentiableError: an op on the way has no derivative; the message names it and its layer.
    """
    if not seeds:
        return [None] * len(wrt)
    graph = next(iter(seeds)).graph
    dependent = dependents(graph, wrt, recorded)
    cotangents: dict[Value, Value] = dict(seeds)
    last = max(value.index for value in seeds)
    for node in reversed(graph.nodes[: last + 1]):
        results = graph.results(node)
        given = [cotangents.get(result) for result in results]
        if node.is_leaf or node.index not in dependent or all(cotangent is None for cotangent in given):
            continue
        if recorded is not None and node.index not in recorded:
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


def dependents(graph: Graph, wrt: Sequence[Value], recorded: Container[int] | None) -> set[int]:
    """Return the indices of the nodes of these values, and of those that compute something of them.

    Args:
        graph: their graph.
        wrt: the values.
        recorded: indices of the nodes that count; None for all.
    """
    dependent = {value.index for value in wrt}
    for node in graph.nodes:  # their order is topological
        if recorded is not None and node.index not in recorded:
            continue
        if any(operand.index in dependent for operand in node.operands):
            dependent.add(node.index)
    return dependent
