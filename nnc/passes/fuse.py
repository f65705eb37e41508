"""Fusion: small named patterns that gather ops which can share buffers, loops and cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nnc.ir import Graph, Node
from nnc.ops.arithmetic import Add
from nnc.ops.convolution import Convolution, ConvolutionInputGradient
from nnc.ops.elementwise import Unary
from nnc.ops.matmul import MatMul
from nnc.passes.base import Pass
from nnc.passes.grouping import Groups

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
