"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: tensors made like others."""

from __future__ import annotations

from tests.operations.cases.case import Call
from tests.operations.cases.rows import in_each_row

CALLS: dict[str, Call] = {
    "Array": lambda ops, x: ops.array(x),
    "ConvertToTensor": lambda ops, x: ops.convert_to_tensor(x * 9.0, dtype="int32"),
    "Copy": lambda ops, x: ops.copy(x),
    "EmptyLike": lambda ops, x: ops.empty_like(x),
    "Full": lambda ops, x: in_each_row(ops, x, ops.full((2, 3, 6), x[0, 0])),
    "Full of whole numbers": lambda ops, x: in_each_row(ops, x, ops.full((2, 3), x[0, 0, 0] * 9.0, dtype="int32")),
    "FullLike": lambda ops, x: ops.full_like(x, x[0, 0, 0]),
    "FullLike of a number": lambda ops, x: ops.full_like(x, 3, dtype="int32"),
    "MultiHot": lambda ops, x: ops.multi_hot(ops.cast(x * 3.0, "int32"), 4),
    "MultiHot along an axis": lambda ops, x: ops.multi_hot(ops.cast(x * 3.0, "uint8"), 4, axis=1, dtype="bool"),
    "Ndim": lambda ops, x: in_each_row(ops, x, ops.ndim(x)),
    "OneHot": lambda ops, x: ops.one_hot(ops.cast(x * 3.0, "uint8"), 3, axis=1),
    "OneHot of floats": lambda ops, x: ops.one_hot(x * 3.0 - 2.0, 300, dtype="int32"),
    "OnesLike": lambda ops, x: ops.ones_like(x),
    "SaturateCast": lambda ops, x: ops.saturate_cast(x * 300.0 - 250.0, "uint8"),
    "SaturateCast of whole numbers": lambda ops, x: ops.saturate_cast(ops.cast(x * 300.0 - 250.0, "int32"), "uint8"),
    "SaturateCast to floats": lambda ops, x: ops.saturate_cast(x, "float64"),
    "Size": lambda ops, x: in_each_row(ops, x, ops.size(x)),
    "StopGradient": lambda ops, x: ops.stop_gradient(x) * x,
    "Tril": lambda ops, x: ops.tril(x, k=-1),
    "Triu": lambda ops, x: ops.triu(x, k=2),
    "View": lambda ops, x: ops.view(ops.cast(x * 9.0, "int32")),
    "ZerosLike": lambda ops, x: ops.zeros_like(x, dtype="int32"),
}
