"""Places steps on a picture's time axis: a column each, and for a loop as many as its body has."""

from __future__ import annotations

from itertools import accumulate

from nnc.render.memory_layout import MemoryMap


class Timeline:
    """The columns of a memory map's moments.

    Args:
        memory: the map.
        first: column at which it begins.
    """

    def __init__(self, memory: MemoryMap, first: int = 0) -> None:
        widths = [1] * (memory.end + 1)
        for loop in memory.loops:
            widths[loop.moment] = Timeline(loop.memory).columns
        self._starts = [first, *accumulate(widths, initial=first)][1:]
        self.columns: int = sum(widths)

    def start(self, moment: int) -> int:
        """Return the column at which a moment begins."""
        return self._starts[moment]

    def end(self, moment: int) -> int:
        """Return the column behind a moment."""
        return self._starts[moment + 1]
