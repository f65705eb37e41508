"""Objects as plain data and back; `nnc.saving` does the work."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any


def serialize_keras_object(obj: Any) -> Any:
    """Return an object as plain data; see `nnc.saving.serialize_keras_object`.

    Args:
        obj: the object.

    Raises:
        ModelError: it cannot be serialised.
    """
    return import_module("nnc.saving").serialize_keras_object(obj)


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """Return the object of plain data; see `nnc.saving.deserialize_keras_object`.

    Args:
        config: the data.
        custom_objects: the user's own classes and functions by name.
        safe_mode: makes no difference, as no code is ever run.
        kwargs: ``module_objects``, further classes and functions by name.

    Raises:
        ModelError: a name is unknown, or the data are malformed.
    """
    return import_module("nnc.saving").deserialize_keras_object(config, custom_objects, safe_mode, **kwargs)
