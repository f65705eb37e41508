"""Products of matrices and of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Dim, Value, ops, size_of
from nnc.ir.ops.movement import normalize_axis
from nnc.operations.element_types import FLOAT
from nnc.operations.registry import operation


@operation("Matmul", promotes=True)
def matmul(x1: Value, x2: Value) -> Value:
    """Return the products of matrices."""
    return x1 @ x2


@operation("Einsum", promotes=True)
def einsum(*operands: Value, subscripts: str) -> Value:
    """Return sums of products in Einstein's notation; more than two operands are multiplied from left to right.

    Args:
        operands: one or more tensors.
        subscripts: such as ``ab,bc->ac``; without ``->``, the result has the letters that occur once, sorted.

    Raises:
        ModelError: an operand names an axis twice, or has another number of axes.
    """
    texts, result = _subscripts(subscripts)
    if len(texts) != len(operands):
        raise ModelError(f"einsum '{subscripts}' is of {len(texts)} operands, got {len(operands)}")
    left, texts, rest = operands[0], texts[1:], texts[0]
    if not texts:
        return _rearranged(left, rest, result)
    for number, (right, text) in enumerate(zip(operands[1:], texts, strict=True), start=1):
        later = "".join([*texts[number:], result])
        kept = "".join(letter for letter in dict.fromkeys((rest + text).replace("...", "")) if letter in later)
        dots = "..." if "..." in rest + text else ""
        wanted = result if number == len(texts) else dots + kept
        left, rest = ops.einsum(f"{rest},{text}->{wanted}", left, right), wanted
    return left


def _subscripts(subscripts: str) -> tuple[list[str], str]:
    """Return the letters of each operand, and of the result."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    if not arrow:
        letters = left.replace(",", "").replace("...", "")
        result = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
        result = f"...{result}" if "..." in left else result
    return left.split(","), result


def _rearranged(x: Value, text: str, result: str) -> Value:
    """Return x, whose axes have letters, summed over those that the result lacks."""
    before, dots, after = text.partition("...")
    elided = range(x.rank - len(before + after)) if dots else ()
    labels = [*before, *map(str, elided), *after]
    first, dots, last = result.partition("...")
    wanted = [*first, *(map(str, elided) if dots else ()), *last]
    if len(labels) != x.rank or len(set(labels)) < len(labels) or not set(wanted) <= set(labels):
        raise ModelError(f"Einsum: '{text}->{result}' must name each axis once, got {x.type}")
    kept = [label for label in labels if label in wanted]
    axes = [axis for axis, label in enumerate(labels) if label not in wanted]
    return ops.transpose(ops.sum(x, axes) if axes else x, [kept.index(label) for label in wanted])


@operation("Dot", promotes=True)
def dot(x1: Value, x2: Value) -> Value:
    """Return the sums of products over the last axis of x1 and the last but one of x2, or its only one."""
    if not x1.rank or not x2.rank:
        return _scaled(x1, x2)
    return _in_floats(x1, x2, [x1.rank - 1], [max(x2.rank - 2, 0)])


@operation("Inner", promotes=True)
def inner(x1: Value, x2: Value) -> Value:
    """Return the sums of products over the last axes of both."""
    if not x1.rank or not x2.rank:
        return _scaled(x1, x2)
    return _in_floats(x1, x2, [x1.rank - 1], [x2.rank - 1])


@operation("Vdot", promotes=True)
def vdot(x1: Value, x2: Value) -> Value:
    """Return the sum of the products of all elements, as they follow each other."""
    return _in_floats(ops.reshape(x1, (-1,)), ops.reshape(x2, (-1,)), [0], [0])


@operation("Outer", promotes=True)
def outer(x1: Value, x2: Value) -> Value:
    """Return the products of each element of x1 with each of x2: a matrix."""
    return ops.reshape(x1, (-1, 1)) * ops.reshape(x2, (1, -1))


@operation("Tensordot", promotes=True)
def tensordot(x1: Value, x2: Value, axes: Any = 2) -> Value:
    """Return the sums of products over axes of both.

    Args:
        x1: the first operand.
        x2: the second one.
        axes: how many of the last axes of x1 and the first of x2, or a pair: the axis of each, or the axes of each.

    Raises:
        ModelError: there are not as many axes of the one as of the other.
    """
    if isinstance(axes, int):
        firsts, seconds = list(range(x1.rank - axes, x1.rank)), list(range(axes))
    else:
        firsts, seconds = ([item] if isinstance(item, int) else list(item) for item in axes)
    if len(firsts) != len(seconds) or not 0 <= len(firsts) <= min(x1.rank, x2.rank):
        raise ModelError(f"Tensordot: axes must name as many axes of both operands, got {axes!r}")
    firsts = [normalize_axis(x1, axis) for axis in firsts]
    seconds = [normalize_axis(x2, axis) for axis in seconds]
    if x1.dtype in ("int32", "int64"):
        return _contracted(x1, x2, firsts, seconds)
    return _in_floats(x1, x2, firsts, seconds)


