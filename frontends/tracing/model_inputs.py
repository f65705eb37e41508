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


def flat_shapes(item: Any) -> list[tuple[Any, ...]]:
    """Return the shapes in a nest of shapes, from left to right."""
    if isinstance(item, list | tuple) and item and all(dim is None or isinstance(dim, int) for dim in item):
        return [tuple(item)]
    parts = item.values() if isinstance(item, dict) else item if isinstance(item, list | tuple) else ()
    return [shape for part in parts for shape in flat_shapes(part)]
