"""Rows of division with a remainder, and of the greatest common divisor."""

from __future__ import annotations

import math

from nnc.ir.ops import arithmetic
from tests.ir.ops.cases.case import BATCH, WHOLE, Case, elements, real, whole

PAIRS = [
    (whole(BATCH, 1, 3, dtype=dtype, low=low, high=9), whole(2, 1, dtype=dtype, low=low, high=5))
    for dtype, low in (("int32", -9), ("int64", -9), ("uint32", 0), ("uint64", 0), ("uint8", 0))
]


def quotient(x: float, y: float) -> int:
    return int(x) // int(y) if y else 0


def rest(x: float, y: float) -> int:
    return int(x) % int(y) if y else 0


def divisor(x: float, y: float) -> int:
    return math.gcd(int(x), int(y))


CASES: list[Case] = [
    *[Case(arithmetic.FloorDivide(), pair, elements(quotient), WHOLE) for pair in PAIRS],
    *[Case(arithmetic.Remainder(), pair, elements(rest), WHOLE) for pair in PAIRS],
    *[Case(arithmetic.GreatestCommonDivisor(), pair, elements(divisor), WHOLE) for pair in PAIRS],
    Case(arithmetic.Remainder(), (real(BATCH, 3), real(BATCH, 3, low=0.3)), elements(lambda x, y: x % y)),
]
