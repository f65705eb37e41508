"""The part of a program that lets another backend take over."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnc.backends import Backend, find_backend
from nnc.errors import MissingKernelError
from nnc.ir import Graph, nominal_sizes
from nnc.plan import Plan

if TYPE_CHECKING:
    from nnc.program.prologue import Prologue
    from nnc.program.spec import ProgramSpec


class SwitchedBackend:
    """What runs a program, and how that changes: when a user says so, or where C cannot run what NumPy can."""

    spec: ProgramSpec
    backend: Backend
    _wanted: str | None
    _local: threading.local
    _compiling: threading.RLock
    _prologue: Prologue | None
    _has_prologue: bool | None
    _check_nan: bool

    def use_backend(self, name: str | None) -> None:
        """Let another backend run the graphs from now on; runs that were bound before are not changed.

        Args:
            name: ``numpy``, ``c`` or ``auto``; None means the default. See `nnc.backends.find_backend`.

        Raises:
            ModelError: there is no such backend.
        """
        backend = find_backend(name)
        with self._compiling:
            self._wanted = name
            self._switch(backend)

    @property
    def check_nan(self) -> bool:
        """Whether a run that meets NaN or infinity is undone and ends with an error that says where; see `watched`."""
        return self._check_nan

    @check_nan.setter
    def check_nan(self, wanted: bool) -> None:
        with self._compiling:
            self._check_nan = bool(wanted)
            self._local = threading.local()  # what threads have bound so far is not watched

    def _switch(self, backend: Backend) -> None:
        changes = backend.name != self.backend.name
        self.backend = backend
        if changes:  # threads read what is theirs first, and then the backend
            self._local, self._prologue, self._has_prologue = threading.local(), None, None

    def plan_of(self, graph: Graph, batch: int, reuse: bool = True, lengths: Mapping[str, int] | None = None) -> Plan:
        """Return the backend's plan of a graph for batches of up to `batch` rows; see `Program.plan`."""
        sizes = nominal_sizes(graph, batch) | dict(lengths or {})
        return self._plan_of(graph, {symbol: sizes[symbol] for symbol in graph.symbols}, reuse)

    def _plan_of(self, graph: Graph, sizes: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return the backend's plan of a graph."""
        backend = self.backend
        try:
            return backend.plan(graph, sizes, reuse)
        except MissingKernelError as error:
            self._fall_back(backend, error)
            return self._plan_of(graph, sizes, reuse)

    def _fall_back(self, backend: Backend, error: Exception) -> None:
        """Let NumPy run what a backend cannot, and say why.

        Raises:
            Exception: what is given, where the backend was chosen by name.
        """
        if not backend.is_optional:
            raise error
        from nnc.backends.notice import runs_numpy

        with self._compiling:
            if self.backend.is_optional:
                runs_numpy(self.spec.name, error)
                self._switch(find_backend("numpy"))
