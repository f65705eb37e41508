"""The base class of constraints, and Keras's constraints on norms and signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack, dataclass_transform

from nnc.arguments import ArgumentOptions, Declared, argument, number
from nnc.checks import is_whole
from nnc.eager import method_on_arrays
from nnc.errors import ModelError
from nnc.identity import is_own
from nnc.ir import Value, ops
from nnc.settings import SETTINGS


def axes(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare one axis or several that a vector lies along; None is all."""

    def check(where: str, key: str, value: Any) -> Any:
        if not all(map(is_whole, value if isinstance(value, list | tuple) else [value])):
            raise ModelError(f"{where}: {key} must be a whole number or a list of them, got {value!r}")
        return value

    options.setdefault("optional", True)
    return argument(check, **options)


class Constraint(Declared, names=("Constraint", "constraint")):
    """A condition that a weight must satisfy after each step; a subclass enforces it in `__call__`.

    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w: Value) -> Value:
    ...         return ops.minimum(w, 1.0)
    >>> AtMostOne().get_config()
    {}
    """

    noun = "constraint"
    registered: ClassVar[dict[str, type[Constraint]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if is_own(cls) and "__call__" in vars(cls):
            cls.__call__ = method_on_arrays(cls.__call__)  # type: ignore[method-assign]

    def __call__(self, w: Value) -> Value:
        """Return the weight that takes the place of `w`, of the same type, as graph arithmetic."""
        return w


@dataclass_transform(eq_default=False, field_specifiers=(axes, number))
class DeclaredConstraint(Constraint):
    """A constraint whose class declares its arguments; see `nnc.arguments`."""


def norms(w: Value, axis: int | Sequence[int] | None) -> Value:
    """Return the Euclidean norms of w along axes, which stay, with length 1."""
    return ops.sqrt(ops.sum(ops.square(w), axis, keepdims=True))


class MaxNorm(DeclaredConstraint, names=("MaxNorm", "max_norm")):
    """Norms of at most `max_value`: longer vectors are scaled down (keras.io/api/layers/constraints).

    Args:
        max_value: the largest norm.
        axis: axis or axes that a vector lies along, such as 0 for the inputs of each unit of a `Dense` layer.

    Raises:
        ModelError: an argument is wrong.
    """

    max_value: float = number(default=2)
    axis: int | Sequence[int] | None = axes(default=0)

    def __call__(self, w: Value) -> Value:
        """Return the shortened weight."""
        length = norms(w, self.axis)
        return w * (ops.clip(length, 0.0, self.max_value) / (length + SETTINGS.epsilon))


class NonNeg(Constraint, names=("NonNeg", "non_neg")):
    """No negative elements: they become 0 (keras.io/api/layers/constraints)."""

    def __call__(self, w: Value) -> Value:
        """Return max(w, 0)."""
        return ops.maximum(w, 0.0)


class UnitNorm(DeclaredConstraint, names=("UnitNorm", "unit_norm")):
    """Norms of 1 (keras.io/api/layers/constraints).

    Args:
        axis: axis or axes that a vector lies along.

    Raises:
        ModelError: the axis is none.
    """

    axis: int | Sequence[int] | None = axes(default=0)

    def __call__(self, w: Value) -> Value:
        """Return the weight divided by its norms."""
        return w / (norms(w, self.axis) + SETTINGS.epsilon)


class MinMaxNorm(DeclaredConstraint, names=("MinMaxNorm", "min_max_norm")):
    """Norms from `min_value` to `max_value`, reached step by step at a rate (keras.io/api/layers/constraints).

    Args:
        min_value: the smallest norm.
        max_value: the largest norm.
        rate: 1 scales norms into the interval at once, less goes that part of the way.
        axis: axis or axes that a vector lies along.

    Raises:
        ModelError: an argument is wrong.
    """

    min_value: float = number(default=0.0)
    max_value: float = number(default=1.0)
    rate: float = number(default=1.0)
    axis: int | Sequence[int] | None = axes(default=0)

    def __call__(self, w: Value) -> Value:
        """Return the scaled weight."""
        length = norms(w, self.axis)
        wanted = ops.clip(length, self.min_value, self.max_value)
        if self.rate != 1:
            wanted = wanted * self.rate + length * (1 - self.rate)
        return w * (wanted / (length + SETTINGS.epsilon))
