"""The backends that run a program's graphs: one that a user names, or for each call what ``auto`` takes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnc.backends import AUTO, Backend, backend_name, find_backend, is_backend_named
from nnc.errors import CompilerError, DataError, ShapeError
from nnc.execution.graphs import GraphTable
from nnc.ir import nominal_sizes
from nnc.labels import PREDICT, PROLOGUE, ROWS, TRAIN, unweighted

if TYPE_CHECKING:
    from nnc.backends.choice import Choice, Cost

_REMEMBERED_CHOICES = 256
_WARNING, _INFO = 30, 20
"""Levels of `logging`, a module that a start can do without."""


class Engines:
    """Chooses what runs each graph of a program: when a user says so, by the work asked for, or if C cannot run it.

    With ``auto`` each call decides for itself, by its size alone (see `nnc.backends.choice`), and keeps to it until it
    ends: nothing that was decided earlier is remembered, so that a program, a copy of it and one that was loaded from
    its file do the same to the bit. What is derived from states for all predictions is derived by NumPy.

    Args:
        graphs: the graphs.
        name: what a user calls the backend; None means the default, see `nnc.backends.find_backend`.

    Attributes:
        wanted: what the user called it.
        choices: what ``auto`` took last for each graph, without those for weighted rows, and why.
        on_choice: called where ``auto`` takes an engine for a graph for the first time; for C once that is compiled.
    """

    def __init__(self, graphs: GraphTable, name: str | None = None) -> None:
        self._graphs = graphs
        self.wanted, self._is_named = name, is_backend_named(name)
        self._chosen = _find(name)
        self.choices: dict[str, Choice] = {}
        self.on_choice: Callable[[Choice], None] | None = None
        self._asked = threading.local()
        self._single: dict[str, Choice] = {}
        self._decided: dict[tuple[Any, ...], Choice] = {}
        self._refused: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()
        self._optional: dict[str, Backend] = {}

    def choose(self, name: str | None) -> bool:
        """Let a backend run all graphs, and return whether that is another than before.

        Args:
            name: ``numpy``, ``c`` or ``auto``; None means the default. See `nnc.backends.find_backend`.

        Raises:
            ModelError: there is no such backend.
        """
        backend = _find(name)
        self.wanted, self._is_named = name, is_backend_named(name)
        return self._take(backend)

    def use(self, backend: Backend) -> bool:
        """Let a backend run all graphs, and return whether that is another than before."""
        self.wanted = backend.name
        return self._take(backend)

    def _take(self, backend: Backend | None) -> bool:
        """Let a backend run all graphs, None standing for ``auto``, and return whether that is another."""
        before, self._chosen = self._chosen, backend
        self.choices, self._single, self._decided, self._refused, self._told = {}, {}, {}, {}, set()
        return (before and before.name) != (backend and backend.name)

    @property
    def text(self) -> str:
        """The backend in words: ``C backend``, or ``auto backend (train: C, predict: NumPy)``."""
        if self._chosen is not None:
            return f"{self._chosen.title} backend"
        taken = [f"{name}: {'C' if choice.backend == 'c' else 'NumPy'}" for name, choice in list(self.choices.items())]
        return f"{AUTO} backend ({', '.join(taken)})" if taken else f"{AUTO} backend"

    # ------------------------------------------------------------------ auto

    def engine(self, name: str = PREDICT) -> Backend:
        """Return what runs a graph: what was chosen by name, or what ``auto`` took for this thread's call in progress.

        Outside of a call it is what a single call takes, which counts as `nnc.backends.choice.SINGLE_CALLS`.
        """
        if self._chosen is not None:
            return self._chosen
        if name == PROLOGUE:  # all engines read what it derives, which shall not depend on which of them came first
            return self.optional("numpy")
        return self.optional(self._choice(name).backend)

    def _choice(self, name: str) -> Choice:
        """Return what ``auto`` takes for a graph in this thread."""
        key = unweighted(name)
        asked: Choice | None = self._asked.__dict__.get(key)
        if asked is not None:
            return asked
        if key not in self._single:
            self._single[key] = self._choose(name, None, {ROWS: 1} if name == PREDICT else {})
        return self._single[key]

    def running(self, name: str) -> Backend:
        """Return what runs a graph, and note that it does."""
        backend = self.engine(name)
        if self._chosen is None and name != PROLOGUE:
            choice = self._choice(name)
            known = self.choices.get(choice.graph)
            if known is None or (known.backend, known.reason) != (choice.backend, choice.reason):
                self.choices[choice.graph] = choice
            if choice.reason:
                self._tell(choice)
        return backend

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Keep what `decide` decides in this thread to the block."""
        asked = self._asked.__dict__
        before = dict(asked)
        try:
            yield
        finally:
            asked.clear()
            asked.update(before)

    def decide(self, name: str, batches: int | None, sizes: Mapping[str, int], times: int = 1) -> None:
        """Decide what runs a graph in this thread until the block of `deciding` ends.

        Args:
            name: name of the graph.
            batches: how many it will run, None if unknown.
            sizes: sizes of run-time dimensions, as far as they are known.
            times: how often it will run them all.
        """
        if self._chosen is None:
            self._asked.__dict__[unweighted(name)] = self._choose(name, batches, sizes, times)

    def _choose(self, name: str, batches: int | None, sizes: Mapping[str, int], times: int = 1) -> Choice:
        """Return what is worth its time; see `decide` for the arguments."""
        asked = name, batches, times, *sizes.items()
        known = self._decided.get(asked)
        if known is None:
            if len(self._decided) >= _REMEMBERED_CHOICES:
                self._decided.clear()
            known = self._decided[asked] = self._weigh(name, batches, sizes, times)
        return known

    def _weigh(self, name: str, batches: int | None, sizes: Mapping[str, int], times: int) -> Choice:
        from nnc.backends.choice import SINGLE_CALLS, Choice

        runs = times * (SINGLE_CALLS if batches is None else batches)
        key = unweighted(name)
        reason = self._refused.get(key) or self._refused.get("") or ""
        known = key if key == TRAIN and TRAIN in self._graphs.names else name  # own steps may have weights only
        if not self._cost(known, sizes).is_worth_compiling(runs):
            reason = "too little work to compile for"
        elif not reason:
            from nnc.backends.c.toolchain import find_compiler

            if find_compiler() is None:
                from nnc.backends.notice import no_compiler

                no_compiler(self._level)
                reason = "no C compiler was found"
        return Choice(key, "numpy" if reason else "c", reason)

    def _cost(self, name: str, sizes: Mapping[str, int]) -> Cost:
        """Return what one run of a graph consists of."""
        from nnc.backends.choice import SINGLE_ROWS, Cost, cost_of

        graph = self._graphs.graph(name)
        rows = sizes.get(ROWS, SINGLE_ROWS)
        try:
            return cost_of(graph, {**nominal_sizes(graph, rows), **sizes}, rows)
        except (ShapeError, DataError):  # the run itself says what is wrong with the sizes
            return Cost()

    def optional(self, name: str) -> Backend:
        """Return a backend as ``auto`` takes it: where it is C and cannot run a graph, NumPy shall."""
        if name not in self._optional:
            if name == "c":
                from nnc.backends.c.backend import CBackend

                self._optional[name] = CBackend(is_optional=True)
            else:
                self._optional[name] = find_backend(name)
        return self._optional[name]

    def note_compiled(self, name: str, backend: Backend, code: object) -> None:
        """Note that a graph has been compiled, and how long that took."""
        key = unweighted(name)
        if self._chosen is None and backend.name == "c" and key in self.choices:
            self.choices[key] = replace(self.choices[key], seconds=getattr(code, "seconds", None))
            self._tell(self.choices[key])

    def _tell(self, choice: Choice) -> None:
        if (choice.graph, choice.backend) in self._told:
            return
        self._told.add((choice.graph, choice.backend))
        if logging := sys.modules.get("logging"):  # otherwise nobody listens
            logging.getLogger("nnc").info("'%s' of '%s': %s", choice.graph, self._graphs.program_name, choice)
        if self.on_choice is not None:
            self.on_choice(choice)

    # ------------------------------------------------------------------ falling back

    @property
    def _level(self) -> int:
        """The log level for saying that NumPy runs instead of C: higher for those who asked for ``auto``."""
        return _WARNING if self._is_named else _INFO

    def fall_back(self, backend: Backend, name: str, error: Exception, planned: Collection[tuple[str, str]]) -> bool:
        """Let NumPy run what a backend cannot, say why, and return whether it is to run all other graphs as well.

        Args:
            backend: the backend.
            name: name of the graph.
            error: says what it cannot do.
            planned: names of backends, each with that of a graph which it has a plan of.

        Raises:
            Exception: what is given, where the backend was chosen by name, or has trained the program before.
        """
        kind = unweighted(name)
        if not backend.is_optional or (kind == TRAIN and (backend.name, name) in planned):
            raise error
        from nnc.backends.choice import Choice
        from nnc.backends.notice import runs_numpy

        runs_numpy(self._graphs.program_name, error, self._level)
        if self._chosen is not None:
            return self._take(find_backend("numpy"))
        reason = str(error).partition("\n")[0]
        if isinstance(error, CompilerError):  # it fails for what has not been compiled yet as well
            self._refused[""] = reason
            self._single = {graph: own for graph, own in self._single.items() if (own.backend, graph) in planned}
        else:
            self._refused[kind] = reason
        self._single.pop(kind, None)
        self._decided.clear()
        if kind in self._asked.__dict__:
            self._asked.__dict__[kind] = Choice(kind, "numpy", reason)
        return False


def _find(name: str | None) -> Backend | None:
    """Return a backend by name, None for ``auto``."""
    return None if backend_name(name) == AUTO else find_backend(name)
