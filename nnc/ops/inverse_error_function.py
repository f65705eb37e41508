"""The inverse of the error function on NumPy arrays, which NumPy itself lacks."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from typing import Any

import numpy

from nnc.ops.error_function import write_polynomial

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

WORKSPACE_ARRAYS = 5
"""Number of arrays that `write_inverse_error_function` works in, beside one of truth values."""


def write_inverse_error_function(x: Any, out: Any, workspace: Sequence[Any]) -> None:
    """Write the inverse error function of x into `out` without allocating.

    Args:
        x: array of floats, any shape.
        out: array of x's type and shape; may be x itself.
        workspace: `WORKSPACE_ARRAYS` arrays of x's type and shape and one of bool that overlap nothing else.
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
    write_polynomial(coefficients[0], x, out)
    write_polynomial(coefficients[1], x, scratch)
    numpy.divide(out, scratch, out=out)


def inverse_error_function(x: Any) -> Any:
    """Return the inverse error function of an array of floats, with fresh arrays."""
    x = numpy.asarray(x)
    out, *workspace = (numpy.empty_like(x) for _ in range(1 + WORKSPACE_ARRAYS))
    with numpy.errstate(all="ignore"):
        write_inverse_error_function(x, out, (*workspace, numpy.empty(x.shape, bool)))
    return out
