"""Strips, the layout in which products read a right matrix again and again: how much memory it takes."""

from __future__ import annotations

from nnc.ir import Dim, TensorType

_COLUMNS = {"float32": 32, "float64": 16}
"""Columns of the widest strips, by element type."""
_WORTH_PACKING = 1 << 12
"""Elements of the right matrix from which on a run without packing is worth the question whether it has changed,"""
_WORTH_WORK = 1 << 18
"""or multiplications of one example from which on it is, as where all places of an image meet a few filters."""

_FEW_ROWS = range(1 << 18, 16 << 20)
"""Bytes of all strips from and up to which runs of a row or two read them as well, each from end to end. To ask whether
less has changed takes longer than that saves, and more would be a second copy of weights that come from memory."""


def strips_of(dtype: str, inner: Dim, columns: Dim) -> Dim:
    """Return the elements that the right matrix of a product takes in strips; 0 where there are none of its type."""
    return inner * ((columns + _COLUMNS[dtype] - 1) // _COLUMNS[dtype] * _COLUMNS[dtype]) if dtype in _COLUMNS else 0


def prepacked_strips(dtype: str, inner: Dim, columns: Dim, rows: int) -> TensorType | None:
    """Return what a right matrix takes in strips that no run changes; None where it is too small to be worth it.

    Args:
        dtype: element type.
        inner: rows of the matrix.
        columns: of the matrix.
        rows: of the result, for one example where their number is known at run time only.
    """
    if not isinstance(inner, int) or not isinstance(columns, int):
        return None
    if inner * columns < _WORTH_PACKING and rows * inner * columns < _WORTH_WORK:
        return None
    size = strips_of(dtype, inner, columns)
    return TensorType(dtype, (size,)) if size != 0 else None


def packs_for_few_rows(nbytes: int) -> bool:
    """Return whether runs of a row or two read strips as well, if all of these have so many bytes."""
    return nbytes in _FEW_ROWS
