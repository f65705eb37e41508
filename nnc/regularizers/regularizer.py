"""The base class of regularizers, and Keras's penalties on large weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from numbers import Real
from typing import Any, Self

import numpy

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.objects import build


class Regularizer:
    """A penalty on a weight or an output; a subclass says in `__call__` what is added to the loss.

    >>> class Largest(Regularizer):
    ...     def __call__(self, x: Value) -> Value:
    ...         return ops.max(ops.absolute(x)) * 0.01
    >>> Largest().get_config()
    {}
    """

    def __call__(self, x: Value) -> Value:
        """Return the penalty, a scalar of x's element type, as graph arithmetic.

        Args:
            x: a weight of any shape, or a layer's output.

        Raises:
            ModelError: the subclass does not define it, or x has a shape that it does not take.
        """
        raise ModelError(f"{self._where} must define __call__(self, x)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build the regularizer from what `get_config` returned.

        Raises:
            ModelError: an argument is unknown, missing or wrong.
        """
        return build(cls, config, f"regularizer {cls.__name__}")

    @property
    def _where(self) -> str:
        return f"regularizer {type(self).__name__}"

    def _factor(self, key: str, number: Any) -> float:
        """Return a factor.

        Raises:
            ModelError: it is not a finite number of at least 0.
        """
        given: Any = number
        if isinstance(number, bool) or not isinstance(number, Real) or not isfinite(given) or given < 0:
            raise ModelError(f"{self._where}: {key} must be a finite number of at least 0, got {number!r}")
        return float(given)


class L1(Regularizer):
    """l1 · sum(|x|) (keras.io/api/layers/regularizers).

    Args:
        l1: the factor; kept as float32, as in Keras.

    Raises:
        ModelError: the factor is not a finite number of at least 0.
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = float(numpy.float32(self._factor("l1", 0.01 if l1 is None else l1)))

    def __call__(self, x: Value) -> Value:
        """Return the penalty."""
        return ops.sum(ops.absolute(x)) * self.l1

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 · sum(x²) (keras.io/api/layers/regularizers).

    Args:
        l2: the factor.

    Raises:
        ModelError: the factor is not a finite number of at least 0.
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = self._factor("l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Value) -> Value:
        """Return the penalty."""
        return ops.sum(ops.square(x)) * self.l2

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"l2": self.l2}


class L1L2(Regularizer):
    """l1 · sum(|x|) + l2 · sum(x²) (keras.io/api/layers/regularizers).

    Args:
        l1: factor of the first part; 0, the default, leaves it out.
        l2: factor of the second part; 0, the default, leaves it out.

    Raises:
        ModelError: a factor is not a finite number of at least 0.
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = self._factor("l1", l1 or 0.0)
        self.l2 = self._factor("l2", l2 or 0.0)

    def __call__(self, x: Value) -> Value:
        """Return the penalty."""
        parts = [ops.sum(ops.absolute(x)) * self.l1] if self.l1 else []
        parts += [ops.sum(ops.square(x)) * self.l2] if self.l2 else []
        return parts[0] + parts[1] if len(parts) == 2 else parts[0] if parts else x.graph.constant(0.0, x.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"l1": self.l1, "l2": self.l2}
