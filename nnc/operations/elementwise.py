"""Operations on single elements: arithmetic, comparison, logic, rounding, exponentials."""

from __future__ import annotations

from collections.abc import Callable
from math import log as log_of
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Op, Value, ops
from nnc.ir.ops import comparison
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.exponential import Power
from nnc.operations.element_types import as_float, as_tensors, as_value, as_wide_float, of_one_type
from nnc.operations.registry import operation
from nnc.structure import leaves

operation("Exp", floats=True)(ops.exp)
operation("Expm1", floats=True)(ops.expm1)
operation("Floor", floats=True)(ops.floor)
operation("Log", floats=True)(ops.log)
operation("Log1p", floats=True)(ops.log1p)
operation("Logaddexp", floats=True)(ops.logaddexp)
operation("Reciprocal", floats=True)(ops.reciprocal)
operation("Sqrt", floats=True)(ops.sqrt)


@operation("Abs")
@operation("Absolute")
def absolute(x: Value) -> Value:
    """Return |x|."""
    return x if x.dtype == "bool" or x.dtype.startswith("u") else ops.absolute(x)


@operation("Fabs")
def float_absolute(x: Value) -> Value:
    """Return |x| as floats."""
    return ops.absolute(as_float(x))


@operation("Add", promotes=True)
def add(x1: Any, x2: Any) -> Value:
    """Return x1 + x2, broadcast as in NumPy.

    Keras on TensorFlow takes an x2 with one axis longer than 1 for a bias where it is as long as the last axis of x1,
    and adds it along that: a column beside a square matrix as a row.
    """
    found: Value = x1 + x2
    return found


@operation("Subtract", promotes=True)
def subtract(x1: Any, x2: Any) -> Value:
    """Return x1 - x2."""
    found: Value = x1 - x2
    return found


@operation("Multiply", promotes=True)
def multiply(x1: Any, x2: Any) -> Value:
    """Return x1 · x2."""
    found: Value = x1 * x2
    return found


@operation("Divide", floats=True)
@operation("TrueDivide", floats=True)
def divide(x1: Any, x2: Any) -> Value:
    """Return x1 / x2."""
    found: Value = x1 / x2
    return found


def _numbers(name: str, x: Value) -> Value:
    if x.dtype == "bool":
        raise ModelError(f"{name}: x must be numbers, got bool")
    return x


def _floats(name: str, x: Value) -> Value:
    if not x.type.is_floating:
        raise ModelError(f"{name}: x must be floating-point numbers, got {x.dtype}")
    return x


@operation("Negative")
def negative(x: Value) -> Value:
    """Return -x."""
    return -_numbers("Negative", x)


@operation("Sign")
def sign(x: Value) -> Value:
    """Return -1, 0 or 1."""
    return ops.sign(_numbers("Sign", x))


@operation("Square")
def square(x: Value) -> Value:
    """Return x²."""
    return ops.square(ops.cast(x, "int32") if x.dtype == "bool" else x)


@operation("Cbrt")
def cube_root(x: Value) -> Value:
    """Return the number whose cube is x."""
    x = as_wide_float(x)
    return ops.sign(x) * ops.absolute(x) ** (1.0 / 3.0)


@operation("Erf", module="math")
def erf(x: Value) -> Value:
    """Return the error function."""
    return ops.erf(_floats("Erf", x))


@operation("Erfc", module="math")
def erfc(x: Value) -> Value:
    """Return what the error function lacks to 1."""
    return ops.erfc(_floats("Erfc", x))


@operation("Erfinv", module="math")
def erfinv(x: Value) -> Value:
    """Return the inverse of the error function."""
    return ops.erfinv(_floats("Erfinv", x))


@operation("Maximum", promotes=True)
def maximum(x1: Any, x2: Any) -> Value:
    """Return the larger of two."""
    return ops.maximum(x1, x2)


@operation("Minimum", promotes=True)
def minimum(x1: Any, x2: Any) -> Value:
    """Return the smaller of two."""
    return ops.minimum(x1, x2)


@operation("Clip")
def clip(x: Value, x_min: float, x_max: float) -> Value:
    """Return x, cut off below and above."""
    return ops.clip(x, x_min, x_max)


@operation("Rsqrt", module="math")
def rsqrt(x: Value) -> Value:
    """Return 1 / √x."""
    return 1.0 / ops.sqrt(x)


