"""Layer classes by name: nnc's own, and those a user registers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any, TypeVar, overload

from nnc.errors import ModelError, nearest
from nnc.identity import ObjectIdentity
from nnc.layers.base import Layer
from nnc.layers.families import ALIASES, CLASSES, UNLISTED
from nnc.registration import CustomObjectScope, known_objects

_REGISTERED: ContextVar[dict[str, type[Layer]] | None] = ContextVar("registered", default=None)
LayerClass = TypeVar("LayerClass", bound=type[Layer])


@overload
def register(cls: LayerClass) -> LayerClass: ...
@overload
def register(*, name: str) -> Callable[[LayerClass], LayerClass]: ...
def register(cls: Any = None, *, name: str | None = None) -> Any:
    """Let model files name a layer class of yours; use it as a decorator.

    >>> from nnc.layers import Layer, register
    >>> @register
    ... class Twice(Layer):
    ...     def call(self, x):
    ...         return x * 2.0
    """

    def add(item: Any) -> Any:
        if not (isinstance(item, type) and issubclass(item, Layer)):
            raise ModelError(f"only subclasses of nnc.layers.Layer can be registered, got {item!r}")
        _REGISTERED.set({**(_REGISTERED.get() or {}), name or item.__name__: item})
        return item

    return add if cls is None else add(cls)


@contextmanager
def known_classes(classes: Mapping[str, Any] | None) -> Iterator[None]:
    """Let model files name classes and functions of the user's inside the block.

    Args:
        classes: layer classes, losses, functions and so on by name, what Keras calls custom objects.

    Raises:
        ModelError: something is among them that is neither a class nor a function.
    """
    if not classes:
        yield
        return
    for name, item in classes.items():
        if not callable(item):
            raise ModelError(f"custom_objects: '{name}' must be a class or a function, got {item!r:.80}")
    token = _REGISTERED.set({**(_REGISTERED.get() or {}), **_layers_among(classes)})
    try:
        with CustomObjectScope({**known_objects(), **classes}):
            yield
    finally:
        _REGISTERED.reset(token)


def _layers_among(items: Mapping[str, Any]) -> dict[str, type[Layer]]:
    return {name: item for name, item in items.items() if isinstance(item, type) and issubclass(item, Layer)}


class LayerClasses(Mapping[str, type[Layer]]):
    """Layer classes by name; a class of nnc's is imported when it is looked up.

    Args:
        registered: the user's own, which come before nnc's.
    """

    def __init__(self, registered: Mapping[str, type[Layer]]) -> None:
        self._registered = registered
        self._names = dict.fromkeys([*CLASSES, *registered])

    def __getitem__(self, name: str) -> type[Layer]:
        if name in self._registered:
            return self._registered[name]
        own = ALIASES.get(name, name)
        module = UNLISTED.get(own) or CLASSES[own]
        found: type[Layer] = getattr(import_module(f"nnc.layers.{module}"), own)
        return found

    def is_registered(self, name: str) -> bool:
        """Return whether a name is that of a class of the user's."""
        return name in self._registered

    def registered_name(self, identity: ObjectIdentity) -> str | None:
        """Return the name by which the user has registered what takes the place of a class, None where nothing does."""
        return identity.name_among(self._registered)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def layer_classes() -> LayerClasses:
    """Return all layer classes by name; second names are found as well, but not listed."""
    return LayerClasses({**_layers_among(known_objects()), **(_REGISTERED.get() or {})})


def layer_class(name: str) -> type[Layer]:
    """Return a layer class by name.

    Raises:
        ModelError: there is none; the message has the nearest known name.
    """
    classes = layer_classes()
    try:
        return classes[name]
    except KeyError:
        raise ModelError(
            f"unknown layer {name!r}.{nearest(name, classes)} "
            f"Layers of your own: @nnc.layers.register class {name}(...)"
        ) from None
