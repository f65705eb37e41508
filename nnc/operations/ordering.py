"""Operations that sort, pick by size, accumulate in order, and search in what is sorted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.movement import normalize_axis
from nnc.operations.element_types import as_value
from nnc.operations.elementwise import not_equal
from nnc.operations.reductions import all
from nnc.operations.registry import operation
from nnc.operations.special_numbers import is_finite


def _flat(x: Value, axis: int | None) -> tuple[Value, int]:
    """Return x and an axis; all elements in a row where there is none."""
    return (ops.reshape(x, (-1,)), 0) if axis is None else (x, axis)


@operation("Sort")
def sort(x: Value, axis: int | None = -1) -> Value:
    """Return x in ascending order along an axis, or all elements so; NaN comes last, as in NumPy."""
    return ops.sort(*_flat(x, axis))


@operation("Argsort")
def argsort(x: Value, axis: int | None = -1) -> Value:
    """Return the indices that sort along an axis, or all elements, as int32; equal elements stay in order."""
    return ops.cast(ops.argsort(*_flat(x, axis)), "int32")


@operation("TopK", module="math")
def top_k(x: Value, k: int, sorted: bool = True) -> tuple[Value, Value]:
    """Return the largest elements along the last axis, and their indices as int32.

    Args:
        x: the operand.
        k: how many.
        sorted: whether they must be in descending order, in which they are here anyway.

    Raises:
        ModelError: there are not so many.
    """
    del sorted
    length = x.shape[-1] if x.rank else 0
    if k < 0 or (isinstance(length, int) and k > length):
        raise ModelError(f"TopK: k must be from 0 to the length of the last axis, got {k} for {x.type}")
    places = ops.take(ops.argsort(x, -1, descending=True), -1, 0, k)
    return ops.take_along_axis(x, places, -1), ops.cast(places, "int32")


@operation("InTopK", module="math")
def in_top_k(targets: Value, predictions: Value, k: int) -> Value:
    """Return for each row of predictions whether fewer than k are above that of the target, which is its index.

    A row with a prediction that is infinite or NaN is false, and one whose target is no index of it.
    """
    last = predictions.shape[-1]
    targets = ops.cast(targets, "int64")
    count = ops.size(predictions, (predictions.rank - 1,), "int64")
    is_class = ops.logical_and(targets >= 0, targets < (last if isinstance(last, int) else count))
    places = ops.reshape(ops.where(is_class, targets, 0), (*targets.shape, 1))
    better = ops.cast(predictions > ops.take_along_axis(predictions, places, -1), "int32")
    is_among = ops.sum(better, -1) < k
    return ops.logical_and(ops.logical_and(is_class, is_among), all(is_finite(predictions), -1))


def _accumulated(x: Value, axis: int | None, dtype: str | None, accumulate: Callable[[Value, int], Value]) -> Value:
    x = ops.cast(x, dtype or x.dtype)
    return accumulate(*_flat(ops.cast(x, "int32") if x.dtype == "bool" else x, axis))


@operation("Cumsum")
def cumsum(x: Value, axis: int | None = None, dtype: str | None = None) -> Value:
    """Return the sum of all elements up to each one, along an axis or of all."""
    return _accumulated(x, axis, dtype, ops.cumulative_sum)


@operation("Cumprod")
def cumprod(x: Value, axis: int | None = None, dtype: str | None = None) -> Value:
    """Return the product of all elements up to each one, along an axis or of all."""
    return _accumulated(x, axis, dtype, ops.cumulative_product)


@operation("Diff")
def diff(a: Value, n: int = 1, axis: int = -1) -> Value:
    """Return the differences of neighbours along an axis, n times over; of truth values, where they differ.

    Raises:
        ModelError: n is below 0.
    """
    if n < 0:
        raise ModelError(f"Diff: n must be at least 0, got {n}")
    place = normalize_axis(a, axis)
    length = a.shape[place]
    if isinstance(length, int) and length <= n:
        return ops.take(a, place, 0, 0)
    for _ in range(n):
        after, before = ops.take(a, place, 1), ops.take(a, place, 0, -1)
        a = not_equal(after, before) if a.dtype == "bool" else after - before
    return a


@operation("Digitize")
def digitize(x: Value, bins: Any) -> Value:
    """Return how many of some ascending limits are not above each element, as int32; all for NaN."""
    limits = ops.cast(as_value(bins, "float32", x.graph), "float32")
    if x.dtype != "float64":
        x = ops.cast(x, "float32")
    return _count(limits, x, lambda limit, number: number < limit, is_rest=True)


@operation("SearchSorted", promotes=True)
def search_sorted(sorted_sequence: Any, values: Any, side: str = "left") -> Value:
    """Return where values would have to be inserted into an ascending sequence, as int32.

    Args:
        sorted_sequence: a vector.
        values: any numbers.
        side: ``left`` or ``right`` of elements that are equal to a value.

    Raises:
        ModelError: the sequence is no vector, or the side is another.
    """
    if side not in ("left", "right"):
        raise ModelError(f"SearchSorted: side must be left or right, got {side!r}")
    given = sorted_sequence if isinstance(sorted_sequence, Value) else values
    sequence, values = (as_value(item, given.dtype, given.graph) for item in (sorted_sequence, values))
    if sequence.rank != 1:
        raise ModelError(f"SearchSorted: sorted_sequence must be a vector, got {sequence.type}")
    if side == "left":
        return _count(sequence, values, lambda element, number: element < number)
    return _count(sequence, values, lambda element, number: number < element, is_rest=True)


def _count(sequence: Value, values: Value, compare: Callable[[Value, Value], Value], is_rest: bool = False) -> Value:
    """Return how many elements of a sequence compare with each value, or how many do not."""
    sequence = ops.cast(sequence, values.dtype)
    found = ops.sum(ops.cast(compare(sequence, ops.reshape(values, (*values.shape, 1))), "int32"), -1)
    return ops.size(sequence, (0,), "int32") - found if is_rest else found
