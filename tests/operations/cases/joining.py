"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: what joins tensors, and parts them."""

from __future__ import annotations

from tests.operations.cases.case import Call
from tests.operations.cases.rows import in_each_row

CALLS: dict[str, Call] = {
    "Append": lambda ops, x: in_each_row(ops, x, ops.append(x[0], x[1] * 2.0)),
    "Append along an axis": lambda ops, x: ops.append(x, ops.cast(x * 10.0, "int32"), axis=-1),
    "ArraySplit": lambda ops, x: ops.array_split(x, 4, axis=-1),
    "Concatenate": lambda ops, x: ops.concatenate([x, x], axis=-1),
    "Dsplit": lambda ops, x: ops.dsplit(x, [2, 3]),
    "Dstack": lambda ops, x: ops.dstack([x, x + 1.0]),
    "Dstack of matrices": lambda ops, x: ops.dstack([x[:, 0], x[:, 1]]),
    "Dstack of vectors": lambda ops, x: in_each_row(ops, x, ops.dstack([x[0, 0], ops.cast(x[0, 1] * 9.0, "int32")])),
    "Hsplit": lambda ops, x: ops.hsplit(x, 2),
    "Hsplit of a vector": lambda ops, x: in_each_row(ops, x, ops.hsplit(x[0, 0], [1])),
    "Hstack": lambda ops, x: ops.hstack([x, x + 1.0, x]),
    "Split": lambda ops, x: ops.split(x, 3, axis=-1),
    "Split at indices": lambda ops, x: ops.split(x, [1, 3], axis=1),
    "Split of rows": lambda ops, x: in_each_row(ops, x, ops.split(x, [1])[0]),
    "Stack": lambda ops, x: ops.stack([x, x + 1.0], axis=1),
    "Stack behind": lambda ops, x: ops.stack([x, x + 1.0], axis=-1),
    "Unstack": lambda ops, x: ops.unstack(x, axis=1),
    "Unstack so many": lambda ops, x: ops.unstack(x, 6, axis=-1),
    "Vsplit": lambda ops, x: in_each_row(ops, x, ops.vsplit(x[0], 2)),
    "Vstack": lambda ops, x: in_each_row(ops, x, ops.vstack([x[0], x[1] + 1.0])),
}
