"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: remainders, divisors and bits."""

from __future__ import annotations

import numpy

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "BitwiseAnd": lambda ops, x: ops.bitwise_and(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64")),
    "BitwiseInvert": lambda ops, x: ops.bitwise_invert(ops.cast(x * 10.0 - 10.0, "int32")),
    "BitwiseLeftShift": lambda ops, x: ops.bitwise_left_shift(ops.cast(x * 10.0 - 10.0, "int32"), 3),
    "BitwiseNot": lambda ops, x: ops.bitwise_not(ops.cast(x * 10.0, "uint8")),
    "BitwiseOr": lambda ops, x: ops.bitwise_or(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64")),
    "BitwiseRightShift": lambda ops, x: ops.bitwise_right_shift(ops.cast(x * 10.0 - 10.0, "int32"), 3),
    "BitwiseXor": lambda ops, x: ops.bitwise_xor(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64")),
    "FloorDivide": lambda ops, x: ops.floor_divide(x * 9.0 - 9.0, 0.7),
    "FloorDivide int": lambda ops, x: ops.floor_divide(
        ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64") * 2 + 1
    ),
    "FloorDivide mixed": lambda ops, x: ops.floor_divide(ops.cast(x * 10.0 - 10.0, "int32"), 0.7),
    "FloorDivide number": lambda ops, x: ops.floor_divide(ops.cast(x * 10.0 - 10.0, "int32"), -3),
    "FloorDivide unsigned": lambda ops, x: ops.floor_divide(ops.cast(x * 10.0, "uint8"), 3),
    "Fmod": lambda ops, x: ops.fmod(x * 9.0 - 9.0, -x),
    "Fmod int": lambda ops, x: ops.fmod(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64") * 2 + 1),
    "Gcd of bytes": lambda ops, x: ops.gcd(ops.cast(x * 90.0, "uint8"), numpy.array([6, 7] * 3)),
    "Gcd": lambda ops, x: ops.gcd(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64")),
    "Lcm": lambda ops, x: ops.lcm(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64")),
    "Lcm unsigned": lambda ops, x: ops.lcm(ops.cast(x * 10.0, "uint8"), ops.cast(x * 10.0, "uint8")),
    "Ldexp": lambda ops, x: ops.ldexp(x, ops.cast(x * 10.0 - 10.0, "int32")),
    "Ldexp int": lambda ops, x: ops.ldexp(ops.cast(x * 10.0, "int32"), 3),
    "LeftShift": lambda ops, x: ops.left_shift(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64")),
    "LeftShift unsigned": lambda ops, x: ops.left_shift(ops.cast(x * 10.0, "uint8"), ops.cast(x * 10.0, "uint8")),
    "Mod": lambda ops, x: ops.mod(x * 9.0 - 9.0, 0.7),
    "Mod bool": lambda ops, x: ops.mod(x > 1.0, x > 0.0),
    "Mod bytes": lambda ops, x: ops.mod(ops.cast(x * 10.0, "uint8"), -3),
    "Mod int": lambda ops, x: ops.mod(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64") * 2 + 1),
    "Mod negative": lambda ops, x: ops.mod(x * 9.0 - 9.0, -x),
    "Mod number": lambda ops, x: ops.mod(ops.cast(x * 10.0 - 10.0, "int32"), -3),
    "RightShift by an array": lambda ops, x: ops.right_shift(ops.cast(x * 90.0, "uint8"), numpy.array([1, 2] * 3)),
    "RightShift": lambda ops, x: ops.right_shift(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64")),
    "RightShift unsigned": lambda ops, x: ops.right_shift(ops.cast(x * 10.0, "uint8"), ops.cast(x * 10.0, "uint8")),
}
"""The calls of all operations, by the operation's class in Keras."""
