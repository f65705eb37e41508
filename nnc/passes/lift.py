"""Takes out of loops what need not run step by step, and regroups products so that more of it comes to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.ir import Graph, Input, Node, Rewriter, Value
from nnc.ir.decisions import decide, follow, is_listened_to
from nnc.ir.ops.arithmetic import Multiply
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.loop import Loop
from nnc.ir.ops.movement import Concatenate, take
from nnc.ir.ops.scan import Scan
from nnc.passes.base import Pass
from nnc.passes.cleanup import CommonSubexpressions


@dataclass(frozen=True)
class Lift(Pass, name="lift"):
    """Computes before a loop, for all steps at once, what does not depend on what one step leaves to the next.

    Products are regrouped: in ``(carry · a) · b`` the product of a and b is known before the loop.
    """

    def run(self, graph: Graph) -> Graph:
        """Return the graph with smaller loops; the same graph where there are none."""
        if not any(isinstance(node.op, Scan) for node in graph.nodes):
            return graph
        graph = CommonSubexpressions().run(graph)  # while scans that become one still have equal operands
        rewriter = Rewriter(graph)
        for node in graph.nodes:
            if isinstance(node.op, Scan):
                with rewriter.graph.scope(node.path, node.phase):
                    _rebuild(rewriter, node, node.op)
            else:
                rewriter.keep(node)
        follow(rewriter)
        return rewriter.finish()


def _rebuild(rewriter: Rewriter, node: Node, op: Scan) -> None:
    operands = rewriter.operands(node)
    last = op.carries + op.sequences
    loop = Loop(Scan, rewriter.graph, operands[: op.carries], operands[op.carries : last], operands[last:], op.reverse)
    body = op.body
    values: dict[Value, Value] = dict(
        zip(body.inputs.values(), (*loop.carries, *loop.elements, *loop.others), strict=True)
    )
    uses = body.uses()
    for inner in body.nodes:
        if isinstance(inner.op, Input):
            continue
        results, known = body.results(inner), len(loop.outside)
        given = [values[operand] for operand in inner.operands]
        regrouped = None
        if isinstance(inner.op, Multiply):
            alone = [len(uses.get(operand, ())) == 1 for operand in inner.operands]
            regrouped = _regrouped(loop, given, alone)
        if isinstance(inner.op, Concatenate):
            given = _flattened(loop, inner.op, given)
        copies = (regrouped,) if regrouped is not None else loop.body.copy_node(inner, given)
        loop.settle()
        values.update(zip(results, copies, strict=True))
        if is_listened_to() and not inner.is_leaf:
            (scan, *_), lifted = rewriter.source.results(node), list(loop.outside)[known:]
            _note(loop, scan, copies[0].node, lifted)
    outputs = [values[value] for value in body.outputs.values()]
    finals, stacks = loop.finish(outputs[: op.carries], outputs[op.carries :])
    for value, name in zip((*finals, *stacks), node.names, strict=True):
        if name:
            rewriter.graph.set_name(value, name)
    rewriter.replace(node, (*finals, *stacks))


def _note(loop: Loop, scan: Value, inner: Node, lifted: Sequence[Value]) -> None:
    """Note what is computed outside, and what is not although no step leaves anything to it."""
    for value in lifted:
        new, stacked = loop.outside[value].value, loop.outside[value].stacked
        decide(
            "lifted",
            scan.node,
            "{} of the loop {} " + ("for all steps at once" if stacked else "once for all steps") + " → {}",
            *(value.node.op.title, scan, new),
            after=(new, scan),
            gone=[value.node],
            added=[new.node],
            steps=loop.time,
        )
    if not lifted and all(operand in loop.outside for operand in inner.operands):
        reason = ("no rule computes it for all steps at once",)
        decide("lifted", scan.node, "{} of the loop {}", inner.op.title, scan, reason=reason)


def _regrouped(loop: Loop, operands: list[Value], alone: list[bool]) -> Value | None:
    """Return x · y with y, which is known outside, taken into a factor of x that is known there too."""
    for (x, y), single in zip((operands, operands[::-1]), alone, strict=True):
        if y not in loop.outside or x in loop.outside:
            continue
        found = _times(loop, x, y)
        if found is not None:
            return found
        parts = x.node.operands
        if isinstance(x.node.op, Concatenate) and single and (x.shape == y.shape or y.type.size == 1):
            axis, start, products = x.node.op.axis, 0, []
            if not all(isinstance(part.shape[axis], int) and _has_known_factor(loop, part) for part in parts):
                continue
            for part in parts:
                stop = start + int(part.shape[axis])
                product = _times(loop, part, y if y.type.size == 1 else take(y, axis, start, stop))
                assert product is not None
                products.append(product)
                start = stop
            return apply(x.node.op, *products)
    return None


def _flattened(loop: Loop, op: Concatenate, operands: list[Value]) -> list[Value]:
    """Return the parts of what is joined along the same axis in two steps."""
    return [
        part
        for operand in operands
        for part in (operand.node.operands if operand.node.op == op and operand not in loop.outside else (operand,))
    ]


def _has_known_factor(loop: Loop, x: Value) -> bool:
    return isinstance(x.node.op, Multiply) and any(factor in loop.outside for factor in x.node.operands)


def _times(loop: Loop, x: Value, y: Value) -> Value | None:
    """Return x · y as a · (b · y) where x is a · b and b is known outside."""
    if not isinstance(x.node.op, Multiply):
        return None
    for a, b in (x.node.operands, x.node.operands[::-1]):
        if b in loop.outside and a not in loop.outside:
            loop.settle()
            known = b * y
            loop.settle()
            return a * known
    return None
