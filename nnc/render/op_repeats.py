"""Ops of a graph that come several times in a row: what a picture says once."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from nnc.ir import PHASES, Constant, Graph, Node, State, Value
from nnc.ir.ops import Pack
from nnc.ir.ops.random import RandomUniform
from nnc.render.repeats import Repeat, fold

LEAST_SAVED = 3
"""Ops that folding equal rounds must save."""
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
    """The part of some nodes that a picture draws where each repeated round is drawn once.

    Args:
        graph: whose nodes they are.
        nodes: those that have boxes, in the order of execution.
        is_open: whether a node is to be drawn wherever it comes.

    Attributes:
        shown: index of the node that stands for each node.
        rounds: what is drawn once, outer ones first.
    """

    def __init__(
        self,
        graph: Graph,
        nodes: Sequence[Node],
        is_open: Callable[[Node], bool] = lambda node: False,
    ) -> None:
        self.is_open = is_open
        drawn = {node.index for node in nodes} | {value.index for value in graph.inputs.values()}
        self.own = {
            node.index: [value.index in drawn and value.node.phase == node.phase for value in node.operands]
            for node in nodes
        }
        self.readers: dict[int, list[Node]] = {index: [] for index in drawn}
        for node in nodes:
            for value in dict.fromkeys(value for value, is_own in self.operands(node) if is_own):
                self.readers[value.index].append(node)
        inputs = [value.index for value in graph.inputs.values()]
        self.places = {index: place for place, index in enumerate(inputs, -len(inputs))}  # as if in front of the first
        self.outputs = {value.index for value in graph.outputs.values()}
        self.updates: dict[int, tuple[int, ...]] = {}
        for value in graph.updates.values():
            self.updates[value.index] = (*self.updates.get(value.index, ()), value.result)
        self.kinds = {node.index: (op_key(node), tuple(map(str, node.types))) for node in nodes}
        self.shared = self._shared(nodes)
        self.alike: dict[int, int] = {}
        self.shown = {node.index: node.index for node in nodes}
        self.rounds: list[Round] = []
        for phase in PHASES:
            ordered = self.by_layer([node for node in nodes if node.phase == phase])
            self.places |= {node.index: place for place, node in enumerate(ordered)}
            for before, node in zip((None, *ordered), ordered, strict=False):
                self.alike[node.index] = 0 if before is None else _words_alike(before.path, node.path)
            for item in fold(ordered, self.key, self.is_worth, self.begins):
                self.collapse(item)

    def operands(self, node: Node) -> list[tuple[Value, bool]]:
        """Return what a node reads, and whether it comes from a box of its own phase."""
        return list(zip(node.operands, self.own[node.index], strict=True))

    def by_layer(self, nodes: Sequence[Node]) -> list[Node]:
        """Return the nodes of a phase in an order in which those of a layer stand together.

        The order of execution has some as soon as they can be computed, those of all rounds at once: they go to where
        their layer comes next, unless something reads them before. What reads nothing, and is read in several places,
        comes first.
        """
        starts: dict[str, list[int]] = {}
        for place, (before, node) in enumerate(zip((None, *nodes), nodes, strict=False)):
            if before is None or before.path != node.path:
                starts.setdefault(node.path, []).append(place)
        last = len(nodes), 0, 0
        keys: dict[int, tuple[int, int, int]] = {}
        for place, node in reversed(list(enumerate(nodes))):
            readers = self.readers[node.index]
            first = min((keys[reader.index] for reader in readers), default=last)
            later = [start for start in starts[node.path] if start > place and (start, 0, place) < first]
            keys[node.index] = (later[-1], 0, place) if later and node.path else (place, 1, place)
            if not node.operands and len(readers) > 1:
                keys[node.index] = -1, 0, place
        return sorted(nodes, key=lambda node: keys[node.index])

    def _shared(self, nodes: Sequence[Node]) -> set[tuple[int, int]]:
        """Return nodes and positions of operands that other nodes of their kind read as well, from the same place."""
        found: dict[Hashable, list[tuple[int, int]]] = {}
        for node in nodes:
            for position, (value, is_own) in enumerate(self.operands(node)):
                if is_own:
                    found.setdefault((self.kinds[node.index], position, value), []).append((node.index, position))
        return {place for places in found.values() if len(places) > 1 for place in places}

    def key(self, node: Node) -> Hashable:
        """Return what nodes share that do the same with what lies equally far before them, or with one value."""
        sources = tuple(self.source(node, position) for position in range(len(node.operands)))
        return self.kinds[node.index], sources, self.updates.get(node.index, ())

    def source(self, node: Node, position: int) -> Hashable:
        """Return where an operand comes from, seen from its reader."""
        value, is_own = self.operands(node)[position]
        if is_own:
            return "shared" if (node.index, position) in self.shared else self.distance(value, node)
        if isinstance(value.node.op, Constant):
            return value.node.op
        return str(value.type), isinstance(value.node.op, State), value.node.phase

    def distance(self, value: Value, node: Node) -> tuple[int, int]:
        """Return how far before a node another makes an operand, and as which of its results."""
        return self.places[node.index] - self.places[value.index], value.result

    def is_worth(self, repeat: Repeat[Node]) -> bool:
        """Whether rounds may be drawn once: only the next round, other phases and a `pack` see what one makes."""
        rounds = [list(flat(items)) for items in repeat.rounds]
        if (len(rounds) - 1) * len(rounds[0]) < LEAST_SAVED:
            return False
        members = {node.index for nodes in rounds for node in nodes}
        if any(self.is_open(node) for nodes in rounds for node in nodes):
            return False
        return all(map(self.reads_alike, pairwise(rounds))) and not any(
            node.index in self.outputs
            or any(
                reader.index not in members and not isinstance(reader.op, Pack) for reader in self.readers[node.index]
            )
            for nodes in rounds[:-1]
            for node in nodes
        )

    def reads_alike(self, rounds: tuple[Sequence[Node], Sequence[Node]]) -> bool:
        """Whether two rounds read what is shared in the same way: from as far, or one value from outside of both."""
        inside = {node.index for nodes in rounds for node in nodes}
        return all(
            (value == other and value.index not in inside) or self.distance(value, node) == self.distance(other, twin)
            for node, twin in zip(*rounds, strict=True)
            for position, (value, other) in enumerate(zip(node.operands, twin.operands, strict=True))
            if (node.index, position) in self.shared
        )

    def begins(self, item: Item) -> tuple[int, bool]:
        """Return how well a round begins here: where names change, with what reads something that others read too."""
        node = item if isinstance(item, Node) else next(flat([item]))
        return -self.alike[node.index], any(len(self.readers.get(value.index, ())) > 1 for value in node.operands)

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
    """Return what equal ops share, whatever the values in their bodies are called, and which numbers they draw."""
    attributes = node.op.attributes()
    if isinstance(node.op, RandomUniform):
        return node.op.title, node.op.shape, node.op.dtype
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


def _words_alike(path: str, other: str) -> int:
    """Return how many words at their beginning two paths share: 2 for ``conv2_block1_add`` and ``conv2_block1_out``."""
    words, others = (re.split(r"[_\-/.]", text) for text in (path, other))
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False)))
