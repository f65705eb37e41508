"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: medians, quantiles, percentiles."""

from __future__ import annotations

import numpy

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Median": lambda ops, x: ops.median(x, axis=-1),
    "Median of all": lambda ops, x: x * ops.median(x, keepdims=True),
    "Nanmedian": lambda ops, x: ops.nanmedian(ops.where(x > 1.3, numpy.nan, x), axis=2),
    "Nanpercentile": lambda ops, x: ops.nanpercentile(ops.where(x > 1.3, numpy.nan, x), 30.0, axis=1),
    "Nanquantile": lambda ops, x: ops.transpose(
        ops.nanquantile(ops.where(x > 1.3, numpy.nan, x), [0.2, 0.7], axis=2), (1, 0, 2)
    ),
    "Percentile": lambda ops, x: ops.transpose(ops.percentile(x, [25.0, 60.0], axis=1), (1, 0, 2)),
    "Percentile above": lambda ops, x: ops.percentile(x, 30, axis=1, method="higher"),
    "Percentile below": lambda ops, x: ops.percentile(x, 30, axis=1, method="lower"),
    "Percentile between": lambda ops, x: ops.percentile(x, 30, axis=1, method="midpoint"),
    "Percentile nearby": lambda ops, x: ops.percentile(x, 30, axis=1, method="nearest"),
    "Quantile": lambda ops, x: ops.quantile(x, 0.3, axis=(1, 2)),
    "Quantile of all": lambda ops, x: x[:, 0, :3] * ops.quantile(x, numpy.array([0.1, 0.5, 1.0], "float32")),
    "Quantile of numbers": lambda ops, x: ops.quantile(ops.cast(x * 10, "int32"), 0.3, axis=1),
}
