"""Chooses the order of execution: the one with the lower peak of memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from nnc.ir import Constant, Graph, Node, Op, Rewriter, State, Value, nominal_sizes
from nnc.passes.base import Pass


@dataclass(frozen=True)
class Schedule(Pass, name="schedule"):
    """Orders nodes so that the largest live set is small; the order of nodes is the order of execution.

    Compares the order that is there, which is topological, with a greedy one that always runs the ready node which
    frees most, and with the same where what states alone decide waits until it is needed; takes the best, on a tie the
    order that is there, and the one that waits.
    """

    def run(self, graph: Graph) -> Graph:
        """Return the same graph in another order."""
        sizes = Sizes(graph)
        greedy = greedy_order(graph, sizes)
        best = min((list(range(len(graph.nodes))), late_order(graph, greedy), greedy), key=sizes.peak)
        rewriter = Rewriter(graph)
        for index in best:
            rewriter.keep(graph.nodes[index])
        return rewriter.finish()


@dataclass
class Sizes:
    """Bytes of each value at the nominal size, who reads it, and what each node adds and reads."""

    graph: Graph
    nbytes: dict[Value, int] = field(init=False)
    uses: dict[Value, list[Node]] = field(init=False)
    kept: set[Value] = field(init=False)
    gained: list[int] = field(init=False)
    read: list[dict[Value, int]] = field(init=False)

    def __post_init__(self) -> None:
        bindings = nominal_sizes(self.graph)
        self.nbytes = {
            value: 0 if node.is_leaf else value.type.bind(bindings).nbytes
            for node in self.graph.nodes
            for value in self.graph.results(node)
        }
        self.uses = self.graph.uses()
        self.kept = kept = set(self.graph.roots)
        self.gained = [sum(map(self.nbytes.__getitem__, self.graph.results(node))) for node in self.graph.nodes]
        self.read = [  # what may be freed, and how often the node reads it
            {
                value: count
                for value, count in Counter(node.operands).items()
                if self.nbytes[value] and value not in kept
            }
            for node in self.graph.nodes
        ]

    def change(self, node: Node, remaining: dict[Value, int]) -> int:
        """Return how many bytes more are live after the node than before it."""
        read = self.read[node.index].items()
        return self.gained[node.index] - sum(self.nbytes[value] for value, count in read if remaining[value] == count)

    def peak(self, order: list[int]) -> int:
        """Return the largest number of live bytes when nodes run in this order."""
        remaining = {value: len(users) for value, users in self.uses.items()}
        live = peak = 0
        for index in order:
            node = self.graph.nodes[index]
            peak = max(peak, live + self.gained[index])
            live += self.change(node, remaining)
            for operand in node.operands:
                remaining[operand] -= 1
        return peak


def late_order(graph: Graph, order: list[int]) -> list[int]:
    """Return an order in which what states and constants alone decide is computed right before it is needed.

    It frees nothing, so that a greedy order has it as soon as what is next takes more: a kernel that is turned for a
    gradient, say, from the beginning of a training step until the turn of its layer comes. What leaves the graph stays,
    and so do views and single numbers, which take next to no memory.
    """
    given, waiting = set[int](), set[int]()
    leaving = {value.index for value in graph.roots}
    for node in graph.nodes:
        sources = {operand.index for operand in node.operands}
        is_small = type(node.op).view is not Op.view or all(found.shape == () for found in node.types)
        if isinstance(node.op, State | Constant) or (is_small and not node.is_leaf and sources <= given):
            given.add(node.index)
        elif not node.is_leaf and node.index not in leaving and all(i in given or i in waiting for i in sources):
            waiting.add(node.index)
    late: list[int] = []
    for index in order:
        if index not in waiting:
            late += _needed(graph, index, waiting)
    return late + [index for index in order if index in waiting]


def _needed(graph: Graph, index: int, waiting: set[int]) -> list[int]:
    """Return a node behind those that it needs of the waiting ones, which wait no longer."""
    found = [index]
    for node in map(graph.nodes.__getitem__, found):
        needed = {operand.index for operand in node.operands} & waiting
        waiting -= needed
        found += needed
    return sorted(found)


def greedy_order(graph: Graph, sizes: Sizes) -> list[int]:
    """Return the order in which the ready node that frees most memory always comes next."""
    remaining = {value: len(users) for value, users in sizes.uses.items()}
    waiting = {node.index: len({operand.index for operand in node.operands}) for node in graph.nodes}
    users: dict[int, list[int]] = {}
    for node in graph.nodes:
        for source in {operand.index for operand in node.operands}:
            users.setdefault(source, []).append(node.index)
    ready = [(sizes.change(graph.nodes[index], remaining), index) for index, count in waiting.items() if count == 0]
    heapify(ready)
    order: list[int] = []
    done: set[int] = set()
    while ready:
        _, best = heappop(ready)
        if best in done:
            continue  # it was added again when it came to free more
        done.add(best)
        order.append(best)
        node = graph.nodes[best]
        for operand in node.operands:
            remaining[operand] -= 1
        for user in users.get(best, ()):
            waiting[user] -= 1
        freed_by = {user.index for operand in node.operands if sizes.nbytes[operand] for user in sizes.uses[operand]}
        for user in freed_by.union(users.get(best, ())):
            if waiting[user] == 0 and user not in done:
                heappush(ready, (sizes.change(graph.nodes[user], remaining), user))
    return order
