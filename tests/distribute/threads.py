"""Processes that are threads of one: a communicator to try what several do together without starting any."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
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


class ThreadCommunicator:
    """A thread's view of the others; see `nnc.execution.distribution.Communicator`."""

    def __init__(self, group: Group, rank: int) -> None:
        self.group, self.rank, self.size = group, rank, group.size

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
        everything = self._exchange("all_reduce", summands.copy())
        total = everything[0].copy()
        for other in everything[1:]:
            total += other
        sums[...] = total

    def all_gather(self, value: Any) -> list[Any]:
        return [pickle.loads(item) for item in self._exchange("all_gather", pickle.dumps(value))]

    def broadcast(self, array: Any) -> None:
        found = self._exchange("broadcast", array.copy() if self.rank == 0 else None)
        numpy.copyto(array, found[0])

    def abort(self, message: str) -> None:
        if not self.group.barrier.broken:  # otherwise another one has said why
            self.group.said.append(f"process {self.rank}: {message}")
        self.group.barrier.abort()


def in_processes(size: int, work: Callable[[ThreadCommunicator], Result], group: Group | None = None) -> list[Any]:
    """Return what each of so many threads makes of its communicator, or the error that it ends with."""
    group = Group(size) if group is None else group

    def run(rank: int) -> Any:
        try:
            return work(ThreadCommunicator(group, rank))
        except Exception as error:
            if not isinstance(error, Aborted):
                sleep(0.2)  # in which the others leave what they have waited for together
                group.barrier.abort()
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(run, range(size)))
