"""The tree of groups that ops belong to: layers in blocks and layers, inputs, outputs, loss, metrics and update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nnc.render.diagram import Line
from nnc.render.labels import shorten
from nnc.render.page.op_records import FORWARD, NO_LAYER, Home, Op

ROOT = 0
UPDATE: Home = "part", "update"


@dataclass(slots=True)
class RecordGroup:
    """A box that opens: a layer, several of them, or another part of a model.

    Args:
        name: what it is called inside the group around it.
        path: path of its layer; empty where it is none.
        kind: as of a `nnc.render.Box`, or ``block`` for layers that are shown as one, ``repeat`` where
            they come several times.
        parent: number of the group around it; -1 for the model itself.
        lines: its label.
        line: line of the model file where it is defined, None where that is not known.
        parameters: elements of its weights.
        children: numbers of the groups in it.
        wires: pairs of children of which the second reads what the first makes, with the shapes.
        arguments: names and values of the layer's arguments, in words.
        weights: what there is to say of its weights; see `nnc.render.page.properties`.
        is_wired: whether the model says how its children are wired.
    """

    name: str
    path: str
    kind: str
    parent: int
    lines: tuple[Line, ...] = ()
    line: int | None = None
    parameters: int = 0
    children: list[int] = field(default_factory=list)
    wires: dict[tuple[int, int], str] = field(default_factory=dict)
    is_wired: bool = False
    arguments: Sequence[tuple[str, str]] = ()
    weights: Sequence[Mapping[str, Any]] = ()


class Groups:
    """The groups of one graph, through all its stages.

    Layers and how they are wired come from the model, see `nnc.render.page.layer_groups`; what it does not name comes
    from the ops: layers in layers, loss, metrics, update, and the wires to and from them.

    Args:
        title: name of the model.
    """

    def __init__(self, title: str) -> None:
        self.all = [RecordGroup(title, "", "plain", -1, (Line(shorten(title), "title"),))]
        self.numbers: dict[Home, int] = {}

    def number(self, home: Home) -> int:
        """Return the number of the group that ops of this home are in; -1 where there is none."""
        kind, name = home
        inner = "own", name
        return self.numbers[inner] if kind == "layer" and inner in self.numbers else self.numbers.get(home, -1)

    def slots(self, number: int) -> list[tuple[int, int]]:
        """Return the group on either lane of each place inside a group, -1 for none; most are on both.

        Inputs have no gradients and the update is nothing that the loss depends on, so they share a place: data start
        where gradients end.
        """
        children = self.all[number].children
        update = self.numbers.get(UPDATE, -1)
        first = next((child for child in children if self.all[child].kind == "input"), -1)
        if first < 0 or update not in children:
            return [(child, child) for child in children]
        return [(child, update if child == first else child) for child in children if child != update]

    # ------------------------------------------------------------------ building

    def new(self, group: RecordGroup, home: Home | None = None) -> int:
        """Add a group to its parent and return its number."""
        number = len(self.all)
        if home is not None:
            self.numbers[home] = number
        self.all.append(group)
        self.all[group.parent].children.append(number)
        return number

    def add_end(self, kind: str, label: str, name: str = "") -> int:
        """Return the group of an input or an output, which is added where it is new.

        Args:
            kind: ``input`` or ``output``.
            label: what graphs call it.
            name: what the model calls it.
        """
        home = kind, label
        if home in self.numbers:
            return self.numbers[home]
        lines = [Line(shorten(label), "title")]
        if name and name not in (label, kind):
            lines.append(Line(shorten(name), "detail"))
        return self.new(RecordGroup(label, "", kind, ROOT, tuple(lines)), home)

    def add_ops(self, stages: Sequence[Sequence[Op]], notes: Mapping[str, str]) -> None:
        """Add the groups of all ops that have none, and wires for what they read of each other.

        Args:
            stages: the ops of each stage.
            notes: a few words under the names of parts that are not layers.
        """
        homes = list(dict.fromkeys(op.home for ops in stages for op in ops))
        known = {path for kind, path in self.numbers if kind == "layer"}
        outer = _with_layers_inside({path for kind, path in homes if kind == "layer"} | known)
        for home in sorted(homes, key=_rank):
            self._add(home, outer, notes)
        for ops in stages:
            self._wire(ops)

    def _add(self, home: Home, outer: set[str], notes: Mapping[str, str]) -> None:
        kind, name = home
        if kind in ("input", "output"):
            self.add_end(kind, name)
        elif kind == "part" and home not in self.numbers:
            lines = [Line(name, "title"), *([Line(shorten(notes[name]))] if name in notes else [])]
            self.new(RecordGroup(name, "", "plain" if name == NO_LAYER else name, ROOT, tuple(lines)), home)
        elif kind == "layer":
            self._add_path(name, outer)

    def _add_path(self, path: str, outer: set[str]) -> None:
        number = ROOT
        for prefix in _prefixes(path):
            if ("layer", prefix) in self.numbers:
                number = self.numbers["layer", prefix]
            elif prefix == path or prefix in outer:
                name = prefix[len(self.all[number].path) :].strip("/")
                group = RecordGroup(name, prefix, "layer", number, (Line(shorten(name), "title"),))
                number = self.new(group, ("layer", prefix))
        if path in outer and ("own", path) not in self.numbers:  # ops of its own, beside the layers in it
            name = f"{self.all[number].name} itself"
            self.new(RecordGroup(name, path, "plain", number, (Line(shorten(name), "title"),)), ("own", path))

    # ------------------------------------------------------------------ wires

    def connect(self, start: int, end: int, shape: str) -> None:
        """Add a wire from one group to another, between the groups in which they are where these differ."""
        if (place := self._place(start, end)) is not None:
            parent, pair = place
            self.all[parent].wires.setdefault(pair, shape)

    def _place(self, start: int, end: int) -> tuple[int, tuple[int, int]] | None:
        """Return the innermost group around both, and its children that they are in; None where one is in the other."""
        starts, ends = list(self._ancestors(start)), list(self._ancestors(end))
        parent = -1
        while starts and ends and starts[-1] == ends[-1]:
            parent = starts.pop()
            ends.pop()
        return (parent, (starts[-1], ends[-1])) if starts and ends else None

    def _ancestors(self, number: int) -> Iterator[int]:
        while number >= 0:
            yield number
            number = self.all[number].parent

    def _wire(self, ops: Sequence[Op]) -> None:
        """Add wires for what ops of the forward lane read, where the model has not said how its layers are wired."""
        for op in ops:
            for operand in op.operands:
                source = ops[operand.op]
                if source.lane != FORWARD or op.lane != FORWARD or source.home == op.home:
                    continue
                place = self._place(self.number(source.home), self.number(op.home))
                if place is None:
                    continue
                parent, pair = place
                group = self.all[parent]
                if pair not in group.wires and not (group.is_wired and self._leads(group, *pair)):
                    group.wires[pair] = operand.shape

    def _leads(self, group: RecordGroup, start: int, end: int) -> bool:
        """Whether wires lead from one child to another, perhaps by way of layers that have no ops."""
        below: dict[int, list[int]] = {}
        for first, second in group.wires:
            below.setdefault(first, []).append(second)
        seen, waiting = {start}, [start]
        while waiting:
            found = [other for other in below.get(waiting.pop(), ()) if other not in seen]
            if end in found:
                return True
            seen.update(found)
            waiting += found
        return False


def _rank(home: Home) -> int:
    """Parts stand behind layers, in the order in which they are computed; Python's sort keeps the rest as it is."""
    order = ("input", "layer", "output", NO_LAYER, "loss", "metrics", "update")
    return order.index(home[1] if home[0] == "part" else home[0])


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _with_layers_inside(paths: set[str]) -> set[str]:
    """Return the paths that are layers around others: that have ops of their own, or several layers inside."""
    children: dict[str, set[str]] = {}
    for path in paths:
        for outer, inner in pairwise(_prefixes(path)):
            children.setdefault(outer, set()).add(inner)
    return {outer for outer, inner in children.items() if outer in paths or len(inner) > 1}
