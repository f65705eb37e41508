"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: the Bessel function."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "I0": lambda ops, x: ops.i0(x * 4.0 - 4.0),
    "I0 beyond": lambda ops, x: ops.i0(x * 12.0),
    "I0 int": lambda ops, x: ops.i0(ops.cast(x * 5.0, "int64")),
}
