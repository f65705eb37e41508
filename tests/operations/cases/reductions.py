"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: reductions."""

from __future__ import annotations

import numpy

from tests.operations.cases.case import Call
from tests.operations.cases.rows import in_each_row

CALLS: dict[str, Call] = {
    "All": lambda ops, x: ops.all(x > 0.6, axis=-1),
    "AllClose": lambda ops, x: in_each_row(ops, x, ops.cast(ops.allclose(x, x + 1e-6, rtol=1e-3), "int32")),
    "AllClose of others": lambda ops, x: in_each_row(ops, x, ops.cast(ops.allclose(x, x + 0.1), "int32")),
    "Amax": lambda ops, x: ops.amax(x, axis=1),
    "Amin": lambda ops, x: ops.amin(x, axis=(1, 2), keepdims=True),
    "Any": lambda ops, x: ops.any(x > 1.4, axis=1, keepdims=True),
    "Argmax": lambda ops, x: ops.argmax(x, axis=-1),
    "Argmin": lambda ops, x: ops.argmin(x, axis=1, keepdims=True),
    "Average": lambda ops, x: ops.average(x, axis=1),
    "Average by weights": lambda ops, x: ops.average(x, axis=1, weights=numpy.array([1.0, 2.0, 0.5, 3.0], "float32")),
    "Average of all": lambda ops, x: x * ops.average(x, weights=x * x),
    "Average of numbers": lambda ops, x: ops.average(
        ops.cast(x * 10, "int32"), axis=2, weights=ops.cast(x * 5, "int32")
    ),
    "CountNonzero": lambda ops, x: ops.count_nonzero(ops.cast(x, "int32"), axis=1),
    "Logsumexp": lambda ops, x: ops.logsumexp(x, axis=1),
    "Logsumexp of all": lambda ops, x: x * ops.logsumexp(x * 100.0, keepdims=True),
    "Max": lambda ops, x: ops.max(x, axis=1, keepdims=True),
    "Max from a number": lambda ops, x: ops.max(x, axis=1, initial=1.3),
    "Max of truth from a number": lambda ops, x: ops.max(x > 1.3, axis=1, initial=-1),
    "Mean": lambda ops, x: ops.mean(x, axis=[1, 2]),
    "Min": lambda ops, x: ops.min(x, axis=-1),
    "Min from a number": lambda ops, x: ops.min(x, axis=1, initial=0.6),
    "Moments": lambda ops, x: ops.moments(x, axes=[1]),
    "Moments of several axes": lambda ops, x: ops.moments(x, axes=[1, 2], keepdims=True),
    "Normalize": lambda ops, x: ops.normalize(x, axis=1),
    "Normalize by cubes": lambda ops, x: ops.normalize(x - 1.0, axis=1, order=3, epsilon=1e-3),
    "Normalize by magnitudes": lambda ops, x: ops.normalize(x - 1.0, order=1),
    "Prod": lambda ops, x: ops.prod(x, axis=(1, 2), keepdims=True),
    "Ptp": lambda ops, x: ops.ptp(x, axis=1),
    "Std": lambda ops, x: ops.std(x, axis=(1, 2), keepdims=True),
    "Std of numbers": lambda ops, x: ops.std(ops.cast(x * 10, "int32"), axis=1),
    "Sum": lambda ops, x: ops.sum(x, axis=-1, keepdims=False),
    "Trapezoid": lambda ops, x: ops.trapezoid(x, dx=0.5, axis=1),
    "Trapezoid between places": lambda ops, x: ops.trapezoid(x, x=[0.0, 1.0, 1.5, 3.0, 4.0, 6.0]),
    "Var": lambda ops, x: ops.var(x, axis=1),
}
