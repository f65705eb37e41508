"""Passes that remove what is not needed: equal nodes, dead nodes, nodes of constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy

from nnc.errors import NncError
from nnc.ir import Constant, Graph, Input, Node, Op, Rewriter, State, TensorType, Value
from nnc.ir.decisions import Reason, decide
from nnc.ir.ops.scan import Scan
from nnc.passes.base import Pass
from nnc.passes.scans import Pruned, merge_scans, prune


@dataclass(frozen=True)
class CommonSubexpressions(Pass, name="cse"):
    """Computes equal expressions once; afterwards no two nodes have the same op and operands."""

    def run(self, graph: Graph) -> Graph:
        """Return the graph with equal nodes merged into the first of them."""
        seen: dict[tuple[Op, tuple[Value, ...]], Node] = {}
        first_of: dict[Value, Value] = {}
        merged: dict[int, Node] = {}
        for node in graph.nodes:
            operands = tuple([first_of.get(operand, operand) for operand in node.operands])
            first = seen.setdefault((node.op, operands), node)
            if first is not node:
                merged[node.index] = first
                first_of.update(zip(graph.results(node), graph.results(first), strict=True))
        return merge_scans(_without(graph, merged) if merged else graph, self.run)


def _without(graph: Graph, merged: Mapping[int, Node]) -> Graph:
    """Return a graph in which equal nodes, by their index, have given way to the first of them."""
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        first = merged.get(node.index)
        if first is None:
            rewriter.keep(node)
            continue
        pair = graph.results(first), graph.results(node)
        rewriter.replace(node, [rewriter[value] for value in pair[0]])
        again = "{} {} is {} again"
        decide("merged", node, again, node.op.title, *pair[::-1], before=sum(pair, ()), gone=(node,))
    return rewriter.finish()


@dataclass(frozen=True)
class DeadCode(Pass, name="dce"):
    """Removes nodes that no output and no update depends on; inputs and states stay."""

    def run(self, graph: Graph) -> Graph:
        """Return the graph without dead nodes."""
        alive = set(graph.roots)
        pruned: dict[int, Pruned] = {}
        for node in reversed(graph.nodes):
            live = [position for position, value in enumerate(graph.results(node)) if value in alive]
            if live and isinstance(node.op, Scan):
                smaller = prune(node.op, live)
                if smaller.op is not node.op:
                    pruned[node.index] = smaller
                alive.update(node.operands[position] for position in smaller.operands)
            elif live:
                alive.update(node.operands)
        dead = {
            node.index
            for node in graph.nodes
            if not isinstance(node.op, Input | State) and alive.isdisjoint(graph.results(node))
        }
        if not dead and not pruned:
            return graph
        rewriter = Rewriter(graph)
        for node in graph.nodes:
            if node.index in pruned:
                _keep_pruned(rewriter, node, pruned[node.index])
            elif node.index not in dead:
                rewriter.keep(node)
        return rewriter.finish()


def _keep_pruned(rewriter: Rewriter, node: Node, smaller: Pruned) -> None:
    operands = [rewriter[node.operands[position]] for position in smaller.operands]
    names = [node.names[position] for position in smaller.results]
    with rewriter.graph.scope(node.path, node.phase):
        found = rewriter.graph.add(smaller.op, *operands, names=names)
    results = rewriter.source.results(node)
    for position, value in zip(smaller.results, found, strict=True):
        rewriter.set(results[position], value)


@dataclass(frozen=True)
class FoldConstants(Pass, name="fold-constants"):
    """Computes what depends on constants alone.

    Args:
        limit: largest number of elements of a folded constant.
    """

    limit: int = 1024

    def run(self, graph: Graph) -> Graph:
        """Return the graph with constant expressions replaced by their value."""
        if not any(map(_has_constant_operands, graph.nodes)):
            return graph
        rewriter = Rewriter(graph)
        for node in graph.nodes:
            operands = rewriter.operands(node)
            if node.is_leaf or not operands or not all(isinstance(operand.node.op, Constant) for operand in operands):
                rewriter.keep(node)
                continue
            results = graph.results(node)
            if obstacle := self._obstacle(node.types):
                rewriter.keep(node)
                decide("folded", node, "{}", node, reason=obstacle, before=results)
                continue
            try:
                with numpy.errstate(all="ignore"):  # the run would give the same infinity or NaN
                    found = node.op.evaluate(*(operand.node.op.evaluate() for operand in operands))
            except NncError as error:  # which a run gives as well, if it comes to that
                rewriter.keep(node)
                decide("folded", node, "{}", node, reason=("it gives an error: {}", error), before=results)
                continue
            arrays = found if isinstance(found, tuple) else (found,)
            constants = [
                rewriter.graph.constant(numpy.asarray(array), type.dtype)
                for array, type in zip(arrays, node.types, strict=True)
            ]
            rewriter.replace(node, constants)
            decide("folded", node, "{} → {}", node, constants, before=results, gone=(node,))
        return rewriter.finish()

    def _obstacle(self, types: tuple[TensorType, ...]) -> Reason:
        """Say why a node of constants stays."""
        for type in types:
            if type.symbols:
                return "its shape is {}, which a plan knows", type
            if int(type.size) > self.limit:
                return "it has {} elements, more than {}", f"{int(type.size):,}", f"{self.limit:,}"
        return ()


def _has_constant_operands(node: Node) -> bool:
    return bool(node.operands) and all(isinstance(operand.node.op, Constant) for operand in node.operands)
