"""Things that occur many times are stored once, and are numbers elsewhere."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class Pool(Generic[Item]):
    """A list without repetitions, numbered in the order in which things were first added.

    >>> words = Pool()
    >>> [words.add(word) for word in ("add", "relu", "add")], words.items
    ([0, 1, 0], ['add', 'relu'])
    """

    def __init__(self) -> None:
        self._numbers: dict[Item, int] = {}

    def add(self, item: Item) -> int:
        """Return the number of an item."""
        return self._numbers.setdefault(item, len(self._numbers))

    @property
    def items(self) -> list[Item]:
        """All items by number."""
        return list(self._numbers)
