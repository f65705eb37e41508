"""The ops of one group in one lane, with ports for what comes from and goes to other groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.render.diagram import Line
from nnc.render.labels import shorten
from nnc.render.page.graph_layout import DOWN, UP, Sketch, Wire
from nnc.render.page.op_records import BACKWARD, Op
from nnc.render.page.text_width import box_size, wire_width

MOST_OPS = 120
"""Ops that are laid out together; where a group has more, it is shown in parts, one below the other."""
MOST_PORTS = 8
"""Ports on one side of a cell; where there would be more, each op has one for all that it reads or gives."""


@dataclass(frozen=True, slots=True)
class Port:
    """The place where a value enters or leaves a cell.

    Args:
        label: the group on the other side.
        kind: ``in``, ``kept`` for what the forward pass leaves to the backward pass, or ``out``.
        op: position of the op on the other side; -1 where there are several.
    """

    label: str
    kind: str
    op: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Ops that are drawn together.

    Args:
        group: number of the group.
        lane: forward or backward; see `nnc.render.page.op_records`.
        ops: positions of the ops.
        ports: what stands beside them; in the sketch, behind them.
        labels: label of each wire of the sketch.
        sketch: what is laid out.
    """

    group: int
    lane: int
    ops: tuple[int, ...]
    ports: tuple[Port, ...]
    labels: tuple[str, ...]
    sketch: Sketch


def cells_of(ops: Sequence[Op], groups: Sequence[int], names: Sequence[str]) -> list[Cell]:
    """Return the cells of a stage, those of one group and lane one after the other.

    Args:
        ops: the ops.
        groups: number of each op's group.
        names: name of each group.
    """
    members: dict[tuple[int, int], list[int]] = {}
    for position, op in enumerate(ops):
        if op.kind != "input" and op.home[0] != "output":
            members.setdefault((groups[position], op.lane), []).append(position)
    users: list[list[int]] = [[] for _ in ops]
    for position, op in enumerate(ops):
        for source in dict.fromkeys(operand.op for operand in op.operands):
            users[source].append(position)
    cells = []
    for (group, lane), positions in sorted(members.items()):
        for start in range(0, len(positions), MOST_OPS):
            part = tuple(positions[start : start + MOST_OPS])
            cells.append(_Drawing(ops, groups, names, users).cell(group, lane, part))
    return cells


class _Drawing:
    """Finds ports and wires of one cell."""

    def __init__(
        self, ops: Sequence[Op], groups: Sequence[int], names: Sequence[str], users: Sequence[Sequence[int]]
    ) -> None:
        self.ops, self.groups, self.names, self.users = ops, groups, names, users
        self.ports: dict[Port, int] = {}
        self.wires: dict[tuple[int, int], dict[str, int]] = {}

    def cell(self, group: int, lane: int, members: tuple[int, ...]) -> Cell:
        self.members = {position: number for number, position in enumerate(members)}
        self.lane = lane
        self.enter()
        self.leave()
        sizes = [box_size(self.ops[position].lines) for position in members]
        sizes += [_port_size(port) for port in self.ports]
        labels = tuple(
            ", ".join(_counted(shape, count) for shape, count in shapes.items() if shape)
            for shapes in self.wires.values()
        )
        wires = tuple(Wire(*ends, wire_width(label)) for ends, label in zip(self.wires, labels, strict=True))
        sketch = Sketch(tuple(sizes), wires, UP if lane == BACKWARD else DOWN)
        return Cell(group, lane, members, tuple(self.ports), labels, sketch)

    def enter(self) -> None:
        read = [operand.op for position in self.members for operand in self.ops[position].operands]
        outside = {source for source in read if source not in self.members}
        for position, number in self.members.items():
            operands = self.ops[position].operands
            strangers = list(dict.fromkeys(operand.op for operand in operands if operand.op not in self.members))
            together = len(outside) > MOST_PORTS and len(strangers) > 1
            for operand in operands:
                if operand.op in self.members:
                    self.wire(self.members[operand.op], number, operand.shape)
                elif not together:
                    self.wire(self.port(self.port_in(operand.op)), number, operand.shape)
            if together:
                places = {self.groups[source] for source in strangers}
                label = f"{len(strangers)} values from {self.place(places)}"
                self.wire(self.port(Port(label, "in", -1)), number, "")

    def port_in(self, source: int) -> Port:
        kind = "kept" if self.is_kept(source, self.lane) else "in"
        return Port(self.names[self.groups[source]], kind, source)

    def leave(self) -> None:
        leaving = 0
        for position, number in self.members.items():
            others = (user for user in self.users[position] if user not in self.members)
            readers = [user for user in others if not self.is_kept(position, self.ops[user].lane)]
            leaving += bool(readers)
            if not readers or leaving > MOST_PORTS:
                continue
            places = {self.groups[user] for user in readers}
            operand = next(item for item in self.ops[readers[0]].operands if item.op == position)
            port = Port(self.place(places), "out", readers[0] if len(readers) == 1 else -1)
            self.wire(number, self.port(port), operand.shape)

    def is_kept(self, source: int, lane: int) -> bool:
        """Whether a value of the forward pass is kept for what reads it in a lane."""
        return self.ops[source].phase == "forward" and lane == BACKWARD

    def place(self, places: set[int]) -> str:
        return self.names[min(places)] if len(places) == 1 else f"{len(places)} layers"

    def port(self, port: Port) -> int:
        return len(self.members) + self.ports.setdefault(port, len(self.ports))

    def wire(self, start: int, end: int, shape: str) -> None:
        shapes = self.wires.setdefault((start, end), {})
        shapes[shape] = shapes.get(shape, 0) + 1


def _counted(shape: str, count: int) -> str:
    return shape if count == 1 else f"{count} × {shape}"


def _port_size(port: Port) -> tuple[int, int]:
    return box_size([Line(shorten(port.label, 30), "detail")])
