"""The base class of constraints, and Keras's constraints on norms and signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from numbers import Real
from typing import Any, Self

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.objects import build

EPSILON = 1e-7
"""Keeps norms of 0 from dividing; Keras's ``backend.epsilon()``."""


class Constraint:
    """A condition that a weight must satisfy after each step; a subclass enforces it in `__call__`.

    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w: Value) -> Value:
    ...         return ops.minimum(w, 1.0)
    >>> AtMostOne().get_config()
    {}
    """

    def __call__(self, w: Value) -> Value:
        """Return the weight that takes the place of `w`, of the same type, as graph arithmetic."""
        return w

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build the constraint from what `get_config` returned.

        Raises:
            ModelError: an argument is unknown, missing or wrong.
        """
        return build(cls, config, f"constraint {cls.__name__}")

    def _number(self, key: str, number: Any) -> Any:
        if isinstance(number, bool) or not isinstance(number, Real) or not isfinite(number):
            raise ModelError(f"constraint {type(self).__name__}: {key} must be a finite number, got {number!r}")
        return number

    def _axes(self, axis: Any) -> Any:
        listed = axis if isinstance(axis, list | tuple) else [] if axis is None else [axis]
        if not all(isinstance(item, int) and not isinstance(item, bool) for item in listed):
            raise ModelError(
                f"constraint {type(self).__name__}: axis must be a whole number or a list of them, got {axis!r}"
            )
        return axis


def norms(w: Value, axis: int | Sequence[int] | None) -> Value:
    """Return the Euclidean norms of w along axes, which stay, with length 1."""
    return ops.sqrt(ops.sum(ops.square(w), axis, keepdims=True))


class MaxNorm(Constraint):
    """Norms of at most `max_value`: longer vectors are scaled down (keras.io/api/layers/constraints).

    Args:
        max_value: the largest norm.
        axis: axis or axes that a vector lies along, such as 0 for the inputs of each unit of a `Dense` layer.

    Raises:
        ModelError: an argument is wrong.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] | None = 0) -> None:
        self.max_value = self._number("max_value", max_value)
        self.axis = self._axes(axis)

    def __call__(self, w: Value) -> Value:
        """Return the shortened weight."""
        length = norms(w, self.axis)
        return w * (ops.clip(length, 0.0, self.max_value) / (length + EPSILON))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """No negative elements: they become 0 (keras.io/api/layers/constraints)."""

    def __call__(self, w: Value) -> Value:
        """Return max(w, 0)."""
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Norms of 1 (keras.io/api/layers/constraints).

    Args:
        axis: axis or axes that a vector lies along.

    Raises:
        ModelError: the axis is none.
    """

    def __init__(self, axis: int | Sequence[int] | None = 0) -> None:
        self.axis = self._axes(axis)

    def __call__(self, w: Value) -> Value:
        """Return the weight divided by its norms."""
        return w / (norms(w, self.axis) + EPSILON)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Norms from `min_value` to `max_value`, reached step by step at a rate (keras.io/api/layers/constraints).

    Args:
        min_value: the smallest norm.
        max_value: the largest norm.
        rate: 1 scales norms into the interval at once, less goes that part of the way.
        axis: axis or axes that a vector lies along.

    Raises:
        ModelError: an argument is wrong.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] | None = 0,
    ) -> None:
        self.min_value = self._number("min_value", min_value)
        self.max_value = self._number("max_value", max_value)
        self.rate = self._number("rate", rate)
        self.axis = self._axes(axis)

    def __call__(self, w: Value) -> Value:
        """Return the scaled weight."""
        length = norms(w, self.axis)
        wanted = ops.clip(length, self.min_value, self.max_value)
        if self.rate != 1:
            wanted = wanted * self.rate + length * (1 - self.rate)
        return w * (wanted / (length + EPSILON))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}
