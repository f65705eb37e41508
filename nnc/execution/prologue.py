"""The part of a prediction that depends on states alone: it runs once for each change of the states."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import numpy

from nnc.backends.backend import BoundRun, FeedRun

Array = Any


class Version:
    """Counts the changes of states, so that whoever has derived something from them knows when it is out of date.

    Programs that share states share their version. Two changes have never the same number, in whatever threads they
    are made.

    Attributes:
        number: differs from all earlier ones as soon as something has changed.
        is_exposed: whether somebody has a window on the states that can be written to without a call; then only a
            comparison of the numbers themselves shows whether they have changed.
    """

    __slots__ = ("_numbers", "is_exposed", "number")

    def __init__(self) -> None:
        self._numbers = count(1)
        self.number = 0
        self.is_exposed = False

    def change(self) -> None:
        """Note a change, after it was made."""
        self.number = next(self._numbers)

    def expose(self) -> None:
        """Note that somebody gets a window on the states to write to."""
        self.is_exposed = True
        self.change()


class Prologue:
    """Derives states of role ``hoisted`` from others when these have changed.

    It may be used by several threads: one derives, the others wait. A prediction that runs while another thread
    changes the weights sees some old and some new numbers, whether they are derived or not; one that starts after
    the change sees new ones only.

    Args:
        versions: of the states it depends on.
        sources: arrays of these states.
        run: computes the derived states; called by one thread at a time.

    Attributes:
        runs: how many times it ran.
    """

    def __init__(self, versions: Sequence[Version], sources: Mapping[str, Array], run: Callable[[], None]) -> None:
        self.runs = 0
        self._versions = tuple(versions)
        self._sources = dict(sources)
        self._run = run
        self._seen: list[int] | None = None
        self._newest: int | None = None
        self._copies: dict[str, Array] = {}
        self._process, self._turn = os.getpid(), threading.Lock()

    def guard(self, run: Callable[[], None]) -> Callable[[], None]:
        """Return a function that derives what is out of date, then calls another."""
        versions = self._versions
        if len(versions) == 1:  # the way of the many small calls
            (version,) = versions

            def guarded_by_one() -> None:
                if self._newest != version.number:
                    self.refresh()
                run()

            return guarded_by_one

        def guarded() -> None:
            if self._seen != [version.number for version in versions] or self._copies:
                self.refresh()
            run()

        return guarded

    def refresh(self) -> None:
        """Derive the states again if those they depend on have changed."""
        if self._process != os.getpid():  # a thread that is not there any more may hold the lock of the parent
            self._process, self._turn = os.getpid(), threading.Lock()
        with self._turn:
            found = [version.number for version in self._versions]
            if self._seen == found and self._is_same():
                return
            self._seen = self._newest = None  # should the run fail, nobody takes what it leaves behind for right
            self._copies = self._copy()
            self._run()
            self.runs += 1
            self._seen = found
            self._newest = None if self._copies else max(found, default=None)  # what is copied is compared each time

    def _copy(self) -> dict[str, Array]:
        """Return copies of the states if somebody may write to them without a call."""
        if not any(version.is_exposed for version in self._versions):
            return {}
        return {label: array.copy() for label, array in self._sources.items()}

    def _is_same(self) -> bool:
        """Whether the states have the bits they had, where they were copied."""
        return all(numpy.array_equal(_bits(copy), _bits(self._sources[label])) for label, copy in self._copies.items())


def guarded(bound: BoundRun, prologues: Sequence[Prologue]) -> BoundRun:
    """Return a run before which prologues bring up to date what it reads, one after the other."""
    run = bound.run
    for prologue in reversed(prologues):
        run = prologue.guard(run)

    def feed(arrays: Mapping[str, Array], order: Array) -> FeedRun | None:
        assert bound.feed is not None
        run_batches = bound.feed(arrays, order)
        if run_batches is None:
            return None

        def refreshed(first: int, batches: int) -> None:
            for prologue in prologues:
                prologue.refresh()
            run_batches(first, batches)

        return refreshed

    given = None if bound.feed is None else feed
    return BoundRun(run, bound.inputs, bound.outputs, given, finished=bound.finished)


def _bits(array: Array) -> Array:
    return array.reshape(-1).view(numpy.uint8 if array.nbytes % 8 else numpy.uint64)
