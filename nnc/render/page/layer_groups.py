"""The groups of a model's layers: what repeats, and what branches where there is much, is a block of layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nnc.render.architecture import what_text
from nnc.render.block_labels import block_title, content_of, layers_text
from nnc.render.diagram import Branches, Line
from nnc.render.labels import parameters_text, shape_text, shorten, wrap
from nnc.render.outline import Outline, OutlineBlock, OutlineNode, Part, Split
from nnc.render.page.groups import ROOT, Groups, RecordGroup
from nnc.render.page.model_stages import Model
from nnc.render.page.properties import arguments_of, weights_of
from nnc.render.regions import Tangle
from nnc.render.repeats import Repeat

MOST_BESIDE = 24
"""Layers of a model that are shown without putting those of a branching block into one box."""
UNNAMED = "Block"
"""The name of a block whose layers have no name in common."""
MOST_LINES = 6
"""Lines of a block's box that say what is inside."""


def add_layers(groups: Groups, model: Model, outputs: Sequence[str], with_weights: bool = True) -> None:
    """Add a model's inputs, layers and outputs, wired as they are.

    Args:
        groups: where they are added.
        model: the model.
        outputs: what the graph calls the model's outputs, as far as they are outputs of the graph.
        with_weights: whether weights are shown; those that are drawn anew each time a file is read need not be.
    """
    outline = Outline(model)
    made: dict[int, int] = {}
    for node, label in zip(outline.starts, model.input_names, strict=True):
        call = outline.nodes[node].call
        made[node] = groups.add_end("input", label, "" if call is None else call.layer.name)
    _Layers(groups, outline, "", made, with_weights).add(ROOT)
    for (node, output), label in zip(outline.ends, outputs, strict=False):
        if node in made:
            shape = shape_text(outline.nodes[node].outputs[output].type)
            groups.connect(made[node], groups.add_end("output", label), shape)


class _Layers:
    """Adds the layers of one model.

    Args:
        groups: where they are added.
        outline: structure of the model.
        prefix: path of the model, with a slash, where it is a layer.
        made: group of each node of the outline that has one already.
        with_weights: whether weights are shown.
    """

    def __init__(
        self, groups: Groups, outline: Outline, prefix: str, made: dict[int, int], with_weights: bool = True
    ) -> None:
        self.groups, self.outline, self.prefix, self.made = groups, outline, prefix, made
        self.with_weights = with_weights
        self.has_blocks = sum(not node.is_input for node in outline.nodes) > MOST_BESIDE

    def add(self, parent: int) -> None:
        self.add_parts(self.outline.parts, parent)
        for node in self.outline.nodes:  # what no output depends on
            self.add_node(node, parent)
        for node in self.outline.nodes:
            for source, output in node.sources:
                if source in self.made:
                    shape = shape_text(self.outline.nodes[source].outputs[output].type)
                    self.groups.connect(self.made[source], self.made[node.index], shape)
        self.groups.all[parent].is_wired = True

    def add_parts(self, parts: Iterable[Part], parent: int, in_block: bool = False) -> None:
        for part in parts:
            if isinstance(part, OutlineNode):
                self.add_node(part, parent)
            elif isinstance(part, Repeat):
                self.add_repeat(part, parent)
            elif isinstance(part, OutlineBlock):
                is_box = self.has_blocks and not in_block
                self.add_parts(part.parts, self.add_block([(part,)], parent) if is_box else parent, True)
            elif isinstance(part, Split):
                for branch in part.branches:
                    self.add_parts(branch, parent, in_block)
            else:
                assert isinstance(part, Tangle)
                for index in part.nodes:
                    self.add_node(self.outline.nodes[index], parent)

    def add_repeat(self, repeat: Repeat[Any], parent: int) -> None:
        number = self.add_block(repeat.rounds, parent)
        for count, parts in enumerate(repeat.rounds, 1):
            nodes = self.nodes_of(parts)
            is_new = any(("layer", self.path(node)) not in self.groups.numbers for node in nodes)
            if len(nodes) == 1 or not is_new:
                self.add_parts(parts, number, True)
                continue
            title = block_title([self.names_of(parts)])
            title = f"{count} of {len(repeat.rounds)}" if title == UNNAMED else title
            self.add_parts(parts, self.add_block([parts], number, title), True)

    def add_block(self, rounds: Sequence[Sequence[Part]], parent: int, title: str = "") -> int:
        title = title or block_title([self.names_of(parts) for parts in rounds])
        calls = [node.call for parts in rounds for node in self.nodes_of(parts) if node.call is not None]
        parameters = sum(layer.count_params() for layer in {id(call.layer): call.layer for call in calls}.values())
        inside = _inside(self.outline, rounds[0])
        kind, each = ("repeat", " each") if len(rounds) > 1 else ("block", "")
        lines = [Line(title, "title"), Line(layers_text(len(self.nodes_of(rounds[0]))) + each)]
        lines += [Line(text, "detail") for text in inside]
        if parameters:
            lines.append(Line(parameters_text(parameters), "detail"))
        names = self.names_of([part for parts in rounds for part in parts])
        name = f"{title} · {names[0]} … {names[-1]}" if title.startswith(UNNAMED) else title
        group = RecordGroup(name, "", kind, parent, tuple(lines), parameters=parameters, is_wired=True)
        return self.groups.new(group)

    def add_node(self, node: OutlineNode, parent: int) -> None:
        if node.index in self.made or node.call is None or node.is_input:
            return
        path = self.path(node)
        number = self.groups.numbers.get(("layer", path), -1)
        if number < 0:
            number = self.groups.new(_layer_group(node.call.layer, path, parent, self.with_weights), ("layer", path))
            if node.inner is not None:
                _Layers(self.groups, node.inner, f"{path}/", {}, self.with_weights).add(number)
        self.made[node.index] = number

    def path(self, node: OutlineNode) -> str:
        layer: Any = None if node.call is None else node.call.layer
        return self.prefix + ("" if layer is None else getattr(layer, "path_name", layer.name))

    def nodes_of(self, parts: Sequence[Part]) -> list[OutlineNode]:
        return [node for part in parts for node in self.outline.nodes_of(part)]

    def names_of(self, parts: Sequence[Part]) -> list[str]:
        return [node.call.layer.name for node in self.nodes_of(parts) if node.call is not None]


def _inside(outline: Outline, parts: Sequence[Part]) -> list[str]:
    """Return a few lines that say what is in a block; of branches, the longest is told."""
    found: list[str] = []
    for part in content_of(outline, parts):
        if isinstance(part, Branches):
            found += sorted(part.columns, key=len, reverse=True)[0]
        elif isinstance(part, Line):
            found.append(part.text)
    found = [line for text in found for line in wrap(text.split(" · "))]
    return found if len(found) <= MOST_LINES else [*found[: MOST_LINES - 1], "…"]


def _layer_group(layer: Any, path: str, parent: int, with_weights: bool) -> RecordGroup:
    count = layer.count_params()
    lines = [Line(shorten(layer.name), "title")]
    lines.append(Line(shorten(what_text(layer))))
    if count:
        lines.append(Line(parameters_text(count), "detail"))
    kind = "layer" if count else "plain"
    line, arguments = getattr(layer, "source_line", None), arguments_of(layer)
    weights = weights_of(layer) if with_weights else ()
    return RecordGroup(layer.name, path, kind, parent, tuple(lines), line, count, arguments=arguments, weights=weights)
