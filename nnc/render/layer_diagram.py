"""Draws the outline of a model as boxes, arrows and frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nnc.render.architecture import class_name, layer_lines, layer_text
from nnc.render.block_labels import block_title, content_of, layers_text
from nnc.render.diagram import Arrow, Box, Branches, Cluster, Diagram, Line, merge_arrows
from nnc.render.expansion import is_called
from nnc.render.labels import shape_text, shorten, wrap
from nnc.render.layer_figures import Figures
from nnc.render.outline import Item, Outline, OutlineBlock, OutlineNode, Part, Split, is_follower
from nnc.render.regions import Tangle
from nnc.render.repeats import Repeat

LONGEST_ROW = 4
"""Layers in one box where a picture would be too long, not counting those that only work on elements."""
Made = dict[tuple[int, int], str]
"""Key of the box that makes each output of each node of an outline."""


@dataclass(frozen=True)
class Detail:
    """How closely a model is drawn.

    Args:
        depth: levels of models and of repeated blocks that are opened.
        expand: names of those that are opened, wherever they are, or of layers in them.
        boxes_chains: whether layers that only work on elements stand in the box of the layer before.
        boxes_blocks: whether a block that comes once is one box, too.
        boxes_rows: whether up to `LONGEST_ROW` layers that follow each other between blocks are one box.
    """

    depth: float = 0
    expand: frozenset[str] = frozenset()
    boxes_chains: bool = False
    boxes_blocks: bool = False
    boxes_rows: bool = False


@dataclass(frozen=True)
class _Place:
    """Where something is drawn: in which model, in which frame, how many of them deep, and after what."""

    outline: Outline
    made: Made
    group: str = ""
    level: int = 0
    path: str = ""


class LayerDrawing:
    """One picture of a model's layers.

    Args:
        figures: of the model.
        detail: how closely it is drawn.
    """

    def __init__(self, figures: Figures, detail: Detail) -> None:
        self.figures, self.detail = figures, detail
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.groups: list[Cluster] = []
        self.count = 0

    def diagram(self) -> Diagram:
        """Draw everything."""
        outline = self.figures.outline
        place = _Place(outline, {})
        others = [node.index for node in outline.nodes if node.is_input]
        inputs = [
            outline.nodes[index] for index in dict.fromkeys((*outline.starts, *others))
        ]  # as `predict` takes them
        for number, node in enumerate(inputs, 1):
            name = "" if node.call is None else node.call.layer.name
            self.add(place, _end_box("input", number, len(inputs), name), [node], [])
        self.series(place, outline.parts)
        for number, end in enumerate(outline.ends, 1):
            self.add(place, _end_box("output", number, len(outline.ends)), [], [end])
        return Diagram(self.figures.title, tuple(self.boxes), merge_arrows(self.arrows), tuple(self.groups))

    def add(self, place: _Place, box: Box, nodes: Sequence[OutlineNode], sources: Sequence[tuple[int, int]]) -> None:
        """Add a box that stands for some nodes, with an arrow for each of what it reads."""
        self.boxes.append(box)
        for index, output in sources:
            start, label = place.made[index, output], shape_text(place.outline.nodes[index].outputs[output].type)
            if place.group and any(arrow.start == start and arrow.end != box.key for arrow in self.arrows):
                label = ""  # said on another arrow; Graphviz would put the label of a long one onto the frame
            self.arrows.append(Arrow(start, box.key, label))
        for node in nodes:
            place.made.update({(node.index, output): box.key for output in range(len(node.outputs))})

    def next_key(self) -> str:
        """Return the key of the next box of layers."""
        self.count += 1
        return f"layer{self.count}"

    # ------------------------------------------------------------------ parts

    def series(self, place: _Place, parts: Sequence[Part]) -> None:
        """Draw what follows each other."""
        for part in self.chained(place.outline, parts):
            if isinstance(part, list) and _heads(part) > 1:
                self.block(place, (part,))
            elif isinstance(part, list):
                self.chain(place, part)
            elif isinstance(part, Split):
                for branch in part.branches:
                    self.series(place, branch)
            elif isinstance(part, Tangle):
                self.series(place, [place.outline.nodes[index] for index in part.nodes])
            elif isinstance(part, Repeat):
                self.repeat(place, part)
            elif self.detail.boxes_blocks and not any(node.is_input for node in place.outline.nodes_of(part)):
                self.block(place, (part.parts,))
            else:
                self.series(place, part.parts)

    def chained(
        self, outline: Outline, parts: Sequence[Part]
    ) -> Iterator[list[OutlineNode] | Split | OutlineBlock | Tangle | Repeat[Item]]:
        """Return the parts, with a list of nodes for each layer and for those that stand in its box."""
        chain: list[OutlineNode] = []
        for part in parts:
            if isinstance(part, OutlineNode) and self.extends(outline, chain, part):
                chain.append(part)
                continue
            if chain:
                yield chain
                chain = []
            if not isinstance(part, OutlineNode):
                yield part
            elif not part.is_input:
                chain = [part]
        if chain:
            yield chain

    def extends(self, outline: Outline, chain: Sequence[OutlineNode], node: OutlineNode) -> bool:
        """Whether a layer stands in the box of those before it."""
        if not chain or not outline.follows(chain[-1], node):
            return False
        if is_follower(node):
            return self.detail.boxes_chains
        is_model = node.inner is not None or chain[0].inner is not None
        return self.detail.boxes_rows and not is_model and _heads(chain) < LONGEST_ROW

    def chain(self, place: _Place, nodes: Sequence[OutlineNode]) -> None:
        """Draw a layer, with what stands in its box."""
        first = nodes[0]
        assert first.call is not None
        layer, inner = first.call.layer, first.inner
        if inner is not None and self.opens(place, [first]):
            self.model(place, first, inner)
            return
        lines = [Line(self.figures.range(nodes), "title")]
        content: tuple[Line | Branches, ...] = ()
        tooltip = f"layer '{layer.name}' ({class_name(layer)})"
        if inner is not None:
            count = sum(not node.is_input for node in inner.nodes)
            lines.append(Line(shorten(f"{layer.name} · {class_name(layer)} of {layers_text(count)}")))
            content = content_of(inner, inner.parts)
            tooltip = f"model '{layer.name}' ({class_name(layer)}): {', '.join(first.layer_names[1:])}"
        else:
            lines += [Line(text) for text in layer_lines(layer)]
        if len(nodes) > 1:
            others = [node.call.layer for node in nodes[1:] if node.call is not None]
            lines += [Line(text) for text in wrap(map(layer_text, others))]
            tooltip = _listed(nodes)
        cost = self.figures.text(nodes)
        lines += [Line(cost, "detail")] if cost else []
        kind = "layer" if self.figures.parameters(nodes) else "plain"
        box = Box(self.next_key(), tuple(lines), kind, place.group, tooltip, content)
        self.add(place, box, nodes, first.sources)

    def model(self, place: _Place, node: OutlineNode, inner: Outline) -> None:
        """Draw what is in a model that is a layer, in a frame."""
        assert node.call is not None
        layer = node.call.layer
        tooltip = f"model '{layer.name}' ({class_name(layer)})"
        group = self.frame(place, shorten(layer.name), class_name(layer), tooltip)
        made: Made = {(start, 0): place.made[source] for start, source in zip(inner.starts, node.sources, strict=True)}
        self.series(_Place(inner, made, group, place.level + 1, f"{place.path}{layer.name}/"), inner.parts)
        place.made.update({(node.index, output): made[end] for output, end in enumerate(inner.ends)})

    def repeat(self, place: _Place, repeat: Repeat[Item]) -> None:
        """Draw what comes several times, once: as one box, or in a frame."""
        rounds = [[node for part in parts for node in place.outline.nodes_of(part)] for parts in repeat.rounds]
        every = [node for nodes in rounds for node in nodes]
        if not self.opens(place, every):
            self.block(place, repeat.rounds)
            return
        title = block_title([[_name(node) for node in nodes] for nodes in rounds])
        group = self.frame(place, title, self.figures.range(every), _listed(every))
        self.series(_Place(place.outline, place.made, group, place.level + 1, place.path), repeat.rounds[0])
        for first, last in zip(rounds[0], rounds[-1], strict=True):  # what comes behind reads what the last round makes
            for output in range(len(first.outputs)):
                place.made[last.index, output] = place.made[first.index, output]

    def block(self, place: _Place, series: Sequence[Sequence[Part]]) -> None:
        """Draw the rounds of a block as one box."""
        outline = place.outline
        rounds = [[node for part in parts for node in outline.nodes_of(part)] for parts in series]
        every = [node for nodes in rounds for node in nodes]
        members = {node.index for node in rounds[0]}
        entering = dict.fromkeys(source for node in rounds[0] for source in node.sources if source[0] not in members)
        where = self.figures.range(every)
        is_forked = any(isinstance(part, Split | OutlineBlock) for part in series[0])
        title = block_title([[_name(node) for node in nodes] for nodes in rounds], "Block" if is_forked else where)
        facts = [where] if where not in title else []
        if len(rounds[0]) > 1:
            facts.append(f"{layers_text(len(rounds[0]))}{' each' if len(rounds) > 1 else ''}")
        facts += [cost] if (cost := self.figures.text(every)) else []
        if len(rounds) > 1 and self.figures.parameters(rounds[0]) == self.figures.parameters(every) > 0:
            facts.append("same weights")
        lines = (Line(title, "title"), Line(" · ".join(facts), "detail"))
        kind = "layer" if self.figures.parameters(every) else "plain"
        content = content_of(outline, series[0])
        box = Box(self.next_key(), lines, kind, place.group, _listed(every), content)
        self.add(place, box, every, list(entering))

    # ------------------------------------------------------------------ frames

    def opens(self, place: _Place, nodes: Sequence[OutlineNode]) -> bool:
        """Whether what some nodes are is opened: it is not deep, or it or a layer in it is to be expanded."""
        paths = [place.path + name for node in nodes for name in node.layer_names]
        is_wanted = any(is_called(path, name) for name in self.detail.expand for path in paths)
        return is_wanted or place.level < self.detail.depth

    def frame(self, place: _Place, label: str, note: str, tooltip: str) -> str:
        """Add a frame and return its key."""
        key = f"group{len(self.groups) + 1}"
        self.groups.append(Cluster(key, label, "layer", place.group, note, tooltip))
        return key


def _name(node: OutlineNode) -> str:
    return "" if node.call is None else node.call.layer.name


def _heads(nodes: Sequence[OutlineNode]) -> int:
    """Return how many layers do more than work on elements, the first one counted in any case."""
    return 1 + sum(not is_follower(node) for node in nodes[1:])


def _listed(nodes: Sequence[OutlineNode]) -> str:
    """Return a tooltip with the names of all layers, those of models in them included."""
    names = dict.fromkeys(name for node in nodes for name in node.layer_names)
    return f"{layers_text(len(names))}: {', '.join(names)}"


def _end_box(kind: str, number: int, count: int, name: str = "") -> Box:
    title = kind.capitalize()
    lines = [Line(title if count == 1 else f"{title}{number}", "title")]
    if name.strip() and name.lower() != kind:
        lines.append(Line(shorten(name), "detail"))
    return Box(f"{kind}{number}", tuple(lines), kind, tooltip=f"{kind} {name}".strip())
