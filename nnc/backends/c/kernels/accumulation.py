"""Sums and products up to each element."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.arrays import Index
from nnc.backends.c.expressions import choice, infix, number, variable
from nnc.backends.c.kernels.registry import KernelCall, kernel
from nnc.backends.c.statements import Code, assign, block, declare, loop
from nnc.ops.accumulation import CumulativeProduct, CumulativeSum

_TOTAL, _BEFORE = variable("total"), variable("before")


@kernel(CumulativeProduct, CumulativeSum)
def accumulate(call: KernelCall) -> Sequence[Code]:
    """Along the last axis: a running total. Along others: each row from the one before it."""
    (x,), result, axis = call.operands, call.result, call.op.axis
    sign, start = ("*", 1) if isinstance(call.op, CumulativeProduct) else ("+", 0)
    x = x.wrapping
    places = [variable(f"i{position}") for position in range(x.rank)]
    indices: list[Index] = [0 if length == 1 else place for place, length in zip(places, x.shape, strict=True)]
    inner = [position for position in range(axis + 1, x.rank) if x.shape[position] != 1]
    outer = [position for position in range(axis) if x.shape[position] != 1]
    element, target = x.at(*indices), result.at(*indices)
    if inner:
        previous = result.wrapping.at(*indices[:axis], places[axis] - 1, *indices[axis + 1 :])
        neutral = number(start, x.dtype)
        before = declare(f"const {x.c_type}", _BEFORE, choice(infix(">", places[axis], 0), previous, neutral))
        lines: list[Code] = [before, assign(target, infix(sign, _BEFORE, element).cast(result.c_type))]
        for position in reversed(inner):
            lines = [loop(places[position], x.shape[position], lines)]
        lines = [loop(places[axis], x.shape[axis], lines)]
    else:
        body = [assign(_TOTAL, element, sign=f"{sign}="), assign(target, _TOTAL.cast(result.c_type))]
        lines = [declare(x.c_type, _TOTAL, number(start, x.dtype)), loop(places[axis], x.shape[axis], body)]
    for position in reversed(outer):
        lines = [loop(places[position], x.shape[position], lines)]
    return lines if outer else [block(lines)]
