"""A graph's ops as records: what a page says of each, and where it belongs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nnc.ir import Graph, Node, Value, value_names
from nnc.ir.names import name_text
from nnc.ir.printer import node_line, operand_text
from nnc.render.diagram import Box, Line
from nnc.render.expansion import EVERYTHING
from nnc.render.labels import shape_text
from nnc.render.op_picture import ops_diagram
from nnc.render.page.cost_cache import Costs

FORWARD, BACKWARD = 0, 1
"""The two lanes of a page: what computes the loss, and what follows from it."""
NO_LAYER = "no layer"
Home = tuple[str, str]
"""Where an op belongs: ``layer`` and a path, ``input`` or ``output`` and a label, else ``part`` and a phase."""


@dataclass(frozen=True, slots=True)
class Operand:
    """An edge: a result of one op that another one reads.

    Args:
        op: position of the other op.
        shape: the value's shape, as it stands on an edge.
        name: the value, as texts print it.
    """

    op: int
    shape: str
    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """One box of a graph: a node, an input, an output or an update.

    Args:
        node: index of the node, None for an output or an update.
        kind: as of a `Box`.
        phase: one of `nnc.ir.PHASES`.
        home: where it belongs.
        text: its line of the graph's text.
        lines: its label.
        type: types of its results.
        flops: floating-point operations.
        nbytes: bytes of its results.
        operands: what it reads, without states, constants, and views of them.
        signature: what it computes, whatever its operands are called.
    """

    node: int | None
    kind: str
    phase: str
    home: Home
    text: str
    lines: tuple[Line, ...]
    type: str
    flops: int
    nbytes: int
    operands: tuple[Operand, ...]
    signature: str

    @property
    def lane(self) -> int:
        """`FORWARD` or `BACKWARD`."""
        return lane_of(self.phase)


def ops_of(graph: Graph, costs: Costs) -> list[Op]:
    """Return the ops of a graph, its inputs first, then the nodes in their order, then outputs and updates."""
    return _Reader(graph, costs).read()


def changes(before: Sequence[Op], after: Sequence[Op]) -> tuple[list[int], list[int]]:
    """Return positions of the ops that a pass has removed, and of those it has added.

    Ops are compared by what they compute and where they belong. Of several that are the same, the last ones are taken
    for what is removed or added.
    """
    keys = [[(op.home, op.phase, op.signature) for op in ops] for ops in (before, after)]
    counts = Counter(keys[0]), Counter(keys[1])
    return _surplus(keys[0], counts[1]), _surplus(keys[1], counts[0])


def _surplus(keys: Sequence[tuple[Home, str, str]], others: Counter[tuple[Home, str, str]]) -> list[int]:
    left = Counter(others)
    found = []
    for position, key in enumerate(keys):
        left[key] -= 1
        if left[key] < 0:
            found.append(position)
    return found


class _Reader:
    """Makes the records of one graph."""

    def __init__(self, graph: Graph, costs: Costs) -> None:
        self.graph, self.costs = graph, costs
        self.names = value_names(graph)
        self.boxes = {box.key: box for box in ops_diagram(graph, len(graph.nodes) ** 2, [EVERYTHING]).nodes}
        self.positions: dict[int, int] = {}
        self.ops: list[Op] = []

    def read(self) -> list[Op]:
        for number, value in enumerate(self.graph.inputs.values(), 1):
            self.positions[value.index] = len(self.ops)
            self.ops.append(self.input(value, self.boxes[f"input{number}"]))
        for node in self.graph.nodes:
            box = self.boxes.get(f"op{node.index}")
            if box is not None:
                self.ops.append(self.node(node, box))
                self.positions[node.index] = len(self.ops) - 1
        ends_here = all(node.phase != "loss" for node in self.graph.nodes)
        for number, (label, value) in enumerate(self.graph.outputs.items(), 1):
            home = ("output", label) if ends_here else None
            self.ops.append(self.root(f"return {name_text(label)}", value, self.boxes[f"output{number}"], home))
        for number, (label, value) in enumerate(self.graph.updates.items(), 1):
            self.ops.append(self.root(f"update @{name_text(label)}", value, self.boxes[f"update{number}"]))
        return self.ops

    def input(self, value: Value, box: Box) -> Op:
        return self.op(value.node, box, ("input", value.name), f"{self.names[value]} : {value.type}")

    def node(self, node: Node, box: Box) -> Op:
        attributes = ", ".join(f"{name}={value}" for name, value in node.op.attributes().items())
        line = box.tooltip if node.operands else node_line(node, self.names, with_body=False)
        home = home_of(node.path, node.phase)
        if home == ("part", NO_LAYER):  # made by a pass out of something that belongs somewhere
            sources = [
                self.ops[self.positions[value.index]] for value in node.operands if value.index in self.positions
            ]
            home = next((source.home for source in sources if source.home[0] != "input"), home)
        text, what = line.partition("  # ")[0], f"{node.op.name}({attributes})"
        return self.op(node, box, home, text, self.costs.flops(node), what)

    def op(self, node: Node, box: Box, home: Home, text: str, flops: int = 0, what: str = "input") -> Op:
        types = ", ".join(map(str, node.types))
        return Op(
            node=node.index,
            kind=box.kind,
            phase=node.phase,
            home=home,
            text=text,
            lines=box.lines,
            type=types,
            flops=flops,
            nbytes=self.costs.nbytes(node.types),
            operands=tuple(self.operand(value) for value in node.operands if value.index in self.positions),
            signature=f"{what} : {types}",
        )

    def root(self, target: str, value: Value, box: Box, home: Home | None = None) -> Op:
        """An output or an update; without a home of its own it stands where its value is made."""
        source = self.ops[self.positions[value.index]] if value.index in self.positions else None
        return Op(
            node=None,
            kind=box.kind,
            phase="update" if source is None else source.phase,
            home=home or (("part", "update") if source is None else source.home),
            text=f"{target} = {operand_text(value, self.names)}",
            lines=box.lines,
            type=str(value.type),
            flops=0,
            nbytes=self.costs.nbytes([value.type]),
            operands=() if source is None else (self.operand(value),),
            signature=target,
        )

    def operand(self, value: Value) -> Operand:
        return Operand(self.positions[value.index], shape_text(value.type), self.names[value])


def lane_of(phase: str) -> int:
    """Return the lane of what has this phase."""
    return BACKWARD if phase in ("backward", "update") else FORWARD


def home_of(path: str, phase: str) -> Home:
    """Return where belongs what has this path and phase."""
    if phase == "update":
        return "part", "update"
    if path:
        return "layer", path
    return "part", {"forward": NO_LAYER, "backward": "loss"}.get(phase, phase)
