"""Keras's initializers by name, and the way between initializers and their configs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, overload

import numpy

from nnc.errors import ModelError, nearest
from nnc.initializers.constant import Constant, Identity, Ones, Zeros
from nnc.initializers.initializer import FunctionInitializer, Initializer, takes_generator
from nnc.initializers.random import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling
from nnc.initializers.scaled import GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform

INITIALIZERS: Mapping[str, type[Initializer]] = MappingProxyType(
    {
        "Constant": Constant,
        "GlorotNormal": GlorotNormal,
        "GlorotUniform": GlorotUniform,
        "HeNormal": HeNormal,
        "HeUniform": HeUniform,
        "Identity": Identity,
        "IdentityInitializer": Identity,
        "LecunNormal": LecunNormal,
        "LecunUniform": LecunUniform,
        "Ones": Ones,
        "Orthogonal": Orthogonal,
        "OrthogonalInitializer": Orthogonal,
        "RandomNormal": RandomNormal,
        "RandomUniform": RandomUniform,
        "TruncatedNormal": TruncatedNormal,
        "VarianceScaling": VarianceScaling,
        "Zeros": Zeros,
        "constant": Constant,
        "glorot_normal": GlorotNormal,
        "glorot_uniform": GlorotUniform,
        "he_normal": HeNormal,
        "he_uniform": HeUniform,
        "identity": Identity,
        "lecun_normal": LecunNormal,
        "lecun_uniform": LecunUniform,
        "normal": RandomNormal,
        "one": Ones,
        "ones": Ones,
        "orthogonal": Orthogonal,
        "random_normal": RandomNormal,
        "random_uniform": RandomUniform,
        "truncated_normal": TruncatedNormal,
        "uniform": RandomUniform,
        "variance_scaling": VarianceScaling,
        "zero": Zeros,
        "zeros": Zeros,
    }
)
"""Every name that ``keras.initializers.get`` knows, but for the base class and ``STFT``."""


@overload
def get(identifier: None, custom_objects: Mapping[str, Any] | None = None) -> None: ...
@overload
def get(identifier: object, custom_objects: Mapping[str, Any] | None = None) -> Initializer: ...
def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Initializer | None:
    """Return an initializer; None stays None.

    Args:
        identifier: a name, a config of `serialize`, an `Initializer` or a subclass of it, an array, or a function of
            shape and dtype (and generator).
        custom_objects: the user's own initializers by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str | Mapping):
        return deserialize(identifier, custom_objects)
    if isinstance(identifier, numpy.ndarray):
        return FunctionInitializer(lambda shape, dtype: identifier)
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return get(identifier.from_config({}))
    if isinstance(identifier, Initializer) and takes_generator(identifier):
        return identifier
    if callable(identifier) and not isinstance(identifier, type):
        return FunctionInitializer(identifier)
    raise ModelError(
        f"an initializer must be a name, a config, an Initializer, an array or a function, got {identifier!r}"
    )


def serialize(initializer: Initializer) -> dict[str, Any]:
    """Return the initializer's config in Keras's form.

    Raises:
        ModelError: it is a function without a name to find it by.
    """
    if isinstance(initializer, FunctionInitializer):
        function = initializer.function
        if isinstance(function, Initializer):
            return serialize(function)
        name = getattr(function, "__name__", "<lambda>")
        if not name.isidentifier():
            raise ModelError("an initializer without a name cannot be saved; define it with 'def' or as a class")
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    cls = type(initializer)
    known = INITIALIZERS.get(cls.__name__) is cls
    return {
        "module": "keras.initializers" if known else cls.__module__,
        "class_name": cls.__name__,
        "config": initializer.get_config(),
        "registered_name": None if known else cls.__name__,
    }


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Initializer:
    """Return the initializer of a name or of a config of `serialize`; nothing is imported or executed.

    Args:
        config: a name, or a mapping with ``class_name`` and ``config``.
        custom_objects: the user's own initializers by name.

    Raises:
        ModelError: the name or an argument is unknown, or the config is malformed.
    """
    arguments: Any = {}
    name: Any = config
    if not isinstance(config, str):
        name, arguments = config.get("class_name"), config.get("config") or {}
        if name == "function":
            name, arguments = arguments, {}
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            raise ModelError(f"an initializer's config needs 'class_name' and 'config', got {dict(config)}")
    own = dict(custom_objects or {})
    found: object = own.get(name, INITIALIZERS.get(name))
    if found is None:
        raise ModelError(f"unknown initializer '{name}'.{nearest(name, [*INITIALIZERS, *own])}")
    if isinstance(found, type) and issubclass(found, Initializer):
        return get(found.from_config(arguments))
    if arguments:
        raise ModelError(f"initializer '{name}' takes no config, got {dict(arguments)}")
    return get(found)
