"""The records that compiled functions are called with, as ctypes has them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

Array = Any


class Run(ctypes.Structure):
    """``nnc_run`` of the emitted source."""

    owned: tuple[Any, ...]
    """Keeps alive what the pointers point to."""
    faults: Array
    """What `fault` points to: whether the run ended early, the number of a row, and the rows that there are."""

    _fields_ = (
        ("arena", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
        ("sizes", ctypes.c_void_p),
        ("states", ctypes.c_void_p),
        ("constants", ctypes.c_void_p),
        ("prepacked", ctypes.c_void_p),
        ("gemm_f32", ctypes.c_void_p),
        ("gemm_f64", ctypes.c_void_p),
        ("is_wide", ctypes.c_int64),
        ("threads", ctypes.c_void_p),
        ("pool", ctypes.c_void_p),
        ("fault", ctypes.c_void_p),
        ("finished", ctypes.c_void_p),
    )


class EpochsRecord(ctypes.Structure):
    """``nnc_epochs`` of the emitted source."""

    owned: tuple[Any, ...]
    """Keeps alive what the pointers point to."""

    _fields_ = (
        ("blocks", ctypes.c_int64),
        ("stretches", ctypes.c_int64),
        ("runs", ctypes.c_void_p),
        ("batches", ctypes.c_void_p),
        ("sizes", ctypes.c_void_p),
        ("sources", ctypes.c_void_p),
        ("order", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("generator", ctypes.c_void_p),
        ("sums", ctypes.c_int64),
        ("sum", ctypes.c_void_p),
        ("bytes", ctypes.c_void_p),
        ("places", ctypes.c_void_p),
        ("epochs", ctypes.c_int64),
        ("record_bytes", ctypes.c_int64),
        ("record", ctypes.c_void_p),
    )


def pointers(arrays: Sequence[Array]) -> Any:
    """Return the addresses of arrays, as C has them."""
    return addresses([array.__array_interface__["data"][0] for array in arrays])


def addresses(numbers: Sequence[int]) -> Any:
    """Return addresses, as C has them."""
    return (ctypes.c_void_p * max(len(numbers), 1))(*numbers)
