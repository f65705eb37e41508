"""The way between objects and their configs in Keras's form, for losses and metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import signature
from math import isfinite
from numbers import Real
from typing import Any, TypeVar

from nnc.errors import ModelError, nearest
from nnc.ir import FLOATING

Built = TypeVar("Built")


def snake_case(name: str) -> str:
    """Return a class name as Keras derives object names from it.

    >>> snake_case("MeanSquaredError"), snake_case("RMSprop")
    ('mean_squared_error', 'rm_sprop')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def build(cls: Callable[..., Built], config: Mapping[str, Any], where: str) -> Built:
    """Call a class with the arguments of a config.

    Args:
        cls: what to call.
        config: arguments by name.
        where: what is being built, for messages, such as ``loss MeanSquaredError``.

    Raises:
        ModelError: an argument is unknown, missing or wrong.
    """
    known = signature(cls).parameters
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    for key in config:
        if not isinstance(key, str) or (key not in known and not open_ended):
            raise ModelError(f"{where} has no argument {key!r}.{nearest(str(key), known)}")
    try:
        return cls(**config)
    except TypeError as error:
        raise ModelError(f"{where} cannot be built from {dict(config)}: {error}") from error


def object_config(instance: Any, public_module: str | None) -> dict[str, Any]:
    """Return the config of an object that has `get_config`.

    Args:
        instance: the object.
        public_module: Keras's module of its class, None for a class that Keras does not have.
    """
    cls = type(instance)
    return {
        "module": public_module or cls.__module__,
        "class_name": cls.__name__,
        "config": instance.get_config(),
        "registered_name": None if public_module else cls.__name__,
    }


def function_config(function: Callable[..., Any], where: str) -> dict[str, Any]:
    """Return the config of a function: its name.

    Raises:
        ModelError: the function has no name to find it by.
    """
    name = getattr(function, "__name__", "<lambda>")
    if not name.isidentifier():
        raise ModelError(f"{where} has no name and cannot be saved; define it with 'def' or as a class")
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def split_config(config: Any, what: str) -> tuple[str, dict[str, Any]]:
    """Return name and arguments of a config.

    Args:
        config: a name, or a mapping with ``class_name`` and ``config``.
        what: what it describes, for messages, such as ``a loss``.

    Raises:
        ModelError: it is neither.
    """
    if isinstance(config, str):
        return config, {}
    name, arguments = config.get("class_name"), config.get("config")
    if name == "function":
        name, arguments = arguments, None
    arguments = {} if arguments is None else arguments
    if not isinstance(name, str) or not isinstance(arguments, Mapping):
        raise ModelError(f"{what}'s config needs 'class_name' and 'config', got {dict(config)}")
    return name, dict(arguments)


def checked_dtype(where: str, dtype: Any) -> str | None:
    """Return the element type to compute in, None for the output's own.

    Raises:
        ModelError: it is not floating-point.
    """
    if dtype is not None and (not isinstance(dtype, str) or dtype not in FLOATING):
        raise ModelError(f"{where}: dtype must be one of {', '.join(sorted(FLOATING))} or None, got {dtype!r}")
    return dtype


def checked_number(where: str, key: str, number: Any) -> Any:
    """Return a finite number.

    Raises:
        ModelError: it is something else.
    """
    if isinstance(number, bool) or not isinstance(number, Real) or not isfinite(number):
        raise ModelError(f"{where}: {key} must be a finite number, got {number!r}")
    return number


def checked_fraction(where: str, key: str, number: Any) -> Any:
    """Return a number from 0 to 1.

    Raises:
        ModelError: it is something else.
    """
    if not 0 <= checked_number(where, key, number) <= 1:
        raise ModelError(f"{where}: {key} must be a number from 0 to 1, got {number!r}")
    return number


def checked_axis(where: str, axis: Any) -> int:
    """Return an axis.

    Raises:
        ModelError: it is not a whole number.
    """
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ModelError(f"{where}: axis must be a whole number, got {axis!r}")
    return axis
