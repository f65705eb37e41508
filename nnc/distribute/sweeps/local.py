"""The engine ``local``: groups of trials are trained by processes of this machine, or by this process."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnc.distribute.sweeps.grouping import Group
from nnc.distribute.sweeps.messages import receive, send
from nnc.distribute.sweeps.opening import Arrays, Build
from nnc.distribute.sweeps.training import Outcome, Prune, one_by_one, train
from nnc.distribute.sweeps.trials import FAILED
from nnc.errors import ModelError

_ATTEMPTS = 2


def run_groups(
    groups: Sequence[Group],
    workers: int,
    build: Build | None = None,
    arrays: Arrays | None = None,
    prune: Prune | None = None,
) -> Iterator[Outcome]:
    """Train groups, and yield the outcome of each as soon as it is there.

    Args:
        groups: the groups.
        workers: number of processes, 0 for this one.
        build: builds models, where there is no model file.
        arrays: the rows, where there is no file.
        prune: says after each epoch of a group which of its trials are to end.

    Raises:
        ModelError: a function cannot be sent to a process.
    """
    if not workers:
        for group in groups:
            yield train(group, build, arrays, prune)
        return
    yield from _Pool(groups, workers, _start_message(build, arrays), prune).outcomes()


def _start_message(build: Build | None, arrays: Arrays | None) -> tuple[Build | None, Arrays | None]:
    """Return what each worker is told first.

    Raises:
        ModelError: the function cannot be sent.
    """
    if build is not None:
        try:
            pickle.dumps(build)
            is_sent = getattr(build, "__module__", "") != "__main__"
        except Exception:  # whatever keeps it from being sent
            is_sent = False
        if not is_sent:
            raise ModelError(
                "build cannot be sent to other processes: define it in a module that they can import, or leave out"
                " workers, to train in this process"
            )
    return build, arrays


class _Pool:
    """Workers, each with a thread of this process that tells it what to do; one that dies is followed by another."""

    def __init__(self, groups: Sequence[Group], workers: int, first: Any, prune: Prune | None) -> None:
        self.first, self.prune = first, prune
        self.waiting: queue.SimpleQueue[Group] = queue.SimpleQueue()
        for group in groups:
            self.waiting.put(group)
        self.count = len(groups)
        self.done: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self.processes: set[subprocess.Popen[bytes]] = set()
        self.is_over = False
        self.lock = threading.Lock()
        for _ in range(min(workers, self.count)):
            threading.Thread(target=self._serve, daemon=True).start()

    def outcomes(self) -> Iterator[Outcome]:
        """Yield outcomes as they come; workers end with the iteration."""
        try:
            for _ in range(self.count):
                found = self.done.get()
                if isinstance(found, BaseException):
                    raise found
                yield found
        finally:
            self.is_over = True
            with self.lock:
                for process in self.processes:
                    process.kill()

    def _serve(self) -> None:
        """Train groups, with one process after another if need be, until there are no more."""
        worker = _Worker(self)
        try:
            while not self.is_over:
                try:
                    group = self.waiting.get_nowait()
                except queue.Empty:
                    break
                self.done.put(worker.trained(group))
        except BaseException as error:  # it is raised where outcomes are waited for
            self.done.put(error)
        finally:
            worker.end()


class _Worker:
    """A process that trains groups; when it dies, another one takes its place."""

    def __init__(self, pool: _Pool) -> None:
        self.pool = pool
        self.process: subprocess.Popen[bytes] | None = None

    def trained(self, group: Group) -> Outcome:
        """Return the outcome of a group: that of a second attempt, and then of each trial alone, where it dies."""
        how = ""
        for _ in range(_ATTEMPTS):
            process = self.process or self._start()
            try:
                return self._answer(process, group)
            except (EOFError, OSError):
                how = _ending(process.wait())
                self.end()
                if self.pool.is_over:
                    break
        if len(group.trials) > 1 and not self.pool.is_over:
            return one_by_one(group, self.trained)
        error = f"its process {how} twice"
        return Outcome(group.number, tuple(replace(trial, status=FAILED, error=error) for trial in group.trials))

    def _answer(self, process: subprocess.Popen[bytes], group: Group) -> Outcome:
        assert process.stdin is not None
        assert process.stdout is not None
        send(process.stdin, group)
        while True:
            kind, *rest = receive(process.stdout)
            if kind == "done":
                outcome: Outcome = rest[0]
                return outcome
            prune = self.pool.prune
            with self.pool.lock:
                ending = None if prune is None else prune(group, *rest)
            send(process.stdin, ending)

    def _start(self) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).parents[3])
        search = os.pathsep.join(dict.fromkeys([root, *filter(None, sys.path)]))
        process = subprocess.Popen(
            [sys.executable, "-m", "nnc.distribute.sweeps.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": search},
        )
        self.process = process
        with self.pool.lock:
            self.pool.processes.add(process)
        assert process.stdin is not None
        send(process.stdin, self.pool.first)
        return process

    def end(self) -> None:
        """Let the process end, if there is one."""
        process, self.process = self.process, None
        if process is None:
            return
        with self.pool.lock:
            self.pool.processes.discard(process)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what it was told last, and did not read
                    continue


def _ending(code: int) -> str:
    """Return how a process ended, in words."""
    if code < 0:
        return f"was ended by the signal {signal.Signals(-code).name}"
    return f"ended with the code {code}"
