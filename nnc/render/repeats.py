"""Finds what comes several times in a row: one item, or several that follow each other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Repeat(Generic[Item]):
    """Equal items in a row.

    Args:
        rounds: the items of each round; all rounds have equal keys.
    """

    rounds: tuple[tuple[Item | Repeat[Item], ...], ...]


def fold(
    items: Sequence[Item],
    key: Callable[[Item], Hashable],
    is_worth: Callable[[Repeat[Item]], bool] = lambda repeat: True,
    begins: Callable[[Item | Repeat[Item]], Any] = lambda item: False,
) -> tuple[Item | Repeat[Item], ...]:
    """Return the items with runs of equal ones folded, short periods first, runs of runs as well.

    Args:
        items: what follows each other.
        key: what makes items equal.
        is_worth: whether a run is to be folded.
        begins: how well a round begins with an item, as something to compare: it begins with the first of the best
            where a run can be cut in several ways, such as ``a b a b a``.

    >>> fold("xababy", key=str)
    ('x', Repeat(rounds=(('a', 'b'), ('a', 'b'))), 'y')
    """
    numbers: dict[Hashable, int] = {}

    def number(item: Item | Repeat[Item]) -> int:
        found = (len(item.rounds), *map(number, item.rounds[0])) if isinstance(item, Repeat) else (key(item),)
        return numbers.setdefault(found, len(numbers))

    folded: list[Item | Repeat[Item]] = list(items)
    keys = [number(item) for item in folded]
    period = 1
    while 2 * period <= len(folded):
        start, changed = 0, False
        while (run := _next_run(keys, period, start)) is not None:
            start, end = run
            fitting = range(start, start + (end - start) % period + 1)
            first = max(fitting, key=lambda place: begins(folded[place]))
            last = end - (end - first) % period
            rounds = range(first, last, period)
            repeat = Repeat(tuple(tuple(folded[place : place + period]) for place in rounds))
            if is_worth(repeat):
                folded[first:last], keys[first:last] = [repeat], [number(repeat)]
                start, changed = first + 1, True
            else:
                start = end - period + 1
        period = 1 if changed else period + 1
    return tuple(folded)


def _next_run(keys: Sequence[int], period: int, start: int) -> tuple[int, int] | None:
    """Return where the next run of at least two rounds begins and ends, a broken round at its end included."""
    array = numpy.asarray(keys[start:])
    differ = numpy.flatnonzero(array[:-period] != array[period:])
    bounds = numpy.concatenate(([-1], differ, [len(array) - period]))
    found = numpy.flatnonzero(numpy.diff(bounds) > period)
    if not len(found):
        return None
    return start + int(bounds[found[0]]) + 1, start + int(bounds[found[0] + 1]) + period
