"""Arrays among the arguments of a call, as Keras writes them, and the constants that they are in a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import NUMERIC, Graph, Value

_CLASSES = ("__numpy__", "__tensor__")
_DTYPES = NUMERIC | {"bool"}


def with_constants(arguments: Any, graph: Graph) -> Any:
    """Return arguments, nested as they are, with constants instead of arrays.

    Args:
        arguments: lists, tuples and mappings; an array, as itself or as a mapping with the ``class_name``
            ``__numpy__`` or ``__tensor__`` and a ``config`` of its ``value`` and ``dtype``.
        graph: what the constants belong to.

    Raises:
        ModelError: an array has another element type, or its numbers do not fit.
    """
    if isinstance(arguments, list | tuple):
        parts = [with_constants(part, graph) for part in arguments]
        return parts if isinstance(arguments, list) else tuple(parts)
    if isinstance(arguments, numpy.ndarray):
        return _constant(arguments, arguments.dtype.name, graph)
    if not isinstance(arguments, Mapping):
        return arguments
    config = arguments.get("config")
    if arguments.get("class_name") not in _CLASSES or not isinstance(config, Mapping):
        return {key: with_constants(part, graph) for key, part in arguments.items()}
    return _constant(config.get("value"), config.get("dtype"), graph)


def array_config(array: Any) -> dict[str, Any]:
    """Return an array as Keras writes it."""
    return {"class_name": "__numpy__", "config": {"value": array.tolist(), "dtype": array.dtype.name}}


def _constant(given: Any, dtype: Any, graph: Graph) -> Value:
    if dtype not in _DTYPES:
        raise ModelError(f"a constant must be of element type {', '.join(sorted(_DTYPES))}, got {dtype!r}")
    try:
        return graph.constant(numpy.asarray(given), dtype)
    except (TypeError, ValueError) as error:
        raise ModelError(f"a constant must be nested lists of numbers, all of one length: {error}") from error
