"""Processes that are threads of one: a communicator to try what several do together without starting any."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any, TypeVar

import numpy

Result = TypeVar("Result")
SECONDS = 60
"""Seconds that a thread waits for the others."""


class Aborted(Exception):
    """One of the threads has ended all of them."""


class Group:
    """What the threads share.

    Args:
        size: number of threads.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.barrier = threading.Barrier(size, timeout=SECONDS)
        self.given: list[Any] = [None] * size
        self.calls: list[list[str]] = [[] for _ in range(size)]
        self.said: list[str] = []
        self.given_some = threading.Condition()
        self.begun: list[list[Any]] = []
        self.has_ended = False

    def end(self) -> None:
        """Let nobody wait any more."""
        self.barrier.abort()
        with self.given_some:
            self.has_ended = True
            self.given_some.notify_all()


class PendingSum:
    """A sum that has begun: the summands of each thread are there, or will be.

    Args:
        group: the threads.
        summands: what each of them gives, None where it has not.
        sums: where the sum goes.
    """

    def __init__(self, group: Group, summands: list[Any], sums: Any) -> None:
        self.group, self.summands, self.sums = group, summands, sums

    def _is_complete(self) -> bool:
        return all(given is not None for given in self.summands)

    def is_done(self) -> bool:
        with self.group.given_some:
            return self._is_complete()

    def wait(self) -> None:
        with self.group.given_some:
            self.group.given_some.wait_for(lambda: self.group.has_ended or self._is_complete(), SECONDS)
        if not self.is_done():
            raise Aborted("another process has ended the training")
        self.sums[...] = total(self.summands)


def total(summands: list[Any]) -> Any:
    """Return the sum of arrays, added up in their order."""
    found = summands[0].copy()
    for other in summands[1:]:
        found += other
    return found


class ThreadCommunicator:
    """A thread's view of the others; see `nnc.execution.distribution.OverlappingCommunicator`.

    Args:
        group: the threads.
        rank: number of this one.
        overlaps: whether they add up while they compute.
        divides: whether they divide the update.
    """

    def __init__(self, group: Group, rank: int, overlaps: bool = False, divides: bool = False) -> None:
        self.group, self.rank, self.size, self.overlaps = group, rank, group.size, overlaps
        self.divides = divides

    def _exchange(self, name: str, value: Any) -> list[Any]:
        group = self.group
        group.calls[self.rank].append(name)
        group.given[self.rank] = value
        try:
            group.barrier.wait()
            found = list(group.given)
            group.barrier.wait()
        except threading.BrokenBarrierError:
            raise Aborted("another process has ended the training") from None
        return found

    def all_reduce(self, summands: Any, sums: Any) -> None:
        sums[...] = total(self._exchange("all_reduce", summands.copy()))

    def reduce_scatter(self, summands: Any, sums: Any, parts: Sequence[range]) -> None:
        own = parts[self.rank]
        sums[...] = total(self._exchange("reduce_scatter", summands.copy()))[own.start : own.stop]

    def gather_parts(self, vector: Any, parts: Sequence[range]) -> None:
        for part, given in zip(parts, self._exchange("gather_parts", vector.copy()), strict=True):
            vector[part.start : part.stop] = given[part.start : part.stop]

    def begin_all_reduce(self, summands: Any, sums: Any) -> PendingSum:
        group = self.group
        with group.given_some:
            number = group.calls[self.rank].count("begin_all_reduce")
            group.calls[self.rank].append("begin_all_reduce")
            if number == len(group.begun):
                group.begun.append([None] * self.size)
            group.begun[number][self.rank] = summands.copy()
            group.given_some.notify_all()
            return PendingSum(group, group.begun[number], sums)

    def all_gather(self, value: Any) -> list[Any]:
        return [pickle.loads(item) for item in self._exchange("all_gather", pickle.dumps(value))]

    def broadcast(self, array: Any) -> None:
        found = self._exchange("broadcast", array.copy() if self.rank == 0 else None)
        numpy.copyto(array, found[0])

    def abort(self, message: str) -> None:
        if not self.group.barrier.broken:  # otherwise another one has said why
            self.group.said.append(f"process {self.rank}: {message}")
        self.group.end()


def in_processes(size: int, work: Callable[[ThreadCommunicator], Result], group: Group | None = None) -> list[Any]:
    """Return what each of so many threads makes of its communicator, or the error that it ends with."""
    group = Group(size) if group is None else group

    def run(rank: int) -> Any:
        try:
            return work(ThreadCommunicator(group, rank))
        except Exception as error:
            if not isinstance(error, Aborted):
                sleep(0.2)  # in which the others leave what they have waited for together
                group.end()
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(run, range(size)))
