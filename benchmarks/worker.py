"""A process that holds one contestant and runs it on request, so that no engine's threads disturb another's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from benchmarks.cpuid_masking import masking
from benchmarks.engines import ENGINES, LIMITS
from benchmarks.report import Goal, Row
from benchmarks.serve import MARK
from benchmarks.timing import Timer

ROOT = Path(__file__).parent.parent
"""The checkout."""
FORGOTTEN = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "NNC_BACKEND",
    "NNC_C_LEVEL",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONSTARTUP",
    "XLA_FLAGS",
    "ONEDNN_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY",
    "MKL_ENABLE_INSTRUCTIONS",
    "JAX_PLATFORMS",
    "JAX_COMPILATION_CACHE_DIR",
    "KERAS_BACKEND",
)
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
CACHE_VARIABLES = ("NNC_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
"""Where compiled code is kept: every process begins with nothing."""
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1", "PYTHONWARNINGS": "ignore"}


def clean_environment() -> dict[str, str]:
    """Return the environment of a user who has set nothing: no processor type for OpenBLAS, no numbers of threads.

    Where ``$NNC_CPU`` keeps nnc to a level of x86-64, libraries are kept to it too: those that can be told are told,
    and the others do not see what the processor has beyond it, if that can be hidden.
    """
    dropped = {*FORGOTTEN, *THREAD_VARIABLES}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    level = kept.get("NNC_CPU", "")
    return kept | LIMITS.get(level, {}) | masking(level)


@dataclass(frozen=True)
class Entrant:
    """Who takes part in a work.

    Args:
        name: as the report calls it.
        factory: ``module:function``; the function returns the contestant.
        arguments: of the factory, as JSON can hold them.
        engine: the peer that it is of; empty for nnc and for loops written by hand.
        backend: of nnc, where it is nnc's or stands beside nnc only there.
        way: how the work is asked for; entrants are compared with those of the same way.
        goal: what is wanted of nnc against it: on NumPy if it is a peer, else on its own backend.
    """

    name: str
    factory: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    engine: str = ""
    backend: str = ""
    way: str = ""
    goal: Goal | None = None


class WorkerError(RuntimeError):
    """The process of a contestant failed; the message says which, and how."""


class Worker:
    """A process with a contestant, which nobody has compiled anything for yet.

    Args:
        entrant: what it holds.
        threads: processors that the process may use, and threads of every library in it; None leaves both alone.
        learns: whether running changes what the contestant computes.
    """

    def __init__(self, entrant: Entrant, threads: int | None = None, learns: bool = False) -> None:
        self.entrant = entrant
        self._caches = TemporaryDirectory(prefix="nnc-bench-")
        caches = {name: f"{self._caches.name}/{name.lower()}" for name in CACHE_VARIABLES}
        environment = clean_environment() | QUIET | caches
        if entrant.engine:
            environment |= ENGINES[entrant.engine].environment
        if threads is not None:
            environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
        arguments = [json.dumps(dict(entrant.arguments)), str(threads or 0), "learns" if learns else "stays"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.serve", entrant.factory, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=ROOT,
            text=True,
        )
        try:
            self.set_up: dict[str, float] = self._answer()
            """Seconds of ``import``, ``build`` and the ``first`` run."""
        except WorkerError:
            self.close()
            raise
        self._let_run(False)

    def time(self, count: int) -> float:
        """Run this many times, and return the seconds that took."""
        return float(self._ask({"count": count})["seconds"])

    def numbers(self) -> list[float] | None:
        """Return what contestants must agree on, or None where this one cannot say."""
        found: list[float] | None = self._ask({})["numbers"]
        return found

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
                    raise WorkerError(f"{self.entrant.name}: {answer['error']}")
                return answer
        raise WorkerError(f"{self.entrant.name}: the process ended with exit code {self._process.wait()}")

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
        self._caches.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Workers(ExitStack):
    """The processes of a work's entrants, by their names."""

    def __init__(self) -> None:
        super().__init__()
        self.running: dict[str, Worker] = {}
        self.failed: list[str] = []

    def start(self, entrant: Entrant, threads: int | None = None, learns: bool = False) -> None:
        """Start a process, or note how it failed: the others go on, and the report says so."""
        try:
            self.running[entrant.name] = self.enter_context(Worker(entrant, threads, learns))
        except WorkerError as error:
            self.failed.append(str(error))

    def numbers(self) -> dict[str, list[float] | None]:
        """Return what contestants must agree on; those that fail to say are out."""
        found: dict[str, list[float] | None] = {}
        for name, worker in list(self.running.items()):
            try:
                found[name] = worker.numbers()
            except WorkerError as error:
                self.failed.append(str(error))
                del self.running[name]
        return found

    @property
    def timers(self) -> dict[str, Timer]:
        """A timer per contestant."""
        return {name: worker.time for name, worker in self.running.items()}

    def failed_rows(self, work: str) -> list[Row]:
        """Return a row for each process that failed."""
        return [Row(work, "failed", text, wanted="runs", reached=False) for text in self.failed]
