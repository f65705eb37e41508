"""Moves what depends on states alone into a prologue, which runs once for each change of the states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nnc.errors import SymbolError
from nnc.ir import HOISTED, Graph, Input, Layout, Node, Op, Rewriter, State, TensorType, Value
from nnc.ir.decisions import decide, is_listened_to
from nnc.passes.base import Pass

PREFIX = "hoisted/"
"""Begin of the labels of derived states."""
_CHANGING = frozenset({"random", "metric", "counter"})
"""Roles of states that runs change, so that nothing is worth keeping that depends on them."""


@dataclass(frozen=True)
class Hoist(Pass, name="hoist"):
    """Reads what depends on states and constants alone from states of role ``hoisted``; see `Prologue`.

    What costs nothing, such as a view, stays where it is; so does what depends on a state that the graph updates.
    """

    enters_bodies: ClassVar[bool] = False

    def run(self, graph: Graph) -> Graph:
        """Return the graph without what the prologue computes."""
        hoisted = hoisted_values(graph)
        needed = _needed(graph, set(hoisted))
        rewriter = Rewriter(graph)
        for node in graph.nodes:
            if node.index in needed:
                rewriter.keep(node)
            for value in graph.results(node):
                if value in hoisted:
                    rewriter.set(value, rewriter.graph.state(hoisted[value], value.type, HOISTED))
        if is_listened_to():
            _note_hoisted(graph, hoisted, needed, rewriter)
            _note_missed(graph, set(hoisted))
        return rewriter.finish()


@dataclass(frozen=True)
class Prologue(Pass, name="prologue"):
    """Keeps only what `Hoist` takes out of the same graph: updates of the states of role ``hoisted``."""

    enters_bodies: ClassVar[bool] = False

    def run(self, graph: Graph) -> Graph:
        """Return the graph of the prologue, without inputs and outputs."""
        hoisted = hoisted_values(graph)
        prologue = Graph(f"{graph.name}_prologue")
        values: dict[Value, Value] = {}
        alive = _ancestors(graph, set(hoisted))
        for node in graph.nodes:
            if node.index in alive:
                results = prologue.copy_node(node, [values[operand] for operand in node.operands])
                values.update(zip(graph.results(node), results, strict=True))
        for value, label in hoisted.items():
            prologue.state(label, value.type, HOISTED)
            prologue.update(label, values[value])
        return prologue


def static_values(graph: Graph) -> set[Value]:
    """Return the values that depend on constants and on states alone, states that the graph changes left out."""
    known: set[Value] = set()
    for node in graph.nodes:
        if isinstance(node.op, State):
            is_static = node.op.role not in _CHANGING and node.op.label not in graph.updates
        else:
            is_static = not _depends_on_sizes(node) and known.issuperset(node.operands)
        if is_static and not any(type.symbols for type in node.types):
            known.update(graph.results(node))
    return known


def _depends_on_sizes(node: Node) -> bool:
    """Whether a node without operands is an input or something that is known only with the size of the batch."""
    if isinstance(node.op, Input):
        return True
    if node.operands:
        return False
    try:
        node.op.bind({})
    except SymbolError:
        return True
    return False


def hoisted_values(graph: Graph) -> dict[Value, str]:
    """Return the values that the prologue computes, with the labels of their states.

    These are the last static values on each way to what depends on inputs. A view is computed where it is read.
    """
    static = static_values(graph)
    from_state: set[int] = set()
    layouts: dict[Value, Layout] = {}
    free: set[Value] = set()
    for node in graph.nodes:
        results = graph.results(node)
        if results[0] not in static:
            continue
        if isinstance(node.op, State) or any(operand.index in from_state for operand in node.operands):
            from_state.add(node.index)
        places = _places(node, layouts)
        for value, place in zip(results, places or map(_dense, node.types), strict=True):
            layouts[value] = place
            if node.is_leaf or places is not None:
                free.add(value)
    wanted: dict[Value, None] = {}
    for value in _leaving(graph, static):
        source = value
        while source in free and source.node.operands:
            source = source.node.operands[0]
        if source not in free and source.index in from_state:
            wanted[source] = None
    labels: dict[Value, str] = {}
    taken = set(graph.states)
    for value in sorted(wanted, key=lambda value: (value.index, value.result)):
        labels[value] = _unique(PREFIX + (value.name or value.node.path or value.node.op.name), taken)
    return labels


def _note_hoisted(graph: Graph, hoisted: dict[Value, str], needed: set[int], rewriter: Rewriter) -> None:
    told = set(needed)
    for value, label in hoisted.items():
        gone = [graph.nodes[index] for index in sorted(_ancestors(graph, {value}) - told)]
        told.update(node.index for node in gone)
        gone = [node for node in gone if not node.is_leaf]
        state = rewriter.graph.states[label]
        before = [result for node in gone for result in graph.results(node)]
        decide("hoisted", value.node, "{} → {}", gone, state, before=before, after=(state,), gone=gone)


def _note_missed(graph: Graph, hoisted: set[Value]) -> None:
    """Note the views that stay behind what is hoisted, and what would be static if no run changed a state."""
    static = static_values(graph)
    for value in dict.fromkeys(_leaving(graph, static)):
        if value not in hoisted and not hoisted.isdisjoint(value.node.operands):
            decide(
                "hoisted", value.node, "{}", value.node, reason=("it is a view, which costs nothing",), before=(value,)
            )
    for node in graph.nodes:
        changing = [
            operand for operand in node.operands if isinstance(operand.node.op, State) and operand not in static
        ]
        if changing and static.issuperset(set(node.operands) - set(changing)):
            reason = ("each run changes {}", changing)
            decide("hoisted", node, "{}", node, reason=reason, before=graph.results(node))


def _leaving(graph: Graph, static: set[Value]) -> list[Value]:
    """Return the static values that something else reads, or that leave the graph."""
    read = [
        operand
        for node in graph.nodes
        if not static.issuperset(graph.results(node))
        for operand in node.operands
        if operand in static
    ]
    return [*read, *(value for value in graph.roots if value in static)]


def _places(node: Node, layouts: dict[Value, Layout]) -> list[Layout] | None:
    """Return where the results of a view lie inside its operand; None where the node is not a view."""
    if type(node.op).view is Op.view or not node.operands:
        return None
    found = node.op.view([layouts[node.operands[0]]], node.types)
    return None if found is None else list(found)


def _dense(type: TensorType) -> Layout:
    return Layout.dense(tuple(int(dim) for dim in type.shape))


def _unique(label: str, taken: set[str]) -> str:
    unique, count = label, 0
    while unique in taken:
        count += 1
        unique = f"{label}_{count}"
    taken.add(unique)
    return unique


def _ancestors(graph: Graph, values: set[Value]) -> set[int]:
    """Return the nodes that compute the values, and all that they need."""
    alive = {value.index for value in values}
    for node in reversed(graph.nodes):
        if node.index in alive:
            alive.update(operand.index for operand in node.operands)
    return alive


def _needed(graph: Graph, hoisted: set[Value]) -> set[int]:
    """Return the nodes that the main graph still has: not those that only hoisted values need."""
    alive = {value.index for value in graph.roots if value not in hoisted}
    for node in reversed(graph.nodes):
        if node.index in alive:
            alive.update(operand.index for operand in node.operands if operand not in hoisted)
    return alive
