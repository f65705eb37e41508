"""Operations that find equal elements, and count them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.comparison import Equal, LessEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from nnc.operations import reductions
from nnc.operations.element_types import as_value
from nnc.operations.elementwise import logical_not, not_equal
from nnc.operations.ordering import search_sorted
from nnc.operations.registry import operation


@operation("IsIn", promotes=True)
def is_in(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Value:
    """Return whether each element is among those of another tensor, or is not."""
    del assume_unique
    given = x1 if isinstance(x1, Value) else x2
    x1, x2 = (as_value(item, given.dtype, given.graph) for item in (x1, x2))
    found = reductions.any(apply(Equal(), ops.reshape(x1, (*x1.shape, 1)), ops.reshape(x2, (-1,))), -1)
    return logical_not(found) if invert else found


@operation("Unique")
def unique(
    x: Value,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """Return the different elements in ascending order, at most so many, and behind them a number for those missing.

    Args:
        x: the operand.
        sorted: must be True.
        return_index: whether the index of the first of each comes too; 1 where there is none.
        return_inverse: whether for each element of x the index of its like comes too.
        return_counts: whether it comes too how many there are of each.
        axis: must be None, unless x is a vector.
        size: how many there are in the result.
        fill_value: what those missing are; 0 by default.

    Raises:
        ModelError: an argument is another, or the size is not given.
    """
    if size is None or not sorted or (axis is not None and x.rank != 1):
        raise ModelError(f"Unique: size must be given, sorted True and axis None, got {size}, {sorted} and {axis}")
    flat = ops.reshape(x, (-1,))
    order = ops.argsort(flat, 0)
    ordered = ops.take_along_axis(flat, order, 0)
    head = ops.take(apply(Equal(), ordered, ordered), 0, 0, 1)
    is_first = ops.concatenate([head, not_equal(ops.take(ordered, 0, 1), ops.take(ordered, 0, 0, -1))], 0)
    number = ops.cumulative_sum(ops.cast(is_first, "int32"), 0) - 1
    place = ops.minimum(number, size)

    def collected(elements: Value) -> Value:
        """Return the sums of elements that are of one value."""
        return ops.take(apply(ScatterAdd((size + 1,)), elements, place), 0, 0, size)

    counts = collected(ops.cast(apply(Equal(), number, number), "int32"))
    first = ops.where(is_first, ordered, x.graph.constant(0, x.dtype))
    fill = x.graph.constant(0 if fill_value is None else fill_value, x.dtype)
    found = [ops.where(counts > 0, collected(first), fill)]
    if return_index:
        index = collected(ops.where(is_first, ops.cast(order, "int32"), 0))
        found.append(ops.where(counts > 0, index, 1))
    if return_inverse:
        found.append(ops.take_along_axis(number, ops.argsort(order, 0), 0))
    if return_counts:
        found.append(counts)
    return found[0] if len(found) == 1 else tuple(found)


@operation("Histogram")
def histogram(x: Value, bins: int = 10, range: Sequence[float] | None = None) -> tuple[Value, Value]:
    """Return how many elements of a vector lie in each bin, as numbers of its type, and the edges of the bins.

    Args:
        x: a vector of floats.
        bins: how many bins of equal width.
        range: where they begin and end; the smallest and the largest element by default.

    Raises:
        ModelError: x is no vector of floats.
    """
    if x.rank != 1 or not x.type.is_floating:
        raise ModelError(f"Histogram: x must be a vector of floats, got {x.type}")
    if range is None:
        low, high = reductions.min(x), reductions.max(x)
    else:
        low, high = (x.graph.constant(float(number), x.dtype) for number in range)
    shares = x.graph.constant(numpy.arange(bins + 1) / max(bins, 1), x.dtype)
    edges = ops.where(ops.equal(shares, 1.0), high, low + (high - low) * shares)
    inside = ops.cast(ops.logical_and(apply(LessEqual(), low, x), apply(LessEqual(), x, high)), x.dtype)
    place = search_sorted(ops.take(edges, 0, 1, bins), x, "right") if bins > 1 else ops.cast(inside * 0.0, "int32")
    return apply(ScatterAdd((bins,)), inside, place), edges
