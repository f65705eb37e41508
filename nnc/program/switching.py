"""The part of a program that lets another backend take over."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnc.backends import Backend, find_backend
from nnc.errors import MissingKernelError
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

    @abstractmethod
    def _plan_by(self, backend: Backend, name: str, sizes: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return a backend's plan of a graph."""

    def _plan_of(self, name: str, sizes: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return the plan of a graph, by the backend that can run it."""
        backend = self.backend
        try:
            return self._plan_by(backend, name, sizes, reuse)
        except MissingKernelError as error:
            self._fall_back(backend, error)
            return self._plan_of(name, sizes, reuse)

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
