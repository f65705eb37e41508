"""The NumPy backend as programs see it."""

from __future__ import annotations

from collections.abc import Mapping
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy

from nnc.backends.numpy.executable import Executable
from nnc.backends.numpy.source import TARGET, NumpySource, print_source
from nnc.ir import Graph
from nnc.plan import Plan, make_plan

if TYPE_CHECKING:
    from nnc.backends.marks import Marks


class NumpyBackend:
    """Straight-line NumPy, always there."""

    name = "numpy"
    title = "NumPy"
    is_optional = False
    target = TARGET

    @property
    def engine(self) -> str:
        """NumPy and its version."""
        return f"NumPy {numpy.__version__}"

    def plan(self, graph: Graph, bindings: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return the plan of a graph that was lowered for `target`."""
        return make_plan(graph, bindings, self.target, reuse=reuse)

    def source(self, plan: Plan, marks: Marks | None = None) -> NumpySource:
        """Return Python source."""
        return print_source(plan, marks)

    def compile(self, source: NumpySource) -> CodeType:
        """Compile Python source."""
        return source.compile()

    def executable(
        self, plan: Plan, source: NumpySource, code: CodeType, states: Mapping[str, Any], memory: Any = None
    ) -> Executable:
        """Bind code to an arena."""
        return Executable(plan, source, code, states, memory)
