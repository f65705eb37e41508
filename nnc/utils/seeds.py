"""The seed of everything random, and the generator that it seeds."""

from __future__ import annotations

from contextvars import ContextVar

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
