"""The error function, what it lacks to 1, and its inverse, on NumPy arrays; NumPy itself has none of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, pi, sqrt
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
# M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37 (1988):
# numerator and denominator from the highest power down, for |x| ≤ 0.85, above it, and where √-log((1 - |x|) / 2) > 5.
_CENTRE = (
    (
        2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
        1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
        5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0,
    ),
)  # fmt: skip
_SIDE = (
    (
        7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
        3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0,
    ),
)  # fmt: skip
_END = (
    (
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
        2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
        1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0,
    ),
)  # fmt: skip
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
    _write_polynomial(_SINGLE[0], square, result)
    numpy.multiply(result, limited, out=result)
    _write_polynomial(_SINGLE[1], square, scratch)
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
    _write_polynomial(_SMALL[0], scratch, result)
    _write_polynomial(_SMALL[1], scratch, tail)
    numpy.divide(result, tail, out=result)
    numpy.multiply(result, magnitude, out=result)
    numpy.less_equal(magnitude, _SMALL_LIMIT, out=scratch)
    numpy.multiply(result, scratch, out=result)

    _write_polynomial(_LARGE[0], magnitude, tail)
    _write_polynomial(_LARGE[1], magnitude, scratch)
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
    _write_polynomial(_SMALL[0], square, result)
    _write_polynomial(_SMALL[1], square, scratch)
    numpy.divide(result, scratch, out=result)
    numpy.multiply(result, x, out=result)
    numpy.subtract(1.0, result, out=result)

    numpy.absolute(x, out=magnitude)
    numpy.minimum(magnitude, 30.0, out=magnitude)  # from where on the result is 0, or 2
    _write_polynomial(_LARGE[0], magnitude, tail)
    _write_polynomial(_LARGE[1], magnitude, scratch)
    numpy.divide(tail, scratch, out=tail)
    numpy.square(magnitude, out=square)
    numpy.reciprocal(square, out=square)
    _write_polynomial(_FAR[0], square, far)
    _write_polynomial(_FAR[1], square, scratch)
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


INVERSE_ARRAYS = 5
"""Number of arrays that `write_inverse_error_function` works in, beside one of truth values."""


def write_inverse_error_function(x: Any, out: Any, workspace: Sequence[Any]) -> None:
    """Write the inverse error function of x into `out` without allocating.

    Args:
        x: array of floats, any shape.
        out: array of x's type and shape; may be x itself.
        workspace: `INVERSE_ARRAYS` arrays of x's type and shape and one of bool that overlap nothing else.
    """
    result, root, place, quotient, scratch, is_there = workspace
    numpy.multiply(x, 0.5, out=root)
    numpy.square(root, out=place)
    numpy.subtract(0.180625, place, out=place)
    _write_quotient(_CENTRE, place, scratch, result)
    numpy.multiply(result, root, out=result)

    numpy.absolute(x, out=root)
    numpy.greater(root, 0.85, out=is_there)
    numpy.subtract(1.0, root, out=root)
    numpy.multiply(root, 0.5, out=root)
    numpy.log(root, out=root)
    numpy.negative(root, out=root)
    numpy.sqrt(root, out=root)
    for coefficients, centre in ((_SIDE, 1.6), (_END, 5.0)):
        numpy.subtract(root, centre, out=place)
        _write_quotient(coefficients, place, scratch, quotient)
        numpy.copyto(result, quotient, where=is_there)
        numpy.greater(root, 5.0, out=is_there)

    numpy.equal(root, inf, out=is_there)
    numpy.copyto(result, inf, where=is_there)
    numpy.multiply(result, sqrt(0.5), out=result)
    numpy.copysign(result, x, out=out)


def _write_quotient(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Any, scratch: Any, out: Any) -> None:
    """Write the quotient of two polynomials."""
    _write_polynomial(coefficients[0], x, out)
    _write_polynomial(coefficients[1], x, scratch)
    numpy.divide(out, scratch, out=out)


def _write_polynomial(coefficients: tuple[float, ...], x: Any, out: Any) -> None:
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


def inverse_error_function(x: Any) -> Any:
    """Return the inverse error function of an array of floats, with fresh arrays."""
    x = numpy.asarray(x)
    out, *workspace = (numpy.empty_like(x) for _ in range(1 + INVERSE_ARRAYS))
    with numpy.errstate(all="ignore"):
        write_inverse_error_function(x, out, (*workspace, numpy.empty(x.shape, bool)))
    return out
