"""Elements by number, rows of a table and along an axis; what is added up by number; and numbers in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy

from nnc.errors import DataError, ShapeError
from nnc.ir import NUMERIC, Dim, Op, Shape, TensorType, Value, broadcast_shapes
from nnc.ir.ops.elementwise import Array, apply, check_elements
from nnc.ir.ops.movement import broadcast_to, normalize_axis, transpose


class Gather(Op, name="gather"):
    """The rows of a table (first operand, along its first axis) that whole numbers (second operand) name.

    Numbers below 0 count from the end, as in NumPy and in Keras.
    """

    arity: ClassVar[int | None] = 2

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return (indices…, row…) of a table (rows, row…) and indices (indices…)."""
        table, indices = operands
        if table.rank < 1:
            raise ShapeError(f"'gather' needs a table with rows, got {table}")
        _check_indices(self, indices)
        return (table.with_shape((*indices.shape, *table.shape[1:])),)

    def evaluate(self, *operands: Array) -> Array:
        """Take rows with NumPy.

        Raises:
            DataError: the table has no row of this number.
        """
        table, indices = operands
        check_rows(indices, len(table))
        return numpy.take(table, indices, axis=0, mode="wrap")

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Each row of the table gets the sum of the cotangents of its copies."""
        (table, indices), cotangent = operands, cotangents[0]
        return (None if cotangent is None else apply(ScatterAdd(table.shape), cotangent, indices), None)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: nothing is computed."""
        return 0

    def traffic(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return the bytes of the indices and of the rows they name, which are read and written; not of the table."""
        return operands[1].nbytes + 2 * results[0].nbytes


@dataclass(frozen=True)
class ScatterAdd(Op, name="scatter_add"):
    """Zeros of `shape` to whose rows, named by the second operand, the rows of the first operand are added."""

    arity: ClassVar[int | None] = 2
    shape: Shape

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type of `shape`; values must have the shape that `Gather` with these indices has."""
        values, indices = operands
        check_elements(self, (values,), NUMERIC)
        _check_indices(self, indices)
        result = values.with_shape(self.shape)
        if not self.shape or values.shape != (*indices.shape, *self.shape[1:]):
            raise ShapeError(f"'scatter_add' of {values} at {indices} does not fit {result}")
        return (result,)

    def evaluate(self, *operands: Array) -> Array:
        """Add with NumPy.

        Raises:
            DataError: there is no row of this number.
        """
        values, indices = operands
        out = numpy.zeros([int(dim) for dim in self.shape], values.dtype)
        check_rows(indices, len(out))
        numpy.add.at(out, indices, values)
        return out

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Each row gets the cotangent of the row it was added to."""
        indices, cotangent = operands[1], cotangents[0]
        return (None if cotangent is None else apply(Gather(), cotangent, indices), None)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return one addition per element read."""
        return prod(int(dim) for dim in operands[0].shape)


@dataclass(frozen=True)
class TakeAlongAxis(Op, name="take_along_axis"):
    """The elements of the first operand that the whole numbers of the second name along an axis.

    y[i, j, k] = x[i, indices[i, j, k], k] along axis 1; numbers below 0 count from the end.

    Args:
        axis: the axis, from 0; all others are as long in both operands.
    """

    arity: ClassVar[int | None] = 2
    axis: int

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the indices."""
        x, indices = operands
        _check_indices(self, indices)
        _check_other_axes(self, x, indices, self.axis)
        return (x.with_shape(indices.shape),)

    def evaluate(self, *operands: Array) -> Array:
        """Take with NumPy.

        Raises:
            DataError: the axis has no element of this number.
        """
        x, indices = operands
        check_rows(indices, x.shape[self.axis])
        return numpy.take_along_axis(x, indices.astype("int64"), self.axis)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Each element gets the sum of the cotangents of its copies."""
        (x, indices), cotangent = operands, cotangents[0]
        length = x.shape[self.axis]
        return (None if cotangent is None else apply(AddAlongAxis(self.axis, length), cotangent, indices), None)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: nothing is computed."""
        return 0


@dataclass(frozen=True)
class AddAlongAxis(Op, name="add_along_axis"):
    """Zeros to whose elements, named by the second operand along an axis, those of the first operand are added.

    Args:
        axis: the axis, from 0.
        length: of the axis in the result.
    """

    arity: ClassVar[int | None] = 2
    axis: int
    length: Dim

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the values with another length along the axis."""
        values, indices = operands
        check_elements(self, (values,), NUMERIC)
        _check_indices(self, indices)
        _check_other_axes(self, values, indices, self.axis)
        if values.shape != indices.shape:
            raise ShapeError(f"'{self.name}' needs as many values as indices, got {values} and {indices}")
        return (values.with_shape((*values.shape[: self.axis], self.length, *values.shape[self.axis + 1 :])),)

    def evaluate(self, *operands: Array) -> Array:
        """Add with NumPy.

        Raises:
            DataError: the axis has no element of this number.
        """
        values, indices = operands
        length = int(self.length)
        check_rows(indices, length)
        out = numpy.zeros((*values.shape[: self.axis], length, *values.shape[self.axis + 1 :]), values.dtype)
        places = list(numpy.ogrid[tuple(map(slice, values.shape))])
        places[self.axis] = indices.astype("int64")
        numpy.add.at(out, tuple(places), values)
        return out

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Each element gets the cotangent of the one it was added to."""
        indices, cotangent = operands[1], cotangents[0]
        return (None if cotangent is None else apply(TakeAlongAxis(self.axis), cotangent, indices), None)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return one addition per element read."""
        return prod(int(dim) for dim in operands[0].shape)


def _check_other_axes(op: Op, x: TensorType, indices: TensorType, axis: int) -> None:
    if not 0 <= axis < x.rank:
        raise ShapeError(f"'{op.name}' along axis {axis} does not fit {x}")
    rest = [shape[:axis] + shape[axis + 1 :] for shape in (x.shape, indices.shape)]
    if x.rank != indices.rank or rest[0] != rest[1]:
        unequal = next((pair for pair in zip(*rest, strict=False) if pair[0] != pair[1]), None)
        raise ShapeError(f"'{op.name}' of {x} at {indices} along axis {axis}: all other axes must be equal", unequal)


def _check_indices(op: Op, indices: TensorType) -> None:
    if indices.is_floating or indices.dtype == "bool":
        raise ShapeError(f"'{op.name}' needs whole numbers as indices, got {indices}; cast them first")


def numbered_length(op: Op, operands: Sequence[Value], results: Sequence[Value]) -> Dim | None:
    """Return the length of the axis whose elements an op's second operand numbers, None where it numbers none."""
    if not isinstance(op, AddAlongAxis | Gather | ScatterAdd | TakeAlongAxis):
        return None
    table = operands[0] if isinstance(op, Gather | TakeAlongAxis) else results[0]
    length: Dim = table.shape[op.axis if isinstance(op, AddAlongAxis | TakeAlongAxis) else 0]
    return length


def check_rows(indices: Array, rows: int) -> None:
    """Check that a table of so many rows has all of these.

    Raises:
        DataError: one is missing.
    """
    if indices.size and not -rows <= (least := int(indices.min())) <= (most := int(indices.max())) < rows:
        wrong = least if least < -rows else most
        raise DataError(f"index {wrong} is out of range for a table of {rows} rows; indices go from 0 to {rows - 1}")


def gather(table: Any, indices: Value) -> Value:
    """Return the rows of `table` that `indices` name, of shape (indices…, row…).

    Raises:
        ShapeError: the table has no rows, or the indices are not whole numbers.
    """
    return apply(Gather(), table, indices)


def take_along_axis(x: Value, indices: Value, axis: int = -1) -> Value:
    """Return the elements of `x` that `indices` name along an axis; all other axes are broadcast.

    Raises:
        ShapeError: there is no such axis, the others do not fit, or the indices are not whole numbers.
    """
    axis = normalize_axis(x, axis)
    if x.rank != indices.rank:
        raise ShapeError(f"'take_along_axis' needs as many axes in both operands, got {x.type} and {indices.type}")
    others = broadcast_shapes(*((*value.shape[:axis], 1, *value.shape[axis + 1 :]) for value in (x, indices)))
    x, indices = (
        broadcast_to(value, (*others[:axis], value.shape[axis], *others[axis + 1 :])) for value in (x, indices)
    )
    return apply(TakeAlongAxis(axis), x, indices)


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
    axis, last = normalize_axis(x, axis), x.rank - 1
    order = [*range(axis), last, *range(axis + 1, last), axis] if axis != last else range(x.rank)
    return transpose(apply(ArgSort(descending), transpose(x, order)), order)


def sort(x: Value, axis: int = -1, descending: bool = False) -> Value:
    """Return x in ascending or descending order along an axis."""
    return take_along_axis(x, argsort(x, axis, descending), axis)
