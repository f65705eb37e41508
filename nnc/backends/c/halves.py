"""Lays the functions of a long unit out as two halves, which two compilers translate at the same time.

A half is the same text with ``NNC_PART`` defined, 1 or 2: it leaves out the functions of the other, and what surrounds
them. Functions of the headers that units have in common are in neither, but in a part of their own, see
`nnc.backends.c.headers`; all others are in both, where they become parts of what calls them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from nnc.backends.c.regions import ApartFunction

LEAST_LINES = 600
"""Lines of functions that are worth a second compiler, which has to read the headers again."""


@dataclass(frozen=True)
class Halves:
    """Functions as a unit has them.

    Args:
        lines: their definitions; in the second half, of those of the first only declarations.
        end: what stands behind the last line of the unit.
        parts: into how many it can be divided.
    """

    lines: Sequence[str]
    end: Sequence[str] = ()
    parts: int = 1


def in_halves(functions: Sequence[ApartFunction]) -> Halves:
    """Return functions that call others only before them, in halves of about as many lines if they are long.

    Args:
        functions: in the order of a unit.
    """
    counts = list(accumulate(len(function.definition) for function in functions))
    if len(functions) < 2 or counts[-1] < LEAST_LINES:
        return Halves(list(_definitions(functions)))
    middle = 1 + min(range(len(functions) - 1), key=lambda index: abs(2 * counts[index] - counts[-1]))
    return Halves(
        [
            "#if NNC_PART == 2",
            *(function.declaration for function in functions[:middle]),
            "#else",
            *_definitions(functions[:middle]),
            "#endif",
            "#if NNC_PART != 1",
            *_definitions(functions[middle:]),
        ],
        ["#endif", ""],
        2,
    )


def _definitions(functions: Sequence[ApartFunction]) -> Iterator[str]:
    for function in functions:
        yield from function.definition
