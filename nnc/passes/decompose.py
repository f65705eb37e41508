"""Replaces composite ops by the ops they are made of."""

from __future__ import annotations

from dataclasses import dataclass

from nnc.ir import Graph, Op, Rewriter, op_class, op_names
from nnc.passes.base import Pass


@dataclass(frozen=True)
class Decompose(Pass, name="decompose"):
    """Replaces every composite op by its decomposition; afterwards there are only ops that backends know.

    Args:
        keep: names of composites that the backend has kernels for.
    """

    keep: frozenset[str] = frozenset()

    @property
    def removes(self) -> frozenset[str]:  # type: ignore[override]  # grows with the ops
        """Every composite that is not kept."""
        return frozenset(name for name in op_names() if op_class(name).composite) - self.keep

    def run(self, graph: Graph) -> Graph:
        """Return the graph without composites."""
        while any(self._replaces(node.op) for node in graph.nodes):
            rewriter = Rewriter(graph)
            for node in graph.nodes:
                if self._replaces(node.op):
                    with rewriter.graph.scope(node.path, node.phase):
                        rewriter.replace(node, node.op.decompose(*rewriter.operands(node)))
                else:
                    rewriter.keep(node)
            graph = rewriter.finish()
        return graph

    def _replaces(self, op: Op) -> bool:
        return op.composite and op.name not in self.keep
