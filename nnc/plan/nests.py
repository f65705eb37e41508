"""Finds steps that can run in one loop nest, where what they pass on to each other stays in registers."""

from __future__ import annotations

from collections.abc import Collection

from nnc.ir import Graph, Input, Node, Op, State, Value


def find_nests(graph: Graph, constants: Collection[Value]) -> dict[int, tuple[int, ...]]:
    """Return, for each elementwise step, the steps it runs together with, in order.

    Steps of one nest have results of one shape and follow each other; views, constants and other steps that read
    nothing of the nest may lie in between, and run before it. What a step takes of another one in the nest it takes as
    it is, never by way of a view.

    Args:
        graph: a flat graph.
        constants: values that are no steps.
    """
    nests: list[list[int]] = []
    open_nest: list[int] = []
    tainted: set[int] = set()  # nodes that read of the open nest other than element by element
    for node in graph.nodes:
        if isinstance(node.op, Input | State) or all(value in constants for value in graph.results(node)):
            continue
        sources = {operand.index for operand in node.operands}
        if node.op.elementwise:
            if not open_nest or not tainted.isdisjoint(sources) or not _same_shape(graph.nodes[open_nest[0]], node):
                open_nest, tainted = [], set()
                nests.append(open_nest)
            open_nest.append(node.index)
        elif type(node.op).view is not Op.view:  # a view, or a copy
            if not sources.isdisjoint(open_nest) or not sources.isdisjoint(tainted):
                tainted.add(node.index)
        else:
            open_nest, tainted = [], set()
    return {index: tuple(nest) for nest in nests for index in nest}


def _same_shape(first: Node, second: Node) -> bool:
    return first.types[0].shape == second.types[0].shape
