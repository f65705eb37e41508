"""The number of threads that share the work of a loop, and where a run has them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.expressions import Expression, Operand, call, whole
from nnc.backends.c.linkage import RUN
from nnc.backends.c.statements import Code, Directive, Statement
from nnc.ir import NOMINAL_SIZE, Dim, Shape

MEMBERS = "nnc_members"
"""The function that says how many threads share some work; see ``threads/members.h``."""
PARALLEL_ROW = 512
"""Least number of elements, without run-time dimensions, of a nest that may be divided among threads."""
PARALLEL_SIZE = 32 * 1024
"""Least number of elements of a nest that is divided: less is done before another thread has begun, and before what it
reads has come from another core's cache. ``python -m benchmarks.threads`` shows what these numbers are worth."""
PARALLEL_WORK = 256 * 1024
"""Least number of multiplications of products that are divided."""
MOST_PARTS = 64
"""Parts that a job has at most, see ``threads/pool.c``: a loop of as many turns is divided by itself."""


def members(parts: Dim, work: Dim, least: int, least_known: int = 1) -> Expression | None:
    """Return the number of threads that share some work; None where that is always one.

    Args:
        parts: that the work comes in.
        work: amount of it.
        least: amount from which on it is divided.
        least_known: factor of the run-time dimensions below which it never is: small models do not pay for it.
    """
    if parts == 1 or known_work(work) < (least if isinstance(work, int) else least_known):
        return None
    return members_of(parts, work, least)


def members_of(parts: Operand, work: Operand, least: int) -> Expression:
    """Return the same for work that is known in C only."""
    return call(MEMBERS, whole(parts), whole(work), least)


def in_team(code: Sequence[Code]) -> list[Code]:
    """Return statements that may have loops for the threads of the run: elsewhere, these are for one."""
    return [Statement("const int before = nnc_begin_team(run);", RUN.uses), *code, Statement("nnc_end_team(before);")]


def without_subnormals(code: Sequence[Code]) -> list[Code]:
    """Return statements that compute without subnormal numbers, whatever the caller does; see ``subnormals.h``."""
    begin, end = "const nnc_control control = nnc_flush_subnormals();", "nnc_set_control(control);"
    return [Statement(begin), *code, Statement(end)]


def shared(count: Expression | None, directive: Directive | None = None) -> Directive | None:
    """Return what a loop is told that so many threads share, besides what it is told anyway."""
    return directive if count is None else replace(directive or Directive(), members=count)


def shared_nest(shape: Shape, directive: Directive | None = None, depth: int = 1) -> Directive | None:
    """Return what the outermost loop over a shape is told, which threads share unless it is small.

    Args:
        shape: lengths of the loops.
        directive: what it is told anyway.
        depth: number of loops, from the outermost one on, that have nothing between them.
    """
    size: Dim = 1
    for dim in shape:
        size = size * dim
    return shared_loops(shape[:depth], size, PARALLEL_SIZE, PARALLEL_ROW, directive)


def shared_loops(
    lengths: Sequence[Dim], work: Dim, least: int, least_known: int = 1, directive: Directive | None = None
) -> Directive | None:
    """Return what the outermost of several loops is told, one right inside the other.

    Where the first has few turns, or perhaps few, as that over a batch, threads share those of several.

    Args:
        lengths: turns of the loops.
        work: amount of it in all of them; see `members`.
        least: amount from which on it is divided.
        least_known: factor of the run-time dimensions below which it never is.
        directive: what the outermost loop is told anyway.
    """
    count, parts = 1, lengths[0]
    while count < len(lengths) and known_work(parts) < MOST_PARTS:
        parts, count = parts * lengths[count], count + 1
    found = shared(members(parts, work, least, least_known), directive)
    return found if found is None or found is directive else replace(found, collapsed=count)


def known_work(work: Dim) -> int:
    """Return the number that it is, or what it is where one run-time dimension is 1 and others are of nominal size."""
    if isinstance(work, int):
        return work
    return max(abs(factor) * math.prod([NOMINAL_SIZE] * (len(atoms) - 1)) for atoms, factor in work.terms)
