"""Moves the change of sign that a sigmoid begins with to where it costs nothing: into the kernel and bias before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from nnc.ir import Graph, Node, Rewriter, Value
from nnc.ir.decisions import Reason, Saved, decide, uses_text
from nnc.ir.ops.arithmetic import Add
from nnc.ir.ops.exponential import Sigmoid
from nnc.ir.ops.movement import Reshape
from nnc.passes.base import Pass
from nnc.passes.hoist import static_values


@dataclass(frozen=True)
class FoldSign(Pass, name="fold-sign"):
    """Computes ``sigmoid(x · kernel + bias)`` from ``-(x · kernel + bias)`` where states alone decide kernel and bias.

    `FoldBatchNorm` then takes the sign into them, `Hoist` takes them out, and no bit of a result changes.
    """

    enters_bodies: ClassVar[bool] = False

    def run(self, graph: Graph) -> Graph:
        """Return the graph with sigmoids of changed signs."""
        static, uses, roots = static_values(graph), graph.uses(), set(graph.roots)
        rewriter = Rewriter(graph)
        for node in graph.nodes:
            if node.op != Sigmoid():
                rewriter.keep(node)
                continue
            (x,), results = node.operands, graph.results(node)
            if obstacle := _obstacle(x, static, uses, roots):
                rewriter.keep(node)
                decide("folded", node, "the sign of {}", node, reason=obstacle, before=results)
                continue
            with rewriter.graph.scope(node.path, node.phase):
                changed = rewriter.graph.add(Sigmoid(negated=True), -rewriter[x], names=node.names)
            rewriter.replace(node, changed)
            sign, saved = changed[0].node.operands[0].node, Saved(calls=1)
            decide("folded", node, "the sign of {} → {}", node, sign, before=results, after=changed, saved=saved)
        return rewriter.finish()


def _obstacle(value: Value, static: set[Value], uses: Mapping[Value, Sequence[Node]], roots: set[Value]) -> Reason:
    """Say why a value is not, for one reader alone, a product with a static kernel, perhaps with static summands."""
    while value not in roots and len(uses[value]) == 1:
        node = value.node
        kernel = node.op.kernel
        if kernel is not None:
            operand = node.operands[kernel[0]]
            return () if operand in static and value not in static else ("{} depends on the inputs", operand)
        inner = [operand for operand in node.operands if operand not in static]
        if not isinstance(node.op, Add | Reshape) or len(inner) != 1:
            return "{} is not a product with a kernel and a bias", value
        value = inner[0]
    return ("{} leaves the graph", value) if value in roots else (f"{{}} has {uses_text(len(uses[value]))}", value)
