"""The config of a user's layer that defines no `get_config`: the arguments that it was made with, as in Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any

from nnc.errors import UnwrittenError

_PLAIN = (str, int, float, bool, type(None))
_COMMON = ("name", "trainable", "dtype", "activity_regularizer")
"""Arguments of every layer, which its config has anyway."""


def plain_arguments(
    initialize: Callable[..., None], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return by name the arguments that an object is made with, beside those that every layer has.

    Args:
        initialize: its constructor.
        args: arguments by position.
        kwargs: arguments by name.

    Returns:
        None where one of them is something else than text, a number, a truth value, None or a list, tuple or
        dictionary of such.
    """
    try:
        bound = signature(initialize).bind(None, *args, **kwargs)
    except TypeError:  # which the constructor itself will tell
        return None
    bound.apply_defaults()
    found: dict[str, Any] = {}
    for name, item in [*bound.signature.parameters.items()][1:]:
        value = bound.arguments[name]
        if item.kind is not Parameter.VAR_POSITIONAL:
            found |= value if item.kind is Parameter.VAR_KEYWORD else {name: value}
        elif value:  # which have no names
            return None
    found = {name: value for name, value in found.items() if name not in _COMMON}
    return found if all(map(_is_plain, found.values())) else None


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return isinstance(value, _PLAIN)


def with_arguments(layer: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a user's layer with the arguments that it was made with.

    Args:
        layer: the layer.
        config: what every layer's config has, of which what its constructor does not take is left out.

    Raises:
        UnwrittenError: an argument was no plain value, so that only its author knows how to write it down.
    """
    if layer.given_arguments is None:
        name = type(layer).__name__
        raise UnwrittenError(
            f"'{layer.name}': {name} was created by passing non-serializable argument values in `__init__()`: define"
            f" get_config in {name}, which returns them serialized, and from_config where these are to be objects again"
        )
    parameters = signature(type(layer).__init__).parameters.values()
    if not any(item.kind is Parameter.VAR_KEYWORD for item in parameters):
        known = {item.name for item in parameters}
        config = {key: value for key, value in config.items() if key in known}
    return {**config, **layer.given_arguments}
