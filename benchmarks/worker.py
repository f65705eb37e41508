"""A process that holds contestants and runs them on request, so that no engine's threads disturb another's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.report import Row
from benchmarks.timing import Timer

Run = Callable[[int], object]
"""Does a work this many times."""


@dataclass(frozen=True)
class Contestant:
    """What a factory returns by name where there are also numbers to compare, before anything is timed.

    Args:
        run: does a work this many times.
        numbers: makes what all contestants must agree on: losses of the first epochs, the rows in their own order, or
            predictions. Called once, before `run`.
    """

    run: Run
    numbers: Callable[[], Sequence[float]]


MARK = "worker: "
"""What the lines begin with that a worker's process writes for us."""
FORGOTTEN = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "NNC_BACKEND",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONSTARTUP",
    "XLA_FLAGS",
    "JAX_PLATFORMS",
)
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1", "PYTHONWARNINGS": "ignore"}


def clean_environment() -> dict[str, str]:
    """Return the environment of a user who has set nothing: no processor type for OpenBLAS, no numbers of threads."""
    dropped = {*FORGOTTEN, *THREAD_VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in dropped}


class WorkerError(RuntimeError):
    """A process of a worker failed; the message says which, and how."""


class Worker:
    """A process with contestants.

    Args:
        factory: ``module:function``; the function returns contestants by name, each a function of how often to run.
        arguments: keyword arguments of the factory, as JSON can hold them.
        threads: processors that the process may use, and threads of every library in it; None leaves both alone.
    """

    def __init__(self, factory: str, arguments: Mapping[str, Any] | None = None, threads: int | None = None) -> None:
        environment = clean_environment() | QUIET
        if threads is not None:
            environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
        self.factory = factory
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.serve", factory, json.dumps(dict(arguments or {})), str(threads or 0)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=Path(__file__).parent.parent,
            text=True,
        )
        answer = self._answer()
        self.missing: str = answer.get("missing", "")
        """Name of the package that is not installed, or nothing."""
        self.names: tuple[str, ...] = tuple(answer.get("names", ()))
        self.numbers: dict[str, list[float]] = answer.get("numbers", {})
        """What contestants must agree on, of those that say it."""
        self._let_run(False)

    def timers(self) -> dict[str, Timer]:
        """Return a timer per contestant."""
        return {name: self._timer(name) for name in self.names}

    def _timer(self, name: str) -> Timer:
        def measure(count: int) -> float:
            return float(self._ask({"name": name, "count": count})["seconds"])

        return measure

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._let_run(True)
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        self._let_run(False)
        return answer

    def _let_run(self, runs: bool) -> None:
        """Stop the process while it is not its turn: libraries' idle threads look for work and keep processors busy."""
        if hasattr(signal, "SIGSTOP"):
            self._process.send_signal(signal.SIGCONT if runs else signal.SIGSTOP)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(MARK):  # libraries may print what they like
                answer: dict[str, Any] = json.loads(line.removeprefix(MARK))
                if "error" in answer:
                    raise WorkerError(f"{self.factory}: {answer['error']}")
                return answer
        raise WorkerError(f"{self.factory}: the process ended with exit code {self._process.wait()}")

    def close(self) -> None:
        """End the process."""
        self._let_run(True)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Workers(ExitStack):
    """Several workers; `missing` says which packages there are not."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: dict[str, Timer] = {}
        self.numbers: dict[str, list[float]] = {}
        self.missing: list[str] = []
        self.failed: list[str] = []

    def start(self, factory: str, arguments: Mapping[str, Any] | None = None, threads: int | None = None) -> None:
        """Start a worker and collect its timers, or the name of the package that it lacks, or how it failed."""
        try:
            worker = self.enter_context(Worker(factory, arguments, threads))
        except WorkerError as error:  # the others go on; the report says so
            self.failed.append(str(error))
            return
        self.timers |= worker.timers()
        self.numbers |= worker.numbers
        if worker.missing and worker.missing not in self.missing:
            self.missing.append(worker.missing)

    def missing_rows(self, work: str) -> list[Row]:
        """Return a row for each package that is not installed, and one for each process that failed to start."""
        missing = [Row(work, name, "not installed") for name in self.missing]
        return [*missing, *(Row(work, "failed", text, wanted="runs", reached=False) for text in self.failed)]
