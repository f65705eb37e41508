"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: products."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Cross": lambda ops, x: ops.cross(x[:, :, :3], x[:, :, 3:]),
    "Cross axes": lambda ops, x: ops.cross(x[:, :3], ops.transpose(x, (0, 2, 1))[:, :, :3], axisa=1, axisb=2, axisc=1),
    "Cross of two": lambda ops, x: ops.cross(x[:, :, :2], x[:, :, 4:]),
    "Cross of two and three": lambda ops, x: ops.cross(x[:, :, :2], x[:, :, 3:]),
    "Dot": lambda ops, x: ops.dot(x, ops.mean(x, axis=(0, 1))),
    "Dot of matrices": lambda ops, x: ops.dot(x, ops.transpose(ops.mean(x, axis=0))),
    "Dot of whole numbers": lambda ops, x: ops.dot(
        ops.cast(x * 9, "int32"), ops.cast(ops.mean(9 * x, axis=(0, 1)), "int32")
    ),
    "Einsum": lambda ops, x: ops.einsum("bij,bkj->bik", x, x),
    "Einsum of one": lambda ops, x: ops.einsum("bij->bji", x) + ops.einsum("bij->b", x)[:, None, None],
    "Einsum of three": lambda ops, x: ops.einsum("bij,bkj,ki->bik", x, x, ops.mean(x, axis=0)[:, :4]),
    "Einsum without a result": lambda ops, x: ops.einsum("bij,jk", x, ops.transpose(ops.mean(x, axis=0))),
    "Inner": lambda ops, x: ops.inner(x, ops.mean(x, axis=0)),
    "Matmul": lambda ops, x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
    "Matmul of rows": lambda ops, x: ops.matmul(
        ops.reshape(x, (-1, 1, 4, 6))[:, :, 1:3], ops.transpose(ops.mean(x, axis=0))
    ),
    "Outer": lambda ops, x: ops.reshape(ops.outer(x[:, 0, :2], ops.mean(x, axis=0)[1]), (-1, 2, 6)),
    "Tensordot": lambda ops, x: ops.tensordot(x, ops.mean(x, axis=0), axes=2),
    "Tensordot axes": lambda ops, x: ops.matmul(
        x, ops.tensordot(ops.mean(x, axis=0), ops.mean(x * x, axis=0), axes=([0], [-2]))
    ),
    "Tensordot of whole numbers": lambda ops, x: ops.tensordot(
        ops.cast(x * 9, "int32"), ops.cast(ops.mean(x, axis=0) * 9, "int32")
    ),
    "Vdot": lambda ops, x: x * ops.vdot(x, x - 1.0),
}
