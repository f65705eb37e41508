"""Weighs the values of a loss or a metric by sample weights and masks."""

from __future__ import annotations

from math import inf

from nnc.errors import ShapeError
from nnc.ir import Value, ops


def merge_masks(first: Value | None, second: Value | None) -> Value | None:
    """Return where both masks hold; None is a mask that holds everywhere."""
    if first is None or second is None:
        return second if first is None else first
    return ops.logical_and(*align(first, second))


def align(first: Value, second: Value) -> tuple[Value, Value]:
    """Return two values whose axes begin alike, the shorter one with axes of length 1 at its end."""
    rank = max(first.rank, second.rank)
    return _extended(first, rank), _extended(second, rank)


def divide_no_nan(numerator: Value, denominator: Value) -> Value:
    """Return a quotient that is 0, and has a gradient of 0, where the denominator is."""
    return numerator / ops.where(ops.equal(denominator, 0.0), inf, denominator)


def merge_weights(
    values: Value, sample_weight: Value | None, mask: Value | None, scaled: bool, what: str
) -> Value | None:
    """Return the weights of values, None where all of them weigh 1; as Keras's ``apply_mask``.

    A weight per row weighs whole rows: axes are matched from the first on, see `align`.

    Args:
        values: what is weighed, shape (batch, …).
        sample_weight: weights of shape (batch), (batch, time), …, or None.
        mask: bool, true where a value counts, or None.
        scaled: whether values that count weigh more, so that a mean over all values is a mean over those.
        what: what is weighed, for messages.

    Raises:
        ShapeError: weights or mask have more axes than the values.
    """
    weights = None if sample_weight is None else ops.cast(sample_weight, values.dtype)
    if mask is not None:
        counted = ops.cast(mask, values.dtype)
        if scaled:
            counted = counted * divide_no_nan(ops.size(counted), ops.sum(counted))
        if weights is None:
            weights = counted
        else:
            weights, counted = align(_fitted(weights, counted.rank), _fitted(counted, weights.rank))
            weights = weights * counted
    if weights is None:
        return None
    weights = _fitted(weights, values.rank)
    if weights.rank > values.rank > 0:
        raise ShapeError(
            f"{what} has values of type {values.type}, which weights or a mask of type {weights.type} do not fit"
        )
    return weights


def _fitted(value: Value, rank: int) -> Value:
    """Return a value without a surplus last axis of length 1."""
    return ops.reshape(value, value.shape[:-1]) if value.rank == rank + 1 > 1 and value.shape[-1] == 1 else value


def _extended(value: Value, rank: int) -> Value:
    return ops.reshape(value, (*value.shape, *(1,) * (rank - value.rank)))
