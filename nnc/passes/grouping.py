"""Groups of nodes that become one node each, kept free of cycles while they grow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nnc.errors import GraphError
from nnc.ir import Constant, Graph, Node, Rewriter, Value
from nnc.ir.decisions import Reason, Saved, decide, uses_text
from nnc.ir.ops.fusion import Fusion


class Groups:
    """A partition of a graph's nodes whose contraction stays free of cycles.

    The groups are kept in a topological order, so that a merge looks at the groups between the two and at no others
    (as in D. J. Pearce and P. H. J. Kelly: A dynamic topological sort algorithm for directed acyclic graphs, 2006).

    Attributes:
        of: the group of each node, named by one of its nodes.
        members: the nodes of each group, ascending.
        kinds: what a group is, where it is more than connected elementwise ops.
        visits: groups that merges have looked at.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.of: dict[int, int] = {node.index: node.index for node in graph.nodes}
        self.members: dict[int, list[int]] = {node.index: [node.index] for node in graph.nodes}
        self.kinds: dict[int, str] = {}
        self.uses = graph.uses()
        self.roots = set(graph.roots)
        self.visits = 0
        self._order: list[int | None] = list(range(len(graph.nodes)))
        self._position: list[int] = list(range(len(graph.nodes)))

    def single_use(self, value: Value) -> bool:
        """Whether exactly one node reads the value and it does not leave the graph."""
        return len(self.uses.get(value, ())) == 1 and value not in self.roots

    def merge(self, first: int, second: int) -> bool:
        """Put two groups into one, unless a path between them runs outside; says whether it did."""
        if first == second:
            return True
        before, after = sorted((first, second), key=self._position.__getitem__)
        needed = self._needed_between(before, after)
        if needed is None:
            return False
        kept, gone = sorted((first, second), key=lambda group: self.members[group][-1])
        for index in self.members[gone]:
            self.of[index] = kept
        self.members[kept] = sorted(self.members[kept] + self.members.pop(gone))
        self._reorder(before, after, kept, needed)
        return True

    def _needed_between(self, before: int, after: int) -> set[int] | None:
        """Return the groups in between that the later one needs; None where one of them needs the earlier one."""
        start = self._position[before]
        pending = [group for group in self._sources(after) if group != before]
        needed: set[int] = set()
        while pending:
            group = pending.pop()
            if group in needed or self._position[group] < start:
                continue
            if group == before:
                return None
            self.visits += 1
            needed.add(group)
            pending += self._sources(group)
        return needed

    def _reorder(self, before: int, after: int, kept: int, needed: set[int]) -> None:
        """Let the merged group come behind what it needs, and before all else that was in between."""
        start, end = self._position[before], self._position[after] + 1
        between = [group for group in self._order[start:end] if group is not None and group not in (before, after)]
        self.visits += end - start
        order = [
            *(group for group in between if group in needed),
            kept,
            *(group for group in between if group not in needed),
        ]
        for position, group in enumerate(order, start):
            self._order[position] = group
            self._position[group] = position
        self._order[start + len(order) : end] = [None] * (end - start - len(order))

    def _sources(self, group: int) -> Iterator[int]:
        """The other groups that a group reads from, some of them more than once."""
        for index in self.members[group]:
            for operand in self.graph.nodes[index].operands:
                source = self.of[operand.index]
                if source != group:
                    yield source

    def other_uses(self, value: Value) -> Reason:
        """Say why not exactly one node reads a value."""
        if value in self.roots:
            return "{} leaves the graph", value
        return f"{{}} has {uses_text(len(self.uses.get(value, ())))}", value

    def path_outside(self, source: Node, node: Node) -> Reason:
        """Say which node outside needs the group of the first of two nodes while the group of the second needs it."""
        before, after = self.of[source.index], self.of[node.index]
        needing, count = {before}, 0
        while count < len(needing):
            count = len(needing)
            needing |= {
                group for group in self.members if group != after and not needing.isdisjoint(self._sources(group))
            }
        between = next(
            operand
            for index in self.members[after]
            for operand in self.graph.nodes[index].operands
            if self.of[operand.index] in needing - {before}
        )
        return "{} needs {} and is needed by {}", between, source, node

    def contract(self) -> Graph:
        """Return the graph with each group of several nodes replaced by a fusion.

        Raises:
            GraphError: groups wait for each other, which `merge` does not let happen.
        """
        rewriter = Rewriter(self.graph)
        done: set[int] = set()
        waiting: set[int] = set()
        for node in self.graph.nodes:
            stack = [self.of[node.index]]
            while stack:
                current = stack[-1]
                missing = [] if current in done else sorted(set(self._sources(current)) - done)
                if missing and current in waiting:
                    raise GraphError(f"the fusion of nodes {self.members[current]} would need its own results")
                if missing:
                    waiting.add(current)
                    stack.extend(reversed(missing))
                    continue
                if current not in done:
                    self._emit_group(rewriter, current)
                    done.add(current)
                stack.pop()
        return rewriter.finish()

    def _emit_group(self, rewriter: Rewriter, group: int) -> None:
        nodes = [self.graph.nodes[index] for index in self.members[group]]
        if len(nodes) == 1:
            rewriter.keep(nodes[0])
            return
        inside = set(self.members[group])
        operands = list(
            dict.fromkeys(
                operand
                for node in nodes
                for operand in node.operands
                if operand.index not in inside and not isinstance(operand.node.op, Constant)
            )
        )
        results = [
            value
            for node in nodes
            for value in self.graph.results(node)
            if value in self.roots or any(user.index not in inside for user in self.uses.get(value, ()))
        ]
        if not results:
            return  # dead code
        body = _body(self.graph, nodes, operands, results)
        kind = self.kinds.get(group) or _kind(nodes)
        last = nodes[-1]
        with rewriter.graph.scope(last.path, last.phase):
            values = rewriter.graph.add(
                Fusion(kind, body),
                *(rewriter[operand] for operand in operands),
                names=[value.name for value in results],
            )
        for old, new in zip(results, values, strict=True):
            rewriter.set(old, new)
        before = [value for node in nodes for value in self.graph.results(node)]
        saved = Saved(nodes=len(nodes) - 1)
        decide("fused", last, "{} → {}", nodes, values[0].node, before=before, after=values, saved=saved)


def _body(graph: Graph, nodes: Iterable[Node], operands: list[Value], results: list[Value]) -> Graph:
    body = Graph("body")
    values: dict[Value, Value] = {}
    for position, operand in enumerate(operands):
        values[operand] = body.input(_letter(position), operand.type)
    for node in nodes:
        inner = []
        for operand in node.operands:
            op = operand.node.op
            inner.append(body.add_constant(op) if isinstance(op, Constant) else values[operand])
        values.update(zip(graph.results(node), body.copy_computation(node, inner), strict=True))
    for position, result in enumerate(results):
        body.output(f"result{position}" if len(results) > 1 else "result", values[result])
    return body


def _letter(position: int) -> str:
    return chr(ord("a") + position) if position < 26 else f"operand{position}"


def _kind(nodes: list[Node]) -> str:
    names = [node.op.name for node in nodes]
    return "_".join(names) if len(names) <= 3 else f"elementwise{len(names)}"
