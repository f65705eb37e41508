"""The hyperbolic sine and its inverse, of which the other hyperbolic functions are made."""

from __future__ import annotations

from typing import ClassVar

import numpy

from nnc.ir import FLOATING, Value
from nnc.ops.arithmetic import sqrt, square
from nnc.ops.elementwise import Unary, apply


class HyperbolicSine(Unary, name="sinh"):
    """(exp(x) - exp(-x)) / 2, exact near 0."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.sinh

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """cosh x."""
        return cotangent * cosh(x)


class InverseHyperbolicSine(Unary, name="arcsinh"):
    """log(x + √(x² + 1)), exact near 0 and without overflow."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.arcsinh

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """1 / √(x² + 1)."""
        return cotangent / sqrt(square(x) + 1.0)


def sinh(x: Value) -> Value:
    """Return the hyperbolic sine."""
    return apply(HyperbolicSine(), x)


def cosh(x: Value) -> Value:
    """Return the hyperbolic cosine, 1 + 2 sinh²(x / 2), which overflows only where the result does."""
    return square(sinh(x * 0.5)) * 2.0 + 1.0


def arcsinh(x: Value) -> Value:
    """Return the inverse of the hyperbolic sine."""
    return apply(InverseHyperbolicSine(), x)
