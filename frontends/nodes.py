"""Values of a definition together with where they stand, so that every error can name its line."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 64
"""The greatest depth of nested values; Keras's own files need about 15."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ValueNode:
    """A value that has been refused and reported already; the base of those that have not.

    Args:
        line: its line in the file, from 1; None for a value that stands in no file.
        size: number of values in it, aliases counted as often as they are used.
        depth: number of levels in it.
    """

    line: int | None = None
    size: int = 1
    depth: int = 1

    @property
    def is_refused(self) -> bool:
        """Whether this value, or one in it, has been reported already."""
        return True

    def plain(self) -> Any:
        """Return the value without positions; a refused one is None."""
        return None


@dataclass(frozen=True, eq=False, kw_only=True)
class Scalar(ValueNode):
    """A single value.

    Args:
        value: a string, number, boolean or None; from a live model possibly another object.
        text: how it is written in the file.
        quoted: whether it stands in quotes, or in a block of text.
    """

    value: Any
    text: str = ""
    quoted: bool = False

    @property
    def is_refused(self) -> bool:
        """False."""
        return False

    def plain(self) -> Any:
        """Return the value."""
        return self.value


@dataclass(frozen=True, eq=False, kw_only=True)
class Sequence(ValueNode):
    """A list of values; a tuple where it was one, which no file can say."""

    items: tuple[ValueNode, ...] = ()
    is_tuple: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether an item has been reported already."""
        return any(item.is_refused for item in self.items)

    def plain(self) -> Any:
        """Return a list of plain values."""
        return [item.plain() for item in self.items]


@dataclass(frozen=True, eq=False, kw_only=True)
class Mapping(ValueNode):
    """Values by name.

    Args:
        entries: the values.
        lines: lines of the names.
    """

    entries: MappingType[str, ValueNode] = field(default_factory=dict)
    lines: MappingType[str, int] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        """Whether a value has been reported already."""
        return any(entry.is_refused for entry in self.entries.values())

    def plain(self) -> Any:
        """Return a dictionary of plain values."""
        return {key: entry.plain() for key, entry in self.entries.items()}

    def line_of(self, key: str) -> int | None:
        """Return the line of a name."""
        return self.lines.get(key, self.line)

    def text(self, key: str) -> str | None:
        """Return the string under a name, None where there is no string."""
        entry = self.entries.get(key)
        value = entry.value if isinstance(entry, Scalar) else None
        return value if isinstance(value, str) else None


def from_plain(value: Any, depth: int = 0) -> ValueNode:
    """Return a node of plain values, as `get_config` of a live model gives them."""
    if depth > MAX_DEPTH:
        return Scalar(value=f"{value!r:.60}")
    if isinstance(value, MappingType):
        return Mapping(entries={str(key): from_plain(item, depth + 1) for key, item in value.items()})
    if isinstance(value, list | tuple):
        items = tuple(from_plain(item, depth + 1) for item in value)
        return Sequence(items=items, is_tuple=isinstance(value, tuple))
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    return Scalar(value=value)


def lines_of(node: ValueNode, above: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Yield the line of each value by the keys and numbers that lead to it."""
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield (*above, key), node.line_of(key) or 0
            yield from lines_of(entry, (*above, key))
    elif isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            yield (*above, number), item.line or 0
            yield from lines_of(item, (*above, number))


def describe(node: ValueNode) -> str:
    """Return a value as an error shows it.

    >>> describe(Scalar(value="two")), describe(Mapping(entries={"a": Scalar(value=1)})), describe(Sequence())
    ("'two'", 'a mapping', 'an empty list')
    """
    if isinstance(node, Mapping):
        return "a mapping" if node.entries else "an empty mapping"
    if isinstance(node, Sequence):
        return "a list" if node.items else "an empty list"
    value = node.plain()
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else repr(value)
