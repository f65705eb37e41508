"""Milestones: the steps after which pieces of outputs are finished, for those who read them while the rest runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from nnc.ir import Graph, Value
from nnc.ir.ops.movement import Reshape
from nnc.ir.ops.packing import Pack
from nnc.ir.types import ITEM_SIZES
from nnc.plan.plan import Plan, is_step

LEAST_BYTES = 64 * 1024
"""Bytes of the shortest piece of a vector that is cut: from 1 ms at 100 Mbit/s to 20 µs at 10 Gbit/s, a network carries
some 20 KB in the time of a message, so that shorter pieces would be messages and little else."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive elements of an output that is a vector.

    Args:
        label: of the output.
        start: the first element.
        stop: the element behind the last one, None for the end of a vector whose length is known at run time.
    """

    label: str
    start: int
    stop: int | None


@dataclass(frozen=True, slots=True)
class _Range:
    """Elements that are finished after a step."""

    start: int
    stop: int
    step: int


def find_pieces(graph: Graph, labels: Collection[str]) -> tuple[Piece, ...]:
    """Return the pieces of outputs in the order in which a graph finishes them; the graph alone decides it.

    Args:
        graph: a scheduled graph.
        labels: of outputs that are vectors.
    """
    found: list[tuple[int, Piece]] = []
    for label in labels:
        value = graph.outputs[label]
        ranges = list(_ranges(value))
        if not ranges:
            found.append((value.index, Piece(label, 0, None)))
            continue
        joined = _joined(ranges, -(-LEAST_BYTES // ITEM_SIZES[value.dtype]))
        found += [(part.step, Piece(label, part.start, part.stop)) for part in joined]
    return tuple([piece for _, piece in sorted(found, key=lambda item: item[0])])


def _ranges(value: Value) -> Iterator[_Range]:
    """Yield the parts that a vector is packed of; nothing where its length is not known, or 0."""
    while isinstance(value.node.op, Reshape) and not value.type.symbols:
        value = value.node.operands[0]
    if value.type.symbols or value.type.size == 0:
        return
    start = 0
    for operand in value.node.operands if isinstance(value.node.op, Pack) else [value]:
        size = int(operand.type.size)
        if size:
            yield _Range(start, start + size, operand.index)
        start += size


def _joined(ranges: list[_Range], least: int) -> list[_Range]:
    """Return the ranges, joined until each has at least so many elements: where it makes the fewest wait."""

    def waiting(first: int) -> int:
        earlier, later = sorted(ranges[first : first + 2], key=lambda part: part.step)
        return (earlier.stop - earlier.start) * (later.step - earlier.step)

    while len(ranges) > 1:
        shortest = min(range(len(ranges)), key=lambda number: ranges[number].stop - ranges[number].start)
        if ranges[shortest].stop - ranges[shortest].start >= least:
            break
        at = min([first for first in (shortest - 1, shortest) if 0 <= first < len(ranges) - 1], key=waiting)
        before, behind = ranges[at : at + 2]
        ranges[at : at + 2] = [_Range(before.start, behind.stop, max(before.step, behind.step))]
    return ranges


def with_milestones(plan: Plan, pieces: Collection[Piece]) -> Plan:
    """Return a plan that says after which of its steps pieces are finished.

    Args:
        plan: of the graph with these outputs.
        pieces: in the order in which they are counted: the number grows by those that are finished, and all before.
    """
    milestones: dict[int, int] = {}
    latest = -1
    for count, piece in enumerate(pieces, 1):
        latest = max(latest, _finished_after(plan, piece))
        milestones[latest] = count
    known = {index: count for index, count in milestones.items() if index >= 0 and is_step(plan, index)}
    return replace(plan, milestones=known)


def _finished_after(plan: Plan, piece: Piece) -> int:
    """Return the step after which a piece does not change any more."""
    storage = plan.storage
    vector = _written(plan, plan.graph.outputs[piece.label])
    node = vector.node
    if not isinstance(node.op, Pack) or piece.stop is None or node.index not in storage.unplaced:
        return _end(plan, vector)  # as a pack of constants, which is written whole
    latest, start = -1, 0
    for position, operand in enumerate(node.operands):
        stop = start + int(operand.type.size)
        if start < piece.stop and stop > piece.start:
            is_placed = position not in storage.unplaced[node.index]
            latest = max(latest, _end(plan, _written(plan, operand) if is_placed else vector))
        start = stop
    return latest


def _written(plan: Plan, value: Value) -> Value:
    """Return the value that a step writes where another one is seen."""
    while value in plan.storage.views:
        value = plan.storage.views[value]
    return value


def _end(plan: Plan, value: Value) -> int:
    """Return the step with which whatever computes a value ends: those of a loop end together."""
    return plan.storage.spans.get(value.index, (value.index,))[-1]
