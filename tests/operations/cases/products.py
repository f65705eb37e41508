"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: products."""

from __future__ import annotations

import numpy

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "CDist": lambda ops, x: ops.cdist(x, x[:, :2] + 1.0),
    "CDist of whole numbers": lambda ops, x: ops.cdist(ops.cast(x * 9, "int32"), ops.cast(x[:, :1] * 5, "int32")),
    "Cross": lambda ops, x: ops.cross(x[:, :, :3], x[:, :, 3:]),
    "Cross axes": lambda ops, x: ops.cross(x[:, :3], ops.transpose(x, (0, 2, 1))[:, :, :3], axisa=1, axisb=2, axisc=1),
    "Cross of two": lambda ops, x: ops.cross(x[:, :, :2], x[:, :, 4:]),
    "Cross of two and three": lambda ops, x: ops.cross(x[:, :, :2], x[:, :, 3:]),
    "Dot": lambda ops, x: ops.dot(x, ops.mean(x, axis=(0, 1))),
    "Dot of an array": lambda ops, x: ops.dot(x, numpy.linspace(-1.0, 1.0, 12).reshape(6, 2).astype("float32")),
    "Dot of matrices": lambda ops, x: ops.dot(x, ops.transpose(ops.mean(x, axis=0))),
    "Dot of whole numbers": lambda ops, x: ops.dot(
        ops.cast(x * 9, "int32"), ops.cast(ops.mean(9 * x, axis=(0, 1)), "int32")
    ),
    "Einsum": lambda ops, x: ops.einsum("bij,bkj->bik", x, x),
    "Einsum implicit": lambda ops, x: ops.einsum("bij,jk", x, ops.mean(x, axis=(0, 1)) * numpy.ones((6, 1), "float32")),
    "Einsum of one": lambda ops, x: ops.einsum("bij->bji", x),
    "Einsum of one summed": lambda ops, x: ops.einsum("...ij->j...", x * x)[0] * ops.einsum("bij->b", x),
    "Einsum of three": lambda ops, x: ops.einsum("bij,bkj,bik->bk", x, x, x[:, :, :4]),
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
