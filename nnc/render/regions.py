"""Takes a graph of calls apart into what follows each other and what stands side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DEEPEST = 32
"""Forks inside forks that are taken apart; what lies deeper stays a tangle, for nobody could read it."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches side by side between two nodes, in the order in which the second reads them.

    Args:
        branches: the series of each branch, empty where an arrow leads straight from the first node to the second.
    """

    branches: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Tangle:
    """Nodes that are neither one after the other nor side by side.

    Args:
        nodes: in topological order.
    """

    nodes: tuple[int, ...]


Series = tuple[int | Fork | Tangle, ...]
"""Nodes in series: every path goes through each of them."""


def take_apart(sources: Sequence[Sequence[int]], ends: Sequence[int]) -> Series:
    """Return a directed graph without cycles as a series.

    A node that every path from an input to an output goes through stands in the series by itself. What lies between two
    of these is split into its connected parts, and each is taken apart in the same way.

    Args:
        sources: the nodes that each node reads, in the order of its operands; the nodes are numbered in a topological
            order, and those that read nothing are the inputs.
        ends: the nodes that are outputs, in their order; what nothing reads counts as one, behind them.

    >>> take_apart([(), (0,), (1,), (2, 1)], [3])
    (0, 1, Fork(branches=((2,), ())), 3)
    """
    readers: list[list[tuple[int, int]]] = [[] for _ in sources]
    for node, operands in enumerate(sources):
        for position, operand in enumerate(operands):
            readers[operand].append((node, position))
    outside = len(sources)
    dead = [node for node, found in enumerate(readers) if not found and node not in ends]
    for position, node in enumerate([*ends, *dead]):
        readers[node].append((outside, position))
    return _Graph(sources, readers).series(range(outside), 0)


class _Graph:
    """A graph with its arrows in both directions: to each node, and to each reader and its operand."""

    def __init__(self, sources: Sequence[Sequence[int]], readers: Sequence[Sequence[tuple[int, int]]]) -> None:
        self.sources, self.readers = sources, readers

    def series(self, nodes: Sequence[int], depth: int) -> Series:
        """Return the series of some nodes, which are entered and left by nothing but one node each, or from outside."""
        found: list[int | Fork | Tangle] = []
        before: int | None = None
        between: list[int] = []
        for node, is_passed in zip(nodes, self._passed(nodes), strict=True):
            if is_passed:
                found += self._between(nodes, before, between, node, depth)
                found.append(node)
                before, between = node, []
            else:
                between.append(node)
        return (*found, *self._between(nodes, before, between, None, depth))

    def _passed(self, nodes: Sequence[int]) -> list[bool]:
        """Whether every path goes through a node: in a topological order, no arrow leads past it."""
        places = {node: place for place, node in enumerate(nodes)}
        entered = [
            place
            for node, place in places.items()
            if not self.sources[node] or any(source not in places for source in self.sources[node])
        ]
        farthest = max(entered, default=0)
        passed = []
        for place, node in enumerate(nodes):
            passed.append(farthest <= place)
            farthest = max(farthest, *(places.get(reader, len(nodes)) for reader, _ in self.readers[node]), 0)
        return passed

    def _between(
        self, nodes: Sequence[int], start: int | None, inner: list[int], end: int | None, depth: int
    ) -> list[Fork | Tangle]:
        """Return what lies between two nodes of a series, or between one of them and the outside."""
        if not inner:
            return []
        parts = self._connected(inner)
        branches = {self._position(part, end): tuple(part) for part in parts}
        straight = self._straight(set(nodes), start, end)
        if straight is not None:
            branches[straight] = ()
        if len(branches) == 1 or depth == DEEPEST:
            return [Tangle(tuple(inner))]
        return [Fork(tuple(self.series(branches[key], depth + 1) for key in sorted(branches)))]

    def _connected(self, inner: Sequence[int]) -> list[list[int]]:
        """Split nodes into those that arrows between them connect, each part in topological order."""
        parts: list[set[int]] = []
        for node in inner:
            joined = [part for part in parts if not part.isdisjoint(self.sources[node])]
            parts = [part for part in parts if part not in joined] + [{node}.union(*joined)]
        return [sorted(part) for part in parts]

    def _position(self, part: Sequence[int], end: int | None) -> int:
        """Return the first operand of the node at the end that a part makes."""
        members = set(part)
        return min(
            position
            for node in part
            for reader, position in self.readers[node]
            if (reader not in members if end is None else reader == end)
        )

    def _straight(self, nodes: set[int], start: int | None, end: int | None) -> int | None:
        """Return the operand that an arrow leads straight to from the node at the start, or None."""
        if end is None:
            found = [] if start is None else [place for reader, place in self.readers[start] if reader not in nodes]
        else:
            found = [
                place
                for place, source in enumerate(self.sources[end])
                if (source not in nodes if start is None else source == start)
            ]
        return min(found, default=None)
