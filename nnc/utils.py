"""Helpers that Keras keeps in ``keras.utils``."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy

from nnc.errors import DataError

_GENERATOR: ContextVar[numpy.random.Generator | None] = ContextVar("generator", default=None)


def set_random_seed(seed: int) -> None:
    """Seed initial weights, dropout and the order of samples of everything that follows.

    Args:
        seed: a whole number of at least 0.

    Raises:
        DataError: it is none.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | numpy.integer) or seed < 0:
        raise DataError(f"set_random_seed: the seed must be a whole number of at least 0, got {seed!r}")
    _GENERATOR.set(numpy.random.default_rng(seed))


def random_generator() -> numpy.random.Generator:
    """Return the generator that seeds everything random; seeded with 0 until somebody seeds it."""
    generator = _GENERATOR.get()
    if generator is None:
        set_random_seed(0)
        generator = _GENERATOR.get()
        assert generator is not None
    return generator


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Return class indices as rows of zeros with a one.

    Args:
        x: whole numbers of any shape.
        num_classes: length of a row, by default the largest index + 1.

    Returns:
        An array of the shape of `x` (without a last axis of length 1) and a last axis of `num_classes`.

    Raises:
        DataError: there is no index, or one is out of range.

    >>> to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    indices = numpy.asarray(x, int)
    if indices.ndim > 1 and indices.shape[-1] == 1:
        indices = indices[..., 0]
    if indices.size == 0:
        raise DataError("to_categorical: there are no class indices")
    classes = int(indices.max()) + 1 if num_classes is None else int(num_classes)
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= classes:
        raise DataError(f"to_categorical: class indices must be 0 … {classes - 1}, got {low if low < 0 else high}")
    return numpy.eye(classes, dtype="float32")[indices]
