"""The order of elements by size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import Op, TensorType, Value
from nnc.ops.elementwise import Array, apply
from nnc.ops.gathering import take_along_axis
from nnc.ops.movement import transpose
from nnc.ops.reduction import single_axis


def write_order(x: Array, out: Array, descending: bool) -> None:
    """Write the indices that sort an array along its last axis into `out`; see `ArgSort`."""
    if descending:
        x = numpy.negative(x) if x.dtype.kind == "f" else numpy.invert(x)  # which keeps NaN last, and equals in order
    out[...] = numpy.argsort(x, axis=-1, kind="stable")


@dataclass(frozen=True)
class ArgSort(Op, name="argsort"):
    """Indices that sort along the last axis, as int64: equal elements stay in order, and NaN comes last either way.

    Args:
        descending: whether the largest comes first.
    """

    arity: ClassVar[int | None] = 1
    descending: bool = False

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with int64."""
        (x,) = operands
        if not x.rank:
            raise ShapeError(f"'argsort' needs an axis, got {x}")
        return (x.with_dtype("int64"),)

    def evaluate(self, *operands: Array) -> Array:
        """Sort with NumPy."""
        out = numpy.empty(operands[0].shape, "int64")
        write_order(operands[0], out, self.descending)
        return out

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """An index is flat."""
        return (None,)


def argsort(x: Value, axis: int = -1, descending: bool = False) -> Value:
    """Return the indices that sort along an axis, as int64."""
    axis, last = single_axis(x, axis), x.rank - 1
    order = [*range(axis), last, *range(axis + 1, last), axis] if axis != last else range(x.rank)
    return transpose(apply(ArgSort(descending), transpose(x, order)), order)


def sort(x: Value, axis: int = -1, descending: bool = False) -> Value:
    """Return x in ascending or descending order along an axis."""
    return take_along_axis(x, argsort(x, axis, descending), axis)
