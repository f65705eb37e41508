"""Functions of `keras.ops` between layers, such as ``x * 2.0 + y`` on symbolic tensors: each is a layer of its own."""

from __future__ import annotations

from typing import Any

from nnc.arguments import Argument, argument
from nnc.errors import ModelError, nearest
from nnc.layers.declared import KerasLayer
from nnc.objects import layer_snake_case
from nnc.operations import OPERATIONS


def _check_operation(where: str, key: str, value: Any) -> str:
    """Return the name of an operation."""
    if not isinstance(value, str) or value not in OPERATIONS:
        raise ModelError(f"unknown operation {value!r} of keras.ops.{nearest(str(value), OPERATIONS)}")
    return value


class Operation(KerasLayer):
    """A function of tensors and numbers that has no weights.

    Args:
        operation: its class in Keras, such as ``Add`` or ``GetItem``.
        settings: the arguments that class is made with, such as ``axis``.

    Raises:
        ModelError: the operation is unknown.
    """

    keeps_integers = True
    autocast = False
    _is_operation = True

    operation: str = argument(_check_operation)
    settings: Any = Argument(lambda owner, key, value: dict(value or {}), dict, default=None, optional=False)

    def __post_init__(self) -> None:
        if not self.has_own_name:
            self._name = self.default_name

    @property
    def default_name(self) -> str:
        return layer_snake_case(getattr(self, "operation", ""))

    @property
    def _class_title(self) -> str:
        return self.operation

    @property
    def keras_module(self) -> str:
        """The module of the operation's class in Keras."""
        return f"keras.src.ops.{OPERATIONS[self.operation].module}"

    @property
    def is_joining(self) -> bool:
        """Whether the operation's class in Keras takes its operands as one list."""
        return self.operation in ("Concatenate", "Dstack", "Hstack", "Stack", "Vstack")

    def call(self, *args: Any, **kwargs: Any) -> Any:
        definition = OPERATIONS[self.operation]
        return definition.function(*definition.operands(args), **definition.given(self.settings), **kwargs)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: what a function gives has no mask, as in Keras."""
        del inputs, previous_mask

    @property
    def summary_class(self) -> str:
        return self.operation

    @property
    def summary_note(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in self.settings.items())
