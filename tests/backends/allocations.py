"""Counts what NumPy allocates for arrays, through NumPy's own memory handler (NEP 49)."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy

_SET_HANDLER = 304
"""Index of ``PyDataMem_SetHandler`` in NumPy's C interface."""
_NAME = b"mem_handler"

_MALLOC = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_CALLOC = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
_REALLOC = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_FREE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class _Handler(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("context", ctypes.c_void_p),
        ("malloc", _MALLOC),
        ("calloc", _CALLOC),
        ("realloc", _REALLOC),
        ("free", _FREE),
    )


@dataclass
class Allocations:
    """Sizes in bytes of the array buffers that were asked for, in order."""

    sizes: list[int] = field(default_factory=list)


_current = Allocations()


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None)
    library.malloc.restype = library.calloc.restype = library.realloc.restype = ctypes.c_void_p
    library.malloc.argtypes = (ctypes.c_size_t,)
    library.calloc.argtypes = (ctypes.c_size_t, ctypes.c_size_t)
    library.realloc.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    library.free.argtypes = (ctypes.c_void_p,)
    return library


_LIBRARY = _library()


def _allocate(_: int, size: int) -> int:
    _current.sizes.append(size)
    return _LIBRARY.malloc(size)


def _allocate_zeros(_: int, count: int, size: int) -> int:
    _current.sizes.append(count * size)
    return _LIBRARY.calloc(count, size)


def _reallocate(_: int, pointer: int, size: int) -> int:
    _current.sizes.append(size)
    return _LIBRARY.realloc(pointer, size)


def _release(_: int, pointer: int, size: int) -> None:
    _LIBRARY.free(pointer)


# Arrays made meanwhile are freed through the handler later on: it lives as long as the process.
_HANDLER = _Handler(
    b"counting", 1, None, _MALLOC(_allocate), _CALLOC(_allocate_zeros), _REALLOC(_reallocate), _FREE(_release)
)


def _capsule() -> ctypes.py_object:
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return new(ctypes.addressof(_HANDLER), _NAME, None)


_CAPSULE = _capsule()


def _set_handler(capsule: object) -> object:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    table = ctypes.cast(pointer(numpy._core._multiarray_umath._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    return ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(table[_SET_HANDLER])(capsule)


@contextmanager
def counted_allocations() -> Iterator[Allocations]:
    """Count inside the block: ``with counted_allocations() as counted: …; counted.sizes``."""
    global _current
    _current = counted = Allocations()
    before = _set_handler(_CAPSULE)
    try:
        yield counted
    finally:
        _set_handler(before)
