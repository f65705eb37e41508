"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: NaN, infinity, signs and closeness."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Angle": lambda ops, x: ops.angle(x - 1.0),
    "Angle int": lambda ops, x: ops.angle(ops.cast(x * 6.0 - 6.0, "int64")),
    "Conjugate": lambda ops, x: ops.conj(x),
    "DivideNoNan": lambda ops, x: ops.divide_no_nan(x, ops.relu(x - 1.0)),
    "Fmax": lambda ops, x: ops.fmax(ops.log(x - 1.0), -1.0),
    "Fmax int": lambda ops, x: ops.fmax(ops.cast(x * 10.0 - 10.0, "int32"), ops.cast(x * 6.0 - 6.0, "int64")),
    "Fmin": lambda ops, x: ops.fmin(x - 1.0, ops.log(x - 1.0)),
    "Heaviside": lambda ops, x: ops.heaviside(ops.round(x * 3.0 - 3.0), x),
    "Heaviside int": lambda ops, x: ops.heaviside(ops.cast(x * 6.0 - 6.0, "int64"), ops.cast(x * 10.0 - 10.0, "int32")),
    "Imag": lambda ops, x: ops.imag(x),
    "Isclose": lambda ops, x: ops.isclose(x, ops.round(x, decimals=1), rtol=0.02, atol=0.01),
    "Isclose equal NaN": lambda ops, x: ops.isclose(ops.log(x - 1.0), ops.log(x - 1.0), equal_nan=True),
    "Isclose int": lambda ops, x: ops.isclose(ops.cast(x * 10.0 - 10.0, "int32"), 2),
    "Isfinite": lambda ops, x: ops.isfinite(1.0 / ops.round(x - 1.0)),
    "Isfinite int": lambda ops, x: ops.isfinite(ops.cast(x * 10.0 - 10.0, "int32")),
    "Isinf": lambda ops, x: ops.isinf(1.0 / ops.round(x - 1.0)),
    "Isinf int": lambda ops, x: ops.isinf(ops.cast(x * 10.0 - 10.0, "int32")),
    "Isnan": lambda ops, x: ops.isnan(ops.log(x - 1.0)),
    "Isnan int": lambda ops, x: ops.isnan(ops.cast(x * 10.0 - 10.0, "int32")),
    "Isneginf": lambda ops, x: ops.isneginf(-1.0 / ops.round(x - 1.0)),
    "Isneginf int": lambda ops, x: ops.isneginf(ops.cast(x * 10.0 - 10.0, "int32")),
    "Isposinf": lambda ops, x: ops.isposinf(1.0 / ops.round(x - 1.0)),
    "Isreal": lambda ops, x: ops.isreal(x),
    "NanToNum": lambda ops, x: ops.nan_to_num(ops.log(x - 1.0), nan=3.0),
    "NanToNum infinite": lambda ops, x: ops.nan_to_num(-1.0 / ops.round(x - 1.0), neginf=-5.0),
    "NanToNum int": lambda ops, x: ops.nan_to_num(ops.cast(x * 10.0 - 10.0, "int32")),
    "Nextafter": lambda ops, x: ops.nextafter(x, 2.0 - x),
    "Nextafter int": lambda ops, x: ops.nextafter(ops.cast(x * 6.0, "int32"), 3),
    "Real": lambda ops, x: ops.real(x),
    "Signbit": lambda ops, x: ops.signbit(ops.round(x - 1.0)),
    "Signbit bool": lambda ops, x: ops.signbit(x > 1.0),
    "Signbit int": lambda ops, x: ops.signbit(ops.cast(x * 10.0 - 10.0, "int32")),
}
"""The calls of all operations, by the operation's class in Keras."""
