"""Batches of inputs, targets and sample weights, as a training step takes them."""

from __future__ import annotations

from typing import Any

from nnc.errors import DataError


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return inputs, targets and sample weights of a batch; None for what it has not.

    Args:
        data: inputs, or a tuple or list (inputs,), (inputs, targets) or (inputs, targets, sample weights).

    Raises:
        DataError: it has more.

    >>> unpack_x_y_sample_weight(([1], [2]))
    ([1], [2], None)
    """
    if not isinstance(data, list | tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise DataError(
            "unpack_x_y_sample_weight: a batch is x, (x,), (x, y) or (x, y, sample_weight), got"
            f" {len(data)} elements in a {type(data).__name__}"
        )
    inputs, targets, weights = (*data, None, None)[:3]
    return inputs, targets, weights


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return a batch of these, as `fit` takes it.

    Args:
        x: inputs.
        y: targets.
        sample_weight: sample weights.

    Returns:
        A tuple of those that are given; inputs alone as they are, unless they are several.
    """
    if y is None:
        return (x,) if isinstance(x, list | tuple) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
