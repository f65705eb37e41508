"""Elementwise ops as expressions of C."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from nnc.backends.c.expressions import Expression, Literal, call, choice, infix, number, wrapping
from nnc.backends.c.kernels.registry import EXPRESSIONS, Formula, Unit, expression
from nnc.backends.c.text import C_TYPES, SUFFIXES, UNSIGNED
from nnc.ir import Op
from nnc.ir.ops import arithmetic, comparison, exponential, sizes, trigonometric
from nnc.ir.ops.sizes import WHOLE
from nnc.ir.types import FLOATING

_INFIX: dict[type[Op], str] = {
    arithmetic.Add: "+",
    arithmetic.Subtract: "-",
    arithmetic.Multiply: "*",
    arithmetic.Divide: "/",
    arithmetic.BitwiseAnd: "&",
    arithmetic.BitwiseOr: "|",
    arithmetic.BitwiseXor: "^",
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
    exponential.ComplementaryErrorFunction: "erfc",
    exponential.ErrorFunction: "erf",
    exponential.Exponential: "exp",
    exponential.ExponentialMinusOne: "expm1",
    exponential.InverseErrorFunction: "erfinv",
    exponential.HyperbolicTangent: "tanh",
    exponential.LogAddExp: "logaddexp",
    exponential.Logarithm: "log",
    exponential.LogarithmOnePlus: "log1p",
    exponential.Power: "power",
    exponential.HyperbolicSine: "sinh",
    exponential.InverseHyperbolicSine: "arcsinh",
    trigonometric.Angle: "arctan2",
    trigonometric.Cosine: "cos",
    trigonometric.Sine: "sin",
}


def _infix(sign: str) -> Formula:
    return lambda op, x, types, dtype, unit: infix(sign, wrapping(x[0], dtype), x[1])


def _comparison(sign: str) -> Formula:
    def write(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
        first, second = map(_rounded, x, types)
        return infix(sign, first, second).cast(C_TYPES[dtype])

    return write


def _rounded(x: Expression, dtype: str) -> Expression:
    """Return an operand that is compared: C may take a literal for a number with more digits than its type has."""
    needs = dtype in FLOATING and isinstance(x, Literal) and not x.is_whole
    return x.cast(C_TYPES[dtype]) if needs else x


def _function(name: str) -> Formula:
    return lambda op, x, types, dtype, unit: unit.call(f"nnc_{name}_{SUFFIXES[dtype]}", *x)


EXPRESSIONS |= {op: _infix(sign) for op, sign in _INFIX.items()}
EXPRESSIONS |= {op: _comparison(sign) for op, sign in _COMPARISONS.items()}
EXPRESSIONS |= {op: _function(name) for op, name in _FUNCTIONS.items()}


def _libm(name: str, x: Expression, dtype: str) -> Expression:
    return call(f"{name}f" if dtype == "float32" else name, x)


def is_nan(x: Expression) -> Expression:
    """Return whether an operand is NaN, which differs from itself."""
    return infix("!=", x, x)


@expression(comparison.LogicalAnd, comparison.LogicalOr)
def logical(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """Both or one of them, without a branch."""
    first, second = (infix("!=", operand, 0) for operand in x)
    sign = "&" if isinstance(op, comparison.LogicalAnd) else "|"
    return infix(sign, first, second).cast(C_TYPES[dtype])


@expression(comparison.Where)
def where(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """A choice."""
    return choice(x[0], x[1], x[2])


@expression(arithmetic.Maximum)
def maximum(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """The larger one; NaN where one is NaN."""
    bounded = _bounded("at_least", x, dtype, unit)
    return choice(_chosen(x, ">=", dtype), x[0], x[1]) if bounded is None else bounded


@expression(arithmetic.Minimum)
def minimum(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """The smaller one; NaN where one is NaN."""
    bounded = _bounded("at_most", x, dtype, unit)
    return choice(_chosen(x, "<=", dtype), x[0], x[1]) if bounded is None else bounded


def _bounded(name: str, x: Sequence[Expression], dtype: str, unit: Unit) -> Expression | None:
    """One of the operands kept on one side of the other, if that is a number."""
    for found, bound in (x, x[::-1]):
        if dtype in FLOATING and isinstance(bound, Literal) and not math.isnan(bound.value):
            return unit.call(f"nnc_{name}_{SUFFIXES[dtype]}", found, bound)
    return None


def _chosen(x: Sequence[Expression], sign: str, dtype: str) -> Expression:
    better = infix(sign, x[0], x[1])
    return infix("|", better, is_nan(x[0])).grouped if dtype in FLOATING else better


@expression(arithmetic.Relu)
def relu(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """Zero where x is negative; NaN stays."""
    zero = number(0, dtype)
    bounded = _bounded("at_least", [x[0], zero], dtype, unit)
    return choice(infix("<", x[0], zero), zero, x[0]) if bounded is None else bounded


@expression(arithmetic.Negative)
def negative(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """The opposite."""
    return -wrapping(x[0], dtype)


@expression(arithmetic.Absolute)
def absolute(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """The magnitude."""
    if dtype in FLOATING:
        return _libm("fabs", x[0], dtype)
    whole = wrapping(x[0], dtype)
    return choice(infix("<", x[0], 0), -whole, whole)


@expression(arithmetic.Sign)
def sign(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """-1, 0 or 1; NaN stays."""
    found = (infix(">", x[0], 0) - infix("<", x[0], 0)).cast(C_TYPES[dtype])
    return choice(is_nan(x[0]), x[0], found) if dtype in FLOATING else found


@expression(arithmetic.Floor)
def floor(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """Rounded down."""
    return _libm("floor", x[0], dtype) if dtype in FLOATING else x[0]


@expression(arithmetic.Square)
def square(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """The product with itself."""
    return wrapping(x[0], dtype) * x[0]


@expression(arithmetic.SquareRoot)
def square_root(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """The root."""
    return _libm("sqrt", x[0], dtype)


@expression(arithmetic.Reciprocal)
def reciprocal(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """1 / x."""
    return number(1, dtype) / x[0]


@expression(exponential.Sigmoid)
def sigmoid(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """The function of the headers, of -x where the sign is turned already."""
    return unit.call(f"nnc_sigmoid_{SUFFIXES[dtype]}", -x[0] if op.negated else x[0])


def takes_power(op: Op, dtype: str) -> bool:
    """Return whether an op takes a power e^-|d| before all else, and has a function that is given it."""
    return dtype in FLOATING and isinstance(op, exponential.Sigmoid | exponential.LogAddExp)


def exponent(op: Op, x: Sequence[Expression], dtype: str) -> Expression:
    """Return -|d| of the operands of an op that takes such a power."""
    difference = x[0]
    if isinstance(op, exponential.LogAddExp) and not (isinstance(x[1], Literal) and x[1].value == 0):
        difference = x[0] - x[1]
    return -_libm("fabs", difference, dtype)


def behind_power(op: Any, x: Sequence[Expression], power: Expression, dtype: str, unit: Unit) -> Expression:
    """Return an op's result of its operands and the power that it takes of them; see `takes_power`."""
    if isinstance(op, exponential.Sigmoid):
        return unit.call(f"nnc_sigmoid_of_{SUFFIXES[dtype]}", -x[0] if op.negated else x[0], power)
    return unit.call(f"nnc_logaddexp_of_{SUFFIXES[dtype]}", *x, power)


