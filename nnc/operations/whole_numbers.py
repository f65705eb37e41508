"""Operations with remainders, and those on whole numbers: common divisors, and bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.exponential import Power
from nnc.ir.ops.sizes import WHOLE
from nnc.operations.element_types import FLOAT, as_float, as_tensors, as_value, as_values, of_one_type
from nnc.operations.registry import operation
from nnc.operations.special_numbers import is_infinite
from nnc.structure import leaves


def _as_tensors_of_one_type(x1: Any, x2: Any) -> tuple[Value, Value]:
    """Return two operands in one element type, where a Python number counts as a tensor of 32 bits, as in Keras."""
    graph = leaves((x1, x2), Value)[0].graph

    def dtype(x: Any) -> str:
        return "bool" if isinstance(x, bool) else FLOAT if isinstance(x, float) else "int32"

    return as_values(*(as_value(x, dtype(x), graph) for x in as_tensors((x1, x2), graph)))


def _without_bool(x1: Any, x2: Any) -> tuple[Value, Value]:
    x1, x2 = _as_tensors_of_one_type(x1, x2)
    return (ops.cast(x1, "int32"), ops.cast(x2, "int32")) if x1.dtype == "bool" else (x1, x2)


def whole(name: str, *operands: Value) -> None:
    """Check that operands are whole numbers.

    Raises:
        ModelError: one is not.
    """
    for x in operands:
        if x.dtype not in WHOLE:
            raise ModelError(f"{name}: operands must be whole numbers, got {x.dtype}")


@operation("FloorDivide")
def floor_divide(x1: Any, x2: Any) -> Value:
    """Return the quotient rounded down. Whole numbers by 0 are 0, as in NumPy; TensorFlow stops there.

    Raises:
        ModelError: both operands are truth values.
    """
    x1, x2 = as_values(x1, x2)
    if x1.dtype == "bool":
        raise ModelError("FloorDivide: operands must be numbers, got bool")
    return ops.floor_divide(x1, x2)


@operation("Mod")
def remainder(x1: Any, x2: Any) -> Value:
    """Return what is left when the quotient is rounded down, with the sign of x2; whole numbers by 0 leave 0."""
    return ops.remainder(*_without_bool(x1, x2))


@operation("Fmod")
def remainder_towards_zero(x1: Any, x2: Any) -> Value:
    """Return what is left when the quotient is rounded towards 0, with the sign of x1."""
    x1, x2 = _without_bool(x1, x2)
    return ops.sign(x1) * ops.remainder(ops.absolute(x1), ops.absolute(x2))


@operation("Power")
def power(x1: Any, x2: Any) -> Value:
    """Return x1 to the power x2; products of whole numbers keep their lowest bits, as sums of them do.

    Raises:
        ModelError: whole numbers are raised to what may be less than 0, where Keras stops.
    """
    base, exponent = of_one_type((x1, x2))
    like = base if isinstance(base, Value) else exponent
    if like.type.is_floating:
        return apply(Power(), base, exponent)
    base = as_value(base, like.dtype, like.graph)
    whole("Power", base)
    if isinstance(x2, int) and x2 >= 0:
        return _power(base, [bool(x2 >> bit & 1) for bit in range(x2.bit_length())])
    if not isinstance(x2, Value) or x2.dtype not in _NEVER_NEGATIVE:
        what = f"x2 of {x2.dtype}" if isinstance(x2, Value) else f"x2 = {x2}"
        raise ModelError(f"Power: whole numbers are raised to numbers of at least 0, or to uint8, got {what}; cast x1")
    bits = ops.cast(x2, "uint8")
    return _power(base, [ops.equal(ops.bitwise_and(bits, 1 << bit), 1 << bit) for bit in range(8)])


_NEVER_NEGATIVE = ("uint8", "bool")


def _power(base: Value, bits: Sequence[Any]) -> Value:
    """Return a base to the power whose bits, the lowest first, are booleans or graph values."""
    one = base.graph.constant(1, base.dtype)
    found = ops.broadcast_to(one, base.shape)
    for number, bit in enumerate(bits):
        base = ops.square(base) if number else base
        if isinstance(bit, Value):
            found = found * ops.where(bit, base, one)
        elif bit:
            found = found * base
    return found


@operation("Gcd")
def greatest_common_divisor(x1: Any, x2: Any) -> Value:
    """Return the greatest common divisor of whole numbers."""
    x1, x2 = _as_tensors_of_one_type(x1, x2)
    whole("Gcd", x1, x2)
    return ops.gcd(x1, x2)


@operation("Lcm")
def least_common_multiple(x1: Any, x2: Any) -> Value:
    """Return the least common multiple of whole numbers; 0 where one is 0."""
    x1, x2 = _as_tensors_of_one_type(x1, x2)
    whole("Lcm", x1, x2)
    found: Value = ops.absolute(x1) * ops.floor_divide(ops.absolute(x2), ops.gcd(x1, x2))
    return found


@operation("Ldexp")
def scaled_by_powers_of_two(x1: Any, x2: Any) -> Value:
    """Return x1 · 2^x2, x2 being whole numbers."""
    graph = leaves((x1, x2), Value)[0].graph
    x1, x2 = as_float(as_value(x1, FLOAT, graph)), as_value(x2, "int32", graph)
    whole("Ldexp", x2)
    scaled = x1 * apply(Power(), 2.0, ops.cast(x2, x1.dtype))
    keeps = ops.logical_or(is_infinite(x1), ops.equal(x1, 0.0))
    return ops.where(keeps, x1, scaled)


def _bitwise(name: str, function: Callable[[Any, Any], Value]) -> Callable[[Any, Any], Value]:
    def combine(x: Any, y: Any) -> Value:
        x, y = _as_tensors_of_one_type(x, y)
        whole(name, x, y)
        return function(x, y)

    return operation(name)(combine)


bitwise_and = _bitwise("BitwiseAnd", ops.bitwise_and)
bitwise_or = _bitwise("BitwiseOr", ops.bitwise_or)
bitwise_xor = _bitwise("BitwiseXor", ops.bitwise_xor)


def _inversion(name: str) -> Callable[[Value], Value]:
    def invert(x: Value) -> Value:
        whole(name, x)
        return ops.bitwise_xor(x, x.graph.constant(numpy.invert(numpy.zeros((), x.dtype)), x.dtype))

    return operation(name)(invert)


bitwise_invert = _inversion("BitwiseInvert")
bitwise_not = _inversion("BitwiseNot")
"""The opposite of each bit."""


def _shift(name: str, function: Callable[[Any, Any], Value]) -> Callable[[Any, Any], Value]:
    def move(x: Any, y: Any) -> Value:
        if isinstance(y, int):
            whole(name, x)
            return function(x, min(max(y, 0), numpy.iinfo(x.dtype).bits - 1))
        x, y = as_values(x, y)
        whole(name, x, y)
        return function(x, ops.clip(y, 0, numpy.iinfo(x.dtype).bits - 1))

    return operation(name)(move)


bitwise_left_shift = _shift("BitwiseLeftShift", ops.left_shift)
left_shift = _shift("LeftShift", ops.left_shift)
bitwise_right_shift = _shift("BitwiseRightShift", ops.right_shift)
right_shift = _shift("RightShift", ops.right_shift)
"""Shifts, by 0 at least and all bits but one at most: less and more count as these, as in TensorFlow."""
