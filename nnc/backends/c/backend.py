"""The C backend as programs see it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from nnc.backends.c.cache import make_key
from nnc.backends.c.executable import Executable
from nnc.backends.c.headers import HOT
from nnc.backends.c.prepacking import Library
from nnc.backends.c.source import Source, kernel_prepack, kernel_workspace, print_source
from nnc.backends.c.toolchain import build, find_compiler
from nnc.backends.marks import Marks
from nnc.errors import CompilerError, ModelError
from nnc.ir import Graph
from nnc.plan import Plan, make_plan

_LINES = {3: 4_000, 2: 20_000}
"""Lines of the longest units that are compiled at each level."""
_FEW_LINES = 600
"""Lines up to which a unit without products of some size is at once compiled at level 2: of the time that level 3 takes
more, a network so small gets a twentieth back while it trains."""

_failures: dict[str, str] = {}  # what was said about units that could not be compiled


class CBackend:
    """One C99 unit per graph, compiled when it is first needed.

    Args:
        is_optional: whether NumPy shall run what C cannot.
    """

    name = "c"
    title = "C"

    def __init__(self, is_optional: bool = False) -> None:
        self.is_optional = is_optional

    @property
    def engine(self) -> str:
        """The compiler."""
        return str(find_compiler() or "no compiler")

    def plan(self, graph: Graph, bindings: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return the plan of a scheduled graph."""
        return make_plan(graph, bindings, reuse, kernel_workspace, in_nests=True, prepack=kernel_prepack)

    def source(self, plan: Plan, marks: Marks | None = None) -> Source:
        """Return a translation unit."""
        return print_source(plan, marks)

    def compile(self, source: Source) -> Any:
        """Compile a translation unit, or take it from the cache.

        Raises:
            CompilerError: there is no compiler, or it fails; where NumPy can take over, a unit is tried once only.
        """
        level = _level(source.text)
        key = make_key(source.text, self.engine, str(level))
        if self.is_optional and key in _failures:
            raise CompilerError(_failures[key])
        try:
            return Library(build(source.text, level=level, threads=source.is_parallel))
        except CompilerError as error:
            _failures[key] = str(error)
            raise

    def executable(self, plan: Plan, source: Source, code: Any, states: Mapping[str, Any]) -> Executable:
        """Bind code to an arena."""
        return Executable(plan, source, code, states)


def _level(text: str) -> int:
    """Return less for larger units, whose time goes into products and not into what is printed around them, and for
    very small ones, which are compiled for longer than they run.

    Raises:
        ModelError: the environment variable ``NNC_C_LEVEL`` is set and no level.
    """
    wanted = os.environ.get("NNC_C_LEVEL")
    if wanted is None:
        lines = text.count("\n")
        highest = 2 if lines <= _FEW_LINES and HOT not in text else 3
        return next((level for level, most in _LINES.items() if level <= highest and lines <= most), 1)
    if wanted not in ("0", "1", "2", "3"):
        raise ModelError(f"NNC_C_LEVEL must be an optimisation level, 0 to 3, got {wanted!r}")
    return int(wanted)
