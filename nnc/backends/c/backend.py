"""The C backend as programs see it."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

from nnc.backends.c.executable import Executable
from nnc.backends.c.source import Source, kernel_workspace, print_source
from nnc.backends.c.toolchain import build, find_compiler
from nnc.ir import Graph
from nnc.plan import Plan, make_plan


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
        return make_plan(graph, bindings, reuse, kernel_workspace, in_nests=True)

    def source(self, plan: Plan) -> Source:
        """Return a translation unit."""
        return print_source(plan)

    def compile(self, source: Source) -> Any:
        """Compile a translation unit, or take it from the cache.

        Raises:
            CompilerError: there is no compiler, or it fails.
        """
        return ctypes.CDLL(str(build(source.text, threads=source.is_parallel)))

    def executable(self, plan: Plan, source: Source, code: Any, states: Mapping[str, Any]) -> Executable:
        """Bind code to an arena."""
        return Executable(plan, source, code, states)
