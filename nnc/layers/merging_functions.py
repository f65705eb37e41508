"""Merging layers as functions of their inputs, in lower case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from nnc.layers.merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from nnc.layers.options import LayerOptions


def add(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Apply a new `Add` layer."""
    return Add(**options)(inputs)


def subtract(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Apply a new `Subtract` layer."""
    return Subtract(**options)(inputs)


def multiply(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Apply a new `Multiply` layer."""
    return Multiply(**options)(inputs)


def average(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Apply a new `Average` layer."""
    return Average(**options)(inputs)


def maximum(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Apply a new `Maximum` layer."""
    return Maximum(**options)(inputs)


def minimum(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Apply a new `Minimum` layer."""
    return Minimum(**options)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **options: Unpack[LayerOptions]) -> Any:
    """Apply a new `Concatenate` layer."""
    return Concatenate(axis, **options)(inputs)


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **options: Unpack[LayerOptions]) -> Any:
    """Apply a new `Dot` layer."""
    return Dot(axes, **options)(inputs)
