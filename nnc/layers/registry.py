"""Layer classes by name: nnc's own, and those a user registers."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar, overload

from nnc.errors import ModelError, nearest
from nnc.layers.base import Layer

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


def layer_classes() -> dict[str, type[Layer]]:
    """Return all layer classes by name."""
    from nnc import layers

    own = {name: getattr(layers, name) for name in layers.__all__}
    classes = {name: item for name, item in own.items() if isinstance(item, type) and issubclass(item, Layer)}
    classes.pop("Layer", None)
    return classes | (_REGISTERED.get() or {})


def layer_class(name: str) -> type[Layer]:
    """Return a layer class by name.

    Raises:
        ModelError: there is none; the message has the nearest known name.
    """
    classes = layer_classes()
    if name not in classes:
        raise ModelError(
            f"unknown layer {name!r}.{nearest(name, classes)} "
            f"Layers of your own: @nnc.layers.register class {name}(...)"
        )
    return classes[name]
