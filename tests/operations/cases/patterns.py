"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: steps, powers, grids, blocks."""

from __future__ import annotations

from tests.operations.cases.case import Call
from tests.operations.cases.rows import in_each_row

CALLS: dict[str, Call] = {
    "Geomspace": lambda ops, x: in_each_row(ops, x, ops.geomspace(-x[0, 0], x[0, 1], 5)),
    "Geomspace without its end": lambda ops, x: in_each_row(ops, x, ops.geomspace(x[0, 0], 8.0, 5, endpoint=False)),
    "Kron": lambda ops, x: in_each_row(ops, x, ops.kron(x[0], x[1])),
    "Kron of whole numbers": lambda ops, x: in_each_row(
        ops, x, ops.kron(ops.cast(x[0, 0] * 9.0, "int32"), x[1, 0, :3])
    ),
    "Linspace": lambda ops, x: ops.linspace(x[:, 0], x[:, 1], 5, axis=1),
    "Linspace of whole numbers": lambda ops, x: ops.linspace(
        ops.cast(x[:, 0] * 9.0, "int32"), ops.cast(x[:, 1] * 99.0, "int32"), 4, endpoint=False, dtype="int32", axis=-1
    ),
    "Linspace to a number": lambda ops, x: ops.linspace(x, 5.0, 3, axis=-2),
    "Linspace without its end": lambda ops, x: ops.linspace(x[:, :1], x, 4, endpoint=False, axis=-1),
    "Linspace with one": lambda ops, x: ops.linspace(ops.cast(x * 9.0, "int32"), x, 1, axis=1),
    "Logspace": lambda ops, x: ops.logspace(x[:, 0], -x[:, 1], 5, axis=-1),
    "Logspace to a base": lambda ops, x: ops.logspace(x, x + 1.0, 2, base=0.5, endpoint=False, axis=1),
    "Meshgrid": lambda ops, x: in_each_row(ops, x, ops.meshgrid(x[0, 0], x[0, 1, :3], x[0, :2, 2])),
    "Meshgrid of indices": lambda ops, x: in_each_row(ops, x, ops.meshgrid(x[0, 0], x[0, 1, :3], indexing="ij")),
    "UnravelIndex": lambda ops, x: in_each_row(ops, x, ops.unravel_index(ops.cast(x[0, 0] * 40.0, "int32"), (3, 4, 5))),
    "UnravelIndex of a matrix": lambda ops, x: ops.unravel_index(ops.cast(x * 40.0, "int32"), (3, 4, 5)),
    "Vander": lambda ops, x: in_each_row(ops, x, ops.vander(x[0, 0])),
    "Vander of few": lambda ops, x: in_each_row(
        ops, x, ops.vander(ops.cast(x[0, 0] * 9.0, "int32"), 3, increasing=True)
    ),
}
