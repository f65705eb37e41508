"""Remembers the graphs that passes make while a model is compiled, for ``--after PASS``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnc.errors import GraphError, nearest

if TYPE_CHECKING:
    from nnc.ir import Graph
    from nnc.passes import Pass, PassRecord


class Stages:
    """The graphs by pass; to be called after each pass."""

    def __init__(self) -> None:
        self._graphs: dict[tuple[str, str], Graph] = {}

    def __call__(self, item: Pass, graph: Graph, record: PassRecord) -> None:
        """Remember a graph."""
        del record
        self._graphs[graph.name, item.name] = graph

    def after(self, graph: str, name: str) -> Graph:
        """Return the graph that a pass made, the last time it ran.

        Args:
            graph: name of the graph.
            name: name of the pass.

        Raises:
            GraphError: no such pass ran.
        """
        ran = list(dict.fromkeys(found for owner, found in self._graphs if owner == graph))
        if name not in ran:
            listed = ", ".join(ran) or "none, because the program was already compiled"
            raise GraphError(
                f"no pass '{name}' made the graph '{graph}'; the passes were {listed}.{nearest(name, ran)}"
            )
        return self._graphs[graph, name]
