"""Rows of sine and cosine."""

from __future__ import annotations

import math

from nnc.ops import trigonometric
from tests.ops.cases.case import Case, unary

CASES: list[Case] = [
    *unary(trigonometric.Sine(), math.sin),
    *unary(trigonometric.Cosine(), math.cos),
]
