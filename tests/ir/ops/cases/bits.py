"""Rows of logic and shifts of bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from nnc.ir import Op
from nnc.ir.ops import arithmetic
from tests.ir.ops.cases.case import BATCH, WHOLE, Case, whole


def rows(op: Op, oracle: Callable[[int, int], int], low: int, high: int) -> list[Case]:
    def all_elements(x: Any, y: Any) -> Any:
        return numpy.vectorize(lambda a, b: oracle(int(a), int(b)), otypes=[x.dtype])(x, y)

    return [
        Case(
            op,
            (
                whole(BATCH, 1, 3, dtype=dtype, low=0 if dtype.startswith("u") else -9, high=9),
                whole(2, 1, dtype=dtype, low=0 if dtype.startswith("u") else low, high=high),
            ),
            all_elements,
            WHOLE,
        )
        for dtype in ("int32", "int64", "uint32", "uint64", "uint8")
    ]


CASES: list[Case] = [
    *rows(arithmetic.BitwiseAnd(), lambda x, y: x & y, -9, 9),
    *rows(arithmetic.BitwiseOr(), lambda x, y: x | y, -9, 9),
    *rows(arithmetic.BitwiseXor(), lambda x, y: x ^ y, -9, 9),
    *rows(arithmetic.LeftShift(), lambda x, y: x << y, 0, 5),
    *rows(arithmetic.RightShift(), lambda x, y: x >> y, 0, 5),
]
