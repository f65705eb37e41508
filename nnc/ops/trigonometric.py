"""Sine and cosine."""

from __future__ import annotations

from typing import ClassVar

import numpy

from nnc.ir import FLOATING, Value
from nnc.ops.elementwise import Unary, apply


class Sine(Unary, name="sin"):
    """sin x, x in radians."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.sin

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """cos x."""
        return cotangent * cos(x)


class Cosine(Unary, name="cos"):
    """cos x, x in radians."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    ufunc: ClassVar[numpy.ufunc | None] = numpy.cos

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """-sin x."""
        return -(cotangent * sin(x))


def sin(x: Value) -> Value:
    """Return sin x."""
    return apply(Sine(), x)


def cos(x: Value) -> Value:
    """Return cos x."""
    return apply(Cosine(), x)
