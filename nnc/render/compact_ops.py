"""Draws the ops of a graph one by one, or several in one box where a picture would be too long otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from nnc.ir import PHASES, Input, Node
from nnc.ir.ops import Pack
from nnc.ir.ops.sizes import Size
from nnc.render.block_labels import block_title, common_name
from nnc.render.diagram import Arrow, Box, Diagram, Line, merge_arrows
from nnc.render.labels import shorten, wrap
from nnc.render.op_boxes import WIDEST_LINE, block_lines, blocks, chains, updates_text
from nnc.render.op_diagram import OpsDrawing
from nnc.render.op_repeats import Round


def one_by_one(drawing: OpsDrawing) -> Diagram:
    """Return a diagram with a box for each op."""
    whole = drawing.diagram()
    return replace(whole, edges=merge_arrows(list(whole.edges)))


def in_rows(drawing: OpsDrawing) -> Diagram:
    """Return a diagram with ops that only follow each other in one box each, a line for each op."""
    whole = drawing.diagram("rounds")
    boxes = {box.key: box for box in whole.nodes}
    ops = [node for node in drawing.nodes if not isinstance(node.op, Input) and not drawing.is_open(node)]
    rooms = {node.index: (node.phase, boxes[drawing.keys[node.index]].group) for node in ops}
    rows: dict[str, Box] = {}
    place: dict[str, str] = {}
    for row in chains(ops, drawing.sources, lambda node: rooms[node.index]):
        members = [boxes[drawing.keys[node.index]] for node in row]
        texts = [_row_text(node, box) for node, box in zip(row, members, strict=True)]
        lines = tuple(Line(text, "title" if len(row) == 1 else "text") for text in texts)
        rows[members[0].key] = replace(_first_of(members), lines=lines, name=members[-1].name)
        place |= dict.fromkeys((box.key for box in members), members[0].key)
    return replace(_boxed(whole, rows, place), edges=merge_arrows(list(_moved(whole.edges, place))))


def in_blocks(drawing: OpsDrawing, lines: int, opens_rounds: bool) -> Diagram:
    """Return a diagram with a box for each layer, or for several that follow each other, as many as it has room for.

    Updates are written into the box in which they are computed. Sizes, constants as soon as the batch is known, have no
    boxes.

    Args:
        drawing: of the graph.
        lines: that a box may have where it has several layers.
        opens_rounds: whether what comes several times is a frame around such boxes; otherwise it is a box.
    """
    whole = drawing.diagram("rounds" if opens_rounds else "nothing")
    ops = _by_phase(drawing)
    ranks = {drawing.keys[node.index]: rank for rank, node in enumerate(ops)}
    sizes = {drawing.keys[node.index] for node in drawing.nodes if isinstance(node.op, Size)}
    nodes = [box for box in whole.nodes if box.key not in sizes]
    nodes.sort(key=lambda box: -1 if box.kind == "input" else ranks.get(box.key, len(ops)))
    whole = replace(whole, nodes=tuple(nodes), edges=tuple(arrow for arrow in whole.edges if arrow.start not in sizes))
    boxes = {box.key: box for box in whole.nodes}
    found: dict[str, Box] = {}
    place: dict[str, str] = {}
    for block, item in _blocks(drawing, ops, lines, opens_rounds):
        members = [boxes[drawing.keys[node.index]] for node in block]
        inside = {node.index for node in block}
        made = [(key, label, value) for key, label, value in drawing.updates if drawing.shown_as(value.index) in inside]
        labels = [label for _, label, value in made if value.index in inside or not opens_rounds]
        first = replace(_first_of(members), kind=members[-1].kind)
        counts = dict.fromkeys(inside, 1) if opens_rounds else drawing.counts
        found[first.key] = replace(first, **_texts(block, item, counts, labels))
        place |= dict.fromkeys((*(box.key for box in members), *(key for key, _, _ in made)), first.key)
    return replace(_boxed(whole, found, place), edges=_one_for_each_pair(_moved(whole.edges, place)))


def _by_phase(drawing: OpsDrawing) -> list[Node]:
    """Return the ops that have boxes, without sizes, phase by phase in the order in which they were folded."""
    assert drawing.folded is not None
    places = drawing.folded.places
    ops = [node for node in drawing.nodes if not isinstance(node.op, Input | Size)]
    return sorted(ops, key=lambda node: (PHASES.index(_phase(node)), PHASES.index(node.phase), places[node.index]))


def _phase(node: Node) -> str:
    """Return the phase in which a node is drawn: the gradients of all layers come together where the update begins."""
    return "update" if node.phase == "backward" and isinstance(node.op, Pack) else node.phase


def _blocks(
    drawing: OpsDrawing, ops: Sequence[Node], lines: int, opens_rounds: bool
) -> Iterator[tuple[list[Node], Round | None]]:
    """Yield the nodes of each box of several, and what they are a round of; ops that are opened are in none."""
    within: dict[int, tuple[Round, ...]] = {}
    for item in drawing.rounds:
        within |= {index: (*within.get(index, ()), item) for index in item.members}

    def room(node: Node) -> tuple[str, tuple[Round, ...], int | None]:
        rounds = within.get(node.index, ())
        return _phase(node), rounds if opens_rounds else rounds[:1], node.index if drawing.is_open(node) else None

    for (_, rounds, opened), members in groupby(ops, key=room):
        nodes = list(members)
        if rounds and not opens_rounds:
            yield nodes, rounds[0]
        elif opened is None:
            yield from ((block, None) for block in blocks(nodes, drawing.sources, lines))


def _texts(
    nodes: Sequence[Node], item: Round | None, counts: Mapping[int, int], updates: Sequence[str]
) -> dict[str, Any]:
    """Return what is written into the box of some layers, or of several equal rounds of them.

    Args:
        nodes: in the box.
        item: what they are a round of.
        counts: how often each comes in all rounds, by its index.
        updates: the states that are updated in all rounds.
    """
    rounds = 1 if item is None else len(item.names)
    times = {node.index: counts[node.index] // rounds for node in nodes}
    paths = list(dict.fromkeys(node.path for node in nodes if node.path))
    count = sum(times.values())
    facts = [f"{'each: ' if rounds > 1 else ''}{count} op{'' if count == 1 else 's'}"]
    facts += [text] if (text := updates_text(updates, rounds)) else []
    title = _range(paths) or nodes[0].phase if item is None else block_title(item.names, f"Block at {_range(paths)}")
    content = block_lines(nodes, times, common_name(paths) if paths else "")
    return {
        "lines": (
            Line(shorten(title), "title"),
            *(Line(text, "detail") for text in wrap(facts, limit=WIDEST_LINE)),
        ),
        "content": tuple(map(Line, content)),
        "name": title,
    }


def _range(paths: Sequence[str]) -> str:
    return " … ".join(dict.fromkeys((*paths[:1], *paths[-1:])))


def _row_text(node: Node, box: Box) -> str:
    """Return the line of an op in a box of several: what it is, and the layer it comes from."""
    return shorten(" · ".join(text for text in (box.lines[0].text, node.path) if text))


def _first_of(members: Sequence[Box]) -> Box:
    return replace(members[0], tooltip="\n".join(box.tooltip for box in members))


def _boxed(whole: Diagram, found: dict[str, Box], place: dict[str, str]) -> Diagram:
    """Return a diagram with each box of several in the place of its first one, and no arrows."""
    nodes = (found.get(box.key, box) for box in whole.nodes if place.get(box.key, box.key) == box.key)
    return replace(whole, nodes=tuple(nodes), edges=())


def _moved(arrows: Iterable[Arrow], place: dict[str, str]) -> Iterator[Arrow]:
    """Yield the arrows between boxes of several."""
    for arrow in arrows:
        start, end = place.get(arrow.start, arrow.start), place.get(arrow.end, arrow.end)
        if start != end:
            yield replace(arrow, start=start, end=end)


def _one_for_each_pair(arrows: Iterable[Arrow]) -> tuple[Arrow, ...]:
    """Return one arrow for each pair of boxes, which says how many tensors it stands for where their shapes differ."""
    found: dict[tuple[str, str, bool], list[Arrow]] = {}
    for arrow in arrows:
        found.setdefault((arrow.start, arrow.end, arrow.is_kept), []).append(arrow)
    return tuple(
        merge_arrows(alike)[0] if len(set(alike)) == 1 else replace(alike[0], label=f"{len(alike)} tensors")
        for alike in found.values()
    )
