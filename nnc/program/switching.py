"""The part of a program that decides what runs its graphs, and lets another backend take over."""

from __future__ import annotations

import sys
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnc.backends import AUTO, Backend, BackendName, backend_name, find_backend, is_backend_named
from nnc.errors import CompilerError, DataError, MissingKernelError, ShapeError
from nnc.ir import Graph, nominal_sizes
from nnc.plan import Plan
from nnc.program.data import ROWS
from nnc.program.names import PREDICT, PROLOGUE, TRAIN
from nnc.program.weights import unweighted

if TYPE_CHECKING:
    from nnc.backends.choice import Choice, Cost
    from nnc.program.prologue import Prologue
    from nnc.program.spec import ProgramSpec

_REMEMBERED_CHOICES = 256
_WARNING, _INFO = 30, 20
"""Levels of `logging`, a module that a start can do without."""


class SwitchedBackend:
    """Chooses and changes a program's backend: when a user says so, by the work asked for, or if C cannot run it.

    With ``auto`` each call decides for itself, by its size alone (see `nnc.backends.choice`), and keeps to it until it
    ends: nothing that was decided earlier is remembered, so that a program, a copy of it and one that was loaded from
    its file do the same to the bit. What is derived from states for all predictions is derived by NumPy.

    Attributes:
        choices: what ``auto`` took last for each graph, without those for weighted rows, and why.
        on_choice: called where ``auto`` takes an engine for a graph for the first time; for C once that is compiled.
    """

    spec: ProgramSpec
    choices: dict[str, Choice]
    on_choice: Callable[[Choice], None] | None = None
    _wanted: str | None
    _chosen: Backend | None
    _local: threading.local
    _compiling: threading.RLock
    _prologue: Prologue | None
    _has_prologue: bool | None
    _check_nan: bool
    _plans: dict[tuple[str, str], tuple[Plan, object, object]]

    @abstractmethod
    def graph(self, name: str) -> Graph:
        """Return a graph by name."""

    def _begin_choosing(self, name: str | None) -> None:
        """Take a backend by name, or ``auto``."""
        self._wanted, self._is_named = name, is_backend_named(name)
        self._chosen = _find(name)
        self.choices = {}
        self._asked = threading.local()
        self._single: dict[str, Choice] = {}
        self._decided: dict[tuple[Any, ...], Choice] = {}
        self._refused: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()
        self._engines: dict[str, Backend] = {}

    def use_backend(self, name: BackendName | None) -> None:
        """Let another backend run the graphs from now on; runs that were bound before are not changed.

        Args:
            name: ``numpy``, ``c`` or ``auto``; None means the default. See `nnc.backends.find_backend`.

        Raises:
            ModelError: there is no such backend.
        """
        backend = _find(name)
        with self._compiling:
            self._wanted, self._is_named = name, is_backend_named(name)
            self._take(backend)

    @property
    def backend(self) -> Backend:
        """The backend of single predictions; with ``auto`` other work may run on another, see `engine`."""
        return self.engine(PREDICT)

    @backend.setter
    def backend(self, backend: Backend) -> None:
        with self._compiling:
            self._wanted = backend.name
            self._take(backend)

    @property
    def backend_text(self) -> str:
        """The backend in words: ``C backend``, or ``auto backend (train: C, predict: NumPy)``."""
        if self._chosen is not None:
            return f"{self._chosen.title} backend"
        taken = [f"{name}: {'C' if choice.backend == 'c' else 'NumPy'}" for name, choice in list(self.choices.items())]
        return f"{AUTO} backend ({', '.join(taken)})" if taken else f"{AUTO} backend"

    @property
    def check_nan(self) -> bool:
        """Whether a run that meets NaN or infinity is undone and ends with an error that says where; see `watched`."""
        return self._check_nan

    @check_nan.setter
    def check_nan(self, wanted: bool) -> None:
        with self._compiling:
            self._check_nan = bool(wanted)
            self._local = threading.local()  # what threads have bound so far is not watched

    def _take(self, backend: Backend | None) -> None:
        """Let a backend run all graphs, None standing for ``auto``."""
        before, self._chosen = self._chosen, backend
        self.choices, self._single, self._decided, self._refused, self._told = {}, {}, {}, {}, set()
        if (before and before.name) != (backend and backend.name):
            # threads read what is theirs first, and then the backend
            self._local, self._prologue, self._has_prologue = threading.local(), None, None

    # ------------------------------------------------------------------ auto

    def engine(self, name: str = PREDICT) -> Backend:
        """Return what runs a graph: what was chosen by name, or what ``auto`` took for this thread's call in progress.

        Outside of a call it is what a single call takes, which counts as `nnc.backends.choice.SINGLE_CALLS`.
        """
        if self._chosen is not None:
            return self._chosen
        if name == PROLOGUE:  # all engines read what it derives, which shall not depend on which of them came first
            return self._engine("numpy")
        return self._engine(self._choice(name).backend)

    def _choice(self, name: str) -> Choice:
        key = _key(name)
        asked: Choice | None = self._asked.__dict__.get(key)
        if asked is not None:
            return asked
        if key not in self._single:
            self._single[key] = self._choose(name, None, {ROWS: 1} if name == PREDICT else {})
        return self._single[key]

    def _running_engine(self, name: str) -> Backend:
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
            if asked.get(PREDICT) != before.get(PREDICT):
                self._forget_direct_calls(asked[PREDICT])
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
            found = self._asked.__dict__[_key(name)] = self._choose(name, batches, sizes, times)
            if name == PREDICT:
                self._forget_direct_calls(found)

    def _forget_direct_calls(self, choice: Choice) -> None:
        """Forget how this thread called the program, where a backend runs or has run the calls of another."""
        single = self._single.get(PREDICT)
        if single is None or choice.backend != single.backend:
            self._local.__dict__.pop("calls", None)
            self._local.__dict__.pop("direct", None)

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
        key = _key(name)
        reason = self._refused.get(key) or self._refused.get("") or ""
        if not self._cost(key if key == TRAIN else name, sizes).is_worth_compiling(runs):
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

        graph = self.graph(name)
        rows = sizes.get(ROWS, SINGLE_ROWS)
        try:
            return cost_of(graph, {**nominal_sizes(graph, rows), **sizes}, rows)
        except (ShapeError, DataError):  # the run itself says what is wrong with the sizes
            return Cost()

    def _engine(self, name: str) -> Backend:
        if name not in self._engines:
            if name == "c":
                from nnc.backends.c.backend import CBackend

                self._engines[name] = CBackend(is_optional=True)
            else:
                self._engines[name] = find_backend(name)
        return self._engines[name]

    def _note_compiled(self, name: str, backend: Backend, code: object) -> None:
        """Note that a graph has been compiled, and how long that took."""
        key = _key(name)
        if self._chosen is None and backend.name == "c" and key in self.choices:
            self.choices[key] = replace(self.choices[key], seconds=getattr(code, "seconds", None))
            self._tell(self.choices[key])

    def _tell(self, choice: Choice) -> None:
        if (choice.graph, choice.backend) in self._told:
            return
        self._told.add((choice.graph, choice.backend))
        if logging := sys.modules.get("logging"):  # otherwise nobody listens
            logging.getLogger("nnc").info("'%s' of '%s': %s", choice.graph, self.spec.name, choice)
        if self.on_choice is not None:
            self.on_choice(choice)

    # ------------------------------------------------------------------ falling back

    @abstractmethod
    def _plan_by(self, backend: Backend, name: str, sizes: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return a backend's plan of a graph."""

    def _plan_of(self, name: str, sizes: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return the plan of a graph, by the backend that can run it."""
        backend = self.engine(name)
        try:
            return self._plan_by(backend, name, sizes, reuse)
        except MissingKernelError as error:
            self._fall_back(backend, name, error)
            return self._plan_of(name, sizes, reuse)

    @property
    def _level(self) -> int:
        """The log level for saying that NumPy runs instead of C: higher for those who asked for ``auto``."""
        return _WARNING if self._is_named else _INFO

    def _fall_back(self, backend: Backend, name: str, error: Exception) -> None:
        """Let NumPy run what a backend cannot, and say why.

        Raises:
            Exception: what is given, where the backend was chosen by name, or has trained the program before.
        """
        has_trained = _key(name) == TRAIN and (backend.name, name) in self._plans
        if not backend.is_optional or has_trained:
            raise error
        from nnc.backends.choice import Choice
        from nnc.backends.notice import runs_numpy

        with self._compiling:
            runs_numpy(self.spec.name, error, self._level)
            if self._chosen is not None:
                self._take(find_backend("numpy"))
                return
            key, reason = _key(name), str(error).partition("\n")[0]
            if isinstance(error, CompilerError):  # it fails for what has not been compiled yet as well
                self._refused[""] = reason
                self._single = {
                    graph: own for graph, own in self._single.items() if (own.backend, graph) in self._plans
                }
            else:
                self._refused[key] = reason
            self._single.pop(key, None)
            self._decided.clear()
            if key in self._asked.__dict__:
                self._asked.__dict__[key] = Choice(key, "numpy", reason)


def _find(name: str | None) -> Backend | None:
    """Return a backend by name, None for ``auto``."""
    return None if backend_name(name) == AUTO else find_backend(name)


def _key(name: str) -> str:
    return unweighted(name)
