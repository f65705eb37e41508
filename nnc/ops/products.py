"""Products of matrices and tensors.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

from nnc.ops.dispatch import check_no_others, operate

__all__ = [
    "corrcoef",
    "correlate",
    "cross",
    "dot",
    "einsum",
    "inner",
    "kron",
    "matmul",
    "outer",
    "slogdet",
    "tensordot",
    "vdot",
]


def corrcoef(x: Any) -> Any:
    """Return the correlations of the rows of a matrix."""
    return operate("Corrcoef", x)


def correlate(x1: Any, x2: Any, mode: Any = "valid") -> Any:
    """Return sums of a vector times another one at each place, beyond its ends too if that is asked for."""
    return operate("Correlate", x1, x2, mode=mode)


def cross(x1: Any, x2: Any, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: Any = None) -> Any:
    """Return the cross products of vectors of length 3; those of length 2 have a third element 0."""
    return operate("Cross", x1, x2, axisa=axisa, axisb=axisb, axisc=axisc, axis=axis)


def dot(x1: Any, x2: Any) -> Any:
    """Return the sums of products over the last axis of x1 and the last but one of x2, or its only one."""
    return operate("Dot", x1, x2)


def einsum(subscripts: Any, *operands: Any, **kwargs: Any) -> Any:
    """Return sums of products in Einstein's notation; more than two operands are multiplied from left to right."""
    check_no_others("einsum", kwargs)
    return operate("Einsum", *operands, subscripts=subscripts)


def inner(x1: Any, x2: Any) -> Any:
    """Return the sums of products over the last axes of both."""
    return operate("Inner", x1, x2)


def kron(x1: Any, x2: Any) -> Any:
    """Return x2 once for each element of x1, multiplied with it."""
    return operate("Kron", x1, x2)


def matmul(x1: Any, x2: Any) -> Any:
    """Return the products of matrices."""
    return operate("Matmul", x1, x2)


def outer(x1: Any, x2: Any) -> Any:
    """Return the products of each element of x1 with each of x2: a matrix."""
    return operate("Outer", x1, x2)


def slogdet(x: Any) -> Any:
    """Return the signs of the determinants of matrices, and the logarithms of their magnitudes."""
    return operate("Slogdet", x)


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Return the sums of products over axes of both."""
    return operate("Tensordot", x1, x2, axes=axes)


def vdot(x1: Any, x2: Any) -> Any:
    """Return the sum of the products of all elements, as they follow each other."""
    return operate("Vdot", x1, x2)
