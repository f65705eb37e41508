"""The C backend as programs see it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nnc.backends.c.cache import make_key
from nnc.backends.c.emitted import UnitSource
from nnc.backends.c.executable import Executable
from nnc.backends.c.identity import graph_key
from nnc.backends.c.loading import keep_threads_of
from nnc.backends.c.prepacking import Library
from nnc.backends.c.target import TARGET
from nnc.backends.c.threads import pool_library
from nnc.backends.c.toolchain import build, find_compiler
from nnc.backends.c.transcript import Transcript
from nnc.errors import CompilerError, ModelError
from nnc.ir import Graph
from nnc.plan import Plan, make_plan

if TYPE_CHECKING:
    from nnc.backends.marks import Marks

_failures: dict[str, str] = {}  # what was said about units that could not be compiled


class CBackend:
    """One C99 unit per graph, compiled when it is first needed.

    Args:
        is_optional: whether NumPy shall run what C cannot.
    """

    name = "c"
    title = "C"
    target = TARGET

    def __init__(self, is_optional: bool = False) -> None:
        self.is_optional = is_optional

    @property
    def engine(self) -> str:
        """The compiler."""
        return str(find_compiler() or "no compiler")

    @property
    def threads(self) -> int:
        """Number of threads that a run may take."""
        from nnc.backends.c.threads import THREADS

        return int(THREADS[0])

    def plan(self, graph: Graph, bindings: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return the plan of a graph that was lowered for `target`."""
        transcript = Transcript(graph_key(graph, bindings, reuse))
        plan = make_plan(graph, bindings, replace(self.target, needs=transcript), reuse=reuse)
        transcript.end()
        return plan

    def source(self, plan: Plan, marks: Marks | None = None) -> UnitSource:
        """Return a translation unit, printed only where no earlier process has."""
        if marks is None and (known := plan.target.needs.recalled_source(plan)) is not None:
            found: UnitSource = known
            return replace(found, print_again=_print)
        return _print(plan, marks)

    def compile(self, source: UnitSource) -> Any:
        """Compile a translation unit, or take it from the cache.

        Raises:
            CompilerError: there is no compiler, or it fails; where NumPy can take over, a unit is tried once only.
        """
        level = _level(source)
        key = make_key(source.key, self.engine, str(level))
        if self.is_optional and key in _failures:
            raise CompilerError(_failures[key])
        try:
            library = self._load(source, level)
        except CompilerError as error:
            _failures[key] = str(error)
            raise
        if not source.is_marked:
            source.plan.target.needs.remember(source)
        return library

    def _load(self, source: UnitSource, level: int) -> Library:
        begin: float | None = None
        others: list[Thread] = []

        def text() -> str:  # asked for only where the cache has no library
            nonlocal begin
            begin = perf_counter()
            if source.is_parallel:  # a compiler has one thread, and the run asks for the pool next
                others.append(Thread(target=pool_library))
                others[0].start()
            return source.text

        try:
            path = build(
                text,
                source.key,
                level=level,
                threads=source.is_parallel,
                parts=source.parts,
                common=source.common,
            )
        finally:
            for other in others:
                other.join()
        try:
            library = Library(path, None if begin is None else perf_counter() - begin)
        except OSError:
            if path.exists():
                raise
            return self._load(source, level)  # another process has tidied the cache in between
        if source.is_parallel:
            keep_threads_of(library, path, self.engine)
        return library

    def executable(
        self, plan: Plan, source: UnitSource, code: Any, states: Mapping[str, Any], memory: Any = None
    ) -> Executable:
        """Bind code to an arena."""
        return Executable(plan, source, code, states, memory)


def _print(plan: Plan, marks: Marks | None = None) -> UnitSource:
    from nnc.backends.c.source import print_source  # with all kernels, which a second start does without

    return print_source(plan, marks)


def _level(source: UnitSource) -> int:
    """Return the level of optimisation that is asked for, otherwise the one that suits a unit.

    Raises:
        ModelError: the environment variable ``NNC_C_LEVEL`` is set and no level.
    """
    wanted = os.environ.get("NNC_C_LEVEL")
    if wanted is None:
        return source.level
    if wanted not in ("0", "1", "2", "3"):
        raise ModelError(f"NNC_C_LEVEL must be an optimisation level, 0 to 3, got {wanted!r}")
    return int(wanted)
