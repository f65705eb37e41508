"""Whole numbers of floating-point ones, with one result on every processor."""

from __future__ import annotations

import numpy

from nnc.ir import FLOATING, NUMERIC
from nnc.ops.elementwise import Array

WHOLE = NUMERIC - FLOATING
"""Element types of whole numbers."""


def write_whole_numbers(x: Array, result: Array) -> None:
    """Write floating-point numbers into an array of whole ones; see `nnc.ops.sizes.Cast`."""
    least, most = int(numpy.iinfo(result.dtype).min), int(numpy.iinfo(result.dtype).max)
    low, high = float(least), float(most + 1)  # which is exact in each type, as the largest number is not
    with numpy.errstate(invalid="ignore"):
        if x.size == 0 or (x.min() >= low and x.max() < high):
            result[...] = x
        else:
            result[...] = numpy.where((x >= low) & (x < high), x, low)
            numpy.copyto(result, most, where=x >= high)
