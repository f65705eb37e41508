"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: equal elements."""

from __future__ import annotations

import numpy

from tests.operations.cases.case import Call
from tests.operations.cases.rows import in_each_row

CALLS: dict[str, Call] = {
    "IsIn": lambda ops, x: ops.isin(ops.cast(x * 9.0, "int32"), numpy.array([6, 7, 11])),
    "IsIn inverted": lambda ops, x: ops.isin(x, x[0, 1], invert=True),
    "Unique": lambda ops, x: in_each_row(
        ops,
        x,
        list(ops.unique(ops.cast(x[0] * 5.0, "int32"), return_index=True, return_counts=True, size=8, fill_value=-1)),
    ),
    "Unique cut off": lambda ops, x: in_each_row(
        ops, x, list(ops.unique(ops.cast(x[0, 1] * 5.0, "int32"), return_inverse=True, return_index=True, size=2))
    ),
    "Unique of floats": lambda ops, x: in_each_row(
        ops, x, ops.unique(ops.stop_gradient(ops.round(x[0], decimals=1)), size=12)
    ),
}
