"""Names of graphs, layers, inputs, states and symbols: which are allowed, and how a text shows them."""

from __future__ import annotations

import json
import re

from nnc.errors import GraphError

SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_/.\-]*")
"""Names that a text shows as they are; all others stand in quotes."""
PATH = re.compile(rf"{SIMPLE.pattern}(\(\))?")
"""Paths that a text shows as they are: of layers, and of operations inside them, ``block/softmax()``."""
RESERVED = frozenset({"inf", "nan", "true", "false", "none"})
"""Words that are literals in a text."""


def check_name(name: str, what: str) -> None:
    """Check a name that comes from outside; line breaks would let it leave the comment or line it is printed in.

    Args:
        name: any printable text, such as a Keras layer's name.
        what: what it names, for the message.

    Raises:
        GraphError: the name is empty or has characters that do not print.
    """
    if not name or not name.isprintable():
        raise GraphError(f"the name of {what} must be printable text on one line, got {name!r}")


def name_text(name: str) -> str:
    """Return a name as texts show it.

    >>> name_text("encoder/dense_1"), name_text("my layer")
    ('encoder/dense_1', '"my layer"')
    """
    return name if SIMPLE.fullmatch(name) and name not in RESERVED else json.dumps(name)


def path_text(path: str) -> str:
    """Return a path as texts show it.

    >>> path_text("block/softmax()"), path_text("my layer")
    ('block/softmax()', '"my layer"')
    """
    return path if PATH.fullmatch(path) and path not in RESERVED else json.dumps(path)
