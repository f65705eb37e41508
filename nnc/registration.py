"""A user's own classes and functions by the names that configs and files may call them, Keras's custom objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from nnc.errors import ModelError

ItemT = TypeVar("ItemT")
_OBJECTS: dict[str, Any] = {}
_NAMES: dict[Any, str] = {}
_SCOPE: ContextVar[Mapping[str, Any] | None] = ContextVar("scope", default=None)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[ItemT], ItemT]:
    """Return a decorator that registers a class or a function as ``package>name``, for configs and files to name it.

    >>> @register_keras_serializable("my_package")
    ... def squared(x):
    ...     return x * x
    >>> get_registered_name(squared), get_registered_object("my_package>squared") is squared
    ('my_package>squared', True)

    Args:
        package: whose it is.
        name: its name; by default that in the code.

    Raises:
        ModelError: it is a class without `get_config`.
    """

    def register(item: ItemT) -> ItemT:
        own: Any = item
        if isinstance(item, type) and not hasattr(item, "get_config"):
            raise ModelError(f"Cannot register a class that does not have a get_config() method: {item.__name__}")
        registered_name = f"{package}>{own.__name__ if name is None else name}"
        _OBJECTS[registered_name] = item
        _NAMES[item] = registered_name
        return item

    return register


class CustomObjectScope:
    """A block in which configs and files may name classes and functions of the user's.

    Args:
        custom_objects: the classes and functions by name.
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._token: Token[Mapping[str, Any] | None] | None = None

    def __enter__(self) -> CustomObjectScope:
        self._token = _SCOPE.set(dict(self.custom_objects))
        return self

    def __exit__(self, *exception: object) -> None:
        if self._token is not None:
            _SCOPE.reset(self._token)


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """Return the registered classes and functions by name: the dictionary itself, which may be changed."""
    return _OBJECTS


def get_registered_name(obj: Any) -> str:
    """Return the name that a class or a function is registered by, or else its own.

    Args:
        obj: the class or function.
    """
    try:
        registered = _NAMES.get(obj)
    except TypeError:  # it has no hash, so nobody has registered it
        registered = None
    return obj.__name__ if registered is None else registered


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the class or function of a name, None where there is none.

    Args:
        name: the name.
        custom_objects: further ones by name, after those of the scope and the registered ones.
        module_objects: further ones, after these.
    """
    for known in (_SCOPE.get(), _OBJECTS, custom_objects, module_objects):
        if known and name in known:
            return known[name]
    return None


def known_objects(custom_objects: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return all objects of the user's by name: given ones, those of the scope, which come before, and the registered.

    Args:
        custom_objects: given ones.
    """
    scope = _SCOPE.get()
    if not scope and not _OBJECTS:
        return custom_objects or {}
    return {**(custom_objects or {}), **(scope or {}), **_OBJECTS}
