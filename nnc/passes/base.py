"""Defines a pass, and runs, checks and records a pipeline of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

from nnc.errors import GraphError
from nnc.ir import Graph, check_legal, verify
from nnc.ir.decisions import deciding
from nnc.ir.ops.scan import Scan

PASSES: dict[str, type[Pass]] = {}
"""The passes whose modules are loaded, by name."""


@dataclass(frozen=True)
class Pass:
    """A function from graph to graph; its fields are its options.

    A subclass states its kebab-case name in the class line, ``class Fuse(Pass, name="fuse")``, and its
    contract in its docstring. Graphs are verified before and after a pass, not during it.
    """

    name: ClassVar[str] = ""
    rejects: ClassVar[frozenset[str]] = frozenset()
    """Names of ops that must not occur before the pass."""
    enters_bodies: ClassVar[bool] = True
    """Whether `run_passes` runs the pass on the bodies of scans as well, before the graph around them."""
    removes: ClassVar[frozenset[str]] = frozenset()
    """Names of ops that do not occur after the pass."""

    def __init_subclass__(cls, name: str = "") -> None:
        super().__init_subclass__()
        if name:
            cls.name = name
            PASSES[name] = cls

    def run(self, graph: Graph) -> Graph:
        """Return the transformed graph, or the given one where nothing changes; that stays as it is."""
        raise TypeError(f"pass '{self.name}' does nothing")


@dataclass(frozen=True)
class PassRecord:
    """The record of one pass: its name, the number of nodes before and after, and its time in seconds."""

    name: str
    nodes_before: int
    nodes_after: int
    seconds: float


Observer = Callable[[Pass, Graph, PassRecord], None]


def run_passes(
    graph: Graph, passes: Sequence[Pass], observe: Observer | None = None, is_verified: bool = True
) -> Graph:
    """Run passes in order, with the verifier between them.

    Args:
        graph: what to start with.
        passes: the pipeline.
        observe: called after each pass with the pass, its result and its record.
        is_verified: whether the verifier runs, which takes longer than a pass that changes little.

    Raises:
        GraphError: a pass was given or has made a graph that breaks a rule.
    """
    if is_verified:
        verify(graph)
    for item in passes:
        check_legal(graph, item.rejects)
        start = perf_counter()
        with deciding(item.name, graph):
            result = item.run(_with_bodies_run(graph, item) if item.enters_bodies and _has_scans(graph) else graph)
        seconds = perf_counter() - start
        if is_verified:
            _verify_result(result, item, result is not graph)
        if observe is not None:
            observe(item, result, PassRecord(item.name, count_nodes(graph), count_nodes(result), seconds))
        graph = result
    return graph


def _has_scans(graph: Graph) -> bool:
    return any(isinstance(node.op, Scan) for node in graph.nodes)


def _with_bodies_run(graph: Graph, item: Pass) -> Graph:
    from nnc.passes.scans import in_bodies  # a program that was compiled before, and has no loops, starts without it

    return in_bodies(graph, item.run)


def _verify_result(graph: Graph, item: Pass, is_new: bool) -> None:
    try:
        if is_new:
            verify(graph, illegal=item.removes)
        else:
            check_legal(graph, item.removes)
    except GraphError as error:
        error.add_note(f"after pass '{item.name}'")
        raise


def count_nodes(graph: Graph) -> int:
    """Return the number of nodes that compute something; a fusion counts as one."""
    return sum(not node.is_leaf for node in graph.nodes)
