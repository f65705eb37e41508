"""What is written into the box of several layers: what they are called, and what is inside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from os.path import commonprefix

from nnc.render.architecture import layer_text
from nnc.render.diagram import BESIDE, IDENTITY, Branches, Line
from nnc.render.outline import Block, Node, Outline, Part, Split, is_follower
from nnc.render.regions import Tangle
from nnc.render.repeats import Repeat
from nnc.render.text import WIDEST, shorten

MOST_LINES = 12
"""Lines that a column of a box may have."""
WIDEST_LINE = 60
"""Characters of a line of several layers."""


def block_title(rounds: Sequence[Sequence[str]]) -> str:
    """Return what a block is called, by the names of the layers of each round.

    >>> block_title([["b1_conv", "b1_add"], ["b2_conv", "b2_add"]])
    'b1 … b2 ×2'
    >>> block_title([["conv2d", "add"]])
    'Block'
    """
    names = [_common_name(names) for names in rounds]
    known = list(dict.fromkeys(name for name in (names[0], names[-1]) if name))
    title = shorten(" … ".join(known), WIDEST - 4) if names[0] and names[-1] else "Block"
    return f"{title} ×{len(rounds)}" if len(rounds) > 1 else title


def _common_name(names: Sequence[str]) -> str:
    """Return the beginning that names share, up to where a word ends; the name itself where it is one."""
    prefix = commonprefix(list(names))
    if prefix not in names:
        prefix = prefix[: max((match.start() for match in re.finditer(r"[_\-/.]", prefix)), default=0)]
    return prefix.strip()


def content_of(outline: Outline, parts: Iterable[Part]) -> tuple[Line | Branches, ...]:
    """Return what stands in the box of some parts: lines for what follows each other, columns for branches."""
    found: list[Line | Branches] = []
    lines: list[str] = []

    def flush() -> None:
        found.extend(map(Line, _cut(lines)))
        lines.clear()

    for part in _flat(parts):
        if isinstance(part, Split):
            flush()
            found.append(Branches(tuple(_cut(_lines(outline, branch)) for branch in part.branches)))
        else:
            _write(outline, part, lines)
    flush()
    return tuple(found)


def _flat(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield from _flat(part.parts) if isinstance(part, Block) else (part,)


def _lines(outline: Outline, parts: Iterable[Part]) -> list[str]:
    lines: list[str] = []
    for part in _flat(parts):
        _write(outline, part, lines)
    return lines


def _write(outline: Outline, part: Part, lines: list[str]) -> None:
    """Add the text of a part; layers that only work on elements stand on the line of what they work on."""
    if isinstance(part, Node):
        if part.is_input or part.call is None:
            return
        text = _node_text(part)
        joins = lines and is_follower(part) and len(lines[-1]) + len(text) + 3 <= WIDEST_LINE
        lines[-1:] = [f"{lines[-1]} · {text}"] if joins else [*lines[-1:], text]
    elif isinstance(part, Repeat):
        inner = _lines(outline, part.rounds[0])
        lines += [f"{' · '.join(inner)} ×{len(part.rounds)}"] if len(inner) == 1 else [f"×{len(part.rounds)}:", *inner]
    elif isinstance(part, Split):
        for branch in part.branches:
            first, *others = _lines(outline, branch) or [IDENTITY]
            lines += [BESIDE + first, *others]
    elif isinstance(part, Tangle):
        for index in part.nodes:
            _write(outline, outline.nodes[index], lines)
    else:
        lines += _lines(outline, part.parts)


def _node_text(node: Node) -> str:
    assert node.call is not None
    if node.inner is None:
        return shorten(layer_text(node.call.layer))
    count = sum(not inner.is_input for inner in node.inner.nodes)
    return shorten(f"{node.call.layer.name} · {type(node.call.layer).__name__} of {layers_text(count)}")


def layers_text(count: int) -> str:
    """Return a number of layers in words."""
    return f"{count} layer{'' if count == 1 else 's'}"


def _cut(lines: Sequence[str]) -> tuple[str, ...]:
    if len(lines) <= MOST_LINES:
        return tuple(lines)
    return (*lines[: MOST_LINES - 1], f"… and {len(lines) - MOST_LINES + 1} more")
