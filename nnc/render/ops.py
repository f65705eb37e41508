"""A graph as a picture of its ops, grouped by layer and coloured by phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from nnc.ir import PHASES, Constant, Graph, Input, Node, State, Value, value_names
from nnc.ir.printer import attribute_text, node_line, number_text
from nnc.render.blocks import block_title
from nnc.render.diagram import Arrow, Box, Diagram, Group, Line, merge_arrows
from nnc.render.heights import estimated_height
from nnc.render.op_folding import Folded, Round, chains
from nnc.render.text import shape_text, shorten, wrap

VIEWS = ("unpack", "reshape")
"""Ops that only find a parameter's place in its state."""
BLANK = "·"
"""Stands in a title for an operand that comes along an arrow: ``subtract(1.0, ·)``."""


PAGE_HEIGHT = 3000
"""Points that a picture may be high before ops that only follow each other share a box."""


def ops_diagram(graph: Graph, kept_arrows: int = 8, folds: bool = True) -> Diagram:
    """Return a diagram with a box per op, per input, per output and per update.

    What comes several times in a row with the same wiring is drawn once, in a frame that says ×N. Where the picture
    would be higher than `PAGE_HEIGHT`, ops that only follow each other are one box.

    State and constants have no boxes of their own, for their arrows would cover the picture: they are
    written into the boxes that read them.

    Args:
        graph: what to draw, before or after fusion.
        kept_arrows: how many arrows may lead from the forward to the backward pass; where there are more, none of
            them is drawn, and what the backward pass keeps is written into its boxes by name.
        folds: whether repeated ops are drawn once; otherwise every op is a box of its own.
    """
    drawing = _Drawing(graph, kept_arrows, folds)
    diagram = drawing.diagram()
    return drawing.in_rows() if folds and estimated_height(diagram) > PAGE_HEIGHT else diagram


