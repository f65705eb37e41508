"""Paths into the values of a model file, such as ``layers.1.units``: whether they lead anywhere, and setting values.

A path names keys, items of lists by number (from 0) or by name, and steps over the class that has arguments: in
``layers: [Dense: {units: 2}]`` the units are ``layers.0.units``. What is said under ``compile:`` is found without it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from inspect import Parameter, signature
from typing import Any

from nnc.errors import ModelError, nearest

COMPILED = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")
"""Keys under ``compile:`` in the short form."""
_BESIDE = ("name", "inputs")
"""Keys that may stand beside the class of a layer."""
_OF_OBJECTS = ("_initializer", "_regularizer", "_constraint")


class NoSuchPathError(ModelError):
    """A path leads nowhere."""


def with_value(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the values of a model file with another one at a path.

    Args:
        values: the values.
        path: where.
        value: what is to be there.

    Raises:
        NoSuchPathError: the path leads nowhere; the message has the nearest that leads somewhere.
    """
    found = copy.deepcopy(dict(values))
    segments = path.split(".")
    if segments[0] in COMPILED and segments[0] not in found:
        segments = ["compile", *segments]
        found["compile"] = dict(found.get("compile") or {})
    if not all(segments) or not _set(found, segments, value, ()):
        known = [".".join(map(str, item)) for item in _known(found)]
        listed = [item.removeprefix("compile.") for item in known]
        raise NoSuchPathError(f"'{path}' leads nowhere in the model.{nearest(path, listed)}")
    return found


def _set(parent: Any, segments: list[str], value: Any, above: tuple[str, ...]) -> bool:
    """Set a value below a list or mapping; return whether the path leads anywhere."""
    name, rest = segments[0], segments[1:]
    if isinstance(parent, list):
        place = _place(parent, name)
        if place is None:
            return False
        if not rest:
            parent[place] = value
            return True
        parent[place] = _opened(parent[place])
        return _set(parent[place], rest, value, (*above, name))
    if not isinstance(parent, dict):
        return False
    holder, is_arguments = _holder(parent, name, above, not rest)
    if not rest:
        is_argument = is_arguments and name in _arguments(parent, above)
        if name not in holder and not is_argument and not (above == ("compile",) and name in COMPILED):
            return False
        holder[name] = value
        return True
    if name not in holder:
        return False
    holder[name] = _opened(holder[name])
    return _set(holder[name], rest, value, (*above, name))


def _place(items: list[Any], name: str) -> int | None:
    """Return the position of an item of a list by its number, or by the name that it has."""
    if name.isdecimal():
        return int(name) if int(name) < len(items) else None
    for position, item in enumerate(items):
        if isinstance(item, Mapping):
            given = [item, *(entry for entry in item.values() if isinstance(entry, Mapping))]
            if any(entry.get("name") == name for entry in given):
                return position
    return None


def _is_object(above: tuple[str, ...]) -> bool:
    """Whether a class with its arguments stands below some keys."""
    last = above[-1] if above else ""
    return (
        (len(above) == 2 and above[0] == "layers")
        or last in ("optimizer", "loss", "activation", "learning_rate")
        or last.endswith(_OF_OBJECTS)
    )


def _class_of(item: Mapping[str, Any], above: tuple[str, ...]) -> str | None:
    """Return the class that a mapping has the arguments of, None where it is no such mapping."""
    if not _is_object(above) or "class_name" in item:
        return None
    classes = [key for key in item if key not in _BESIDE]
    return str(classes[0]) if len(classes) == 1 else None


def _holder(parent: dict[str, Any], name: str, above: tuple[str, ...], is_last: bool) -> tuple[dict[str, Any], bool]:
    """Return the mapping that has a name, stepping over a class; and whether it is that of a class's arguments."""
    owner = _class_of(parent, above)
    if owner is None or (name in parent and not (is_last and name == owner)):  # l2 has the argument l2
        return parent, False
    arguments = parent[owner]
    if arguments is None:
        arguments = {}
    elif not isinstance(arguments, dict):
        arguments = {_single(owner, above): arguments}
    parent[owner] = arguments
    return arguments, True


def _opened(item: Any) -> Any:
    """Return an item, a class alone such as ``adam`` as a mapping with its arguments."""
    return {item: {}} if isinstance(item, str) else item


def _callable(owner: str, above: tuple[str, ...]) -> Any:
    """Return the class of a name, as the place where it stands knows it; None where it is not known."""
    from nnc.layers import layer_classes
    from nnc.optimizers import OPTIMIZERS

    if above and above[0] == "layers" and len(above) == 2:
        return layer_classes().get(owner)
    if above and above[-1] == "optimizer":
        return {**OPTIMIZERS, **{cls.__name__: cls for cls in OPTIMIZERS.values()}}.get(owner) or OPTIMIZERS.get(
            owner.lower()
        )
    return _of_registry(owner, above[-1] if above else "")


def _of_registry(owner: str, key: str) -> Any:
    from nnc import constraints, initializers, losses, regularizers

    rooms = {"_initializer": initializers, "_regularizer": regularizers, "_constraint": constraints}
    room = next((module for suffix, module in rooms.items() if key.endswith(suffix)), losses if key == "loss" else None)
    if room is None:
        return None
    try:
        return type(room.get(owner))
    except (ModelError, TypeError):  # one that needs arguments
        return getattr(room, owner, None)


def _parameters(owner: str, above: tuple[str, ...]) -> list[Parameter]:
    found = _callable(owner, above)
    if found is None:
        return []
    return [item for item in signature(found).parameters.values() if item.name != "self"]


def _arguments(item: Mapping[str, Any], above: tuple[str, ...]) -> list[str]:
    """Return the names of the arguments of the class in a mapping."""
    owner = _class_of(item, above)
    return [] if owner is None else [item.name for item in _parameters(owner, above)]


def _single(owner: str, above: tuple[str, ...]) -> str:
    """Return the argument that a value without a name is, as in ``Dropout: 0.5``."""
    parameters = _parameters(owner, above)
    positional = [item for item in parameters if item.kind is Parameter.POSITIONAL_OR_KEYWORD]
    required = [item for item in positional if item.default is Parameter.empty]
    found = required or positional
    if len(found) != 1:
        raise NoSuchPathError(f"{owner}: write its arguments by name, to vary one of them")
    return found[0].name


def _known(item: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths that lead somewhere."""
    if isinstance(item, list):
        for position, entry in enumerate(item):
            yield (*above, str(position))
            yield from _known(_opened(entry) if above == ("layers",) else entry, (*above, str(position)))
    elif isinstance(item, Mapping):
        owner = _class_of(item, above)
        inner = item if owner is None else item[owner]
        if owner is not None:
            yield from ((*above, name) for name in _arguments(item, above))
        if isinstance(inner, Mapping):
            for name, entry in inner.items():
                yield (*above, str(name))
                here = (*above, str(name))
                yield from _known(_opened(entry) if _is_object(here) else entry, here)
        if above == ("compile",):
            yield from ((*above, name) for name in COMPILED)
