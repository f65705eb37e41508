"""Decompositions, inverses and norms of matrices.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from nnc.absent_names import absence
from nnc.ops.dispatch import only_arrays, operate

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eig",
    "eigh",
    "inv",
    "lstsq",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "solve",
    "solve_triangular",
    "svd",
]

_LOOP = "its algorithm has no fixed number of steps"


def cholesky(x: Any, upper: Any = False) -> Any:
    """Return the lower triangular matrices L of which x = L Lᵀ, or their transposes."""
    return operate("Cholesky", x, upper=upper)


def cholesky_inverse(x: Any, upper: Any = False) -> Any:
    """Return the inverses of matrices whose Cholesky factors are given."""
    return operate("CholeskyInverse", x, upper=upper)


def det(x: Any) -> Any:
    """Return the determinants of matrices."""
    return operate("Det", x)


def inv(x: Any) -> Any:
    """Return the inverses of matrices; NaN or inf where there is none, where Keras on TensorFlow raises an error."""
    return operate("Inv", x)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the norms of vectors along an axis, or of matrices along two."""
    return operate("Norm", x, ord=ord, axis=axis, keepdims=keepdims)


def qr(x: Any, mode: Any = "reduced") -> Any:
    """Return orthogonal and upper triangular matrices whose products are x, by reflections."""
    return operate("Qr", x, mode=mode)


def solve(a: Any, b: Any) -> Any:
    """Return x of a x = b, for one right side or, where b has as many axes as a, for one per column."""
    return operate("Solve", a, b)


def solve_triangular(a: Any, b: Any, lower: Any = False) -> Any:
    """Return x of a x = b, where of a only the triangle above the diagonal, or below, counts."""
    return operate("SolveTriangular", a, b, lower=lower)


def eig(x: Any) -> Any:
    """Return the eigenvalues and eigenvectors of square matrices."""
    return tuple(numpy.linalg.eig(*only_arrays("eig", _LOOP, x)))


def eigh(x: Any) -> Any:
    """Return the eigenvalues and eigenvectors of symmetric matrices."""
    return tuple(numpy.linalg.eigh(*only_arrays("eigh", _LOOP, x)))


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Return the solutions of linear equations with the least squares of errors."""
    left, right = only_arrays("lstsq", _LOOP, a, b)
    return numpy.linalg.lstsq(left, right, rcond)[0]


def matrix_rank(x: Any, tol: Any = None) -> Any:
    """Return the ranks of matrices, as int32: how many singular values are above a tolerance."""
    (array,) = only_arrays("matrix_rank", _LOOP, x)
    return numpy.asarray(numpy.linalg.matrix_rank(array, tol)).astype("int32")


def pinv(x: Any, rcond: Any = None) -> Any:
    """Return the pseudo-inverses of matrices."""
    (array,) = only_arrays("pinv", _LOOP, x)
    return numpy.linalg.pinv(array) if rcond is None else numpy.linalg.pinv(array, rcond)


def svd(x: Any, full_matrices: Any = True, compute_uv: Any = True) -> Any:
    """Return the singular value decompositions of matrices, or their singular values alone."""
    (array,) = only_arrays("svd", _LOOP, x)
    if not compute_uv:
        return numpy.linalg.svd(array, full_matrices, compute_uv=False)
    return tuple(numpy.linalg.svd(array, full_matrices))


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.ops.linalg", name)
