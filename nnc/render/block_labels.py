"""Labels of boxes of several layers: what they are called, and what is inside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from nnc.render.architecture import class_name, layer_text
from nnc.render.diagram import BESIDE, IDENTITY, Branches, Line
from nnc.render.labels import WIDEST, shorten
from nnc.render.outline import Outline, OutlineBlock, OutlineNode, Part, Split, is_follower
from nnc.render.regions import Tangle
from nnc.render.repeats import Repeat

MOST_LINES = 12
"""Lines that a column of a box may have."""
WIDEST_LINES = (66, 66, 66, 40)
"""Characters of a line of several layers, by the number of branches that stand side by side, the last for more."""


def block_title(rounds: Sequence[Sequence[str]], otherwise: str = "Block") -> str:
    """Return what a block is called, by the names of the layers of each round, or `otherwise` where these tell nothing.

    >>> block_title([["b1_conv", "b1_add"], ["b2_conv", "b2_add"]])
    'b1 … b2 ×2'
    >>> block_title([["conv2d", "add"]])
    'Block'
    """
    names = [common_name(names) for names in rounds]
    known = list(dict.fromkeys(name for name in (names[0], names[-1]) if name))
    title = shorten(" … ".join(known), WIDEST - 4) if names[0] and names[-1] else otherwise
    return f"{title} ×{len(rounds)}" if len(rounds) > 1 else title


def common_name(names: Sequence[str]) -> str:
    """Return the beginning that names share, up to where a word ends; the name itself where it is one."""
    prefix = "".join(
        letters[0] for letters in takewhile(lambda letters: len({*letters}) == 1, zip(*names, strict=False))
    )
    if prefix not in names:
        prefix = prefix[: max((match.start() for match in re.finditer(r"[_\-/.]", prefix)), default=0)]
    return prefix.strip()


def content_of(outline: Outline, parts: Iterable[Part]) -> tuple[Line | Branches, ...]:
    """Return what stands in the box of some parts: lines for what follows each other, columns for branches."""
    found: list[Line | Branches] = []
    lines = _Lines(outline, WIDEST_LINES[0])

    def flush() -> None:
        found.extend(map(Line, lines.cut()))
        lines.texts.clear()

    for part in _flat(parts):
        if isinstance(part, Split):
            flush()
            width = WIDEST_LINES[min(len(part.branches), len(WIDEST_LINES) - 1)]
            found.append(Branches(tuple(_Lines(outline, width, branch).cut() for branch in part.branches)))
        else:
            lines.add(part)
    flush()
    return tuple(found)


def _flat(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield from _flat(part.parts) if isinstance(part, OutlineBlock) else (part,)


class _Lines:
    """Layers as lines; those that only work on elements stand on the line of what they work on, where there is room.

    Args:
        outline: of the model.
        width: characters of a line of several layers.
        parts: what is written.
    """

    def __init__(self, outline: Outline, width: int, parts: Iterable[Part] = ()) -> None:
        self.outline, self.width = outline, width
        self.texts: list[str] = []
        for part in _flat(parts):
            self.add(part)

    def add(self, part: Part) -> None:
        """Write a part."""
        if isinstance(part, OutlineNode):
            self.layer(part)
        elif isinstance(part, Repeat):
            inner, times = self.of(part.rounds[0]), f"×{len(part.rounds)}"
            self.texts += [f"{inner[0]} {times}"] if len(inner) == 1 else [f"{times} of", *inner]
        elif isinstance(part, Split):
            for branch in part.branches:
                first, *others = self.of(branch) or [IDENTITY]
                self.texts += [BESIDE + first, *others]
        elif isinstance(part, Tangle):
            for index in part.nodes:
                self.layer(self.outline.nodes[index])
        else:
            self.texts += self.of(part.parts)

    def of(self, parts: Iterable[Part]) -> list[str]:
        """Return the lines of some parts by themselves."""
        return _Lines(self.outline, self.width, parts).texts

    def layer(self, node: OutlineNode) -> None:
        """Write a layer."""
        if node.is_input or node.call is None:
            return
        text = _node_text(node)
        if self.texts and is_follower(node) and len(self.texts[-1]) + len(text) + 3 <= self.width:
            self.texts[-1] += f" · {text}"
        else:
            self.texts.append(text)

    def cut(self) -> tuple[str, ...]:
        """Return the lines, not too many of them."""
        if len(self.texts) <= MOST_LINES:
            return tuple(self.texts)
        return (*self.texts[: MOST_LINES - 1], f"… and {len(self.texts) - MOST_LINES + 1} more")


def _node_text(node: OutlineNode) -> str:
    assert node.call is not None
    if node.inner is None:
        return shorten(layer_text(node.call.layer))
    count = sum(not inner.is_input for inner in node.inner.nodes)
    return shorten(f"{node.call.layer.name} · {class_name(node.call.layer)} of {layers_text(count)}")


def layers_text(count: int) -> str:
    """Return a number of layers in words."""
    return f"{count} layer{'' if count == 1 else 's'}"
