"""What single elements are: complex, infinite, close to others, bits of whole numbers, remainders.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

from nnc.ops.dispatch import operate

__all__ = [
    "angle",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "conj",
    "conjugate",
    "divide_no_nan",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "gcd",
    "heaviside",
    "imag",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "lcm",
    "ldexp",
    "left_shift",
    "mod",
    "nan_to_num",
    "nextafter",
    "power",
    "real",
    "right_shift",
    "signbit",
]


def angle(x: Any) -> Any:
    """Return π below 0 and 0 elsewhere: the angle of a real number in the complex plane."""
    return operate("Angle", x)


def bitwise_and(x: Any, y: Any) -> Any:
    """Return it."""
    return operate("BitwiseAnd", x, y)


def bitwise_invert(x: Any) -> Any:
    """Return it."""
    return operate("BitwiseInvert", x)


def bitwise_left_shift(x: Any, y: Any) -> Any:
    """Return it."""
    return operate("BitwiseLeftShift", x, y)


def bitwise_not(x: Any) -> Any:
    """Return it."""
    return operate("BitwiseNot", x)


def bitwise_or(x: Any, y: Any) -> Any:
    """Return it."""
    return operate("BitwiseOr", x, y)


def bitwise_right_shift(x: Any, y: Any) -> Any:
    """Return it."""
    return operate("BitwiseRightShift", x, y)


def bitwise_xor(x: Any, y: Any) -> Any:
    """Return it."""
    return operate("BitwiseXor", x, y)


def conjugate(x: Any) -> Any:
    """Return x, which is real."""
    return operate("Conjugate", x)


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """Return x1 / x2, and 0 where x2 is 0."""
    return operate("DivideNoNan", x1, x2)


def floor_divide(x1: Any, x2: Any) -> Any:
    """Return the quotient rounded down. Whole numbers by 0 are 0, as in NumPy; TensorFlow stops there."""
    return operate("FloorDivide", x1, x2)


def fmax(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("Fmax", x1, x2)


def fmin(x1: Any, x2: Any) -> Any:
    """Return it."""
    return operate("Fmin", x1, x2)


def fmod(x1: Any, x2: Any) -> Any:
    """Return what is left when the quotient is rounded towards 0, with the sign of x1."""
    return operate("Fmod", x1, x2)


def gcd(x1: Any, x2: Any) -> Any:
    """Return the greatest common divisor of whole numbers."""
    return operate("Gcd", x1, x2)


def heaviside(x1: Any, x2: Any) -> Any:
    """Return 0 below 0, 1 above it and x2 at 0; also where x1 is NaN, as in Keras on TensorFlow."""
    return operate("Heaviside", x1, x2)


def imag(x: Any) -> Any:
    """Return 0 for each element: x is real."""
    return operate("Imag", x)


def isclose(x1: Any, x2: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
    """Return whether two differ by at most ``atol + rtol |x2|``; whole numbers, whether they are equal."""
    return operate("Isclose", x1, x2, rtol, atol, equal_nan=equal_nan)


def isfinite(x: Any) -> Any:
    """Return whether x is neither NaN nor infinite."""
    return operate("Isfinite", x)


def isinf(x: Any) -> Any:
    """Return whether x is infinite."""
    return operate("Isinf", x)


def isnan(x: Any) -> Any:
    """Return whether x is NaN."""
    return operate("Isnan", x)


def isneginf(x: Any) -> Any:
    """Return it."""
    return operate("Isneginf", x)


def isposinf(x: Any) -> Any:
    """Return it."""
    return operate("Isposinf", x)


def isreal(x: Any) -> Any:
    """Return True for each element: there are no complex numbers."""
    return operate("Isreal", x)


def lcm(x1: Any, x2: Any) -> Any:
    """Return the least common multiple of whole numbers; 0 where one is 0."""
    return operate("Lcm", x1, x2)


def ldexp(x1: Any, x2: Any) -> Any:
    """Return x1 · 2^x2, x2 being whole numbers."""
    return operate("Ldexp", x1, x2)


def left_shift(x: Any, y: Any) -> Any:
    """Return it."""
    return operate("LeftShift", x, y)


def mod(x1: Any, x2: Any) -> Any:
    """Return what is left when the quotient is rounded down, with the sign of x2; whole numbers by 0 leave 0."""
    return operate("Mod", x1, x2)


def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Return x with numbers in place of NaN and of infinite ones, by default the largest and the lowest."""
    return operate("NanToNum", x, nan=nan, posinf=posinf, neginf=neginf)


def nextafter(x1: Any, x2: Any) -> Any:
    """Return the next float64 after x1 on the way to x2, rounded to float32: x1, as Keras on TensorFlow has it."""
    return operate("Nextafter", x1, x2)


def power(x1: Any, x2: Any) -> Any:
    """Return x1 to the power x2; products of whole numbers keep their lowest bits, as sums of them do."""
    return operate("Power", x1, x2)


def real(x: Any) -> Any:
    """Return x, which is real."""
    return operate("Real", x)


def right_shift(x: Any, y: Any) -> Any:
    """Return it."""
    return operate("RightShift", x, y)


def signbit(x: Any) -> Any:
    """Return whether x is below 0 or -0.0; NaN counts as positive, whatever its sign."""
    return operate("Signbit", x)


def conj(x: Any) -> Any:
    """Return the conjugates of complex numbers; others as they are."""
    return conjugate(x)
