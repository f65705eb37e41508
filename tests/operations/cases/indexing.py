"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: elements by number, diagonals."""

from __future__ import annotations

from typing import Any

import numpy

from tests.operations.cases.case import Call
from tests.operations.cases.rows import in_each_row

_INDICES = numpy.array([[0, -1], [2, 2]])


def _computed(ops: Any, x: Any) -> Any:
    """Return the numbers 0, 0 and 0 as something that a run computes."""
    return ops.cast(x[0, 0, :3] * 0.0, "int32")


CALLS: dict[str, Call] = {
    "Diag": lambda ops, x: in_each_row(
        ops,
        x,
        ops.diag(x[0]),
    ),
    "Diag above": lambda ops, x: in_each_row(
        ops,
        x,
        ops.diag(x[0], k=3),
    ),
    "Diag of a vector": lambda ops, x: in_each_row(
        ops,
        x,
        ops.diag(x[0, 0], k=-2),
    ),
    "Diagflat": lambda ops, x: in_each_row(
        ops,
        x,
        ops.diagflat(x[0, :2, :2], k=1),
    ),
    "Diagonal": lambda ops, x: ops.diagonal(x, axis1=1, axis2=2),
    "Diagonal above": lambda ops, x: ops.diagonal(x, offset=4, axis1=-2, axis2=-1),
    "Diagonal below": lambda ops, x: ops.diagonal(x, offset=-1, axis1=2, axis2=1),
    "GetItem": lambda ops, x: x[:, 0, None, ::-2],
    "GetItem from the end": lambda ops, x: x[..., -2],
    "GetItem of rows": lambda ops, x: in_each_row(ops, x, x[-1, 1:3]),
    "GetItem of rows backwards": lambda ops, x: x[::-1, ::2],
    "ScatterUpdate": lambda ops, x: in_each_row(
        ops,
        x,
        ops.scatter_update(x[0], [[1], [3]], x[1, :2]),
    ),
    "ScatterUpdate added": lambda ops, x: ops.scatter_update(x, [[0, 3], [2, 0], [0, 3]], x[0, :3], reduction="add"),
    "ScatterUpdate multiplied": lambda ops, x: in_each_row(
        ops, x, ops.scatter_update(x[0], [[1], [3], [1]], x[1, :3], reduction="mul")
    ),
    "ScatterUpdate of elements": lambda ops, x: in_each_row(
        ops, x, ops.scatter_update(x[0], [[[1, 2], [3, 5]]], x[1, :1, :2])
    ),
    "ScatterUpdate of rows": lambda ops, x: ops.scatter_update(x, [[0, 3], [2, 0]], x[0, :2]),
    "ScatterUpdate the larger": lambda ops, x: in_each_row(
        ops, x, ops.scatter_update(x[0], [[1], [3], [1]], x[1, :3], reduction="max")
    ),
    "ScatterUpdate the smaller": lambda ops, x: in_each_row(
        ops, x, ops.scatter_update(x[0], [[1], [3]], x[1, :2], reduction="min")
    ),
    "ScatterUpdate where computed": lambda ops, x: in_each_row(
        ops,
        x,
        ops.scatter_update(
            x[0], ops.cast(ops.stack([x[0, 0, :2] * 0.0 + 2.0, x[0, 0, :2] * 3.0], 1), "int32"), x[0, 0, :2]
        ),
    ),
    "Scatter": lambda ops, x: in_each_row(
        ops,
        x,
        ops.scatter(numpy.array([[1], [3], [1]]), x[0, :3], (5, 6)),
    ),
    "Scatter of elements": lambda ops, x: in_each_row(
        ops, x, ops.scatter(numpy.array([[1, 2], [3, 0]]), x[0, 0, :2], (4, 3))
    ),
    "Scatter where computed": lambda ops, x: in_each_row(
        ops, x, ops.scatter(ops.expand_dims(ops.cast(x[0, 0] * 4.0, "int32"), 1), ops.transpose(x[0]), (6, 4))
    ),
    "Select": lambda ops, x: ops.select([x > 1.2, x > 0.9], [x * 2.0, x[:, :1]], 7),
    "Select among several types": lambda ops, x: ops.select(
        [x > 1.2, x > 0.9], [ops.cast(x * 9.0, "int32"), ops.cast(x * 9.0, "uint8")], 0.5
    ),
    "Select of whole numbers": lambda ops, x: ops.select([x > 1.0], [ops.cast(x * 9.0, "int32")]),
    "Select of truth values": lambda ops, x: ops.select([ops.cast(x - 0.6, "int32")], [x > 1.0]),
    "Slice": lambda ops, x: ops.slice(x, (0, 1, 2), (-1, 2, -1)),
    "Slice where computed": lambda ops, x: in_each_row(
        ops, x, ops.slice(x, _computed(ops, x) + numpy.int32([0, 1, 3]), (2, 3, 2))
    ),
    "SliceUpdate": lambda ops, x: ops.slice_update(ops.stop_gradient(x), (0, 3, 2), ops.stop_gradient(x)[:, :1, :3]),
    "SliceUpdate moved inside": lambda ops, x: ops.slice_update(
        ops.stop_gradient(x), (0, -1, 5), ops.stop_gradient(x)[:, 1:3, :3]
    ),
    "SliceUpdate where computed": lambda ops, x: ops.slice_update(
        ops.stop_gradient(x), _computed(ops, x) + numpy.int32([1, 1, 9]), ops.stop_gradient(x)[:2, 1:3, :3]
    ),
    "Take": lambda ops, x: ops.take(x, _INDICES, axis=1),
    "Take of all": lambda ops, x: in_each_row(
        ops,
        x,
        ops.take(x, [5, -1, 0]),
    ),
    "Take of an element": lambda ops, x: ops.take(x, -1, axis=-1),
    "Take where computed": lambda ops, x: ops.take(x, ops.cast(x[0, :, :2] * 4.0 - 3.0, "int32"), axis=2),
    "TakeAlongAxis": lambda ops, x: ops.take_along_axis(x, ops.cast(x * 4.0 - 4.0, "int32"), axis=1),
    "TakeAlongAxis of all": lambda ops, x: in_each_row(
        ops, x, ops.take_along_axis(x[0], numpy.array([0, -1, 7]), axis=None)
    ),
    "TakeAlongAxis of broadcast places": lambda ops, x: ops.take_along_axis(x, _INDICES[:1, :, None], axis=1),
    "Trace": lambda ops, x: ops.trace(x, axis1=1, axis2=2),
    "Trace of whole numbers": lambda ops, x: ops.trace(ops.cast(x * 9.0, "uint8"), axis1=-1, axis2=-2),
}
