"""Splits elementwise results of which only separate slices are read: each is computed next to what reads it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from nnc.ir import Constant, Dim, Graph, Input, Node, Rewriter, TensorType, Value
from nnc.ir.decisions import decide
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.movement import Slice
from nnc.passes.base import Pass


@dataclass(frozen=True)
class Split(Pass, name="split"):
    """Computes an elementwise result slice by slice where only slices of it are read that do not overlap.

    Its operands are sliced in its place, and split likewise where nothing else reads them. No element is computed
    twice. So the gates of a recurrent cell come next to what reads them, for targets that run both in one loop; for
    others it would be one call more for each gate.
    """

    def run(self, graph: Graph) -> Graph:
        """Return the graph with slices of operands instead of slices of results; the same graph if there are none."""
        split = nodes_in_parts(graph)
        if not split:
            return graph
        rewriter = Rewriter(graph)
        for node in graph.nodes:
            if node.index in split:
                continue
            if isinstance(node.op, Slice) and node.operands[0].index in split:
                part = _part(rewriter, node.operands[0], node.op, split)
                if node.names[0]:
                    rewriter.graph.set_name(part, node.names[0])
                rewriter.replace(node, (part,))
            else:
                rewriter.keep(node)
        return rewriter.finish()


def _part(rewriter: Rewriter, whole: Value, op: Slice, split: Collection[int]) -> Value:
    """Return a slice of a value that may never be computed as a whole."""
    node, graph = whole.node, rewriter.graph
    if node.index not in split:
        if all(part == (0, -1, 1) for part in zip(op.starts, op.stops, op.steps, strict=True)):
            return rewriter[whole]
        with graph.scope(node.path, node.phase):
            return graph.add(op, rewriter[whole])[0]
    if isinstance(node.op, Slice):
        return _part(rewriter, node.operands[0], slice_of_slice(node.op, op), split)
    operands = [_part(rewriter, operand, slice_of_operand(op, operand.type), split) for operand in node.operands]
    with graph.scope(node.path, node.phase):
        own = fusion_of_parts(node.op, operands) if isinstance(node.op, Fusion) else node.op
        (part,) = graph.add(own, *operands)
    decide("split", node, "a part of {} → {}", node, part, before=[whole], after=[part])
    return part


def fusion_of_parts(op: Fusion, operands: Sequence[Value]) -> Fusion:
    """Return a fusion for slices of its operands."""
    body = Graph(op.body.name)
    values: dict[Value, Value] = {
        value: body.input(label, operand.type)
        for (label, value), operand in zip(op.body.inputs.items(), operands, strict=True)
    }
    for node in op.body.nodes:
        if not isinstance(node.op, Input):
            results = body.copy_node(node, [values[operand] for operand in node.operands])
            values.update(zip(op.body.results(node), results, strict=True))
    for label, value in op.body.outputs.items():
        body.output(label, values[value])
    return Fusion(op.kind, body)


def nodes_in_parts(graph: Graph) -> frozenset[int]:
    """Return the indices of the nodes that need not run as a whole: their parts, taken together, are no more work.

    These are elementwise nodes whose every reader is a slice, where no two slices overlap and no operand is repeated
    but along leading axes, so that operands can be sliced likewise; and elementwise nodes and slices that only one
    other such node reads, once and as they are.

    Args:
        graph: may have fusions.
    """
    uses, roots = graph.uses(), set(graph.roots)
    found: set[int] = set()
    for node in graph.nodes:
        result, *others = graph.results(node)
        is_alone = not others and result not in roots
        if is_alone and is_elementwise(node) and _are_separate(uses.get(result, ())):
            found.add(node.index)
    for node in reversed(graph.nodes):
        result, *others = graph.results(node)
        is_slice = isinstance(node.op, Slice) and node.operands[0].index in found
        if not others and result not in roots and (is_slice or is_elementwise(node)):
            readers = list(uses.get(result, ()))
            is_read_once = len(readers) == 1 and readers[0].operands.count(result) == 1
            if is_read_once and readers[0].index in found and result.shape == readers[0].types[0].shape:
                found.add(node.index)
    return frozenset(found)


def slice_of_slice(outer: Slice, inner: Slice) -> Slice:
    """Return the slice that is a slice of a slice, both in steps of one."""

    def both(first: tuple[Dim, Dim], second: tuple[Dim, Dim]) -> tuple[Dim, Dim]:
        (start, stop), (skipped, end) = first, second
        return start + skipped, stop if end == -1 else start + end

    bounds = [
        both(first, second)
        for first, second in zip(
            zip(outer.starts, outer.stops, strict=True), zip(inner.starts, inner.stops, strict=True), strict=True
        )
    ]
    return Slice(tuple(start for start, _ in bounds), tuple(stop for _, stop in bounds), outer.steps)


def slice_of_operand(op: Slice, operand: TensorType) -> Slice:
    """Return how an operand of an elementwise node is sliced where its result is; it may lack leading axes."""
    first = len(op.starts) - operand.rank
    return Slice(op.starts[first:], op.stops[first:], op.steps[first:])


def is_elementwise(node: Node) -> bool:
    """Whether each element of a node's result depends on one element of each operand alone, at the same place.

    Operands may lack leading axes, or be numbers; a fusion has no constants but numbers.
    """
    if not node.operands or node.types[0].rank == 0:
        return False
    whole = node.types[0]
    if not isinstance(node.op, Fusion):
        return node.op.elementwise and all(_fits(operand.type, whole) for operand in node.operands)
    for inner in node.op.body.nodes:
        if isinstance(inner.op, Input):
            fits = _fits(inner.types[0], whole)
        elif isinstance(inner.op, Constant):
            fits = inner.types[0].rank == 0
        else:
            fits = inner.op.elementwise and inner.types[0].shape == whole.shape
        if not fits:
            return False
    return True


def _fits(type: TensorType, whole: TensorType) -> bool:
    return type.rank == 0 or type.shape == whole.shape[-type.rank :]


def _are_separate(readers: Iterable[Node]) -> bool:
    """Whether nodes are slices along one axis, of which no two overlap."""
    ranges = [_range(node) for node in readers]
    known = sorted(found for found in ranges if found is not None)
    if len(known) < len(ranges) or len({axis for axis, _, _ in known}) != 1:
        return False
    return all(before[2] <= after[1] for before, after in itertools.pairwise(known))


def _range(node: Node) -> tuple[int, int, int] | None:
    """Return the one axis along which a node is a slice in steps of one, and where it begins and ends; else None."""
    if not isinstance(node.op, Slice):
        return None
    found = []
    for axis, (start, stop, step) in enumerate(zip(node.op.starts, node.op.stops, node.op.steps, strict=True)):
        if (start, stop, step) == (0, -1, 1):
            continue
        end = node.operands[0].shape[axis] if stop == -1 else stop
        if not isinstance(start, int) or not isinstance(end, int) or step != 1:
            return None
        found.append((axis, start, end))
    return found[0] if len(found) == 1 else None
