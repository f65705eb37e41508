"""Memory that begins where a line of the cache does: a vector register that is read there is never in two lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy

Array = Any

LINE = 64
"""Bytes of a line of the cache, and of the widest register."""
LARGE_PAGE = 2 * 2**20
"""Bytes of a large page of the memory."""
LARGE = 2 * LARGE_PAGE
"""Bytes from which on NumPy asks for large pages: a fault for each, where there were hundreds for small ones."""


def aligned_empty(shape: Sequence[int], dtype: str) -> Array:
    """Return an array of a shape and an element type, with whatever was in its memory."""
    return _aligned(numpy.empty, shape, dtype)


def aligned_zeros(types: Mapping[str, tuple[Sequence[int], str]]) -> dict[str, Array]:
    """Return arrays of zeros in one piece of memory, which stays as long as one of them does.

    Args:
        types: shape and element type of each by label.
    """
    sizes = {label: prod(shape) * numpy.dtype(dtype).itemsize for label, (shape, dtype) in types.items()}
    rooms = {label: -(-size // LINE) * LINE for label, size in sizes.items()}
    memory = _aligned(numpy.zeros, (sum(rooms.values()),), "uint8")
    found, start = {}, 0
    for label, (shape, dtype) in types.items():
        found[label] = memory[start : start + sizes[label]].view(dtype).reshape(shape)
        start += rooms[label]
    return found


def used_bytes(allocated: int) -> int:
    """Return the bytes of such an allocation without those before the first large page, which nothing touches."""
    return allocated if allocated < LARGE + LARGE_PAGE else allocated - LARGE_PAGE + LINE


def _aligned(make: Callable[..., Array], shape: Sequence[int], dtype: str) -> Array:
    nbytes = prod(shape) * numpy.dtype(dtype).itemsize
    boundary = LINE if nbytes < LARGE else LARGE_PAGE
    memory = make(nbytes + boundary, numpy.uint8)
    start = -memory.ctypes.data % boundary
    return memory[start : start + nbytes].view(dtype).reshape(shape)
