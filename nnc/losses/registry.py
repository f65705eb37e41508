"""Keras's losses by name, and the way between losses and their configs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from nnc.errors import ModelError
from nnc.identity import ObjectIdentity
from nnc.ir import Value
from nnc.losses.loss import Loss, LossFunctionWrapper
from nnc.losses.measure import FunctionMeasure, Masked
from nnc.objects import Kind, Registry, function_config, is_function, split_config
from nnc.registration import known_objects

LossFunction = Callable[..., Value | Masked]
"""A function of targets and output, and of settings that have defaults."""

LOSSES: Mapping[str, type[Loss]] = MappingProxyType(dict(sorted(Loss.registered.items())))
"""Every name that ``keras.losses.get`` knows for these classes, and those of Keras 2."""

FUNCTIONS: Mapping[str, LossFunction] = MappingProxyType(
    {cls.function.__name__: cls.function for cls in LOSSES.values() if issubclass(cls, FunctionMeasure)}
)
"""The functions that losses are made of."""

_BY_TARGET = frozenset({"crossentropy", "ce"})


class MeasureRegistry(Registry[Kind]):
    """Losses or metrics by name; the config of one that wraps a function has the function's name."""

    wrapper: ClassVar[type[Any]]
    functions: ClassVar[Mapping[str, LossFunction]]

    def serialize(self, item: Any) -> dict[str, Any]:
        """Return the config of a loss or metric, or of a function of targets and output; see `Registry.serialize`."""
        if is_function(item) and not isinstance(item, self.base):
            return function_config(item, f"{self.noun} {item!r}", self.functions.get)
        return super().serialize(item)

    def deserialize(self, config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Kind:
        """Return the loss or metric of a name or of a config of `serialize`; see `Registry.deserialize`."""
        own = known_objects(custom_objects)
        identity, arguments = split_config(config, f"a {self.noun}")
        if identity.name != self.wrapper.__name__ or identity.name_among(own) is not None or not identity.is_keras:
            return super().deserialize(config, own)
        function = given = arguments.get("fn")
        if isinstance(given, str | Mapping):
            measure, _ = split_config(given, f"the function of a {self.noun}")
            known, given = measure.name_among(own), measure.name
            function = own[known] if known is not None else self.functions.get(given) if measure.is_keras else None
        if not callable(function):
            raise ModelError(f"unknown {self.noun} function {given!r}; give it in custom_objects")
        wrapped: Kind = self.wrapper.from_config(arguments | {"fn": function})
        return wrapped


class _Losses(MeasureRegistry[Loss]):
    wrapper = LossFunctionWrapper
    functions = FUNCTIONS

    def adapt(self, item: Any) -> Loss | None:
        if isinstance(item, Loss) or not is_function(item):
            return super().adapt(item)
        name = getattr(item, "__name__", "")
        return LOSSES[name]() if FUNCTIONS.get(name) is item else LossFunctionWrapper(item)

    def create(self, name: str, cls: Any, arguments: Mapping[str, Any]) -> Any:
        is_alias = name != cls.__name__ and LOSSES.get(name) is cls
        return super().create(name, cls, {"name": name, **arguments} if is_alias else arguments)

    def unknown(self, name: str, known: Iterable[str]) -> str:
        if name.lower() not in _BY_TARGET:
            return super().unknown(name, known)
        return (
            f"loss '{name}' depends on the targets, which are not known here; use 'binary_crossentropy' for one unit,"
            " 'categorical_crossentropy' for one-hot targets or 'sparse_categorical_crossentropy' for class indices"
        )


_REGISTRY = _Losses("loss", Loss, LOSSES, "keras.losses", "a Loss or a function of (y_true, y_pred)")
as_loss = _REGISTRY.get
"""Returns the loss that a name, a config, a class or a function means in `compile`."""
serialize = _REGISTRY.serialize


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return what Keras's does: a loss, or the function itself where it is one's name, such as ``mse``.

    Args:
        identifier: a name, a config of `serialize`, a `Loss` or a subclass of it, a function, or None.
        custom_objects: the user's own losses and functions by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    if identifier is None or (is_function(identifier) and not isinstance(identifier, Loss)):
        return identifier
    if isinstance(identifier, str | Mapping):
        return deserialize(identifier, custom_objects)
    return as_loss(identifier)


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the loss, or the function, of a name or of a config of `serialize`.

    Args:
        config: the name, or the config.
        custom_objects: the user's own losses and functions by name.

    Raises:
        ModelError: the name is unknown, or the config is malformed.
    """
    identity, arguments = split_config(config, "a loss")
    if not arguments and (isinstance(config, str) or identity.is_function):
        own = known_objects(custom_objects)
        known = identity.name_among(own)
        found = _keras_function(identity) if known is None else own[known]
        if is_function(found) and not isinstance(found, Loss):
            return found
    return _REGISTRY.deserialize(config, custom_objects)


def _keras_function(identity: ObjectIdentity) -> Any:
    cls = LOSSES.get(identity.name) if identity.is_keras else None
    return None if cls is None or cls.__name__ == identity.name else getattr(cls, "function", None)
