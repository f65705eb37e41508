"""The error function on NumPy arrays, which NumPy itself lacks."""

from __future__ import annotations

from typing import Any

import numpy

# W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969):
# |x| ≤ 0.46875, then up to 4, then above; numerator and denominator from the highest power down.
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
_MIDDLE = (
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
_LARGE = (
    (
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
        1.60837851487422766e-2, 6.58749161529837803e-4,
    ),
    (
        1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)  # fmt: skip
_INVERSE_SQRT_PI = 5.6418958354775628695e-1


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    numerator, denominator = coefficients
    return numpy.polyval(numpy.array(numerator, x.dtype), x) / numpy.polyval(numpy.array(denominator, x.dtype), x)


def error_function(x: Any) -> Any:
    """Return erf(x), within a few units in the last place of float64.

    Args:
        x: array of floats, any shape.
    """
    x = numpy.asarray(x)
    magnitude = numpy.minimum(numpy.absolute(x), 6.0)  # erf(6) is 1 to the last bit
    square = numpy.square(magnitude)
    small = x * _ratio(_SMALL, square)
    gauss = numpy.exp(-square)
    middle = gauss * _ratio(_MIDDLE, magnitude)
    inverse = 1.0 / numpy.maximum(square, 1.0)
    large = gauss * (_INVERSE_SQRT_PI - inverse * _ratio(_LARGE, inverse)) / numpy.maximum(magnitude, 1.0)
    tail = numpy.copysign(1.0 - numpy.where(magnitude <= 4.0, middle, large), x)
    return numpy.where(magnitude <= 0.46875, small, tail).astype(x.dtype)
