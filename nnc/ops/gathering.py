"""Rows of a table by number, and its derivative: rows added up by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy

from nnc.errors import DataError, ShapeError
from nnc.ir import NUMERIC, Op, Shape, TensorType, Value
from nnc.ops.elementwise import Array, apply, check_elements


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


def _check_indices(op: Op, indices: TensorType) -> None:
    if indices.is_floating or indices.dtype == "bool":
        raise ShapeError(f"'{op.name}' needs whole numbers as indices, got {indices}; cast them first")


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
