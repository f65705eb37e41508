"""The number of threads that share the work of a loop, and the line before the loop that says so."""

from __future__ import annotations

from nnc.backends.c.text import bare_dim_text
from nnc.ir import Dim, Shape

PARALLEL = "#pragma omp parallel for"
"""The line before a loop for several threads."""
MEMBERS = "nnc_members"
"""The function that says how many threads share some work; see ``threads/members.h``."""
PARALLEL_ROW = 512
"""Least number of elements, without run-time dimensions, of a nest that may be divided among threads."""
PARALLEL_SIZE = 256 * 1024
"""Least number of elements of a nest that is divided: less is done before other threads have woken up."""


def members(parts: Dim, work: Dim, least: int, least_known: int = 1) -> str:
    """Return the number of threads that share some work, in C; nothing where that is always one.

    Args:
        parts: that the work comes in.
        work: amount of it.
        least: amount from which on it is divided.
        least_known: factor of the run-time dimensions below which it never is: small models do not pay for it.
    """
    if parts == 1 or _known(work) < (least if isinstance(work, int) else least_known):
        return ""
    return members_of(bare_dim_text(parts), bare_dim_text(work), least)


def members_of(parts: str, work: str, least: int) -> str:
    """Return the same for work that is known in C only."""
    return f"{MEMBERS}({parts}, {work}, {least})"


def parallel_for(count: str) -> list[str]:
    """Return the line that divides a loop among so many threads, none where `count` is nothing."""
    return [f"{PARALLEL} num_threads({count})"] if count else []


def parallel_nest(shape: Shape, parts: Dim | None = None) -> list[str]:
    """Return the line that divides the outermost loop over a shape among threads, none where it is small.

    Args:
        shape: lengths of the loops.
        parts: length of the outermost loop, where that is not the first.
    """
    size: Dim = 1
    for dim in shape:
        size = size * dim
    return parallel_for(members(shape[0] if parts is None else parts, size, PARALLEL_SIZE, PARALLEL_ROW))


def _known(work: Dim) -> int:
    """Return the largest factor of the run-time dimensions, or the number that it is."""
    return work if isinstance(work, int) else max(abs(factor) for _, factor in work.terms)
