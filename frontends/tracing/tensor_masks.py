"""Masks that Keras's layers read from the tensors that they are given, and take away from them."""

from __future__ import annotations

from inspect import signature
from typing import Any

MERGING = ("Maximum", "Minimum", "Multiply")
"""Layers that leave out what masks of their tensors leave out."""


def reads_masks(layer: Any, tensors: list[Any]) -> bool:
    """Whether what a layer computes follows from the masks that tensors have, without being given them.

    Args:
        layer: a layer of Keras's.
        tensors: what it is called with.
    """
    return type(layer).__name__ in MERGING and any(getattr(x, "_keras_mask", None) is not None for x in tensors)


def with_masks_of_tensors(
    keras: Any, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a layer, with the mask that ``MultiHeadAttention`` reads from its queries.

    That layer heeds no ``query_mask``, and takes the masks away from queries, values and keys.

    Args:
        keras: the package of the layer.
        layer: a layer of Keras's.
        args: its positional arguments.
        kwargs: its keywords.
    """
    if type(layer).__name__ != "MultiHeadAttention":
        return args, kwargs
    ops = keras.ops
    given = dict(signature(layer.call).bind(*args, **kwargs).arguments)
    mask, attention = getattr(given["query"], "_keras_mask", None), given.get("attention_mask")
    for name in ("query", "value", "key"):
        if hasattr(given.get(name), "_keras_mask"):
            given[name]._keras_mask = None
    given.pop("query_mask", None)
    if mask is not None:
        rows = ops.expand_dims(ops.cast(mask, "bool"), -1)
        given["attention_mask"] = rows if attention is None else ops.logical_and(ops.cast(attention, "bool"), rows)
    return (given.pop("query"), given.pop("value")), given
