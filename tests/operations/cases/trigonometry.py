"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: angles."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Arccos": lambda ops, x: ops.arccos(x - 1.0),
    "Arccosh": lambda ops, x: ops.arccosh(x + 0.6),
    "Arcsin": lambda ops, x: ops.arcsin(x - 1.0),
    "Arcsinh": lambda ops, x: ops.arcsinh(x * 4.0 - 4.0),
    "Arctan": lambda ops, x: ops.arctan(x * 4.0 - 4.0),
    "Arctan int": lambda ops, x: ops.arctan(ops.cast(x * 10.0 - 10.0, "int32")),
    "Arctan2": lambda ops, x: ops.arctan2(x - 1.0, 0.9 - x),
    "Arctan2 int": lambda ops, x: ops.arctan2(ops.cast(x * 10.0 - 10.0, "int32"), x),
    "Arctanh": lambda ops, x: ops.arctanh(x - 1.0),
    "Cos": lambda ops, x: ops.cos(x),
    "Cosh": lambda ops, x: ops.cosh(x),
    "Cosh int": lambda ops, x: ops.cosh(ops.cast(x * 6.0 - 6.0, "int64")),
    "Deg2rad": lambda ops, x: ops.deg2rad(x * 90.0),
    "Deg2rad int": lambda ops, x: ops.deg2rad(ops.cast(x * 6.0 - 6.0, "int64")),
    "Hypot": lambda ops, x: ops.hypot(x - 1.0, x * x),
    "Hypot int": lambda ops, x: ops.hypot(ops.cast(x * 6.0 - 6.0, "int64"), ops.cast(x * 6.0 - 6.0, "int64")),
    "Rad2deg": lambda ops, x: ops.rad2deg(x),
    "Rad2deg int": lambda ops, x: ops.rad2deg(ops.cast(x * 10.0 - 10.0, "int32")),
    "Sin": lambda ops, x: ops.sin(x),
    "Sinc": lambda ops, x: ops.sinc(x - 1.0),
    "Sinh": lambda ops, x: ops.sinh(x - 1.0),
    "Tan": lambda ops, x: ops.tan(x),
    "Tanh": lambda ops, x: ops.tanh(x),
}
"""The calls of all operations, by the operation's class in Keras."""
