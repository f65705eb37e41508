"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: linear algebra."""

from __future__ import annotations

from typing import Any

from tests.operations.cases.case import Call


def square(ops: Any, x: Any) -> Any:
    """Return matrices whose largest elements are not on the diagonal."""
    return x[:, :, :4] - 1.0 + ops.reshape(ops.eye(4)[::-1], (1, 4, 4))


def definite(ops: Any, x: Any) -> Any:
    """Return positive definite matrices."""
    return ops.matmul(x, ops.transpose(x, (0, 2, 1))) + ops.reshape(ops.eye(4), (1, 4, 4))


CALLS: dict[str, Call] = {
    "Cholesky": lambda ops, x: ops.cholesky(definite(ops, x)),
    "Cholesky upper": lambda ops, x: ops.linalg.cholesky(definite(ops, x), upper=True),
    "CholeskyInverse": lambda ops, x: ops.linalg.cholesky_inverse(definite(ops, x)),
    "CholeskyInverse upper": lambda ops, x: ops.linalg.cholesky_inverse(definite(ops, x), upper=True),
    "Det": lambda ops, x: ops.det(square(ops, x)),
    "Inv": lambda ops, x: ops.inv(square(ops, x)),
    "Logdet": lambda ops, x: ops.logdet(definite(ops, x)),
    "Qr": lambda ops, x: ops.qr(ops.transpose(x, (0, 2, 1)) - 1.0),
    "Qr complete": lambda ops, x: ops.qr(square(ops, x), mode="complete"),
    "Qr of one column": lambda ops, x: ops.qr(x[:, :, :1]),
    "Slogdet": lambda ops, x: ops.slogdet(square(ops, x)),
    "Solve": lambda ops, x: ops.solve(square(ops, x), x),
    "Solve one": lambda ops, x: ops.solve(square(ops, x), x[:, :, 5]),
    "SolveTriangular": lambda ops, x: ops.solve_triangular(definite(ops, x), x),
    "SolveTriangular lower": lambda ops, x: ops.solve_triangular(definite(ops, x), x[:, :, 5], lower=True),
}
