"""Logic and shifts of the bits of whole numbers, negative ones in two's complement."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy

from nnc.ir import Value
from nnc.ops.elementwise import Binary, apply
from nnc.ops.sizes import WHOLE


class Bitwise(Binary):
    """Combines the bits of two whole numbers."""

    accepts: ClassVar[frozenset[str]] = WHOLE

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """Whole numbers get no gradient."""
        return None, None


class BitwiseAnd(Bitwise, name="bitwise_and"):
    """The bits that both have."""

    ufunc: ClassVar[numpy.ufunc] = numpy.bitwise_and


class BitwiseOr(Bitwise, name="bitwise_or"):
    """The bits that one has."""

    ufunc: ClassVar[numpy.ufunc] = numpy.bitwise_or


class BitwiseXor(Bitwise, name="bitwise_xor"):
    """The bits that exactly one has."""

    ufunc: ClassVar[numpy.ufunc] = numpy.bitwise_xor


class LeftShift(Bitwise, name="left_shift"):
    """x's bits moved up by y; 0 where y is negative or not below the number of bits."""

    ufunc: ClassVar[numpy.ufunc] = numpy.left_shift


class RightShift(Bitwise, name="right_shift"):
    """x's bits moved down by y, the sign filling up; only the sign is left where y is as for `LeftShift`."""

    ufunc: ClassVar[numpy.ufunc] = numpy.right_shift


def bitwise_and(x: Any, y: Any) -> Value:
    """Return the bits that both have; one of both may be a number."""
    return apply(BitwiseAnd(), x, y)


def bitwise_or(x: Any, y: Any) -> Value:
    """Return the bits that one has; one of both may be a number."""
    return apply(BitwiseOr(), x, y)


def bitwise_xor(x: Any, y: Any) -> Value:
    """Return the bits that exactly one has; one of both may be a number."""
    return apply(BitwiseXor(), x, y)


def left_shift(x: Any, y: Any) -> Value:
    """Return x's bits moved up by y; one of both may be a number."""
    return apply(LeftShift(), x, y)


def right_shift(x: Any, y: Any) -> Value:
    """Return x's bits moved down by y; one of both may be a number."""
    return apply(RightShift(), x, y)
