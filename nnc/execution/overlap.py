"""Sums of pieces of vectors, begun as the pieces are finished, while the rest of the vectors is computed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import sleep
from typing import Any, Protocol

Array = Any
Begin = Callable[[Array, Array], "PendingSum"]
_PAUSE = 5e-4
"""Seconds between two looks: each takes 5 to 20 µs of a core, and sums that are worth it take longer than it."""
_SECONDS = 5.0
"""Seconds in which a thread that is told to end does, unless a network holds it up."""


class PendingSum(Protocol):
    """A sum over all processes that has begun."""

    def is_done(self) -> bool:
        """Return whether it is there, and help it on."""

    def wait(self) -> None:
        """Wait until it is there."""


class Overlap:
    """Begins sums in a thread of its own while another thread computes what is to be summed up.

    Sums are begun in the order of the pieces, in each process the same, whichever thread does it. The thread starts
    with the first run, and sleeps between runs.

    Args:
        begin: begins the sum of a vector over all processes; see `nnc.execution.distribution.OverlappingCommunicator`.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._turn = threading.Lock()
        self._runs = threading.Event()
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self._finished: Array = [0]
        self._pieces: Sequence[tuple[Array, Array]] = ()
        self._pending: list[PendingSum] = []
        self._error: BaseException | None = None

    def run(self, compute: Callable[[], None], finished: Array | None, pieces: Sequence[tuple[Array, Array]]) -> None:
        """Compute vectors and return when all of their pieces are summed up.

        Args:
            compute: writes the pieces.
            finished: where it says how many are finished, None where it does not.
            pieces: pieces in the order in which they are finished, each with where the sum goes.
        """
        self._pieces, self._pending, self._error = pieces, [], None
        if finished is not None:
            finished[0] = 0
            self._finished = finished
            self._start()
            self._runs.set()
        try:
            compute()
        finally:
            self._runs.clear()
        with self._turn:
            if self._error is not None:
                raise self._error
            for summands, sums in pieces[len(self._pending) :]:
                self._pending.append(self._begin(summands, sums))
            for pending in self._pending:
                pending.wait()

    def end(self) -> None:
        """End the thread; the next run starts another one."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._ends.set()
        self._runs.set()
        thread.join(_SECONDS)

    def _start(self) -> None:
        if self._thread is None:
            self._runs, self._ends = events = threading.Event(), threading.Event()
            self._thread = threading.Thread(target=self._serve, args=events, name="nnc-overlap", daemon=True)
            self._thread.start()

    def _serve(self, runs: threading.Event, ends: threading.Event) -> None:
        while True:
            runs.wait()
            if ends.is_set():
                return
            with self._turn:
                if runs.is_set() and self._error is None:
                    try:
                        self._go_on()
                    except BaseException as error:  # which the thread that computes raises
                        self._error = error
            sleep(_PAUSE)

    def _go_on(self) -> None:
        """Begin the sums of what is finished, and help on those that have begun."""
        pending = self._pending
        for summands, sums in self._pieces[len(pending) : int(self._finished[0])]:
            pending.append(self._begin(summands, sums))
        for begun in pending:
            begun.is_done()
