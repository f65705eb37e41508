"""Rows of sine, cosine and the angle of a point."""

from __future__ import annotations

import math

from nnc.ir.ops import trigonometric
from tests.ir.ops.cases.case import Case, binary, unary

CASES: list[Case] = [
    *unary(trigonometric.Sine(), math.sin),
    *unary(trigonometric.Cosine(), math.cos),
    *binary(trigonometric.Angle(), math.atan2),
]
