"""Which statements of emitted source belong to which op."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nnc.backends.c.text import inert
from nnc.render.page.op_records import Op

_COMMENT = re.compile(r"(?P<indent>\s*)(?:#|/\*) (?P<text>.*?)(?: \*/)?")
"""A line that is a comment, in Python or in C."""


def source_blocks(lines: Sequence[str], ops: Sequence[Op]) -> list[tuple[int, list[int]]]:
    """Return the first line of each block of statements, with the positions of the ops it was printed for.

    Statements stand under the IR line they came from, or under several where ops share a loop.

    Args:
        lines: of the source.
        ops: of the graph it was printed for.
    """
    heads = {form(_head(op)): position for position, op in enumerate(ops) for form in (str, inert)}
    blocks: list[tuple[int, list[int]]] = []
    indent: str | None = None
    was_head = False
    for number, line in enumerate(lines):
        found = _COMMENT.fullmatch(line)
        op = heads.get(found["text"].partition("  # ")[0]) if found else None
        if indent is None and found and op is not None:
            indent = found["indent"]
        # Bodies of loops have comments too, which stand deeper inside and may look the same.
        is_head = found is not None and found["indent"] == indent
        if is_head and was_head:
            blocks[-1][1].extend([] if op is None else [op])
        elif is_head:
            blocks.append((number, [] if op is None else [op]))
        was_head = is_head
    return blocks


def _head(op: Op) -> str:
    """Return what a comment says of an op; that of a copy to a state names the state alone."""
    return op.text.partition(" = ")[0] if op.node is None else op.text
