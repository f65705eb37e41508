"""Arithmetic, comparison, rounding, exponentials and trigonometry of single elements.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.ops.dispatch import operate

__all__ = [
    "abs",
    "absolute",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cbrt",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "deg2rad",
    "divide",
    "equal",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "greater",
    "greater_equal",
    "hypot",
    "i0",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "rad2deg",
    "reciprocal",
    "round",
    "sign",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
    "where",
]


def absolute(x: Any) -> Any:
    """Return |x|."""
    return operate("Absolute", x)


def add(x1: Any, x2: Any) -> Any:
    """Return x1 + x2, broadcast as in NumPy."""
    return operate("Add", x1, x2)


def arccos(x: Any) -> Any:
    """Return the angle with cosine x; NaN where there is none."""
    return operate("Arccos", x)


def arccosh(x: Any) -> Any:
    """Return the number from 0 on with hyperbolic cosine x: 2 arcsinh √((x - 1) / 2); NaN where there is none."""
    return operate("Arccosh", x)


def arcsin(x: Any) -> Any:
    """Return the angle with sine x; NaN where there is none."""
    return operate("Arcsin", x)


def arcsinh(x: Any) -> Any:
    """Return the inverse of the hyperbolic sine."""
    return operate("Arcsinh", x)


def arctan(x: Any) -> Any:
    """Return the angle with tangent x."""
    return operate("Arctan", x)


def arctan2(x1: Any, x2: Any) -> Any:
    """Return the angle of the point with height x1 and breadth x2."""
    return operate("Arctan2", x1, x2)


def arctanh(x: Any) -> Any:
    """Return the number with hyperbolic tangent x; NaN where there is none."""
    return operate("Arctanh", x)


def cbrt(x: Any) -> Any:
    """Return the number whose cube is x."""
    return operate("Cbrt", x)


def ceil(x: Any) -> Any:
    """Return the smallest whole numbers that are not below x."""
    return operate("Ceil", x)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Return x, cut off below and above."""
    return operate("Clip", x, x_min=x_min, x_max=x_max)


def cos(x: Any) -> Any:
    """Return cos x."""
    return operate("Cos", x)


def cosh(x: Any) -> Any:
    """Return the hyperbolic cosine, 1 + 2 sinh²(x / 2), which overflows only where the result does."""
    return operate("Cosh", x)


def deg2rad(x: Any) -> Any:
    """Return degrees in radians."""
    return operate("Deg2rad", x)


def divide(x1: Any, x2: Any) -> Any:
    """Return x1 / x2."""
    return operate("Divide", x1, x2)


def equal(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("Equal", x1, x2)


def exp(x: Any) -> Any:
    """Return e to the power x."""
    return operate("Exp", x)


def exp2(x: Any) -> Any:
    """Return 2 to the power x."""
    return operate("Exp2", x)


def expm1(x: Any) -> Any:
    """Return exp(x) - 1."""
    return operate("Expm1", x)


def fabs(x: Any) -> Any:
    """Return |x| as floats."""
    return operate("Fabs", x)


def floor(x: Any) -> Any:
    """Return the largest whole number not above x."""
    return operate("Floor", x)


def greater(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("Greater", x1, x2)


def greater_equal(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("GreaterEqual", x1, x2)


def hypot(x1: Any, x2: Any) -> Any:
    """Return √(x1² + x2²) without overflow; that of two infinite numbers is NaN, as in Keras on TensorFlow."""
    return operate("Hypot", x1, x2)


def i0(x: Any) -> Any:
    """Return the modified Bessel function of the first kind and order 0."""
    return operate("I0", x)


def less(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("Less", x1, x2)


def less_equal(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("LessEqual", x1, x2)


def log(x: Any) -> Any:
    """Return the natural logarithm."""
    return operate("Log", x)


def log10(x: Any) -> Any:
    """Return it."""
    return operate("Log10", x)


def log1p(x: Any) -> Any:
    """Return log(1 + x)."""
    return operate("Log1p", x)


def log2(x: Any) -> Any:
    """Return it."""
    return operate("Log2", x)


def logaddexp(x1: Any, x2: Any) -> Any:
    """Return log(exp(x) + exp(y)); y may be a number."""
    return operate("Logaddexp", x1, x2)


def logaddexp2(x1: Any, x2: Any) -> Any:
    """Return log2(2^x1 + 2^x2), without overflow."""
    return operate("Logaddexp2", x1, x2)


def logical_and(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("LogicalAnd", x1, x2)


def logical_not(x: Any) -> Any:
    """Return whether x is 0."""
    return operate("LogicalNot", x)


def logical_or(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("LogicalOr", x1, x2)


def logical_xor(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("LogicalXor", x1, x2)


def maximum(x1: Any, x2: Any) -> Any:
    """Return the larger of two."""
    return operate("Maximum", x1, x2)


def minimum(x1: Any, x2: Any) -> Any:
    """Return the smaller of two."""
    return operate("Minimum", x1, x2)


def multiply(x1: Any, x2: Any) -> Any:
    """Return x1 · x2."""
    return operate("Multiply", x1, x2)


def negative(x: Any) -> Any:
    """Return -x."""
    return operate("Negative", x)


def not_equal(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("NotEqual", x1, x2)


def rad2deg(x: Any) -> Any:
    """Return radians in degrees."""
    return operate("Rad2deg", x)


def reciprocal(x: Any) -> Any:
    """Return 1 / x."""
    return operate("Reciprocal", x)


def round(x: Any, decimals: Any = 0) -> Any:
    """Return x rounded to so many decimals, halves to the even neighbour."""
    return operate("Round", x, decimals=decimals)


def sign(x: Any) -> Any:
    """Return -1, 0 or 1."""
    return operate("Sign", x)


def sin(x: Any) -> Any:
    """Return sin x."""
    return operate("Sin", x)


def sinc(x: Any) -> Any:
    """Return sin πx / πx, which is 1 at 0, with derivative 0 there."""
    return operate("Sinc", x)


def sinh(x: Any) -> Any:
    """Return the hyperbolic sine."""
    return operate("Sinh", x)


def sqrt(x: Any) -> Any:
    """Return √x."""
    return operate("Sqrt", x)


def square(x: Any) -> Any:
    """Return x²."""
    return operate("Square", x)


def subtract(x1: Any, x2: Any) -> Any:
    """Return x1 - x2."""
    return operate("Subtract", x1, x2)


def tan(x: Any) -> Any:
    """Return sin x / cos x."""
    return operate("Tan", x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return operate("Tanh", x)


def true_divide(x1: Any, x2: Any) -> Any:
    """Return x1 / x2."""
    return operate("TrueDivide", x1, x2)


def trunc(x: Any) -> Any:
    """Return x rounded towards 0."""
    return operate("Trunc", x)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Return x1 where a condition holds, x2 elsewhere.

    Raises:
        ModelError: one of both is missing.
    """
    if x1 is None or x2 is None:
        raise ModelError("ops.where needs x1 and x2; ops.nonzero(condition) returns the places where one holds")
    return operate("Where", condition, x1, x2)


def abs(x: Any) -> Any:
    """Return |x|."""
    return absolute(x)
