"""Checks the global heaps of an HDF5 file, where texts lie: the HDF5 library never comes back from a damaged one.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, section "Global Heap"
"""

from __future__ import annotations

import mmap
import struct
from typing import Any

_SIGNATURE = b"GCOL"
_HEADER = struct.Struct("<4sB3xQ")
_OBJECT = struct.Struct("<HHxxxxQ")
_MOST = 10_000_000


def has_endless_heap(content: bytes | mmap.mmap) -> bool:
    """Return whether the objects of a heap do not follow one another up to its end.

    Args:
        content: the file.
    """
    start = content.find(_SIGNATURE)
    while start >= 0:
        if _is_endless(content, start):
            return True
        start = content.find(_SIGNATURE, start + 1)
    return False


def _is_endless(content: Any, start: int) -> bool:
    if start + _HEADER.size > len(content):
        return False
    _, version, size = _HEADER.unpack_from(content, start)
    if version != 1 or not _HEADER.size <= size <= len(content) - start:
        return False  # the library refuses such a heap, or this is none
    position, end = start + _HEADER.size, start + size
    for _ in range(_MOST):
        if end - position < _OBJECT.size:
            return False
        index, _, length = _OBJECT.unpack_from(content, position)
        step = length if index == 0 else _OBJECT.size + (length + 7) // 8 * 8
        if step < _OBJECT.size or step > end - position:
            return True
        position += step
    return True
