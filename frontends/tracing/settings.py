"""The arguments that an operation of Keras's was made with, and those that it is called with."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

from nnc.errors import ModelError
from nnc.layers.symbolic import slice_config


def settings_of(
    operation: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the operands of a call, and all other arguments by name.

    Args:
        operation: the operation, or the name of a function that has none.
        args: what it is called with, by position.
        kwargs: what it is called with by name.

    Raises:
        ModelError: an argument of the operation cannot be told.
    """
    if isinstance(operation, str):
        return args, dict(kwargs)
    try:
        found = {key: item for key, item in operation.get_config().items() if key != "name"}
    except NotImplementedError:  # an argument is no plain value
        found = _attributes(operation)
    if type(operation).__name__ == "GetItem":
        args = tuple(_index(item) if place else item for place, item in enumerate(args))
    return args, {key: value for key, value in found.items() if value is not None or key == "axis"} | dict(kwargs)


def _attributes(operation: Any) -> dict[str, Any]:
    """Return the arguments that an operation was made with, which its attributes are named after."""
    found: dict[str, Any] = {}
    for name, parameter in signature(type(operation).__init__).parameters.items():
        if name in ("self", "name") or parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            continue
        for attribute in (name, f"_{name}"):
            if hasattr(operation, attribute):
                found[name] = getattr(operation, attribute)
                break
        else:
            raise ModelError(f"operation {type(operation).__name__} does not say what its argument {name} is")
    return found


def _index(key: Any) -> list[Any]:
    if isinstance(key, list) and any(isinstance(item, slice) or item in (None, Ellipsis) for item in key):
        key = tuple(key)  # as Keras and its backends take it
    return slice_config(key if isinstance(key, tuple) else (key,))