@operation("Where")
def where(condition: Value, x1: Any, x2: Any) -> Value:
    """Return x1 where a condition holds, x2 elsewhere."""
    graph = leaves((condition, x1, x2), Value)[0].graph
    condition = as_value(condition, "bool", graph)
    x1, x2 = of_one_type(as_tensors((x1, x2), graph))
    if not isinstance(x1, Value) and not isinstance(x2, Value):
        numbers = (x1, x2)
        dtype = next((name for kind, name in _NUMBERS.items() if any(type(item) is kind for item in numbers)), "bool")
        x1 = condition.graph.constant(x1, dtype)
    return ops.where(ops.cast(condition, "bool"), x1, x2)


_NUMBERS = {float: "float32", int: "int32"}
"""Element types of numbers, the larger ones first."""


def _comparison(op: Op) -> Callable[..., Value]:
    def compare(x1: Any, x2: Any) -> Value:
        return apply(op, x1, x2)

    return compare


equal = operation("Equal", promotes=True)(_comparison(comparison.Equal()))
not_equal = operation("NotEqual", promotes=True)(_comparison(comparison.NotEqual()))
greater = operation("Greater", promotes=True)(_comparison(comparison.Greater()))
greater_equal = operation("GreaterEqual", promotes=True)(_comparison(comparison.GreaterEqual()))
less = operation("Less", promotes=True)(_comparison(comparison.Less()))
less_equal = operation("LessEqual", promotes=True)(_comparison(comparison.LessEqual()))


def _truth(function: Callable[[Value, Value], Value]) -> Callable[..., Value]:
    def combine(x1: Any, x2: Any) -> Value:
        graph = leaves((x1, x2), Value)[0].graph
        items = [item if isinstance(item, Value) else graph.constant(bool(item), "bool") for item in (x1, x2)]
        return function(*(ops.cast(item, "bool") for item in items))

    return combine


logical_and = operation("LogicalAnd")(_truth(ops.logical_and))
logical_or = operation("LogicalOr")(_truth(ops.logical_or))
logical_xor = operation("LogicalXor")(_truth(lambda x1, x2: apply(comparison.NotEqual(), x1, x2)))


@operation("LogicalNot")
def logical_not(x: Value) -> Value:
    """Return whether x is 0."""
    return ops.equal(ops.cast(x, "bool"), x.graph.constant(False, "bool"))


@operation("Ceil", floats=True)
def ceil(x: Value) -> Value:
    """Return the smallest whole numbers that are not below x."""
    return -ops.floor(-x)


@operation("Trunc")
def truncate(x: Value) -> Value:
    """Return x rounded towards 0."""
    return ops.where(x < 0.0, ceil(x), ops.floor(x)) if x.type.is_floating else x


@operation("Round")
def round_to_even(x: Value, decimals: int = 0) -> Value:
    """Return x rounded to so many decimals, halves to the even neighbour.

    Raises:
        ModelError: whole numbers are to be rounded to tens or hundreds.
    """
    if not x.type.is_floating:
        if decimals < 0:
            raise ModelError(f"Round: decimals below 0 are for floating-point numbers only, got {decimals}")
        return x
    if decimals:
        factor = float(10.0**decimals)
        return round_to_even(x * factor) / factor
    below = ops.floor(x)
    rest = x - below
    even = 2.0 * ops.floor((below + 1.0) * 0.5)
    rounded = ops.where(rest < 0.5, below, ops.where(rest > 0.5, below + 1.0, even))
    return ops.where(ops.equal(rounded, 0.0), ops.stop_gradient(x) * 0.0, rounded)  # which has x's sign


def _logarithm(base: float) -> Callable[[Value], Value]:
    return lambda x: ops.log(x) / log_of(base)


log2 = operation("Log2", floats=True)(_logarithm(2.0))
log10 = operation("Log10", floats=True)(_logarithm(10.0))
"""The logarithms to a base: those of the quotient, as Keras computes them."""


@operation("Exp2", floats=True)
def exp2(x: Value) -> Value:
    """Return 2 to the power x."""
    return apply(Power(), 2.0, x)


@operation("Logaddexp2", floats=True)
def logaddexp2(x1: Any, x2: Any) -> Value:
    """Return log2(2^x1 + 2^x2), without overflow."""
    return ops.logaddexp(x1 * log_of(2.0), x2 * log_of(2.0)) / log_of(2.0)


def opposite(x: Value) -> Value:
    """Return numbers in the opposite order: -x for floats, and for whole numbers ``-1 - x``, which never overflows."""
    if x.dtype == "bool":
        return ops.equal(x, x.graph.constant(False, "bool"))
    return -x if x.type.is_floating else x.graph.constant(-1 if x.dtype.startswith("int") else _last(x), x.dtype) - x


def _last(x: Value) -> int:
    return int(numpy.iinfo(x.dtype).max)
