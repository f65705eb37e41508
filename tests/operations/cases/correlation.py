"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: correlations."""

from __future__ import annotations

import numpy

from tests.operations.cases.case import Call

_WINDOW = numpy.array([0.5, -1.0], "float32")

CALLS: dict[str, Call] = {
    "Corrcoef": lambda ops, x: ops.matmul(ops.corrcoef(x[:, 0]), x[:, 1]),
    "Correlate": lambda ops, x: x[:, 0, :5] * ops.correlate(ops.sum(x, axis=(0, 1)), _WINDOW),
    "Correlate as long": lambda ops, x: x * ops.correlate(ops.sum(x, axis=(0, 1)), _WINDOW, mode="same"),
    "Correlate at all places": lambda ops, x: (
        x[:, 0, :1] * ops.correlate(ops.sum(x, axis=(0, 1)), ops.max(x, axis=(0, 2)), mode="full")
    ),
    "Correlate with a longer one": lambda ops, x: (
        x[:, 0, :5] * ops.correlate(ops.sum(x, axis=(0, 2)), numpy.arange(5), mode="same")
    ),
}
