"""Epilogues that a product computes while its sums are in registers: a bias, and bounds of what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, Literal, Operand, number, variable
from nnc.ir import FLOATING, Node, Value
from nnc.ir.ops.arithmetic import Add, Maximum, Minimum, Relu


@dataclass(frozen=True)
class BoundedBias:
    """A vector that is added to each row of a product, whose elements are then kept between two numbers.

    Args:
        bias: pointer to the vector.
        low: the least result.
        high: the greatest result.
    """

    bias: Expression
    low: Expression
    high: Expression


def bias_arguments(found: BoundedBias | None, column: Expression | None = None) -> tuple[Operand, ...]:
    """Return what functions for products are given: pointer and bounds, the pointer being NULL where there is no bias.

    Args:
        found: the bias.
        column: the first one that the function computes, if that is not the first of all.
    """
    if found is None:
        return variable("NULL"), 0, 0
    return found.bias if column is None else found.bias + column, found.low, found.high


def bounded_bias(
    nodes: Sequence[Node], head: Value, read: Mapping[Value, Array], stored: Mapping[Value, Array]
) -> BoundedBias | None:
    """Return what elementwise steps behind a product are, None where they are more than that.

    Args:
        nodes: the steps.
        head: the product.
        read: what the steps read from elsewhere, each broadcast to the shape of the product.
        stored: what they give that lies in memory.
    """
    first, *others = nodes
    bias = _other(first, head)
    if not isinstance(first.op, Add) or bias is None or not _is_vector(read[bias]) or head.dtype not in FLOATING:
        return None
    low, high, current = -inf, inf, first
    for node in others:
        if not any(operand.node is current for operand in node.operands):
            return None
        if isinstance(node.op, Relu):
            bound: float | None = 0.0
        else:
            bound = _bound(node, current, read)
        if bound is None or high != inf or (isinstance(node.op, Relu | Maximum) and low != -inf):
            return None
        if isinstance(node.op, Minimum):
            high = bound
        else:
            low = bound
        current = node
    if [value.node for value in stored] != [current] or low > high:
        return None
    (result,) = stored.values()
    given = read[head]
    if (result.address.text, result.strides) != (given.address.text, given.strides):
        return None
    return BoundedBias(read[bias].address, number(low, head.dtype), number(high, head.dtype))


def _other(node: Node, value: Value) -> Value | None:
    """Return the other operand of a step that takes a value and another one."""
    if len(node.operands) != 2 or value not in node.operands or node.operands[0] == node.operands[1]:
        return None
    return node.operands[1 if node.operands[0] == value else 0]


def _is_vector(array: Array) -> bool:
    """Whether an array is one row, again and again."""
    return array.literal is None and array.strides[-1] == 1 and all(stride == 0 for stride in array.strides[:-1])


def _bound(node: Node, current: Node, read: Mapping[Value, Array]) -> float | None:
    """Return the number that the result of a step is kept above or below."""
    if not isinstance(node.op, Maximum | Minimum) or len(node.operands) != 2:
        return None
    others = [read.get(operand) for operand in node.operands if operand.node is not current]
    literal = others[0].literal if len(others) == 1 and others[0] is not None else None
    return literal.value if isinstance(literal, Literal) and not isnan(literal.value) else None
