"""Diagrams as plain text: a tree for the terminal, with a line for each box and what frames and boxes hold below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nnc.render.diagram import BESIDE, IDENTITY, Box, Branches, Diagram, Line, Table
from nnc.texts import printable


@dataclass
class _Entry:
    """A line of the tree, and what is below it."""

    text: str
    below: list[_Entry] = field(default_factory=list)


def to_text(diagram: Diagram) -> str:
    """Return a diagram as a tree; equal diagrams give equal texts.

    A box reads what the box before it makes, unless ``←`` says what it reads; ``→`` says what it makes.
    """
    return "\n".join([printable(diagram.title), *_drawn(_Tree(diagram).inside(""))]) + "\n"


class _Tree:
    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.places = {box.key: place for place, box in enumerate(diagram.nodes)}
        self.starts: dict[str, list[str]] = {}
        self.makes: dict[str, list[str]] = {}
        self.notes: dict[tuple[str, str], str] = {}
        for arrow in diagram.edges:
            self.starts.setdefault(arrow.end, []).append(arrow.start)
            self.makes.setdefault(arrow.start, []).append(arrow.label.partition(",")[0])
            if arrow.note:
                self.notes[arrow.start, arrow.end] = arrow.note
        self.first: dict[str, int] = {}
        parents = {group.key: group.parent for group in diagram.groups}
        for box in diagram.nodes:
            key = box.group
            while key:
                self.first.setdefault(key, self.places[box.key])
                key = parents[key]

    def inside(self, parent: str) -> list[_Entry]:
        """Return boxes and frames inside a frame, in the order of their first boxes."""
        found: list[tuple[int, _Entry]] = [
            (self.places[box.key], self.box(box)) for box in self.diagram.nodes if box.group == parent
        ]
        for group in self.diagram.groups:
            if group.parent == parent and group.key in self.first:
                text = f"{group.label}  ({group.note})" if group.note else group.label
                found.append((self.first[group.key], _Entry(text, self.inside(group.key))))
        return [branch for _, branch in sorted(found, key=lambda pair: pair[0])]

    def box(self, box: Box) -> _Entry:
        words = [line.text for line in box.lines]
        if box.name:
            words[:1] = [f"{box.name} = {words[0]}"]
        starts = dict.fromkeys(self.starts.get(box.key, ()))
        written = {row[0] for part in box.content if isinstance(part, Table) for row in part.rows}
        read = [self.name(start) + self.note(start, box.key, written) for start in starts]
        if read and read != self.before(box):
            words.append(f"← {', '.join(read)}")
        made = [label for label in dict.fromkeys(self.makes.get(box.key, ())) if label]
        if made:
            words.append(f"→ {', '.join(made)}")
        return _Entry("  ".join(words), [branch for part in box.content for branch in _part(part)])

    def note(self, start: str, end: str, written: set[str]) -> str:
        """Return what an arrow says, unless the box at its end says it of where it starts."""
        note = self.notes.get((start, end), "")
        return f" {note}" if note and self.name(start) not in written else ""

    def before(self, box: Box) -> list[str]:
        """Return the name of the box before."""
        place = self.places[box.key]
        return [self.name(self.diagram.nodes[place - 1].key)] if place else []

    def name(self, key: str) -> str:
        """Return what a box is called by others."""
        box = self.diagram.nodes[self.places[key]]
        return box.name or next((line.text for line in box.lines), key)


def _part(part: Line | Branches | Table) -> Iterator[_Entry]:
    if isinstance(part, Line):
        yield _Entry(part.text)
    elif isinstance(part, Table):
        widths = [max(map(len, column)) for column in zip(*part.rows, strict=True)]
        for row in part.rows:
            yield _Entry("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    else:
        for column in part.columns:
            first, *others = column or (IDENTITY,)
            yield _Entry(BESIDE + first, [])
            for other in others:
                yield _Entry(" " * len(BESIDE) + other)


def _drawn(branches: Sequence[_Entry], indent: str = "") -> Iterator[str]:
    for place, branch in enumerate(branches):
        is_last = place == len(branches) - 1
        yield f"{indent}{'└─' if is_last else '├─'} {printable(branch.text)}".rstrip()
        yield from _drawn(branch.below, f"{indent}{'   ' if is_last else '│  '}")
