"""Operations about NaN, infinity, signs and closeness, and those on complex numbers, which are real here."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan, pi
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.comparison import NotEqual
from nnc.ir.ops.elementwise import apply
from nnc.operations.element_types import as_float, as_values, as_wide_float
from nnc.operations.registry import operation


@operation("Isnan")
def is_nan(x: Value) -> Value:
    """Return whether x is NaN."""
    return apply(NotEqual(), x, x)


@operation("Isfinite")
def is_finite(x: Value) -> Value:
    """Return whether x is neither NaN nor infinite."""
    return ops.absolute(x) < inf if x.type.is_floating else ops.equal(x, x)


def _is_infinite(number: float) -> Callable[[Value], Value]:
    def compare(x: Value) -> Value:
        return ops.equal(x, number) if x.type.is_floating else apply(NotEqual(), x, x)

    return compare


is_positive_infinity = operation("Isposinf")(_is_infinite(inf))
is_negative_infinity = operation("Isneginf")(_is_infinite(-inf))


@operation("Isinf")
def is_infinite(x: Value) -> Value:
    """Return whether x is infinite."""
    return is_positive_infinity(ops.absolute(x) if x.type.is_floating else x)


@operation("Isreal")
def is_real(x: Value) -> Value:
    """Return True for each element: there are no complex numbers."""
    return x.graph.constant(numpy.True_, "bool") if x.rank == 0 else ops.equal(is_nan(x), is_nan(x))


@operation("Isclose")
def is_close(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Value:
    """Return whether two differ by at most ``atol + rtol |x2|``; whole numbers, whether they are equal.

    Infinite numbers are close to none, as in Keras on TensorFlow, where they are close to themselves in NumPy.
    """
    x1, x2 = as_values(x1, x2)
    if not x1.type.is_floating:
        return ops.equal(x1, x2)
    close = ops.absolute(x1 - x2) <= ops.absolute(x2) * rtol + atol
    return ops.logical_or(close, ops.logical_and(is_nan(x1), is_nan(x2))) if equal_nan else close


@operation("NanToNum")
def nan_to_num(x: Value, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Value:
    """Return x with numbers in place of NaN and of infinite ones, by default the largest and the lowest."""
    if not x.type.is_floating:
        return x
    limits = numpy.finfo(x.dtype)
    x = ops.where(is_nan(x), nan, x)
    x = ops.where(is_positive_infinity(x), float(limits.max) if posinf is None else posinf, x)
    return ops.where(is_negative_infinity(x), float(limits.min) if neginf is None else neginf, x)


@operation("Signbit")
def sign_bit(x: Value) -> Value:
    """Return whether x is below 0 or -0.0; NaN counts as positive, whatever its sign."""
    if not x.type.is_floating:
        return x < 0 if x.dtype.startswith("int") else apply(NotEqual(), x, x)
    return ops.logical_or(x < 0.0, ops.reciprocal(x) < 0.0)


@operation("Nextafter")
def next_after(x1: Any, x2: Any) -> Value:
    """Return the next float64 after x1 on the way to x2, rounded to float32: x1, as Keras on TensorFlow has it.

    Raises:
        ModelError: an operand is float64.
    """
    x1, x2 = (as_float(x) for x in as_values(x1, x2))
    if x1.dtype == "float64":
        raise ModelError("Nextafter: operands must be float32, or whole numbers, got float64")
    return ops.where(ops.logical_or(is_nan(x1), is_nan(x2)), nan, x1)


@operation("Heaviside")
def heaviside(x1: Any, x2: Any) -> Value:
    """Return 0 below 0, 1 above it and x2 at 0; also where x1 is NaN, as in Keras on TensorFlow."""
    x1, x2 = map(as_wide_float, as_values(x1, x2))
    return ops.where(x1 < 0.0, 0.0, ops.where(x1 > 0.0, 1.0, x2))


def _without_nan(function: Callable[[Any, Any], Value]) -> Callable[[Any, Any], Value]:
    def choose(x1: Any, x2: Any) -> Value:
        x1, x2 = as_values(x1, x2)
        chosen = function(x1, x2)
        if not x1.type.is_floating:
            return chosen
        return ops.where(is_nan(x1), x2, ops.where(is_nan(x2), x1, chosen))

    return choose


larger_number = operation("Fmax")(_without_nan(ops.maximum))
smaller_number = operation("Fmin")(_without_nan(ops.minimum))
"""The larger and the smaller of two; where one is NaN, the other."""


@operation("DivideNoNan", floats=True)
def divide_no_nan(x1: Any, x2: Any) -> Value:
    """Return x1 / x2, and 0 where x2 is 0."""
    x1, x2 = as_values(x1, x2)
    is_zero = ops.equal(x2, 0.0)
    return ops.where(is_zero, 0.0, x1 / ops.where(is_zero, 1.0, x2))


@operation("Conj")
@operation("Conjugate")
@operation("Real")
def real(x: Value) -> Value:
    """Return x, which is real."""
    return x


@operation("Imag")
def imaginary(x: Value) -> Value:
    """Return 0 for each element: x is real."""
    return ops.where(is_nan(x), x.graph.constant(0, x.dtype), x.graph.constant(0, x.dtype))


@operation("Angle")
def angle(x: Value) -> Value:
    """Return π below 0 and 0 elsewhere: the angle of a real number in the complex plane."""
    x = as_float(x)
    return ops.where(x < 0.0, pi, x.graph.constant(0.0, x.dtype))
