"""Memory that begins where a line of the cache does: a vector register that is read there is never in two lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy

Array = Any

LINE = 64
"""Bytes of a line of the cache, and of the widest register."""


def aligned_empty(shape: Sequence[int], dtype: str) -> Array:
    """Return an array of a shape and an element type, with whatever was in its memory."""
    return _aligned(numpy.empty, shape, dtype)


def aligned_zeros(shape: Sequence[int], dtype: str) -> Array:
    """Return an array of zeros of a shape and an element type."""
    return _aligned(numpy.zeros, shape, dtype)


def _aligned(make: Callable[..., Array], shape: Sequence[int], dtype: str) -> Array:
    nbytes = prod(shape) * numpy.dtype(dtype).itemsize
    memory = make(nbytes + LINE, numpy.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + nbytes].view(dtype).reshape(shape)
