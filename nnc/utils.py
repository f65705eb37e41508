"""Helpers that Keras keeps in ``keras.utils``."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy

_GENERATOR: ContextVar[numpy.random.Generator | None] = ContextVar("generator", default=None)


def set_random_seed(seed: int) -> None:
    """Seed initial weights, dropout and the order of samples of everything that follows.

    Args:
        seed: a whole number of at least 0.
    """
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
    """
    indices = numpy.asarray(x, int)
    if indices.ndim > 1 and indices.shape[-1] == 1:
        indices = indices[..., 0]
    classes = int(indices.max()) + 1 if num_classes is None else num_classes
    return numpy.eye(classes, dtype="float32")[indices]
