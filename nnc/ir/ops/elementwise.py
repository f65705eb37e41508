"""Base classes of ops that work element by element, with NumPy's broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import FLOATING, NUMERIC, Op, Placeholder, TensorType, Value, broadcast_shapes, make_op

Array = Any
"""A NumPy array of any element type and shape."""


def unbroadcast(cotangent: Value, type: TensorType) -> Value:
    """Sum a cotangent over the axes along which an operand of `type` was repeated."""
    leading = cotangent.rank - type.rank
    axes = tuple(
        axis
        for axis, dim in enumerate(cotangent.shape)
        if axis < leading or (type.shape[axis - leading] == 1 and dim != 1)
    )
    total = apply(make_op("sum", {"axes": axes}), cotangent) if axes else cotangent
    return total if total.shape == type.shape else apply(make_op("reshape", {"shape": type.shape}), total)


def same_dtype(op: Op, operands: Sequence[TensorType]) -> str:
    """Return the common element type.

    Raises:
        ShapeError: the operands' element types differ.
    """
    dtypes = {operand.dtype for operand in operands}
    if len(dtypes) != 1:
        raise ShapeError(f"'{op.name}' needs operands of one element type, got {', '.join(map(str, operands))}")
    return dtypes.pop()


def check_elements(op: Op, operands: Sequence[TensorType], accepted: frozenset[str]) -> None:
    """Check the operands' element types against the accepted ones, `FLOATING` or `NUMERIC`.

    Raises:
        ShapeError: an operand has another element type.
    """
    for operand in operands:
        if operand.dtype not in accepted:
            kind = {FLOATING: "floating-point numbers", NUMERIC - FLOATING: "whole numbers"}.get(accepted, "numbers")
            raise ShapeError(f"'{op.name}' needs {kind}, got {operand}; cast it first")


def apply(op: Op, *operands: Any) -> Value:
    """Add a one-result op to the graph of its operands; numbers become constants.

    Raises:
        TypeError: no operand is a graph value.
    """
    operands = tuple(operand.value if isinstance(operand, Placeholder) else operand for operand in operands)
    like = next((operand for operand in operands if isinstance(operand, Value)), None)
    if like is None:
        raise TypeError(f"'{op.name}' needs at least one graph value, got {', '.join(map(repr, operands))}")
    return like.graph.add(op, *(like.graph.as_value(operand, like=like) for operand in operands))[0]


class Unary(Op):
    """An elementwise function of one operand."""

    arity: ClassVar[int | None] = 1
    elementwise: ClassVar[bool] = True
    inplace: ClassVar[tuple[int, ...]] = (0,)
    accepts: ClassVar[frozenset[str]] = NUMERIC
    """Element types that the operand may have."""
    ufunc: ClassVar[numpy.ufunc | None] = None
    """NumPy's name for the function, where it has one."""

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the operand's type."""
        check_elements(self, operands, self.accepts)
        return operands

    def evaluate(self, *operands: Array) -> Array:
        """Apply the NumPy function."""
        if self.ufunc is None:
            raise TypeError(f"operation '{self.name}' does not say what it computes")
        return self.ufunc(*operands)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Pull the cotangent back through the function."""
        cotangent = cotangents[0]
        return (None if cotangent is None else self.pullback(operands[0], results[0], cotangent),)

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """Return x's cotangent where y is the result; None where the function is flat everywhere."""
        return super().vjp((x,), (y,), (cotangent,))[0]


class Binary(Op):
    """An elementwise function of two operands of one element type, broadcast against each other."""

    arity: ClassVar[int | None] = 2
    elementwise: ClassVar[bool] = True
    inplace: ClassVar[tuple[int, ...]] = (0, 1)
    accepts: ClassVar[frozenset[str]] = NUMERIC
    """Element types that the operands may have."""
    ufunc: ClassVar[numpy.ufunc]

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the broadcast type."""
        x, y = operands
        check_elements(self, operands, self.accepts)
        return (TensorType(same_dtype(self, operands), broadcast_shapes(x.shape, y.shape)),)

    def evaluate(self, *operands: Array) -> Array:
        """Apply the NumPy function."""
        return self.ufunc(*operands)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Pull the cotangent back to both operands and sum over repeated axes."""
        cotangent = cotangents[0]
        if cotangent is None:
            return (None, None)
        pulled = self.pullbacks(operands[0], operands[1], results[0], cotangent)
        pairs = zip(pulled, operands, strict=True)
        return tuple(None if value is None else unbroadcast(value, operand.type) for value, operand in pairs)

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """Return both operands' cotangents in the shape of the result z."""
        first, second = super().vjp((x, y), (z,), (cotangent,))
        return first, second
