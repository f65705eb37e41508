"""Angles, their functions, the hyperbolic ones, and the inverses of both."""

from __future__ import annotations

from math import pi
from typing import Any

from nnc.ir import Value, ops
from nnc.operations.element_types import as_values, as_wide_float
from nnc.operations.registry import operation
from nnc.operations.special_numbers import divide_no_nan

operation("Arcsinh", floats=True)(ops.arcsinh)
operation("Cos", floats=True)(ops.cos)
operation("Cosh", floats=True)(ops.cosh)
operation("Sin", floats=True)(ops.sin)
operation("Sinh", floats=True)(ops.sinh)
operation("Tanh", floats=True)(ops.tanh)


@operation("Tan", floats=True)
def tan(x: Value) -> Value:
    """Return sin x / cos x."""
    return ops.sin(x) / ops.cos(x)


@operation("Arctan2", floats=True)
def arctan2(x1: Any, x2: Any) -> Value:
    """Return the angle of the point with height x1 and breadth x2."""
    return ops.arctan2(x1, x2)


@operation("Arctan", floats=True)
def arctan(x: Value) -> Value:
    """Return the angle with tangent x."""
    return ops.arctan2(x, 1.0)


@operation("Arcsin", floats=True)
def arcsin(x: Value) -> Value:
    """Return the angle with sine x; NaN where there is none."""
    return ops.arctan2(x, _other_side(x))


@operation("Arccos", floats=True)
def arccos(x: Value) -> Value:
    """Return the angle with cosine x; NaN where there is none."""
    return ops.arctan2(_other_side(x), x)


def _other_side(x: Value) -> Value:
    """Return √(1 - x²), without the loss of digits that 1 - x² has near 1."""
    return ops.sqrt((1.0 - x) * (x + 1.0))


@operation("Arccosh", floats=True)
def arccosh(x: Value) -> Value:
    """Return the number from 0 on with hyperbolic cosine x: 2 arcsinh √((x - 1) / 2); NaN where there is none."""
    return ops.arcsinh(ops.sqrt((x - 1.0) * 0.5)) * 2.0


@operation("Arctanh", floats=True)
def arctanh(x: Value) -> Value:
    """Return the number with hyperbolic tangent x; NaN where there is none."""
    return (ops.log1p(x) - ops.log1p(-x)) * 0.5


@operation("Deg2rad")
def to_radians(x: Value) -> Value:
    """Return degrees in radians."""
    return as_wide_float(x) * (pi / 180.0)


@operation("Rad2deg")
def to_degrees(x: Value) -> Value:
    """Return radians in degrees."""
    return as_wide_float(x) * (180.0 / pi)


@operation("Hypot")
def hypotenuse(x1: Any, x2: Any) -> Value:
    """Return √(x1² + x2²) without overflow; that of two infinite numbers is NaN, as in Keras on TensorFlow."""
    x1, x2 = map(as_wide_float, as_values(x1, x2))
    x1, x2 = ops.absolute(x1), ops.absolute(x2)
    longer, shorter = ops.maximum(x1, x2), ops.minimum(x1, x2)
    return longer * ops.sqrt(ops.square(divide_no_nan(shorter, longer)) + 1.0)


@operation("Sinc", floats=True)
def sinc(x: Value) -> Value:
    """Return sin πx / πx, which is 1 at 0, with derivative 0 there."""
    is_zero = ops.equal(x, 0.0)
    turned = ops.where(is_zero, 1.0, x * pi)
    return ops.where(is_zero, 1.0, ops.sin(turned) / turned)
