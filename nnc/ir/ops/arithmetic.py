"""Arithmetic: sums, products, powers, remainders, extrema and signs, and the bits of whole numbers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy

from nnc.ir import FLOATING, Value
from nnc.ir.ops.comparison import Greater, GreaterEqual, Less
from nnc.ir.ops.elementwise import Array, Binary, Unary, apply
from nnc.ir.ops.sizes import WHOLE


class Add(Binary, name="add"):
    """x + y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.add

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """Both operands get the cotangent."""
        return cotangent, cotangent


class Subtract(Binary, name="subtract"):
    """x - y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.subtract

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """The second operand gets the negative."""
        return cotangent, -cotangent


class Multiply(Binary, name="multiply"):
    """x · y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.multiply

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """Product rule."""
        return cotangent * y, cotangent * x


class Divide(Binary, name="divide"):
    """x / y."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc] = numpy.divide

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """Quotient rule: 1/y and -x/y² = -(1/y) z."""
        quotient = cotangent / y
        return quotient, -(quotient * z)


class Maximum(Binary, name="maximum"):
    """The larger of x and y; a tie gives its gradient to x, as in TensorFlow."""

    ufunc: ClassVar[numpy.ufunc] = numpy.maximum

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """The operand that was taken gets the cotangent."""
        first, second = GreaterEqual(dtype=x.dtype), Less(dtype=x.dtype)
        return cotangent * apply(first, x, y), cotangent * apply(second, x, y)


class Minimum(Binary, name="minimum"):
    """The smaller of x and y; a tie gives its gradient to x, as in TensorFlow."""

    ufunc: ClassVar[numpy.ufunc] = numpy.minimum

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """The operand that was taken gets the cotangent."""
        first, second = GreaterEqual(dtype=x.dtype), Less(dtype=x.dtype)
        return cotangent * apply(first, y, x), cotangent * apply(second, y, x)


class Negative(Unary, name="negative"):
    """-x."""

    ufunc: ClassVar[numpy.ufunc | None] = numpy.negative

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """The negative."""
        return -cotangent


class Absolute(Unary, name="absolute"):
    """|x|, with derivative 0 at 0."""

    ufunc: ClassVar[numpy.ufunc | None] = numpy.absolute

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """Times the sign."""
        return cotangent * sign(x)


class Sign(Unary, name="sign"):
    """-1, 0 or 1; flat."""

    ufunc: ClassVar[numpy.ufunc | None] = numpy.sign

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """Flat."""
        return None


class Floor(Unary, name="floor"):
    """The largest whole number not above x; flat."""

    ufunc: ClassVar[numpy.ufunc | None] = numpy.floor

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """Flat."""
        return None


class Square(Unary, name="square"):
    """x²."""

    ufunc: ClassVar[numpy.ufunc | None] = numpy.square

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """2 x."""
        return cotangent * (x * 2.0)


class SquareRoot(Unary, name="sqrt"):
    """√x."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.sqrt

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """1 / (2 √x)."""
        return cotangent * 0.5 / y


class Reciprocal(Unary, name="reciprocal"):
    """1 / x."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.reciprocal

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """-1 / x²."""
        return -(cotangent * square(y))


class Relu(Unary, name="relu"):
    """max(x, 0), with derivative 0 at 0."""

    def evaluate(self, *operands: Array) -> Array:
        """Cut off below 0."""
        return numpy.maximum(operands[0], 0)

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """The cotangent where the result is positive."""
        return cotangent * apply(Greater(dtype=y.dtype), y, 0.0)


class FloorDivide(Binary, name="floor_divide"):
    """The quotient of whole numbers, rounded down; 0 where y is 0."""

    accepts: ClassVar[frozenset[str]] = WHOLE
    ufunc: ClassVar[numpy.ufunc] = numpy.floor_divide

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """Whole numbers get no gradient."""
        return None, None


class Remainder(Binary, name="remainder"):
    """What is left of x when the quotient by y is rounded down: it has y's sign.

    Where y is 0 it is NaN, and 0 for whole numbers.
    """

    ufunc: ClassVar[numpy.ufunc] = numpy.remainder

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """1, and the negative of the quotient."""
        return cotangent, -(cotangent * floor(x / y))


class GreatestCommonDivisor(Binary, name="gcd"):
    """The largest whole number that divides both x and y; that of 0 and 0 is 0."""

    accepts: ClassVar[frozenset[str]] = WHOLE
    ufunc: ClassVar[numpy.ufunc] = numpy.gcd

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """Whole numbers get no gradient."""
        return None, None


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


def maximum(x: Any, y: Any) -> Value:
    """Return the larger of two values; one may be a number."""
    return apply(Maximum(), x, y)


def minimum(x: Any, y: Any) -> Value:
    """Return the smaller of two values; one may be a number."""
    return apply(Minimum(), x, y)


def clip(x: Value, low: float, high: float) -> Value:
    """Return x limited to low … high."""
    return minimum(maximum(x, low), high)


def absolute(x: Value) -> Value:
    """Return |x|."""
    return apply(Absolute(), x)


def sign(x: Value) -> Value:
    """Return -1, 0 or 1."""
    return apply(Sign(), x)


def floor(x: Value) -> Value:
    """Return the largest whole number not above x."""
    return apply(Floor(), x)


def square(x: Value) -> Value:
    """Return x²."""
    return apply(Square(), x)


def sqrt(x: Value) -> Value:
    """Return √x."""
    return apply(SquareRoot(), x)


def reciprocal(x: Value) -> Value:
    """Return 1 / x."""
    return apply(Reciprocal(), x)


def relu(x: Value) -> Value:
    """Return max(x, 0)."""
    return apply(Relu(), x)


def floor_divide(x: Any, y: Any) -> Value:
    """Return the quotient rounded down; one of both may be a number."""
    like = x if isinstance(x, Value) else y
    return floor(x / y) if like.type.is_floating else apply(FloorDivide(), x, y)


def remainder(x: Any, y: Any) -> Value:
    """Return what is left of x when the quotient is rounded down; one of both may be a number."""
    return apply(Remainder(), x, y)


def gcd(x: Any, y: Any) -> Value:
    """Return the greatest common divisor of whole numbers; one of both may be a number."""
    return apply(GreatestCommonDivisor(), x, y)


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
