"""Common parts of losses and metrics: a name, an element type, and values per row that a function may compute."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from inspect import signature
from typing import Any, ClassVar, dataclass_transform

from nnc.arguments import Declared, argument, choice, flag, number, passed_on, positive, whole
from nnc.checks import check_choice
from nnc.errors import ModelError
from nnc.ir import FLOATING, Graph, TensorType, Value, ops
from nnc.objects import function_config, snake_case
from nnc.structure import leaves, map_leaves


@dataclass(frozen=True, slots=True)
class Masked:
    """Values of which some do not count, as `Measure.call` may return them.

    Args:
        values: one or more per row, shape (batch, …).
        mask: true where a value counts, bool, of the same shape.
    """

    values: Value
    mask: Value


class Measure(Declared):
    """Compares targets with an output, row by row; a subclass says in `call` how.

    Args:
        name: shown in messages and logs; the class name in snake case by default.
        dtype: element type to compute in, the output's own by default.

    Raises:
        ModelError: an argument is wrong.
    """

    noun: ClassVar[str] = "measure"
    """The name in messages."""
    element_types: ClassVar[Collection[str]] = FLOATING
    """What `dtype` may be."""
    name: str = "measure"
    dtype: str | None = None

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        if isinstance(name, str) and not name.isprintable():
            raise ModelError(f"{type(self).__name__}: name must be printable text on one line, got {name!r}")
        self.name = name or snake_case(type(self).__name__)
        known = (dtype,) if dtype in self.element_types else (*sorted(FLOATING), None)
        self.dtype = check_choice(self._where, "dtype", dtype, known)

    @property
    def _where(self) -> str:
        """The start of messages, such as ``loss 'mine'``."""
        return f"{self.noun} '{self.name}'"

    def call(self, y_true: Value, y_pred: Value) -> Value | Masked:
        """Return one value per row, or more: shape (batch, …), as graph arithmetic.

        Args:
            y_true: targets, shape (batch, …); a loss says in `target` of which type.
            y_pred: the model's output, shape (batch, …).

        Raises:
            ModelError: the subclass does not define it.
        """
        raise ModelError(f"{self._where}: class {type(self).__name__} must define call(self, y_true, y_pred)")

    @property
    def wants_floating_targets(self) -> bool:
        """Whether targets of whole numbers become floating-point numbers as well."""
        return False

    def compute_dtype(self, y_pred: Value) -> str:
        """Return the element type to compute in.

        Raises:
            ModelError: it is that of whole numbers.
        """
        dtype = self.dtype or y_pred.dtype
        if dtype not in FLOATING:
            raise ModelError(f"{self._where} computes with floating-point numbers, not in {dtype}; leave dtype out")
        return dtype

    def _values(self, y_true: Any, y_pred: Any) -> tuple[Value, Value | None]:
        """Return what `call` computes from the operands, all of them in one floating-point type, and which of it count.

        The operands may be nested alike, where it is a user's own that takes them so.

        Targets of whole numbers are class indices and stay as they are.

        Raises:
            ModelError: `call` returned something other than a graph value.
        """
        dtype = self.compute_dtype(leaves(y_pred, Value)[0])

        def target(value: Value) -> Value:
            return ops.cast(value, dtype) if value.type.is_floating or self.wants_floating_targets else value

        found: object = self.call(
            map_leaves(target, y_true, Value), map_leaves(lambda value: ops.cast(value, dtype), y_pred, Value)
        )
        values, mask = (found.values, found.mask) if isinstance(found, Masked) else (found, None)
        if not isinstance(values, Value):
            raise ModelError(f"{self._where} must return a graph value, got {values!r}")
        return ops.cast(values, dtype), mask

    def values_type(self, y_true: TensorType, y_pred: TensorType) -> TensorType:
        """Return the type of what `call` computes from operands of these types.

        Raises:
            NncError: the operands do not suit it.
        """
        graph = Graph("values")
        return self._values(graph.input("y_true", y_true), graph.input("y_pred", y_pred))[0].type

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"name": self.name} | super().get_config()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'>"


@dataclass_transform(eq_default=False, field_specifiers=(argument, choice, flag, number, passed_on, positive, whole))
class DeclaredMeasure(Measure):
    """A loss or metric of Keras's, whose class declares its arguments; see `nnc.arguments`."""


class FunctionMeasure(DeclaredMeasure):
    """Computes what one of Keras's functions does, with those of the class's arguments that the function has, too."""

    function: ClassVar[Callable[..., Value | Masked]]
    """Returns values of shape (batch, …) of targets, output and settings."""

    def call(self, y_true: Value, y_pred: Value) -> Value | Masked:
        """Return what the function returns."""
        function = type(self).function
        arguments, known = self.declared_arguments(), signature(function).parameters
        settings = {name: getattr(self, item.attribute) for name, item in arguments.items() if name in known}
        return function(y_true, y_pred, **settings)


class MeasureWrapper(Measure):
    """Computes what a user's function does."""

    fn: Callable[..., Value | Masked]
    arguments: dict[str, Any]

    def call(self, y_true: Value, y_pred: Value) -> Value | Masked:
        """Return what the function returns."""
        return self.fn(y_true, y_pred, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the function by its name.

        Raises:
            ModelError: the function has no name to find it by.
        """
        return super().get_config() | {"fn": function_config(self.fn, self._where)} | self.arguments


def function_name(function: Callable[..., Any]) -> str:
    """Return the name that a loss or metric has by the function it wraps."""
    name = getattr(function, "__name__", None)
    return snake_case(name if isinstance(name, str) else type(function).__name__)
