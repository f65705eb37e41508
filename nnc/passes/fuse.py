"""Fusion: small named patterns that gather ops which can share buffers, loops and cache."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from nnc.ir import Constant, Graph, Node, Rewriter, Value
from nnc.ops.arithmetic import Add
from nnc.ops.convolution import Convolution, ConvolutionInputGradient
from nnc.ops.elementwise import Unary
from nnc.ops.fusion import Fusion
from nnc.ops.matmul import MatMul
from nnc.passes.base import Pass

PRODUCTS = {MatMul: "dense", Convolution: "conv", ConvolutionInputGradient: "conv_transpose"}
"""What a product with bias and activation is called."""


@dataclass(frozen=True)
class Fuse(Pass, name="fuse"):
    """Replaces groups of nodes by one ``fusion`` node each, without changing a single result.

    Patterns, in order: product + bias + activation (``dense_…``, ``conv_…``, ``conv_transpose_…``); then connected
    elementwise ops of one shape, layer and phase. A value inside a group that is used outside becomes a result of the
    fusion (elementwise) or ends the pattern (product).
    """

    rejects: ClassVar[frozenset[str]] = frozenset({"fusion"})

    def run(self, graph: Graph) -> Graph:
        """Return the fused graph."""
        groups = Groups(graph)
        fuse_products(graph, groups)
        fuse_elementwise(graph, groups)
        return groups.contract()


class Groups:
    """A partition of a graph's nodes whose contraction stays free of cycles."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.of: dict[int, int] = {node.index: node.index for node in graph.nodes}
        self.members: dict[int, list[int]] = {node.index: [node.index] for node in graph.nodes}
        self.kinds: dict[int, str] = {}
        self.uses = graph.uses()
        self.roots = set(graph.roots)

    def single_use(self, value: Value) -> bool:
        """Whether exactly one node reads the value and it does not leave the graph."""
        return len(self.uses.get(value, ())) == 1 and value not in self.roots

    def merge(self, first: int, second: int) -> bool:
        """Put two groups into one, unless a path between them runs outside; says whether it did."""
        if first == second:
            return True
        early, late = sorted((first, second), key=lambda group: self.members[group][-1])
        if self._reaches_around(early, late):
            return False
        for index in self.members.pop(late):
            self.of[index] = early
            self.members[early].append(index)
        self.members[early].sort()
        return True

    def _reaches_around(self, early: int, late: int) -> bool:
        pending = [
            operand.index
            for index in self.members[early] + self.members[late]
            for operand in self.graph.nodes[index].operands
            if self.of[operand.index] not in (early, late)
        ]
        seen: set[int] = set()
        while pending:
            group = self.of[pending.pop()]
            if group in seen:
                continue
            if group in (early, late):
                return True
            seen.add(group)
            pending += [operand.index for index in self.members[group] for operand in self.graph.nodes[index].operands]
        return False

    def contract(self) -> Graph:
        """Return the graph with each group of several nodes replaced by a fusion."""
        rewriter = Rewriter(self.graph)
        done: set[int] = set()

        def emit(group: int) -> None:
            stack = [group]
            while stack:
                current = stack[-1]
                if current in done:
                    stack.pop()
                    continue
                outside = {
                    self.of[operand.index]
                    for index in self.members[current]
                    for operand in self.graph.nodes[index].operands
                } - {current}
                missing = sorted(outside - done)
                if missing:
                    stack.extend(reversed(missing))
                    continue
                self._emit_group(rewriter, current)
                done.add(current)
                stack.pop()

        for node in self.graph.nodes:
            emit(self.of[node.index])
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
        with body.scope("", "forward"):
            values.update(zip(graph.results(node), body.add(node.op, *inner, names=node.names), strict=True))
    for position, result in enumerate(results):
        body.output(f"result{position}" if len(results) > 1 else "result", values[result])
    return body


def _letter(position: int) -> str:
    return chr(ord("a") + position) if position < 26 else f"operand{position}"


def _kind(nodes: list[Node]) -> str:
    names = [node.op.name for node in nodes]
    return "_".join(names) if len(names) <= 3 else f"elementwise{len(names)}"


def fuse_products(graph: Graph, groups: Groups) -> None:
    """Group a matrix product or convolution with the bias added to it and the activation applied to the sum."""
    for node in graph.nodes:
        kind = PRODUCTS.get(type(node.op))
        if kind is None:
            continue
        (product,) = graph.results(node)
        if not groups.single_use(product):
            continue
        add = groups.uses[product][0]
        if not isinstance(add.op, Add) or add.path != node.path or add.types != node.types:
            continue
        bias = add.operands[1] if add.operands[0] == product else add.operands[0]
        if bias.rank != 1 or not groups.merge(groups.of[node.index], groups.of[add.index]):
            continue
        (total,) = graph.results(add)
        group = groups.of[add.index]
        groups.kinds[group] = kind
        for activation in groups.uses.get(total, ()):
            same = (activation.path, activation.phase, activation.types) == (node.path, node.phase, node.types)
            if same and isinstance(activation.op, Unary) and groups.merge(group, groups.of[activation.index]):
                groups.kinds[group] = f"{kind}_{activation.op.name}"
                break


def fuse_elementwise(graph: Graph, groups: Groups) -> None:
    """Group connected elementwise nodes of one shape, layer and phase."""
    for node in graph.nodes:
        if not _fusable(node, groups):
            continue
        for operand in node.operands:
            source = operand.node
            same = (source.path, source.phase) == (node.path, node.phase) and operand.shape == node.types[0].shape
            if same and _fusable(source, groups):
                groups.merge(groups.of[source.index], groups.of[node.index])


def _fusable(node: Node, groups: Groups) -> bool:
    return node.op.elementwise and groups.of[node.index] not in groups.kinds
