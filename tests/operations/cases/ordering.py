"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: order, sums so far, search."""

from __future__ import annotations

import numpy

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Argsort": lambda ops, x: ops.argsort(x, axis=1),
    "Argsort of all": lambda ops, x: ops.reshape(ops.argsort(x, axis=None), (-1, 24)),
    "Argsort of equals": lambda ops, x: ops.argsort(ops.cast(x * 3.0, "int32")),
    "Cumprod": lambda ops, x: ops.cumprod(x, axis=1),
    "Cumprod as float64": lambda ops, x: ops.cumprod(x, axis=-1, dtype="float64"),
    "Cumsum": lambda ops, x: ops.cumsum(x, axis=-1),
    "Cumsum along rows": lambda ops, x: ops.cumsum(x, axis=1),
    "Cumsum of all": lambda ops, x: ops.reshape(ops.cumsum(x), (-1, 24)),
    "Cumsum of truth": lambda ops, x: ops.cumsum(x > 1.0, axis=2),
    "Diff": lambda ops, x: ops.diff(x),
    "Diff of differences": lambda ops, x: ops.diff(x, n=2, axis=1),
    "Diff of truth": lambda ops, x: ops.diff(x > 1.0, axis=1),
    "Digitize": lambda ops, x: ops.digitize(x, numpy.array([0.6, 0.8, 1.2])),
    "Digitize of numbers": lambda ops, x: ops.digitize(ops.cast(x * 10, "int32"), numpy.array([6, 8, 12])),
    "InTopK": lambda ops, x: ops.in_top_k(ops.cast(x[:, 0, 0] * 6.0, "int32"), x[:, 1], k=3),
    "SearchSorted": lambda ops, x: ops.searchsorted(numpy.array([0.6, 0.8, 1.2], "float32"), x[:, 0, 0]),
    "SearchSorted on the right": lambda ops, x: ops.searchsorted(
        numpy.array([6, 8, 12]), ops.cast(x[:, 0, 0] * 10, "int64"), side="right"
    ),
    "Sort": lambda ops, x: ops.sort(x),
    "Sort along rows": lambda ops, x: ops.sort(x, axis=1),
    "Sort of all": lambda ops, x: ops.reshape(ops.sort(x, axis=None), (-1, 24)),
    "Sort of truth": lambda ops, x: ops.sort(x > 1.0),
    "TopK": lambda ops, x: ops.top_k(x, 2),
    "TopK of equals": lambda ops, x: ops.top_k(ops.cast(x * 3.0, "int32"), 4),
}
