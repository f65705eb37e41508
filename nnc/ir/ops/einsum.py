"""Products in Einstein's notation, as transposes, reshapes and one matrix product."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from nnc.errors import ShapeError
from nnc.ir import Dim, Value
from nnc.ir.ops.matmul import matmul
from nnc.ir.ops.movement import reshape, transpose
from nnc.ir.ops.reduction import sum

_EQUATION = re.compile(r"(?P<x>[a-zA-Z.]+),(?P<y>[a-zA-Z.]+)->(?P<z>[a-zA-Z.]*)")
_ELLIPSIS = "..."


def einsum(equation: str, x: Any, y: Any) -> Value:
    """Return the product of two values in Einstein's notation, such as ``ab,bc->ac``.

    A letter is an axis; letters of both operands that the result lacks are summed over. ``...`` stands for axes
    without a letter, the last of which belong together; they do not broadcast.

    Raises:
        ShapeError: the equation is none, or does not fit the operands.
    """
    if not isinstance(x, Value) or not isinstance(y, Value):
        like = x if isinstance(x, Value) else y
        x, y = like.graph.as_value(x, like=like), like.graph.as_value(y, like=like)
    found = _EQUATION.fullmatch(equation.replace(" ", ""))
    if found is None:
        raise ShapeError(f"einsum needs an equation of two operands such as 'ab,bc->ac', got '{equation}'")
    dims: dict[str, Dim] = {}
    first, second = (_labels(found[key], value, dims, equation) for key, value in (("x", x), ("y", y)))
    dotted = sorted((label for label in dims if not label.isalpha()), reverse=True)
    wanted = _split(found["z"], dotted)
    if len(set(wanted)) < len(wanted) or not set(wanted) <= set(dims):
        raise ShapeError(f"einsum '{equation}': each axis of the result must be one axis of an operand")
    x, first = _summed(x, first, {*second, *wanted})
    y, second = _summed(y, second, {*first, *wanted})
    batch = [label for label in wanted if label in first and label in second]
    inner = [label for label in first if label in second and label not in wanted]
    left = [label for label in wanted if label in first and label not in batch]
    right = [label for label in wanted if label in second and label not in batch]
    if [*batch, *right, *left] == wanted and left and right:  # then the result needs no transpose
        x, y, first, second, left, right = y, x, second, first, right, left
    rows = [[label] for label in left] if left and not batch else [left]
    x = _arranged(x, first, batch, [*rows, inner])
    y = _arranged(y, second, batch, [inner, right])
    found_labels = [*batch, *left, *right]
    product = reshape(matmul(x, y), [dims[label] for label in found_labels])
    return transpose(product, [found_labels.index(label) for label in wanted])


def _labels(text: str, value: Value, dims: dict[str, Dim], equation: str) -> list[str]:
    """Return a label per axis of an operand, and note the lengths; ``...`` gives labels with a dot."""
    letters = len(text.replace(_ELLIPSIS, ""))
    elided = value.rank - letters
    has_ellipsis = _ELLIPSIS in text
    if elided < 0 or (elided > 0 and not has_ellipsis):
        raise ShapeError(f"einsum '{equation}': '{text}' does not fit {value.type}")
    labels = _split(text, [f".{number:02}" for number in reversed(range(elided))] if has_ellipsis else [])
    if len(set(labels)) < len(labels) or any("." in label and len(label) == 1 for label in labels):
        raise ShapeError(f"einsum '{equation}': '{text}' must name each axis once")
    for label, dim in zip(labels, value.shape, strict=True):
        if dims.setdefault(label, dim) != dim:
            raise ShapeError(f"einsum '{equation}': axis '{label}' is both {dims[label]} and {dim} long")
    return labels


def _split(text: str, dotted: Sequence[str]) -> list[str]:
    before, ellipsis, after = text.partition(_ELLIPSIS)
    return [*before, *(dotted if ellipsis else ()), *after]


def _summed(value: Value, labels: list[str], kept: set[str]) -> tuple[Value, list[str]]:
    axes = [axis for axis, label in enumerate(labels) if label not in kept]
    return (sum(value, axes) if axes else value), [label for label in labels if label in kept]


def _arranged(value: Value, labels: list[str], batch: list[str], groups: list[list[str]]) -> Value:
    """Return the value with its axes in the order of the labels, and each group joined to one axis."""
    order = [*batch, *(label for group in groups for label in group)]
    value = transpose(value, [labels.index(label) for label in order])
    shape: list[Dim] = list(value.shape[: len(batch)])
    start = len(batch)
    for group in groups:
        length: Dim = 1
        for dim in value.shape[start : start + len(group)]:
            length = length * dim
        shape.append(length)
        start += len(group)
    return reshape(value, shape)
