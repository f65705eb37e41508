"""Which layers what is in a graph comes from, and what they cost."""

from __future__ import annotations

from nnc.ir.graph import Graph, Node
from nnc.ir.leaves import Input
from nnc.ir.nominal import node_flops, nominal_sizes

PHASE_NAMES = {"forward": "model", "loss": "loss", "metrics": "metrics", "backward": "loss", "update": "optimizer"}
"""Names for work under no layer's path, by phase."""


def flops_by_layer(graph: Graph, batch: int) -> dict[tuple[str, str], int]:
    """Return the floating-point operations of one run of a graph by path of the layer and phase.

    Args:
        graph: the graph; run-time dimensions other than the batch get their nominal size.
        batch: rows of a batch.
    """
    found: dict[tuple[str, str], int] = {}
    sizes = nominal_sizes(graph, batch)
    for node in graph.nodes:
        if not node.is_leaf:
            key = node.path, node.phase
            found[key] = found.get(key, 0) + node_flops(node, sizes)
    return found


def layer_of(node: Node) -> str:
    """Return the path of the layer that a node comes from, or what else it belongs to, such as the loss."""
    if isinstance(node.op, Input):
        return "input"
    return node.path or PHASE_NAMES[node.phase]
