"""An order in which things that need one another can be made, and the cycles that make it impossible."""

from __future__ import annotations

import heapq
from collections.abc import Sequence, Set


def order(before: Sequence[Set[int]]) -> tuple[list[int], list[list[int]]]:
    """Return all indices, each after those it needs as far as there are no cycles, the smallest first.

    Args:
        before: for each index those it needs.

    Returns:
        The order, and the cycles: each is needed by the next and the last by the first.

    >>> order([{1}, set(), {3, 0}, {2}])
    ([1, 0, 2, 3], [[2, 3]])
    """
    after: list[list[int]] = [[] for _ in before]
    for index, found in enumerate(before):
        for source in found:
            after[source].append(index)
    waiting = [len(found) for found in before]
    ready = [index for index, count in enumerate(waiting) if not count]
    left = dict.fromkeys(range(len(before)))
    ordered: list[int] = []
    cycles: list[list[int]] = []
    while left:
        if not ready:
            cycles.append(_cycle(before, left))
            for index in cycles[-1]:
                waiting[index] = 0
                heapq.heappush(ready, index)
        index = heapq.heappop(ready)
        del left[index]
        ordered.append(index)
        for reader in after[index]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    return ordered, cycles


def _cycle(before: Sequence[Set[int]], left: dict[int, None]) -> list[int]:
    """Return a cycle among the indices that are left, all of which need another of them."""
    path = [next(iter(left))]
    seen = {path[0]: 0}
    while True:
        index = min(source for source in before[path[-1]] if source in left)
        if index in seen:
            break
        seen[index] = len(path)
        path.append(index)
    cycle = path[seen[index] :][::-1]
    start = cycle.index(min(cycle))
    return cycle[start:] + cycle[:start]
