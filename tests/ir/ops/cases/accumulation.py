"""Rows of the ops that accumulate along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from nnc.ir.ops.reduction import CumulativeProduct, CumulativeSum
from tests.ir.ops.cases.case import BATCH, WHOLE, Case, real, whole


def running(combine: Callable[[Any, Any], Any], axis: int) -> Any:
    """Return an oracle that goes through slices one by one."""

    def oracle(x: Any) -> Any:
        result = numpy.array(x)
        rows, found = numpy.moveaxis(x, axis, 0), numpy.moveaxis(result, axis, 0)
        for place in range(1, len(rows)):
            found[place] = combine(found[place - 1], rows[place])
        return result

    return oracle


CASES = [
    Case(CumulativeSum(2), (real(BATCH, 2, 5),), running(numpy.add, 2), flops=70),
    Case(CumulativeSum(1), (real(BATCH, 5, 3),), running(numpy.add, 1)),
    Case(CumulativeSum(0), (real(BATCH, 1, 3),), running(numpy.add, 0)),
    Case(CumulativeSum(0), (whole(BATCH),), running(numpy.add, 0), WHOLE),
    Case(CumulativeSum(0), (whole(5, 2, low=0, high=255, dtype="uint8"),), running(numpy.add, 0), WHOLE),
    Case(CumulativeProduct(1), (real(BATCH, 5, low=0.4),), running(numpy.multiply, 1)),
    Case(CumulativeProduct(0), (real(BATCH, 3, low=0.4),), running(numpy.multiply, 0)),
    Case(CumulativeProduct(0), (whole(2, 5, 3),), running(numpy.multiply, 0), WHOLE),
]
REFUSED = [
    ("cumulative_sum", {"axis": 1}, "f32[2]", "'cumulative_sum' along axis 1 does not fit f32[2]"),
    ("cumulative_sum", {"axis": 0}, "bool[2]", "'cumulative_sum' needs numbers, got bool[2]"),
    ("cumulative_product", {"axis": -1}, "f32[2]", "'cumulative_product' along axis -1 does not fit f32[2]"),
]