class _Drawing:
    def __init__(self, graph: Graph, kept_arrows: int, folds: bool) -> None:
        self.graph = graph
        self.names = value_names(graph)
        nodes = [node for node in graph.nodes if not _is_inline(node)]
        self.keys = {node.index: f"op{node.index}" for node in nodes}
        for number, value in enumerate(graph.inputs.values(), 1):
            self.keys[value.index] = f"input{number}"
        ops = [node for node in nodes if not isinstance(node.op, Input)]
        self.folded = Folded(graph, ops, self.is_kept) if folds else None
        shown = {} if self.folded is None else self.folded.shown
        self.keys |= {index: self.keys[other] for index, other in shown.items()}
        self.nodes = [node for node in nodes if shown.get(node.index, node.index) == node.index]
        self.rounds = () if self.folded is None else tuple(self.folded.rounds)
        self.groups, self.group_keys = _groups(self.nodes, self.rounds)
        kept = [(value, node) for node in self.nodes for value in node.operands if self.is_kept(value, node)]
        self.kept = set() if len(set(kept)) <= kept_arrows else {value for value, _ in kept}

    def is_kept(self, value: Value, reader: Node) -> bool:
        """Whether a value of the forward pass is kept for a node of the backward pass."""
        return value.index in self.keys and value.node.phase == "forward" and reader.phase == "backward"

    def is_written(self, value: Value, reader: Node) -> bool:
        """Whether a value is written into its reader's box instead of coming along an arrow."""
        return value.index not in self.keys or (value in self.kept and self.is_kept(value, reader))

    def diagram(self) -> Diagram:
        graph = self.graph
        boxes: list[Box] = []
        arrows: list[Arrow] = []
        for node in self.nodes:
            boxes.append(_input_box(node.op, self.keys[node.index]) if isinstance(node.op, Input) else self.box(node))
            arrows += [
                self.arrow(value, boxes[-1], self.is_kept(value, node))
                for value in node.operands
                if not self.is_written(value, node)
            ]
        outputs = [("output", label, label, value) for label, value in graph.outputs.items()]
        updates = [("update", label, f"update @{label}", value) for label, value in graph.updates.items()]
        for roots in (outputs, updates):
            for number, (kind, label, title, value) in enumerate(roots, 1):
                boxes.append(self.root_box(f"{kind}{number}", kind, label, title, value))
                if value.index in self.keys:
                    arrows.append(self.arrow(value, boxes[-1]))
        kinds = {box.kind for box in boxes}
        phases = tuple(phase for phase in PHASES if phase in kinds)
        title = shorten(graph.name)
        legend = phases if len(phases) > 1 else ()
        return Diagram(title, tuple(boxes), merge_arrows(arrows), self.groups, legend)

    def in_rows(self) -> Diagram:
        """Draw everything with ops that only follow each other in one box each, a line for each op."""
        self.groups, self.group_keys = _groups(self.nodes, self.rounds, with_layers=False)
        whole = self.diagram()
        boxes = {box.key: box for box in whole.nodes}
        ops = [node for node in self.nodes if not isinstance(node.op, Input)]
        drawn = {node.index for node in ops}

        def sources(node: Node) -> list[int]:
            own = self.keys[node.index]
            read = [value.index for value in node.operands if not self.is_written(value, node)]
            shown = dict.fromkeys(
                index if self.folded is None else self.folded.shown.get(index, index) for index in read
            )
            return [index for index in shown if index in drawn or self.keys[index] != own]

        rooms = {node.index: (node.phase, self.group_keys[node.index]) for node in ops}
        place: dict[str, str] = {}
        rows: dict[str, Box] = {}
        for row in chains(ops, sources, lambda node: rooms[node.index]):
            members = [boxes[self.keys[node.index]] for node in row]
            lines = [Line(shorten(_row_text(node, box))) for node, box in zip(row, members, strict=True)]
            lines[0] = Line(lines[0].text, "title") if len(row) == 1 else lines[0]
            tooltip = "\n".join(box.tooltip for box in members)
            rows[members[0].key] = replace(members[0], lines=tuple(lines), tooltip=tooltip, name=members[-1].name)
            place |= {box.key: members[0].key for box in members}
        arrows = [
            replace(arrow, start=start, end=end)
            for arrow in whole.edges
            for start, end in [(place.get(arrow.start, arrow.start), place.get(arrow.end, arrow.end))]
            if start != end
        ]
        nodes = tuple(rows.get(box.key, box) for box in whole.nodes if place.get(box.key, box.key) == box.key)
        return replace(whole, nodes=nodes, edges=merge_arrows(arrows))

    def arrow(self, value: Value, box: Box, is_kept: bool = False) -> Arrow:
        return Arrow(self.keys[value.index], box.key, shape_text(value.type), is_kept)

    def root_box(self, key: str, kind: str, label: str, title: str, value: Value) -> Box:
        lines = [Line(shorten(title), "title")]
        if value.index not in self.keys:
            lines.append(Line(self.text(value)))
        kind = "metrics" if kind == "update" and value.node.phase == "metrics" else kind
        return Box(key, tuple(lines), kind, tooltip=f"{label}: {value.type}")

    def box(self, node: Node) -> Box:
        body = next((value for value in node.op.attributes().values() if isinstance(value, Graph)), None)
        inner = [] if body is None else [inner.op.title for inner in body.nodes if not inner.is_leaf]
        written = [value for value in node.operands if self.is_written(value, node)]
        title = node.op.title if body is None else node.op.title.removeprefix(f"{node.op.name}.")
        if body is None and any(map(_is_number, written)):
            operands = [self.text(value) if _is_number(value) else BLANK for value in node.operands]
            title = f"{title}({', '.join(operands)})"
            written = [value for value in written if not _is_number(value)]
        lines = [Line(shorten(title), "title")]
        lines += [Line(text, "detail") for text in (*wrap(inner), *wrap(_attributes(node), separator=", "))]
        lines += [Line(text) for text in dict.fromkeys(map(self.text, written))]
        kept = [value for value in self.graph.results(node) if value in self.kept]
        lines += [Line(f"kept as {shorten(self.names[value], 30)}", "detail") for value in kept]
        tooltip = node_line(node, self.names, with_body=False) if node.operands else node.op.title
        group = self.group_keys.get(node.index, "")
        name = ", ".join(self.names[value] for value in self.graph.results(node))
        return Box(self.keys[node.index], tuple(lines), node.phase, group, tooltip, name=name)

    def text(self, value: Value) -> str:
        """Return how a value is written into the box that reads it."""
        op = value.node.op
        if isinstance(op, Constant):
            if len(set(op.data)) != 1:
                return f"constant {shape_text(op.type)}"
            number = number_text(op.data[0], op.type.dtype)
            return f"constant {shape_text(op.type)} of {number}" if op.type.rank else number
        shape = f" {shape_text(value.type)}" if value.rank else ""
        return f"{shorten(self.name(value), 30)}{shape}"

    def name(self, value: Value) -> str:
        """Return a value's name; a part of a state that has none is named by its state."""
        node = value.node
        if not _is_inline(node) or isinstance(node.op, State):
            return self.names[value]
        part = f"[{value.result}]" if len(node.types) > 1 else ""
        return value.name or f"{self.name(node.operands[0])}{part}"


