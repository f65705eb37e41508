"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: what moves elements."""

from __future__ import annotations

from tests.operations.cases.case import Call
from tests.operations.cases.rows import in_each_row

CALLS: dict[str, Call] = {
    "BroadcastTo": lambda ops, x: in_each_row(ops, x, ops.broadcast_to(ops.sum(x, axis=0), (5, 4, 6))),
    "ExpandDims": lambda ops, x: ops.expand_dims(x, axis=-2),
    "ExpandDims of several axes": lambda ops, x: ops.expand_dims(x, axis=(-1, 1)),
    "Flip": lambda ops, x: ops.flip(x),
    "Flip of axes": lambda ops, x: ops.flip(x, axis=(-1, 1)),
    "Fliplr": lambda ops, x: ops.fliplr(x),
    "Flipud": lambda ops, x: ops.flipud(x),
    "Moveaxis": lambda ops, x: ops.moveaxis(x, -1, 1),
    "Moveaxis of several": lambda ops, x: ops.moveaxis(ops.expand_dims(x, 1), (-1, 1), (1, 3)),
    "Pad": lambda ops, x: ops.pad(x, ((0, 0), (2, 0), (1, 3)), mode="reflect"),
    "Pad with a number": lambda ops, x: ops.pad(x, ((0, 0), (2, 0), (0, 1)), constant_values=-2.5),
    "Pad with a tensor": lambda ops, x: ops.pad(x, ((0, 0), (2, 0), (0, 1)), constant_values=ops.sum(x)),
    "Pad with both ends": lambda ops, x: ops.pad(x, ((0, 0), (2, 4), (0, 6)), mode="symmetric"),
    "Pad with the number of rows": lambda ops, x: ops.pad(x, ((2, 1), (0, 0), (0, 0)), mode="reflect")[1:-2, :],
    "Ravel": lambda ops, x: in_each_row(ops, x, ops.ravel(x[0])),
    "Repeat": lambda ops, x: ops.repeat(x, 3, axis=-1),
    "Repeat of all": lambda ops, x: in_each_row(ops, x, ops.repeat(x[0], 2)),
    "Repeat of each": lambda ops, x: ops.repeat(x, [1, 0, 3, 2], axis=1),
    "Repeat of rows": lambda ops, x: ops.reshape(ops.repeat(x, 2, axis=0), (-1, 2, 24)),
    "Reshape": lambda ops, x: ops.reshape(x, (-1, 24)),
    "Roll": lambda ops, x: ops.roll(x, 5),
    "Roll of axes": lambda ops, x: ops.roll(x, (-1, 9), axis=(1, -1)),
    "Roll of rows": lambda ops, x: ops.roll(x, 1, axis=0),
    "Rot90": lambda ops, x: ops.rot90(x, k=-1, axes=(2, 1)),
    "Rot90 once": lambda ops, x: ops.rot90(ops.rot90(x), k=-1),
    "Rot90 thrice": lambda ops, x: ops.rot90(x, k=3, axes=(1, -1)),
    "Rot90 twice": lambda ops, x: ops.rot90(x, k=2, axes=(1, 2)),
    "Squeeze": lambda ops, x: ops.squeeze(ops.expand_dims(x, 1), axis=1),
    "Squeeze of all": lambda ops, x: ops.squeeze(x[:, 1:2, :3]),
    "Swapaxes": lambda ops, x: ops.swapaxes(x, -1, 1),
    "Tile": lambda ops, x: ops.tile(x, (1, 2, 3)),
    "Tile of more axes": lambda ops, x: in_each_row(ops, x, ops.tile(x[0], (2, 3, 1, 2))),
    "Transpose": lambda ops, x: ops.transpose(x, (0, 2, 1)),
}
