"""Keras's operations by class: the function of graph values that each is, and how operands are brought together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from nnc.ir import Value
from nnc.operations.element_types import as_float, as_tensors, of_one_type
from nnc.structure import map_leaves

Function = Callable[..., Any]
FunctionT = TypeVar("FunctionT", bound=Function)


@dataclass(frozen=True)
class Definition:
    """An operation of `keras.ops`.

    Args:
        function: takes graph values and numbers; its parameters are named as Keras's are.
        module: where its class is, in ``keras.src.ops``.
        promotes: whether operands are brought to one element type first, by Keras's rules.
        floats: whether whole numbers become floats first.
    """

    function: Function
    module: str = "numpy"
    promotes: bool = False
    floats: bool = False

    def operands(self, args: Sequence[Any]) -> Sequence[Any]:
        """Return the operands in the element types that Keras brings them to."""
        if self.floats:
            args = as_tensors(args)
            args = map_leaves(as_float, args, Value)
        found: Sequence[Any] = of_one_type(args) if self.promotes or self.floats else args
        return found

    def given(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments that the class is made with, without those that Keras has by default."""
        return {key: value for key, value in settings.items() if value is not None or key == "axis"}


_KNOWN: dict[str, Definition] = {}


def operation(
    name: str, *, module: str = "numpy", promotes: bool = False, floats: bool = False
) -> Callable[[FunctionT], FunctionT]:
    """Register the function of an operation; see `Definition`.

    Args:
        name: its class in Keras, such as ``Add``.
        module: where that is.
        promotes: whether operands are brought to one element type.
        floats: whether whole numbers become floats.
    """

    def register(function: FunctionT) -> FunctionT:
        if name in _KNOWN:
            raise ValueError(f"operation '{name}' is registered twice")
        _KNOWN[name] = Definition(function, module, promotes, floats)
        return function

    return register


def known() -> Mapping[str, Definition]:
    """Return all operations by their classes."""
    return _KNOWN
