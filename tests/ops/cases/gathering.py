"""Rows of the ops that take and add up rows by number."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.ops.gathering import Gather, ScatterAdd
from tests.ops.cases.case import BATCH, WHOLE, Case, real, whole


def summed(rows: int) -> Any:
    """Return an oracle that adds up rows one by one."""

    def oracle(values: Any, indices: Any) -> Any:
        result = numpy.zeros((rows, *values.shape[indices.ndim :]), values.dtype)
        for position in numpy.ndindex(indices.shape):
            result[int(indices[position])] += values[position]
        return result

    return oracle


CASES = [
    Case(Gather(), (real(5, 2), whole(BATCH, 3, low=0, high=5)), lambda x, i: x[i], flops=0),
    Case(Gather(), (real(5, 2, 3), whole(BATCH, low=-5, high=5, dtype="int64")), lambda x, i: x[i]),
    Case(Gather(), (real(BATCH), whole(2, 3, low=0, high=7)), lambda x, i: x[i]),
    Case(Gather(), (whole(5, 2), whole(low=0, high=5, dtype="uint8")), lambda x, i: x[i], WHOLE),
    Case(ScatterAdd((5, 2)), (real(BATCH, 3, 2), whole(BATCH, 3, low=0, high=5)), summed(5), flops=42),
    Case(ScatterAdd((5, 2, 3)), (real(BATCH, 2, 3), whole(BATCH, low=-5, high=5, dtype="int64")), summed(5)),
    Case(ScatterAdd((BATCH,)), (real(2, 3), whole(2, 3, low=0, high=7)), summed(7)),
    Case(ScatterAdd((4, 1)), (whole(2, 3, 1), whole(2, 3, low=0, high=4)), summed(4), WHOLE),
]
