"""Nested arguments and results of layers: tuples, lists and dictionaries with tensors as leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def leaves(structure: Any, kind: type[Any] | tuple[type[Any], ...]) -> list[Any]:
    """Return the leaves of some types, from left to right.

    >>> leaves((1, [2, {"a": 3, "b": "x"}], None), int)
    [1, 2, 3]
    """
    if isinstance(structure, kind):
        return [structure]
    if isinstance(structure, list | tuple):
        return [leaf for part in structure for leaf in leaves(part, kind)]
    if isinstance(structure, dict):
        return [leaf for part in structure.values() for leaf in leaves(part, kind)]
    return []


def contained(structure: Any, kind: type[Any] | tuple[type[Any], ...]) -> list[Any]:
    """Return the leaves of some types as `leaves` does, where a container may hold itself: each is looked at once.

    >>> found = [1, {"a": 2}]
    >>> found.append(found)
    >>> contained(found, int)
    [1, 2]
    """
    found: list[Any] = []
    seen: set[int] = set()

    def look(part: Any) -> None:
        if isinstance(part, kind):
            found.append(part)
        elif isinstance(part, list | tuple | dict) and id(part) not in seen:
            seen.add(id(part))
            for item in part.values() if isinstance(part, dict) else part:
                look(item)

    look(structure)
    return found


def map_leaves(function: Callable[[Any], Any], structure: Any, kind: type[Any] | tuple[type[Any], ...]) -> Any:
    """Return the structure with a function applied to the leaves of some types; all else stays.

    >>> map_leaves(lambda x: -x, (1, [2, "x"]), int)
    (-1, [-2, 'x'])
    """
    if isinstance(structure, kind):
        return function(structure)
    if isinstance(structure, list | tuple):
        parts = [map_leaves(function, part, kind) for part in structure]
        return parts if isinstance(structure, list) else tuple(parts)
    if isinstance(structure, dict):
        return {key: map_leaves(function, part, kind) for key, part in structure.items()}
    return structure
