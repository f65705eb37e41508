"""Ops of a graph that come several times in a row, and ops that only follow each other: what a picture says once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from nnc.ir import Constant, Graph, Node, State, Value
from nnc.render.repeats import Repeat, fold

LEAST_SAVED = 3
"""Ops that folding equal rounds must save."""
LONGEST_CHAIN = 8
"""Ops in one box where a picture would be too long."""
Item = Node | Repeat[Node]


@dataclass(frozen=True)
class Round:
    """The first of several equal rounds, which stands for all of them.

    Args:
        names: paths of the nodes of each round.
        members: indices of the nodes in the first one.
    """

    names: tuple[tuple[str, ...], ...]
    members: frozenset[int]


class Folded:
    """What a picture draws of some nodes where each repeated round is drawn once.

    Args:
        graph: whose nodes they are.
        nodes: those that have boxes, in the order of execution.
        is_kept: whether a value is kept for a node of the backward pass.

    Attributes:
        shown: index of the node that stands for each node.
        rounds: what is drawn once, outer ones first.
    """

    def __init__(self, graph: Graph, nodes: Sequence[Node], is_kept: Callable[[Value, Node], bool]) -> None:
        self.is_kept = is_kept
        inputs = [value.index for value in graph.inputs.values()]
        self.places = {index: place for place, index in enumerate(inputs, -len(inputs))}  # as if in front of the first
        self.places |= {node.index: place for place, node in enumerate(nodes)}
        self.readers: dict[int, list[Node]] = {node.index: [] for node in nodes}
        for node in nodes:
            for value in dict.fromkeys(node.operands):
                if value.index in self.readers and not is_kept(value, node):
                    self.readers[value.index].append(node)
        self.roots = {value.index for value in (*graph.outputs.values(), *graph.updates.values())}
        self.shown = {node.index: node.index for node in nodes}
        self.rounds: list[Round] = []
        for item in fold(nodes, self.key, self.is_worth, self.begins):
            self.collapse(item)

    def key(self, node: Node) -> Hashable:
        """Return what nodes share that do the same with what lies equally far before them."""
        types = tuple(map(str, node.types))
        return op_key(node), node.phase, types, tuple(self.source(value, node) for value in node.operands)

    def source(self, value: Value, node: Node) -> Hashable:
        """Return where an operand comes from, seen from its reader."""
        if value.index in self.places and not self.is_kept(value, node):
            return self.places[node.index] - self.places[value.index], value.result
        if isinstance(value.node.op, Constant):
            return value.node.op
        return str(value.type), isinstance(value.node.op, State)

    def is_worth(self, repeat: Repeat[Node]) -> bool:
        """Whether rounds may be drawn once: nothing but the next round and other phases sees what one makes."""
        rounds = [list(flat(items)) for items in repeat.rounds]
        if (len(rounds) - 1) * len(rounds[0]) < LEAST_SAVED:
            return False
        members = {node.index for nodes in rounds for node in nodes}
        return not any(
            node.index in self.roots
            or any(reader.index not in members and reader.phase == node.phase for reader in self.readers[node.index])
            for nodes in rounds[:-1]
            for node in nodes
        )

    def begins(self, item: Item) -> bool:
        """Whether a round had better begin here: with what reads something that others read too."""
        node = item if isinstance(item, Node) else next(flat([item]))
        return any(len(self.readers.get(value.index, ())) > 1 for value in node.operands)

    def collapse(self, item: Item) -> None:
        """Let the first round of each repeat stand for the others."""
        if isinstance(item, Node):
            return
        rounds = [list(flat(items)) for items in item.rounds]
        names = tuple(tuple(node.path or node.op.name for node in nodes) for nodes in rounds)
        self.rounds.append(Round(names, frozenset(node.index for node in rounds[0])))
        for nodes in rounds[1:]:
            for first, other in zip(rounds[0], nodes, strict=True):
                self.shown[other.index] = first.index
        for inner in item.rounds[0]:
            self.collapse(inner)
        for node in (node for nodes in rounds[1:] for node in nodes):
            self.shown[node.index] = self.shown[self.shown[node.index]]


def op_key(node: Node) -> Hashable:
    """Return what equal ops share, whatever the values in their bodies are called."""
    attributes = node.op.attributes()
    bodies = [body for body in attributes.values() if isinstance(body, Graph)]
    if not bodies:
        return node.op
    own = tuple((name, str(value)) for name, value in attributes.items() if not isinstance(value, Graph))
    inner = tuple(
        (op_key(part), tuple((value.index, value.result) for value in part.operands))
        for body in bodies
        for part in body.nodes
    )
    return node.op.title, own, inner


def flat(items: Sequence[Item]) -> Iterator[Node]:
    """Return the nodes of items, those of all rounds, in their order."""
    for item in items:
        if isinstance(item, Node):
            yield item
        else:
            for inner in item.rounds:
                yield from flat(inner)


def chains(
    nodes: Sequence[Node], sources: Callable[[Node], Sequence[int]], room: Callable[[Node], Hashable]
) -> list[list[Node]]:
    """Return the nodes in rows of those that only follow each other, at most `LONGEST_CHAIN` each.

    Args:
        nodes: in the order of execution.
        sources: indices of those among them that one reads.
        room: where a node is drawn; a row stays in one room.
    """
    readers: dict[int, list[int]] = {}
    for node in nodes:
        for source in sources(node):
            readers.setdefault(source, []).append(node.index)
    rows: dict[int, list[Node]] = {}
    found: list[list[Node]] = []
    for node in nodes:
        read = sources(node)
        row = rows.get(read[0]) if len(read) == 1 and len(readers[read[0]]) == 1 else None
        if row is not None and row[-1].index == read[0] and room(row[-1]) == room(node) and len(row) < LONGEST_CHAIN:
            row.append(node)
        else:
            row = [node]
            found.append(row)
        rows[node.index] = row
    return found