def _row_text(node: Node, box: Box) -> str:
    """Return the line of an op in a box of several: what it is, and the layer it comes from."""
    return " · ".join(text for text in (box.lines[0].text, node.path) if text)


def _is_inline(node: Node) -> bool:
    """Whether a node is written into its readers: state, its parts, and constants."""
    return isinstance(node.op, Constant) or _is_state(node)


def _is_state(node: Node) -> bool:
    return isinstance(node.op, State) or (node.op.name in VIEWS and _is_state(node.operands[0].node))


def _is_number(value: Value) -> bool:
    return isinstance(value.node.op, Constant) and value.rank == 0


def _input_box(op: Input, key: str) -> Box:
    return Box(key, (Line(shorten(op.label), "title"),), "input", tooltip=f"{op.label}: {op.type}")


def _attributes(node: Node) -> list[str]:
    defaults = node.op.attribute_defaults()
    return [
        f"{name}={attribute_text(value)}"
        for name, value in node.op.attributes().items()
        if name != "kind" and not isinstance(value, Graph) and value != defaults[name]
    ]


def _groups(
    nodes: list[Node], rounds: Sequence[Round], with_layers: bool = True
) -> tuple[tuple[Group, ...], dict[int, str]]:
    """Return frames for rounds and layer paths, in the order of their first node, and the key of each node's frame."""
    groups: list[Group] = []
    keys: dict[tuple[tuple[int, ...], str, str], str] = {}
    found: dict[int, str] = {}
    paths = {(node.phase, node.path) for node in nodes if node.path}
    framed = {phase: _framed_prefixes({path for kind, path in paths if kind == phase}) for phase, _ in paths}

    def frame(key: tuple[tuple[int, ...], str, str], label: str, phase: str, parent: str, note: str) -> str:
        if key not in keys:
            keys[key] = f"group{len(groups) + 1}"
            groups.append(Group(keys[key], shorten(label), phase, parent, note))
        return keys[key]

    for node in nodes:
        parent = outer = ""
        inside: tuple[int, ...] = ()
        for number, item in enumerate(rounds):
            if node.index in item.members:
                inside = (*inside, number)
                note = "" if node.phase == "forward" or parent else node.phase
                parent = frame((inside, "", ""), block_title(item.names), node.phase, parent, note)
        for prefix in _prefixes(node.path) if node.path and with_layers else ():
            if prefix in framed[node.phase]:
                note = "" if node.phase == "forward" or parent else node.phase
                parent = frame((inside, node.phase, prefix), prefix[len(outer) :].strip("/"), node.phase, parent, note)
                outer = prefix
        found[node.index] = parent
    return tuple(groups), found


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _framed_prefixes(paths: set[str]) -> set[str]:
    """Return the prefixes that get a frame: layers, and what holds at least two of them."""
    framed = set(paths)
    children: dict[str, set[str]] = {}
    for path in paths:
        steps = _prefixes(path)
        for prefix, child in pairwise(steps):
            children.setdefault(prefix, set()).add(child)
    return framed | {prefix for prefix, below in children.items() if len(below) > 1}
