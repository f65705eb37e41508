"""Draws the ops of a graph, grouped by layer and coloured by phase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from nnc.ir import PHASES, Constant, Graph, Input, Node, State, Value, value_names
from nnc.ir.printer import attribute_text, node_line, number_text
from nnc.render.block_labels import block_title
from nnc.render.diagram import Arrow, Box, Cluster, Diagram, Line
from nnc.render.expansion import EVERYTHING, is_called
from nnc.render.labels import shape_text, shorten, wrap
from nnc.render.op_repeats import Folded, Round

VIEWS = ("unpack", "reshape")
"""Ops that only find a parameter's place in its state."""
BLANK = "·"
"""Stands in a title for an operand that comes along an arrow: ``subtract(1.0, ·)``."""


class OpsDrawing:
    """The ops of a graph, each in a box of its own where it does not stand for equal ones.

    Args:
        graph: what is drawn.
        kept_arrows: as of `ops_diagram`.
        expand: as of `ops_diagram`.

    Attributes:
        nodes: those that have boxes, in the order of execution.
        keys: of the box of each node, by its index; that of the node that stands for it.
        shown: index of the node that stands for each op, where it is not drawn itself as well.
        counts: how often what a node stands for comes, by its index.
        rounds: what is drawn once, outer ones first.
        updates: the key, the label and the value of each update, equal ones of later rounds included.
    """

    def __init__(self, graph: Graph, kept_arrows: int, expand: Sequence[str]) -> None:
        self.graph, self.expand = graph, [name for name in expand if name != EVERYTHING]
        self.names = value_names(graph)
        nodes = [node for node in graph.nodes if not _is_inline(node)]
        self.keys = {node.index: f"op{node.index}" for node in nodes}
        for number, value in enumerate(graph.inputs.values(), 1):
            self.keys[value.index] = f"input{number}"
        ops = [node for node in nodes if not isinstance(node.op, Input)]
        self.folded = None if EVERYTHING in expand else Folded(graph, ops, self.is_open)
        self.shown = {} if self.folded is None else self.folded.shown
        self.keys |= {index: self.keys[other] for index, other in self.shown.items()}
        self.nodes = [node for node in nodes if self.shown.get(node.index, node.index) == node.index]
        self.counts = Counter(self.shown.values())
        self.rounds = () if self.folded is None else tuple(self.folded.rounds)
        self.updates = [(f"update{number}", *item) for number, item in enumerate(graph.updates.items(), 1)]
        kept = [(value, node) for node in self.nodes for value in node.operands if self.is_kept(value, node)]
        self.kept = set() if len(set(kept)) <= kept_arrows else {value for value, _ in kept}

    def is_open(self, node: Node) -> bool:
        """Whether the ops of a node's layer are to be drawn one by one."""
        return any(is_called(node.path, name) or node.path.startswith(f"{name}/") for name in self.expand)

    def is_kept(self, value: Value, reader: Node) -> bool:
        """Whether a value of the forward pass is kept for a node of the backward pass."""
        return value.index in self.keys and value.node.phase == "forward" and reader.phase == "backward"

    def is_written(self, value: Value, reader: Node) -> bool:
        """Whether a value is written into its reader's box instead of coming along an arrow."""
        return value.index not in self.keys or (value in self.kept and self.is_kept(value, reader))

    def shown_as(self, index: int) -> int:
        """Return the node that stands for a node."""
        return self.shown.get(index, index)

    def sources(self, node: Node) -> list[int]:
        """Return the nodes from which arrows lead to one."""
        read = (value.index for value in node.operands if not self.is_written(value, node))
        return [index for index in dict.fromkeys(map(self.shown_as, read)) if index != node.index]

    def diagram(self, frames: str = "layers") -> Diagram:
        """Draw everything, with an arrow for each operand.

        Args:
            frames: what has a frame: ``layers`` and rounds, ``rounds`` or ``nothing``.
        """
        graph = self.graph
        shows_layers = frames == "layers"
        groups, found = _groups(self.nodes, () if frames == "nothing" else self.rounds, shows_layers)
        boxes: list[Box] = []
        arrows: list[Arrow] = []
        for node in self.nodes:
            group = found[node.index] if frames != "nothing" else ""
            boxes.append(
                _input_box(node.op, self.keys[node.index]) if isinstance(node.op, Input) else self.box(node, group)
            )
            arrows += [
                self.arrow(value, boxes[-1], self.is_kept(value, node))
                for value in node.operands
                if not self.is_written(value, node)
            ]
        outputs = [(f"output{number}", *item) for number, item in enumerate(graph.outputs.items(), 1)]
        roots = [self.root_box(key, "output", label, label, value) for key, label, value in outputs]
        inside = {index for item in self.rounds for index in item.members}
        for key, label, value in self.updates:
            if self.shown_as(value.index) == value.index:
                group = found[value.index] if value.index in inside and frames != "nothing" else ""
                roots.append(replace(self.root_box(key, "update", label, f"update @{label}", value), group=group))
        values = {key: value for key, _, value in (*outputs, *self.updates)}
        arrows += [self.arrow(values[box.key], box) for box in roots if values[box.key].index in self.keys]
        boxes += roots
        kinds = {box.kind for box in boxes}
        phases = tuple(phase for phase in PHASES if phase in kinds)
        title = shorten(graph.name)
        legend = phases if len(phases) > 1 else ()
        return Diagram(title, tuple(boxes), tuple(arrows), groups, legend)

    def arrow(self, value: Value, box: Box, is_kept: bool = False) -> Arrow:
        """Return the arrow along which a value comes to a box."""
        return Arrow(self.keys[value.index], box.key, shape_text(value.type), is_kept)

    def root_box(self, key: str, kind: str, label: str, title: str, value: Value) -> Box:
        """Return the box of an output or an update; that of the first of several rounds names the last one, too."""
        lines = [Line(shorten(title), "title")]
        if value.index not in self.keys:
            lines.append(Line(self.text(value)))
        alike = [
            other
            for _, other, twin in self.updates
            if kind == "update" and self.shown_as(twin.index) == value.index and twin.result == value.result
        ]
        if len(alike) > 1:
            lines.append(Line(shorten(f"… @{alike[-1]}"), "detail"))
        kind = "metrics" if kind == "update" and value.node.phase == "metrics" else kind
        return Box(key, tuple(lines), kind, tooltip=f"{label}: {value.type}")

    def box(self, node: Node, group: str) -> Box:
        """Return the box of an op."""
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
) -> tuple[tuple[Cluster, ...], dict[int, str]]:
    """Return frames for rounds and layer paths, in the order of their first node, and the key of each node's frame."""
    groups: list[Cluster] = []
    keys: dict[tuple[tuple[int, ...], str, str], str] = {}
    found: dict[int, str] = {}
    paths = {(node.phase, node.path) for node in nodes if node.path}
    framed = {phase: _framed_prefixes({path for kind, path in paths if kind == phase}) for phase, _ in paths}

    def frame(key: tuple[tuple[int, ...], str, str], label: str, phase: str, parent: str, note: str) -> str:
        if key not in keys:
            keys[key] = f"group{len(groups) + 1}"
            groups.append(Cluster(keys[key], shorten(label), phase, parent, note))
        return keys[key]

    for node in nodes:
        parent = outer = ""
        inside: tuple[int, ...] = ()
        for number, item in enumerate(rounds):
            if node.index in item.members:
                inside = (*inside, number)
                note = "" if node.phase == "forward" or parent else node.phase
                parent = frame((inside, "", ""), block_title(item.names), node.phase, parent, note)
        for prefix in prefixes(node.path) if node.path and with_layers else ():
            if prefix in framed[node.phase]:
                note = "" if node.phase == "forward" or parent else node.phase
                parent = frame((inside, node.phase, prefix), prefix[len(outer) :].strip("/"), node.phase, parent, note)
                outer = prefix
        found[node.index] = parent
    return tuple(groups), found


def prefixes(path: str) -> list[str]:
    """Return a path and those of what it lies in, outermost first."""
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _framed_prefixes(paths: set[str]) -> set[str]:
    """Return the prefixes that get a frame: layers, and what holds at least two of them."""
    framed = set(paths)
    children: dict[str, set[str]] = {}
    for path in paths:
        steps = prefixes(path)
        for prefix, child in pairwise(steps):
            children.setdefault(prefix, set()).add(child)
    return framed | {prefix for prefix, below in children.items() if len(below) > 1}
