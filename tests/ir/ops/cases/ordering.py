"""Rows of the op that orders."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.ir.ops.gathering import ArgSort
from tests.ir.ops.cases.case import BATCH, FLAT, Case, real, truth, whole


def order(descending: bool) -> Any:
    """Return an oracle that sorts rows with Python's own function, which is stable."""

    def oracle(x: Any) -> Any:
        rows = x.reshape(-1, x.shape[-1]).tolist()
        sign = -1 if descending else 1
        found = [sorted(range(len(row)), key=lambda place, row=row: sign * row[place]) for row in rows]
        return numpy.array(found, "int64").reshape(x.shape)

    return oracle


CASES = [
    Case(ArgSort(), (real(BATCH, 2, 5),), order(False), FLAT, flops=70),
    Case(ArgSort(descending=True), (real(BATCH, 50),), order(True), FLAT),
    Case(ArgSort(), (real(BATCH),), order(False), FLAT),
    Case(ArgSort(), (whole(2, 100),), order(False), FLAT),
    Case(ArgSort(descending=True), (whole(2, 33, dtype="int64"),), order(True), FLAT),
    Case(ArgSort(), (whole(3, 17, low=0, high=9, dtype="uint8"),), order(False), FLAT),
    Case(ArgSort(descending=True), (whole(3, 17, low=0, high=9, dtype="uint64"),), order(True), FLAT),
    Case(ArgSort(descending=True), (truth(BATCH, 5),), order(True), FLAT),
]
REFUSED = [("argsort", {}, "f32[]", "'argsort' needs an axis, got f32[]")]
