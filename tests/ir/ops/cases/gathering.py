"""Rows of the ops that take and add up by number."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.ir.ops.gathering import AddAlongAxis, Gather, ScatterAdd, TakeAlongAxis
from tests.ir.ops.cases.case import BATCH, WHOLE, Case, real, truth, whole


def summed(rows: int) -> Any:
    """Return an oracle that adds up rows one by one."""

    def oracle(values: Any, indices: Any) -> Any:
        result = numpy.zeros((rows, *values.shape[indices.ndim :]), values.dtype)
        for position in numpy.ndindex(indices.shape):
            result[int(indices[position])] += values[position]
        return result

    return oracle


def taken(axis: int) -> Any:
    """Return an oracle that takes elements one by one."""

    def oracle(x: Any, indices: Any) -> Any:
        result = numpy.zeros(indices.shape, x.dtype)
        for position in numpy.ndindex(indices.shape):
            place = list(position)
            place[axis] = int(indices[position])
            result[position] = x[tuple(place)]
        return result

    return oracle


def added(axis: int, length: int) -> Any:
    """Return an oracle that adds elements up one by one."""

    def oracle(values: Any, indices: Any) -> Any:
        result = numpy.zeros((*values.shape[:axis], length, *values.shape[axis + 1 :]), values.dtype)
        for position in numpy.ndindex(values.shape):
            place = list(position)
            place[axis] = int(indices[position])
            result[tuple(place)] += values[position]
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
    Case(TakeAlongAxis(1), (real(BATCH, 5, 3), whole(BATCH, 2, 3, low=-5, high=5)), taken(1), flops=0),
    Case(TakeAlongAxis(2), (real(BATCH, 2, 3), whole(BATCH, 2, 5, low=0, high=3, dtype="int64")), taken(2)),
    Case(TakeAlongAxis(0), (real(BATCH, 1), whole(4, 1, low=0, high=7, dtype="uint8")), taken(0)),
    Case(TakeAlongAxis(0), (truth(5), whole(BATCH, low=0, high=5)), taken(0), WHOLE),
    Case(AddAlongAxis(1, 5), (real(BATCH, 2, 3), whole(BATCH, 2, 3, low=-5, high=5)), added(1, 5), flops=42),
    Case(AddAlongAxis(0, BATCH), (real(3, 2), whole(3, 2, low=0, high=7, dtype="int64")), added(0, 7)),
    Case(AddAlongAxis(1, 2), (whole(BATCH, 3), whole(BATCH, 3, low=0, high=2)), added(1, 2), WHOLE),
]
REFUSED = [
    ("take_along_axis", {"axis": 0}, "f32[5,2] f32[3,2]", "'take_along_axis' needs whole numbers as indices"),
    ("take_along_axis", {"axis": 2}, "f32[5,2] i32[3,2]", "'take_along_axis' along axis 2 does not fit f32[5,2]"),
    ("take_along_axis", {"axis": 0}, "f32[5,2] i32[3,4]", "f32[5,2] at i32[3,4] along axis 0: all other axes must"),
    ("take_along_axis", {"axis": 0}, "f32[5,2] i32[3]", "f32[5,2] at i32[3] along axis 0: all other axes must"),
    ("add_along_axis", {"axis": 0, "length": 4}, "bool[3] i32[3]", "'add_along_axis' needs numbers, got bool[3]"),
    ("add_along_axis", {"axis": 0, "length": 4}, "f32[3] i32[2]", "needs as many values as indices"),
]
