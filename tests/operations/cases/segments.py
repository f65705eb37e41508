"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: segments."""

from __future__ import annotations

import numpy

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "SegmentMax": lambda ops, x: (
        x[:, :, :1, None]
        * ops.maximum(ops.segment_max(x, ops.cast(x[:, 0, 0] * 2.0, "int32"), num_segments=4), 0.0)[:, 0]
    ),
    "SegmentMin": lambda ops, x: (
        x[:, 0, :1]
        * ops.minimum(
            ops.segment_min(ops.reshape(x, (-1,)), ops.cast(ops.reshape(x, (-1,)) * 4.0, "int32") - 1, num_segments=5),
            2.0,
        )
    ),
    "SegmentProd": lambda ops, x: ops.transpose(
        ops.segment_prod(ops.transpose(x, (1, 0, 2)), numpy.array([0, 2, 2, 0]), num_segments=3), (1, 0, 2)
    ),
    "SegmentSum": lambda ops, x: (
        x[:, :, :1, None] * ops.segment_sum(x, ops.cast(x[:, 0, 0] * 4.0, "int32") - 3, num_segments=4)[:, 0]
    ),
}
