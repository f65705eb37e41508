"""Texts about the arguments of a layer, in pictures and summaries, as its class declares them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

_NAMED = re.compile(r"\{(\w+)\}")
_LISTS = ("axis", "axes", "factor")
"""Last words of arguments whose numbers are not size."""
_NO_DEFAULT = object()


def key_texts(layer: Any, names: Sequence[str]) -> list[str]:
    """Return the values of arguments, those that are not None, as they stand behind a class: ``Conv2D(32, 3×3)``."""
    values = [getattr(layer, name, None) for name in names]
    return [value_text(value) for value in values if value is not None]


def noted_texts(layer: Any, templates: Sequence[str], rank: int | None = None) -> list[str]:
    """Return texts about some arguments, each unless it has its default.

    Args:
        layer: whose attributes they are.
        templates: what is said of each, with its name in braces instead of its value; a name alone is a flag's.
        rank: number of axes of the layer's input, where it is known; its last axis is what -1 is.
    """
    found = []
    for template in templates:
        named = _NAMED.search(template)
        name = named[1] if named else template
        value: Any = getattr(layer, name, None)
        value = value.tolist() if hasattr(value, "tolist") else value
        if value is None or value is False or value == () or _is_default(value, _default(type(layer), name)):
            continue
        if name == "axis" and rank is not None and value == rank - 1 and _default(type(layer), name) == -1:
            continue
        sign = "," if name.rpartition("_")[2] in _LISTS else "×"
        found.append(template.format(**{name: short_text(value, sign)}))
    return found


def value_text(value: Any, sign: str = "×") -> str:
    """Return a value of an argument in a few characters, with a sign between whole numbers.

    >>> value_text((3, 5)), value_text(((1, 1), (0, 2))), value_text(0.25), value_text("same")
    ('3×5', '1×0,2', '0.25', 'same')
    """
    if isinstance(value, list | tuple):
        inner = [_side_text(item) if isinstance(item, list | tuple) else value_text(item) for item in value]
        is_size = all(isinstance(item, int | list | tuple) for item in value)
        return (sign if is_size else ",").join(inner)
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else str(name_of(value))


def short_text(value: Any, sign: str = "×") -> str:
    """Return what `value_text` does, and one number for equal ones.

    >>> short_text((2, 2)), short_text((2, 1))
    ('2', '2×1')
    """
    return value_text(_shortest(value), sign)


def name_of(value: Any) -> Any:
    """Return the name of a function, such as an activation, or of the class of an object; a number as it is."""
    if isinstance(value, int):
        return value
    return getattr(value, "name", None) or getattr(value, "__name__", type(value).__name__)


def _side_text(pair: Sequence[Any]) -> str:
    """Return what is before and after, once if both are the same."""
    return value_text(pair[0]) if len({*pair}) == 1 else ",".join(map(value_text, pair))


def _is_default(value: Any, default: Any) -> bool:
    if callable(value):
        return bool(name_of(value) == ("linear" if default is None else default))
    return bool(_shortest(value) == _shortest(default))


def _shortest(value: Any) -> Any:
    """Return one number for a list of equal ones."""
    if isinstance(value, list | tuple) and value and all(item == value[0] for item in value):
        return _shortest(value[0])
    return value


def _default(cls: type, name: str) -> Any:
    """Return the default of an argument."""
    parameter = inspect.signature(cls).parameters.get(name)
    return _NO_DEFAULT if parameter is None or parameter.default is parameter.empty else parameter.default
