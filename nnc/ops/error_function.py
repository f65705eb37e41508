"""The error function and what it lacks to 1, on NumPy arrays; NumPy itself has neither."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any

import numpy

# W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969):
# |x| ≤ 0.46875, then above; numerator and denominator from the highest power down. His second formula is
# meant for |x| ≤ 4; above it erfc(x) is so small that the formula's relative error no longer shows in erf(x).
_SMALL = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_LARGE = (
    (
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
        2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ),
)  # fmt: skip
# His third formula, of 1/x², is for |x| > 4.
_FAR = (
    (
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
        1.60837851487422766e-2, 6.58749161529837803e-4,
    ),
    (
        1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)  # fmt: skip
_FAR_LIMIT = 4.0
_SMALL_LIMIT = 0.46875
# erf(x) = x P(x²) / Q(x²) up to |x| = 3.83, where it is 1 in float32. Fitted by least squares with weights that even
# out the error (Loeb 1957, Lawson 1961): 1.2e-8 before rounding.
_SINGLE = (
    (2.10706281e-06, 2.87726994e-04, 3.73412853e-03, 5.26647381e-02, 1.89211746e-01, 1.12837906),
    (3.88269855e-05, 1.16146263e-03, 1.49036688e-02, 1.13683009e-01, 5.0101667e-01, 1.0),
)
_SINGLE_LIMIT = 3.83
_TILE = 2**14
"""Elements that are computed at a time: with their workspace they stay in the second-level cache."""

WORKSPACE_ARRAYS = 4
"""Number of arrays that `write_error_function` works in."""


def write_error_function(x: Any, out: Any, workspace: Sequence[Any]) -> None:
    """Write erf(x) into `out` without allocating, to 4e-16 in float64 and 3.6e-7 in float32.

    Args:
        x: array of floats, any shape.
        out: array of x's type and shape; may be x itself.
        workspace: `WORKSPACE_ARRAYS` arrays of x's type and shape that overlap nothing else.
    """
    write = _write_single if x.dtype == "float32" else _write_double
    arrays = (x, out, *workspace)
    if x.size <= _TILE or not all(array.flags.c_contiguous for array in arrays):
        write(*arrays)
        return
    flat = [array.reshape(-1) for array in arrays]
    for start in range(0, x.size, _TILE):
        write(*(array[start : start + _TILE] for array in flat))


def _write_single(x: Any, out: Any, limited: Any, square: Any, result: Any, scratch: Any) -> None:
    """Write erf(x) of float32: one rational function, whose last bits may be above 1."""
    numpy.minimum(x, _SINGLE_LIMIT, out=limited)
    numpy.maximum(limited, -_SINGLE_LIMIT, out=limited)
    numpy.square(limited, out=square)
    write_polynomial(_SINGLE[0], square, result)
    numpy.multiply(result, limited, out=result)
    write_polynomial(_SINGLE[1], square, scratch)
    numpy.divide(result, scratch, out=result)
    numpy.minimum(result, 1.0, out=result)
    numpy.maximum(result, -1.0, out=out)


def _write_double(x: Any, out: Any, magnitude: Any, result: Any, tail: Any, scratch: Any) -> None:
    """Write erf(x) of float64.

    Both approximations are computed everywhere; a factor of 0 takes out the one that does not hold.
    """
    numpy.absolute(x, out=magnitude)
    numpy.minimum(magnitude, 6.0, out=magnitude)  # erf(6) is 1 to the last bit

    numpy.square(magnitude, out=scratch)
    write_polynomial(_SMALL[0], scratch, result)
    write_polynomial(_SMALL[1], scratch, tail)
    numpy.divide(result, tail, out=result)
    numpy.multiply(result, magnitude, out=result)
    numpy.less_equal(magnitude, _SMALL_LIMIT, out=scratch)
    numpy.multiply(result, scratch, out=result)

    write_polynomial(_LARGE[0], magnitude, tail)
    write_polynomial(_LARGE[1], magnitude, scratch)
    numpy.divide(tail, scratch, out=tail)
    numpy.square(magnitude, out=scratch)
    numpy.negative(scratch, out=scratch)
    numpy.exp(scratch, out=scratch)
    numpy.multiply(tail, scratch, out=tail)
    numpy.subtract(1.0, tail, out=tail)
    numpy.greater(magnitude, _SMALL_LIMIT, out=scratch)
    numpy.multiply(tail, scratch, out=tail)

    numpy.add(result, tail, out=result)
    numpy.copysign(result, x, out=out)


COMPLEMENT_ARRAYS = 6
"""Number of arrays that `write_complement` works in, beside one of truth values."""


def write_complement(x: Any, out: Any, workspace: Sequence[Any]) -> None:
    """Write 1 - erf(x) into `out` without allocating, to a few units in the last place also where it is small.

    Args:
        x: array of floats, any shape.
        out: array of x's type and shape; may be x itself.
        workspace: `COMPLEMENT_ARRAYS` arrays of x's type and shape and one of bool that overlap nothing else.
    """
    magnitude, result, tail, far, square, scratch, is_there = workspace
    numpy.square(x, out=square)
    write_polynomial(_SMALL[0], square, result)
    write_polynomial(_SMALL[1], square, scratch)
    numpy.divide(result, scratch, out=result)
    numpy.multiply(result, x, out=result)
    numpy.subtract(1.0, result, out=result)

    numpy.absolute(x, out=magnitude)
    numpy.minimum(magnitude, 30.0, out=magnitude)  # from where on the result is 0, or 2
    write_polynomial(_LARGE[0], magnitude, tail)
    write_polynomial(_LARGE[1], magnitude, scratch)
    numpy.divide(tail, scratch, out=tail)
    numpy.square(magnitude, out=square)
    numpy.reciprocal(square, out=square)
    write_polynomial(_FAR[0], square, far)
    write_polynomial(_FAR[1], square, scratch)
    numpy.divide(far, scratch, out=far)
    numpy.multiply(far, square, out=far)
    numpy.subtract(1.0 / sqrt(pi), far, out=far)
    numpy.divide(far, magnitude, out=far)
    numpy.greater(magnitude, _FAR_LIMIT, out=is_there)
    numpy.copyto(tail, far, where=is_there)
    _write_bell(magnitude, square, (far, scratch))
    numpy.multiply(tail, square, out=tail)

    numpy.less(x, 0.0, out=is_there)
    numpy.subtract(2.0, tail, out=scratch)
    numpy.copyto(tail, scratch, where=is_there)
    numpy.greater(magnitude, _SMALL_LIMIT, out=is_there)
    numpy.copyto(result, tail, where=is_there)
    numpy.copyto(out, result)


def _write_bell(x: Any, out: Any, workspace: Sequence[Any]) -> None:
    """Write exp(-x²): that of a number with few digits, whose square is exact, times that of the rest."""
    near, scratch = workspace
    numpy.multiply(x, 16.0, out=near)
    numpy.floor(near, out=near)
    numpy.multiply(near, 0.0625, out=near)
    numpy.subtract(near, x, out=out)
    numpy.add(near, x, out=scratch)
    numpy.multiply(out, scratch, out=out)
    numpy.exp(out, out=out)
    numpy.square(near, out=near)
    numpy.negative(near, out=near)
    numpy.exp(near, out=near)
    numpy.multiply(out, near, out=out)


def write_polynomial(coefficients: tuple[float, ...], x: Any, out: Any) -> None:
    """Write a polynomial by Horner's rule into another array, coefficients from the highest power down."""
    numpy.multiply(x, coefficients[0], out=out)
    for coefficient in coefficients[1:-1]:
        numpy.add(out, coefficient, out=out)
        numpy.multiply(out, x, out=out)
    numpy.add(out, coefficients[-1], out=out)


def error_function(x: Any) -> Any:
    """Return erf(x) of an array of floats, with fresh arrays; see `write_error_function`."""
    x = numpy.asarray(x)
    out, *workspace = (numpy.empty_like(x) for _ in range(1 + WORKSPACE_ARRAYS))
    write_error_function(x, out, workspace)
    return out


def complement_of_error_function(x: Any) -> Any:
    """Return 1 - erf(x) of an array of floats, with fresh arrays; see `write_complement`."""
    x = numpy.asarray(x)
    out, *workspace = (numpy.empty_like(x) for _ in range(1 + COMPLEMENT_ARRAYS))
    with numpy.errstate(all="ignore"):
        write_complement(x, out, (*workspace, numpy.empty(x.shape, bool)))
    return out
