"""Rows of the hyperbolic sine and its inverse."""

from __future__ import annotations

import math

from nnc.ops import hyperbolic
from tests.ops.cases.case import Case, unary

CASES: list[Case] = [
    *unary(hyperbolic.HyperbolicSine(), math.sinh),
    *unary(hyperbolic.InverseHyperbolicSine(), math.asinh),
]
