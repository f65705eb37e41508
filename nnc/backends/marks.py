"""Marks in emitted source, by which a profiler tells what runs: one before each block of statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from nnc.plan import Plan


@dataclass(frozen=True, slots=True)
class TimedBlock:
    """Statements of emitted source that belong together.

    Args:
        plan: the plan of the function, or of the body of a loop, that they are printed in.
        path: the scans around them, as steps, each of the plan of the one before.
        steps: what they compute, as steps of `plan`; nothing where they copy a new state.
        title: their lines of the IR.
        calls: functions of NumPy that they call each time.
    """

    plan: Plan
    path: tuple[int, ...]
    steps: tuple[int, ...]
    title: str
    calls: int = 0


OUTSIDE, EMPTY = 0, 1
"""Numbers of what lies outside of the blocks, and of a block without statements, which shows what a mark takes."""


@dataclass
class Marks:
    """The blocks of one source, numbered from 2 on in the order in which they are printed.

    Attributes:
        blocks: the blocks.
        mark: in Python source, what is called with a block's number before it runs; C has a function of its own.
    """

    blocks: list[TimedBlock] = field(default_factory=list)
    mark: Callable[[int], Any] | None = None

    def number(self, block: TimedBlock) -> int:
        """Add a block and return its number."""
        self.blocks.append(block)
        return EMPTY + len(self.blocks)


class Counters(Protocol):
    """The counts of marks, by number; not to be used by several threads."""

    def reset(self) -> None:
        """Count from now on."""

    def now(self) -> int:
        """Return the clock, in ticks."""

    def ticks(self) -> list[int]:
        """Return the ticks by number."""

    def visits(self) -> list[int]:
        """Return how often each number was marked."""
