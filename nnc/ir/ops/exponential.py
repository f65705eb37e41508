"""Exponentials, logarithms, powers, and the functions made of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from math import sqrt as root_of
from typing import Any, ClassVar

import numpy

from nnc.ir import FLOATING, Value
from nnc.ir.ops.arithmetic import sqrt, square
from nnc.ir.ops.comparison import where
from nnc.ir.ops.elementwise import Array, Binary, Unary, apply
from nnc.ir.ops.error_function import complement_of_error_function, error_function, inverse_error_function


class Exponential(Unary, name="exp"):
    """e to the power x."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.exp

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """Its own derivative."""
        return cotangent * y


class ExponentialMinusOne(Unary, name="expm1"):
    """exp(x) - 1, exact near 0."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.expm1

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """exp(x) = y + 1."""
        return cotangent * (y + 1.0)


class Logarithm(Unary, name="log"):
    """Natural logarithm."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.log

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """1 / x."""
        return cotangent / x


class LogarithmOnePlus(Unary, name="log1p"):
    """log(1 + x), exact near 0."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.log1p

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """1 / (1 + x)."""
        return cotangent / (x + 1.0)


class Power(Binary, name="power"):
    """x to the power y; the gradient of y takes log(x) as 0 where x ≤ 0, as TensorFlow does."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc] = numpy.power

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """y x^(y-1) and x^y log x."""
        logarithm = log(where(x > 0.0, x, 1.0))
        return cotangent * y * apply(self, x, y - 1.0), cotangent * z * logarithm


class LogAddExp(Binary, name="logaddexp"):
    """log(exp(x) + exp(y)), without overflow."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc] = numpy.logaddexp

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """The softmax of both."""
        return cotangent * sigmoid(x - y), cotangent * sigmoid(y - x)


class HyperbolicTangent(Unary, name="tanh"):
    """The hyperbolic tangent."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.tanh

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """1 - y²."""
        return cotangent * (1.0 - square(y))


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


@dataclass(frozen=True)
class Sigmoid(Unary, name="sigmoid"):
    """1 / (1 + exp(-x)).

    Args:
        negated: whether the operand is -x already, because its sign was changed where it costs nothing.
    """

    accepts: ClassVar[frozenset[str]] = FLOATING
    negated: bool = False

    def evaluate(self, *operands: Array) -> Array:
        """By the formula; exp may overflow to infinity, which gives the right 0."""
        with numpy.errstate(over="ignore"):
            return numpy.reciprocal(numpy.exp(operands[0] if self.negated else -operands[0]) + 1)

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """y (1 - y), or its negative."""
        return cotangent * (y * (y - 1.0 if self.negated else 1.0 - y))


class ErrorFunction(Unary, name="erf"):
    """2/√π ∫₀ˣ exp(-t²) dt."""

    accepts: ClassVar[frozenset[str]] = FLOATING

    def evaluate(self, *operands: Array) -> Array:
        """By rational approximation, see `nnc.ir.ops.error_function`."""
        return error_function(operands[0])

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """2/√π exp(-x²)."""
        return cotangent * (exp(-square(x)) * (2.0 / root_of(pi)))


class ComplementaryErrorFunction(Unary, name="erfc"):
    """1 - erf(x), exact where that is small."""

    accepts: ClassVar[frozenset[str]] = FLOATING

    def evaluate(self, *operands: Array) -> Array:
        """By rational approximation, see `nnc.ir.ops.error_function`."""
        return complement_of_error_function(operands[0])

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """-2/√π exp(-x²)."""
        return cotangent * (exp(-square(x)) * (-2.0 / root_of(pi)))


class InverseErrorFunction(Unary, name="erfinv"):
    """The number whose error function is x, between -1 and 1; NaN beyond."""

    accepts: ClassVar[frozenset[str]] = FLOATING

    def evaluate(self, *operands: Array) -> Array:
        """By rational approximation, see `nnc.ir.ops.inverse_error_function`."""
        return inverse_error_function(operands[0])

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """√π/2 exp(y²)."""
        return cotangent * (exp(square(y)) * (0.5 * root_of(pi)))


def exp(x: Value) -> Value:
    """Return e to the power x."""
    return apply(Exponential(), x)


def expm1(x: Value) -> Value:
    """Return exp(x) - 1."""
    return apply(ExponentialMinusOne(), x)


def log(x: Value) -> Value:
    """Return the natural logarithm."""
    return apply(Logarithm(), x)


def log1p(x: Value) -> Value:
    """Return log(1 + x)."""
    return apply(LogarithmOnePlus(), x)


def logaddexp(x: Value, y: Any) -> Value:
    """Return log(exp(x) + exp(y)); y may be a number."""
    return apply(LogAddExp(), x, y)


def tanh(x: Value) -> Value:
    """Return the hyperbolic tangent."""
    return apply(HyperbolicTangent(), x)


def sinh(x: Value) -> Value:
    """Return the hyperbolic sine."""
    return apply(HyperbolicSine(), x)


def cosh(x: Value) -> Value:
    """Return the hyperbolic cosine, 1 + 2 sinh²(x / 2), which overflows only where the result does."""
    return square(sinh(x * 0.5)) * 2.0 + 1.0


def arcsinh(x: Value) -> Value:
    """Return the inverse of the hyperbolic sine."""
    return apply(InverseHyperbolicSine(), x)


def sigmoid(x: Value) -> Value:
    """Return 1 / (1 + exp(-x))."""
    return apply(Sigmoid(), x)


def softplus(x: Value) -> Value:
    """Return log(1 + exp(x))."""
    return logaddexp(x, 0.0)


def erf(x: Value) -> Value:
    """Return the error function."""
    return apply(ErrorFunction(), x)


def erfc(x: Value) -> Value:
    """Return what the error function lacks to 1."""
    return apply(ComplementaryErrorFunction(), x)


def erfinv(x: Value) -> Value:
    """Return the inverse of the error function."""
    return apply(InverseErrorFunction(), x)
