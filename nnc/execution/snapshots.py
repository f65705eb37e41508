"""Graphs and plans that earlier processes have made, for programs that are recognised: those that come from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from nnc.ir import Graph
from nnc.plan import Plan

if TYPE_CHECKING:
    from nnc.execution.signature import Signature


class Snapshots(Protocol):
    """Where the graphs and plans of a program are kept for later processes."""

    def graph(self, name: str) -> tuple[Signature, Callable[[], Graph]] | None:
        """Return the signature of a graph that an earlier process has read, and what reads all of it, or None."""

    def plan(self, name: str, backend: str, sizes: Mapping[str, int]) -> Plan | None:
        """Return a plan for exactly these sizes as an earlier process has made it, None where none has."""

    def keep(self, name: str, backend: str, graph: Graph, plan: Plan) -> None:
        """Keep a graph, and its plan, if later processes may take them as they are."""


class NoSnapshots:
    """None at all."""

    def graph(self, name: str) -> tuple[Signature, Callable[[], Graph]] | None:
        """Return none."""

    def plan(self, name: str, backend: str, sizes: Mapping[str, int]) -> Plan | None:
        """Return none."""

    def keep(self, name: str, backend: str, graph: Graph, plan: Plan) -> None:
        """Keep none."""


NO_SNAPSHOTS = NoSnapshots()
