"""Elementwise ops as expressions of C."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.backends.c.kernels.registry import EXPRESSIONS, Expression, Unit, expression
from nnc.backends.c.text import C_TYPES, SUFFIXES, number_text, wrapping
from nnc.ir import Op
from nnc.ir.types import FLOATING
from nnc.ops import arithmetic, comparison, exponential, sizes, trigonometric
from nnc.ops.sizes import WHOLE

_INFIX: dict[type[Op], str] = {
    arithmetic.Add: "+",
    arithmetic.Subtract: "-",
    arithmetic.Multiply: "*",
    arithmetic.Divide: "/",
}
_COMPARISONS: dict[type[Op], str] = {
    comparison.Equal: "==",
    comparison.NotEqual: "!=",
    comparison.Less: "<",
    comparison.LessEqual: "<=",
    comparison.Greater: ">",
    comparison.GreaterEqual: ">=",
}
_FUNCTIONS: dict[type[Op], str] = {
    arithmetic.Power: "power",
    exponential.ErrorFunction: "erf",
    exponential.Exponential: "exp",
    exponential.ExponentialMinusOne: "expm1",
    exponential.HyperbolicTangent: "tanh",
    exponential.LogAddExp: "logaddexp",
    exponential.Logarithm: "log",
    exponential.LogarithmOnePlus: "log1p",
    trigonometric.Cosine: "cos",
    trigonometric.Sine: "sin",
}


def _infix(sign: str) -> Expression:
    return lambda op, x, types, dtype, unit: f"{wrapping(x[0], dtype)} {sign} {x[1]}"


def _comparison(sign: str) -> Expression:
    def write(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
        first, second = map(_rounded, x, types)
        return f"({C_TYPES[dtype]})({first} {sign} {second})"

    return write


def _rounded(text: str, dtype: str) -> str:
    """Return an operand that is compared: C may take a literal for a number with more digits than its type has."""
    is_literal = dtype in FLOATING and text.lstrip("-")[:1].isdigit()
    return text if not is_literal or float(text.rstrip("f")).is_integer() else f"({C_TYPES[dtype]}){text}"


def _function(name: str) -> Expression:
    return lambda op, x, types, dtype, unit: unit.call(f"nnc_{name}_{SUFFIXES[dtype]}", *x)


EXPRESSIONS |= {op: _infix(sign) for op, sign in _INFIX.items()}
EXPRESSIONS |= {op: _comparison(sign) for op, sign in _COMPARISONS.items()}
EXPRESSIONS |= {op: _function(name) for op, name in _FUNCTIONS.items()}


def _libm(name: str, dtype: str) -> str:
    return f"{name}f" if dtype == "float32" else name


@expression(comparison.LogicalAnd, comparison.LogicalOr)
def logical(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """Both or one of them, without a branch."""
    sign = "&" if isinstance(op, comparison.LogicalAnd) else "|"
    return f"({C_TYPES[dtype]})(({x[0]} != 0) {sign} ({x[1]} != 0))"


@expression(comparison.Where)
def where(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """A choice."""
    return f"{x[0]} ? {x[1]} : {x[2]}"


@expression(arithmetic.Maximum)
def maximum(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """The larger one; NaN where one is NaN."""
    return f"{_chosen(x, '>=', dtype)} ? {x[0]} : {x[1]}"


@expression(arithmetic.Minimum)
def minimum(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """The smaller one; NaN where one is NaN."""
    return f"{_chosen(x, '<=', dtype)} ? {x[0]} : {x[1]}"


def _chosen(x: Sequence[str], sign: str, dtype: str) -> str:
    return f"(({x[0]} {sign} {x[1]}) | ({x[0]} != {x[0]}))" if dtype in FLOATING else f"{x[0]} {sign} {x[1]}"


@expression(arithmetic.Relu)
def relu(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """Zero where x is negative; NaN stays."""
    return f"{x[0]} < {number_text(0, dtype)} ? {number_text(0, dtype)} : {x[0]}"


@expression(arithmetic.Negative)
def negative(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """The opposite."""
    return f"-{wrapping(x[0], dtype)}"


@expression(arithmetic.Absolute)
def absolute(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """The magnitude."""
    if dtype in FLOATING:
        return f"{_libm('fabs', dtype)}({x[0]})"
    return f"{x[0]} < 0 ? -{wrapping(x[0], dtype)} : {wrapping(x[0], dtype)}"


@expression(arithmetic.Sign)
def sign(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """-1, 0 or 1; NaN stays."""
    number = f"({C_TYPES[dtype]})(({x[0]} > 0) - ({x[0]} < 0))"
    return f"{x[0]} != {x[0]} ? {x[0]} : {number}" if dtype in FLOATING else number


@expression(arithmetic.Floor)
def floor(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """Rounded down."""
    return f"{_libm('floor', dtype)}({x[0]})" if dtype in FLOATING else x[0]


@expression(arithmetic.Square)
def square(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """The product with itself."""
    return f"{wrapping(x[0], dtype)} * {x[0]}"


@expression(arithmetic.SquareRoot)
def square_root(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """The root."""
    return f"{_libm('sqrt', dtype)}({x[0]})"


@expression(arithmetic.Reciprocal)
def reciprocal(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """1 / x."""
    return f"{number_text(1, dtype)} / {x[0]}"


@expression(exponential.Sigmoid)
def sigmoid(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """The function of the headers, of -x where the sign is turned already."""
    return unit.call(f"nnc_sigmoid_{SUFFIXES[dtype]}", f"-{x[0]}" if op.negated else x[0])


@expression(sizes.Cast)
def cast(op: Any, x: Sequence[str], types: Sequence[str], dtype: str, unit: Unit) -> str:
    """A conversion; of a number between two that the type has, where C would not say what comes of others."""
    if dtype == "bool":
        return f"{x[0]} != 0"
    if types[0] not in FLOATING or dtype not in WHOLE:
        return f"({C_TYPES[dtype]}){x[0]}"
    limits = numpy.iinfo(dtype)
    low, above = (number_text(float(number), types[0]) for number in (limits.min, int(limits.max) + 1))
    highest = numpy.nextafter(numpy.dtype(types[0]).type(int(limits.max) + 1), 0)  # which may be less than the type's
    inside = unit.call(f"nnc_within_{SUFFIXES[types[0]]}", x[0], low, number_text(highest, types[0]))
    return f"{x[0]} >= {above} ? {number_text(limits.max, dtype)} : ({C_TYPES[dtype]}){inside}"
