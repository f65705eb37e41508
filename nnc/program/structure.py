"""Outputs in tuples, lists and dictionaries: their structure as plain data, with the numbers of outputs as leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnc.errors import ProgramFileError

Plain = Any
"""A number of an output, or ``{"list": parts}``, ``{"tuple": parts}`` or ``{"dict": {key: part}}``.

None stands for all outputs in a list, or the only one by itself.
"""
MAX_DEPTH = 32


def described(structure: Any, count: int) -> Plain:
    """Return nested numbers of outputs as plain data; a list or tuple of one part is that part, as in Keras.

    Args:
        structure: numbers in lists, tuples and dictionaries.
        count: number of outputs.
    """

    def describe(part: Any) -> Plain:
        if isinstance(part, Mapping):
            return {"dict": {key: describe(item) for key, item in part.items()}}
        if isinstance(part, list | tuple):
            return {"list" if isinstance(part, list) else "tuple": [describe(item) for item in part]}
        return part

    while isinstance(structure, list | tuple) and len(structure) == 1:
        (structure,) = structure
        if not isinstance(structure, list | tuple):
            break
    is_plain = structure == (0 if count == 1 else list(range(count)))
    return None if is_plain else describe(structure)


def packed(plain: Plain, items: Sequence[Any]) -> Any:
    """Return one item per output, nested as the outputs are."""
    if plain is None:
        return items[0] if len(items) == 1 else list(items)
    if isinstance(plain, int):
        return items[plain]
    ((kind, parts),) = plain.items()
    if kind == "dict":
        return {key: packed(part, items) for key, part in parts.items()}
    found = [packed(part, items) for part in parts]
    return found if kind == "list" else tuple(found)


def unpacked(plain: Plain, given: Any) -> list[Any] | None:
    """Return what is given per output, by number, where it is nested as the outputs are, otherwise None.

    Parts of a dictionary that are missing are None.
    """
    found: dict[int, Any] = {}

    def visit(plain: Plain, given: Any) -> bool:
        if isinstance(plain, int):
            found[plain] = given
            return True
        ((kind, parts),) = plain.items()
        if kind == "dict":
            is_fitting = isinstance(given, Mapping) and set(given) <= set(parts)
            return is_fitting and all(visit(part, given.get(key)) for key, part in parts.items())
        is_fitting = given is None or (isinstance(given, list | tuple) and len(given) == len(parts))
        return is_fitting and all(map(visit, parts, given or [None] * len(parts)))

    if plain is None or not visit(plain, given):
        return None
    return [found[number] for number in sorted(found)]


def outputs_of(plain: Plain, found: Any) -> list[Any]:
    """Return what `packed` returned, per output, by number."""
    if plain is None:
        return found if isinstance(found, list) else [found]
    return unpacked(plain, found) or []


def checked_structure(plain: Any, count: int) -> Plain:
    """Return a structure from a file.

    Raises:
        ProgramFileError: it is malformed, or does not have each output once.
    """
    numbers: list[int] = []

    def visit(part: Any, depth: int) -> bool:
        if isinstance(part, int) and not isinstance(part, bool):
            numbers.append(part)
            return True
        if depth == MAX_DEPTH or not isinstance(part, dict) or len(part) != 1:
            return False
        ((kind, parts),) = part.items()
        if kind == "dict" and isinstance(parts, dict):
            return all(visit(item, depth + 1) for item in parts.values())
        return kind in ("list", "tuple") and isinstance(parts, list) and all(visit(item, depth + 1) for item in parts)

    if plain is not None and not (visit(plain, 0) and sorted(numbers) == list(range(count))):
        raise ProgramFileError("manifest: 'structure' must have each output once, in lists, tuples and dictionaries")
    return plain
