"""The inputs of a live model: which of their unknown lengths are the same, and how they are nested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nnc.layers import SymbolicTensor
from nnc.layers.lengths import equate

GROUPINGS: tuple[Callable[[str], str], ...] = (
    lambda name: name,
    lambda name: name.partition("_")[0] if name.startswith(("encoder", "decoder")) else "",
    lambda name: "",
)
"""Inputs whose axes of unknown length are the same: none; those of an encoder, those of a decoder; all."""


def equate_groups(inputs: Sequence[tuple[Any, SymbolicTensor]], groups: Sequence[str]) -> None:
    """Let axes of inputs of one group that have the same number have the same length."""
    first: dict[tuple[str, int], Any] = {}
    for (spec, tensor), group in zip(inputs, groups, strict=True):
        for axis, dim in enumerate(tuple(spec.shape)):
            if axis and dim is None:
                found = tensor.type.shape[axis]
                if (group, axis) in first:
                    equate(first[group, axis], found)
                first.setdefault((group, axis), found)


def packed_like(structure: Any, remaining: Iterator[Any], kind: type[Any]) -> Any:
    """Return tensors nested as a model's inputs are; Keras counts those in a dictionary in the order of its keys.

    Args:
        structure: the nest, with tensors of `kind` as leaves.
        remaining: the tensors, in order.
        kind: Keras's class of symbolic tensors.
    """
    if isinstance(structure, kind):
        return next(remaining)
    if isinstance(structure, dict):
        return {key: packed_like(structure[key], remaining, kind) for key in sorted(structure)}
    if isinstance(structure, list | tuple):
        items = [packed_like(item, remaining, kind) for item in structure]
        return items if isinstance(structure, list) else tuple(items)
    return structure


def named_shapes(item: Any, name: str | None = None) -> list[tuple[tuple[Any, ...], str | None]]:
    """Return the shapes in a nest of shapes, from left to right, each with the key of the dictionary that it is in."""
    if _is_shape(item):
        return [(tuple(item), name)]
    parts: list[tuple[Any, str | None]]
    if isinstance(item, dict):
        parts = [(item[key], str(key)) for key in sorted(item)]
    else:
        parts = [(part, name) for part in item] if isinstance(item, list | tuple) else []
    return [found for part, key in parts for found in named_shapes(part, key)]


def packed_by_shapes(item: Any, remaining: Iterator[Any]) -> Any:
    """Return tensors nested as shapes are, in the order of `named_shapes`."""
    if _is_shape(item):
        return next(remaining)
    if isinstance(item, dict):
        return {key: packed_by_shapes(item[key], remaining) for key in sorted(item)}
    found = [packed_by_shapes(part, remaining) for part in item]
    return found if isinstance(item, list) else tuple(found)


def _is_shape(item: Any) -> bool:
    return isinstance(item, list | tuple) and bool(item) and all(dim is None or isinstance(dim, int) for dim in item)
