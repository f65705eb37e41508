"""Sine, cosine, and the angle of a point, which is the inverse of both."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy

from nnc.ir import FLOATING, Value
from nnc.ir.ops.arithmetic import square
from nnc.ir.ops.elementwise import Binary, Unary, apply


class Sine(Unary, name="sin"):
    """sin x, x in radians."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.sin

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """cos x."""
        return cotangent * cos(x)


class Cosine(Unary, name="cos"):
    """cos x, x in radians."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.cos

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """-sin x."""
        return -(cotangent * sin(x))


class Angle(Binary, name="arctan2"):
    """The angle of the point with height x and breadth y, seen from 0: between -π and π, with x's sign."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc] = numpy.arctan2

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """y / (x² + y²) and -x / (x² + y²)."""
        share = cotangent / (square(x) + square(y))
        return share * y, -(share * x)


def sin(x: Value) -> Value:
    """Return sin x."""
    return apply(Sine(), x)


def cos(x: Value) -> Value:
    """Return cos x."""
    return apply(Cosine(), x)


def arctan2(x: Any, y: Any) -> Value:
    """Return the angle of the point with height x and breadth y; one of both may be a number."""
    return apply(Angle(), x, y)
