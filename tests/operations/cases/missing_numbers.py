"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: reductions that leave out NaN."""

from __future__ import annotations

from typing import Any

import numpy

from tests.operations.cases.case import Call


def _holes(ops: Any, x: Any) -> Any:
    return ops.where(x > 1.3, numpy.nan, x)


CALLS: dict[str, Call] = {
    "Nanargmax": lambda ops, x: ops.nanargmax(_holes(ops, x), axis=1),
    "Nanargmin": lambda ops, x: ops.nanargmin(_holes(ops, x), axis=-1, keepdims=True),
    "Nancumprod": lambda ops, x: ops.nancumprod(_holes(ops, x), axis=1),
    "Nancumsum": lambda ops, x: ops.nancumsum(_holes(ops, x), axis=-1),
    "Nanmax": lambda ops, x: ops.nanmax(_holes(ops, x), axis=1),
    "Nanmean": lambda ops, x: ops.nanmean(_holes(ops, x), axis=(1, 2)),
    "Nanmean of numbers": lambda ops, x: ops.nanmean(ops.cast(x * 10, "int32"), axis=1),
    "Nanmin": lambda ops, x: ops.nanmin(_holes(ops, x), axis=2, keepdims=True),
    "Nanprod": lambda ops, x: ops.nanprod(_holes(ops, x), axis=1),
    "Nanstd": lambda ops, x: ops.nanstd(_holes(ops, x), axis=2),
    "Nansum": lambda ops, x: ops.nansum(_holes(ops, x), axis=1),
    "Nansum of truth": lambda ops, x: ops.nansum(x > 1.0, axis=1),
    "Nanvar": lambda ops, x: ops.nanvar(_holes(ops, x), axis=-1),
}
