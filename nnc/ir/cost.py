"""What a graph costs: its floating-point operations, in all and by the layers they come from."""

from __future__ import annotations

from nnc.ir.graph import Graph
from nnc.ir.nominal import nominal_sizes


def count_flops(graph: Graph, batch: int) -> int:
    """Return the floating-point operations of one run of a graph.

    Args:
        graph: the graph; run-time dimensions other than the batch get their nominal size.
        batch: rows of a batch.
    """
    return sum(flops_by_layer(graph, batch).values())


def flops_by_layer(graph: Graph, batch: int) -> dict[tuple[str, str], int]:
    """Return the floating-point operations of one run of a graph by path of the layer and phase.

    Args:
        graph: the graph; run-time dimensions other than the batch get their nominal size.
        batch: rows of a batch.
    """
    found: dict[tuple[str, str], int] = {}
    for node in graph.bind(nominal_sizes(graph, batch)).nodes:
        if not node.is_leaf:
            key = node.path, node.phase
            flops = node.op.flops([value.type for value in node.operands], node.types)
            found[key] = found.get(key, 0) + flops
    return found