def gate(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """Half of tanh x, and 0.5; see `nnc.backends.c.gates`."""
    return unit.call(f"nnc_gate_{SUFFIXES[dtype]}", *x)


@expression(sizes.Cast)
def cast(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """A conversion; of a number between two that the type has, where C would not say what comes of others."""
    if dtype == "bool":
        return infix("!=", x[0], 0)
    if types[0] not in FLOATING or dtype not in WHOLE:
        return x[0].cast(C_TYPES[dtype])
    limits = numpy.iinfo(dtype)
    low, above = (number(float(limit), types[0]) for limit in (limits.min, int(limits.max) + 1))
    highest = numpy.nextafter(numpy.dtype(types[0]).type(int(limits.max) + 1), 0)  # which may be less than the type's
    inside = unit.call(f"nnc_within_{SUFFIXES[types[0]]}", x[0], low, number(highest, types[0]))
    return choice(infix(">=", x[0], above), number(limits.max, dtype), inside.cast(C_TYPES[dtype]))


@expression(arithmetic.FloorDivide, arithmetic.GreatestCommonDivisor, arithmetic.Remainder)
def division_of_whole_numbers(
    op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit
) -> Expression:
    """The function of the headers; the widest type serves all whole numbers of its sign."""
    name = {arithmetic.FloorDivide: "quotient", arithmetic.Remainder: "remainder"}.get(type(op), "gcd")
    if dtype in FLOATING:
        return unit.call(f"nnc_{name}_{SUFFIXES[dtype]}", *x)
    widest = "i64" if dtype in UNSIGNED else "u64"
    return unit.call(f"nnc_{name}_{widest}", *x).cast(C_TYPES[dtype])


@expression(arithmetic.LeftShift, arithmetic.RightShift)
def shift(op: Any, x: Sequence[Expression], types: Sequence[str], dtype: str, unit: Unit) -> Expression:
    """Shifted in the widest type, where the number of bits fits."""
    name = "left" if isinstance(op, arithmetic.LeftShift) else "right"
    widest = "i64" if dtype in UNSIGNED else "u64"
    length = numpy.iinfo(dtype).bits
    return unit.call(f"nnc_{name}_shift_{widest}", x[0], x[1], number(length, "int32")).cast(C_TYPES[dtype])
