"""Fusion: small named patterns that gather ops which can share buffers, loops and cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nnc.ir import Graph, Node, Value
from nnc.ir.decisions import Reason, decide, is_listened_to
from nnc.ir.ops.arithmetic import Add
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient
from nnc.ir.ops.elementwise import Unary
from nnc.ir.ops.matmul import MatMul
from nnc.labels import layer_path
from nnc.passes.base import Pass
from nnc.passes.grouping import Groups

PRODUCTS = {MatMul: "dense", Convolution: "conv", ConvolutionInputGradient: "conv_transpose"}
"""Names of products with bias and activation."""


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
        if is_listened_to():
            note_missed(graph, groups)
        return groups.contract()


def fuse_products(graph: Graph, groups: Groups) -> None:
    """Group a matrix product or convolution with the bias added to it and the activation applied to the sum."""
    for node in graph.nodes:
        kind = PRODUCTS.get(type(node.op))
        if kind is None:
            continue
        (product,) = graph.results(node)
        add = next((user for user in groups.uses.get(product, ()) if _adds_bias(user, product)), None)
        if add is None:
            continue
        obstacle = _obstacle_to_bias(groups, node, add)
        if obstacle or not groups.merge(groups.of[node.index], groups.of[add.index]):
            if is_listened_to():
                decide("fused", add, "{} with {}", node, add, reason=obstacle or groups.path_outside(node, add))
            continue
        (total,) = graph.results(add)
        group = groups.of[add.index]
        groups.kinds[group] = kind
        for activation in groups.uses.get(total, ()):
            same = _place(activation) == _place(node) and activation.types == node.types
            if same and isinstance(activation.op, Unary) and groups.merge(group, groups.of[activation.index]):
                groups.kinds[group] = f"{kind}_{activation.op.name}"
                break


def _adds_bias(node: Node, product: Value) -> bool:
    if not isinstance(node.op, Add) or node.types[0] != product.type:
        return False
    first, second = node.operands
    return (second if first == product else first).rank == 1


def _obstacle_to_bias(groups: Groups, node: Node, add: Node) -> Reason:
    (product,) = groups.graph.results(node)
    if not groups.single_use(product):
        return groups.other_uses(product)
    return _other_layer(node, add)


def fuse_elementwise(graph: Graph, groups: Groups) -> None:
    """Group connected elementwise nodes of one shape, layer and phase."""
    for node in graph.nodes:
        if not _fusable(node, groups):
            continue
        for operand in node.operands:
            source = operand.node
            same = _place(source) == _place(node) and operand.shape == node.types[0].shape
            if same and _fusable(source, groups):
                groups.merge(groups.of[source.index], groups.of[node.index])


def _fusable(node: Node, groups: Groups) -> bool:
    return node.op.elementwise and groups.of[node.index] not in groups.kinds


def note_missed(graph: Graph, groups: Groups) -> None:
    """Note which elementwise nodes of one shape and phase pass arrays on to each other from group to group, and why."""
    seen: set[tuple[int, int]] = set()
    for node in graph.nodes:
        for operand in node.operands if node.op.elementwise else ():
            source, pair = operand.node, (groups.of[operand.index], groups.of[node.index])
            alike = source.phase == node.phase and operand.shape == node.types[0].shape and operand.rank > 0
            fits = source.op.elementwise or (type(source.op) in PRODUCTS and isinstance(node.op, Unary))
            if alike and fits and pair[0] != pair[1] and pair not in seen:
                seen.add(pair)
                decide("fused", node, "{} with {}", source, node, reason=_obstacle(groups, source, node))


def _obstacle(groups: Groups, source: Node, node: Node) -> Reason:
    if reason := _other_layer(source, node):
        return reason
    if groups.of[source.index] in groups.kinds:
        return ("a product takes in its bias and one activation, no more",)
    if not source.op.elementwise:
        return ("{} has no bias", source)
    return groups.path_outside(source, node)


def _other_layer(source: Node, node: Node) -> Reason:
    if layer_path(source.path) == layer_path(node.path):
        return ()
    return "{} is of {}, {} of {}", source, _layer(source), node, _layer(node)


def _layer(node: Node) -> str:
    return f"layer '{layer_path(node.path)}'" if node.path else f"the {node.phase} of no layer"


def _place(node: Node) -> tuple[str, str]:
    """Return the layer and the phase of a node."""
    return layer_path(node.path), node.phase
