"""JSON inside model files: bounded in size, depth and number of values, without positions."""

from __future__ import annotations

import json
import math
from typing import Any

from frontends.nodes import MAX_DEPTH, Node, from_plain
from frontends.problems import Problems

MAX_VALUES = 2_000_000


def parse_json(text: str, what: str, problems: Problems) -> Node:
    """Return the nodes of a text.

    Args:
        text: the JSON.
        what: what it is, for messages, such as ``config.json``.
        problems: where it is noted that it is none.

    Raises:
        ModelFileError: it is no JSON, too deep or too large.
    """
    try:
        value = json.loads(text, parse_constant=_constant)
    except RecursionError:
        problems.stop(f"{what}: values are nested more than {MAX_DEPTH} deep")
    except ValueError as error:
        problems.stop(f"{what} is not valid JSON: {error}")
    count, depth, level = 0, 0, [value]
    while level and depth < MAX_DEPTH:
        below: list[Any] = []
        for item in level:
            below += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        count += len(below)
        if count > MAX_VALUES:
            problems.stop(f"{what} has more than {MAX_VALUES:,} values")
        depth, level = depth + 1, below
    if level:
        problems.stop(f"{what}: values are nested more than {MAX_DEPTH} deep")
    return from_plain(value)


def _constant(name: str) -> float:
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[name]
