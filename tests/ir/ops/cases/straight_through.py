"""Rows of values whose gradient goes elsewhere."""

from __future__ import annotations

from nnc.ir.ops.straight_through import StraightThrough
from tests.ir.ops.cases.case import BATCH, SURROGATE, WHOLE, Case, real, whole

CASES = (
    Case(StraightThrough(), (real(BATCH, 3), real(BATCH, 3)), lambda x, source: x.copy(), SURROGATE, flops=0),
    Case(StraightThrough(), (real(), real()), lambda x, source: x.copy(), SURROGATE),
    Case(StraightThrough(), (whole(BATCH, 2), whole(BATCH, 2)), lambda x, source: x.copy(), WHOLE),
)

REFUSED = (
    (
        "straight_through",
        {},
        "f32[2] f32[3]",
        "'straight_through' needs two operands of one type, got f32[2] and f32[3]",
    ),
    ("straight_through", {}, "f32[2] f64[2]", "'straight_through' needs two operands of one type"),
)
