"""Division that leaves a remainder, and the greatest common divisor."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy

from nnc.ir import Value
from nnc.ops.arithmetic import floor
from nnc.ops.elementwise import Binary, apply
from nnc.ops.sizes import WHOLE


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
