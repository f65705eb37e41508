"""JSON inside model files: bounded in size, depth and number of values, without positions."""

from __future__ import annotations

from frontends.nodes import MAX_DEPTH, ValueNode, from_plain
from frontends.problems import Problems
from nnc.errors import NestingError
from nnc.files import read_json


def parse_json(text: str, what: str, problems: Problems) -> ValueNode:
    """Return the nodes of a text.

    Args:
        text: the JSON.
        what: what it is, for messages, such as ``config.json``.
        problems: where it is noted that it is none.

    Raises:
        ModelFileError: it is no JSON, too deep or too large.
    """
    try:
        return from_plain(read_json(text, MAX_DEPTH))
    except NestingError as error:
        problems.stop(f"{what}: {error}")
    except ValueError as error:
        problems.stop(f"{what} is not valid JSON: {error}")
