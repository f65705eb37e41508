"""Rows of the hyperbolic sine and its inverse."""

from __future__ import annotations

import math

from nnc.ir.ops import exponential
from tests.ir.ops.cases.case import Case, unary

CASES: list[Case] = [
    *unary(exponential.HyperbolicSine(), math.sinh),
    *unary(exponential.InverseHyperbolicSine(), math.asinh),
]