def _scaled(x1: Value, x2: Value) -> Value:
    product = ops.cast(x1, _computed_in(x1)) * ops.cast(x2, _computed_in(x1))
    return ops.cast(product, x1.dtype)


def _computed_in(x: Value) -> str:
    return x.dtype if x.type.is_floating else FLOAT


def _in_floats(x1: Value, x2: Value, firsts: Sequence[int], seconds: Sequence[int]) -> Value:
    """Return sums of products over axes, of whole numbers too counted in floats, as Keras on TensorFlow does."""
    dtype = _computed_in(x1)
    return ops.cast(_contracted(ops.cast(x1, dtype), ops.cast(x2, dtype), firsts, seconds), x1.dtype)


def _contracted(x1: Value, x2: Value, firsts: Sequence[int], seconds: Sequence[int]) -> Value:
    """Return the sums of products over axes of both, whose other axes follow each other."""
    rows = [axis for axis in range(x1.rank) if axis not in firsts]
    columns = [axis for axis in range(x2.rank) if axis not in seconds]
    left, right = ops.transpose(x1, [*rows, *firsts]), ops.transpose(x2, [*seconds, *columns])
    inside: Dim = size_of([x1.shape[axis] for axis in firsts])
    before, after = left.shape[: len(rows)], right.shape[len(seconds) :]
    product = ops.reshape(left, (size_of(before), inside)) @ ops.reshape(right, (inside, size_of(after)))
    return ops.reshape(product, (*before, *after))


@operation("Kron", promotes=True)
def kron(x1: Value, x2: Value) -> Value:
    """Return x2 once for each element of x1, multiplied with it."""
    rank = max(x1.rank, x2.rank)
    first, second = ([1] * (rank - x.rank) + list(x.shape) for x in (x1, x2))
    spread = ops.reshape(x1, [dim for length in first for dim in (length, 1)])
    product = spread * ops.reshape(x2, [dim for length in second for dim in (1, length)])
    return ops.reshape(product, [one * other for one, other in zip(first, second, strict=True)])


@operation("Cross", promotes=True)
def cross(x1: Value, x2: Value, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Value:
    """Return the cross products of vectors of length 3; those of length 2 have a third element 0.

    Args:
        x1: vectors along an axis.
        x2: vectors along another.
        axisa: the axis of x1.
        axisb: the axis of x2.
        axisc: that of the result; where both have vectors of length 2, it has the third element alone.
        axis: all three.

    Raises:
        ModelError: the vectors have other lengths.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    left, right = _last(x1, axisa), _last(x2, axisb)
    lengths = left.shape[-1], right.shape[-1]
    if not {2, 3}.issuperset(lengths):
        raise ModelError(f"Cross: vectors must have length 2 or 3, got {lengths[0]} and {lengths[1]}")
    a, b = (_three(x) for x in (left, right))
    if lengths == (2, 2):
        third = a[0] * b[1] - a[1] * b[0]
        return ops.reshape(third, third.shape[:-1])
    found = ops.concatenate([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], -1)
    order = list(range(found.rank - 1))
    order.insert(axisc % found.rank, found.rank - 1)
    return ops.transpose(found, order)


def _last(x: Value, axis: int) -> Value:
    """Return x with an axis moved behind the others."""
    place = normalize_axis(x, axis)
    return ops.transpose(x, [*(other for other in range(x.rank) if other != place), place])


def _three(x: Value) -> list[Value]:
    """Return the three elements along the last axis, the third of which may be missing."""
    parts = [ops.take(x, x.rank - 1, place, place + 1) for place in range(int(x.shape[-1]))]
    return parts if len(parts) == 3 else [*parts, x.graph.constant(0, x.dtype)]


@operation("CDist", module="math", floats=True)
def distances(x: Value, y: Value) -> Value:
    """Return the distance of each row of x from each row of y.

    Raises:
        ModelError: they have no rows, or rows of other lengths.
    """
    if x.rank < 2 or y.rank < 2 or x.shape[-1] != y.shape[-1]:
        raise ModelError(f"CDist: both operands must have rows of one length, got {x.type} and {y.type}")
    between = ops.reshape(x, (*x.shape[:-1], 1, x.shape[-1])) - ops.reshape(y, (*y.shape[:-2], 1, *y.shape[-2:]))
    return ops.sqrt(ops.sum(ops.square(between), -1))
