"""``tensorflow.random``: its distributions, with numbers of nnc's own."""

from __future__ import annotations

from typing import Any

from nnc import random
from nnc.utils import set_random_seed

__all__ = ["categorical", "gamma", "normal", "set_seed", "shuffle", "truncated_normal", "uniform"]


def set_seed(seed: int) -> None:
    """Decide all numbers that are drawn from now on."""
    set_random_seed(seed)


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Return numbers of the normal distribution."""
    del name
    return random.normal(shape, mean, stddev, dtype, seed)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Return numbers of the normal distribution within two standard deviations."""
    del name
    return random.truncated_normal(shape, mean, stddev, dtype, seed)


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Return numbers of [minval, maxval), whole ones of an integer type."""
    del name
    if "int" in str(dtype):
        return random.randint(shape, minval, maxval, dtype, seed)
    return random.uniform(shape, minval, 1.0 if maxval is None else maxval, dtype, seed)


def categorical(logits: Any, num_samples: int, dtype: Any = "int64", seed: Any = None, name: Any = None) -> Any:
    """Return classes, drawn by their logits."""
    del name
    return random.categorical(logits, num_samples, "int64" if dtype is None else dtype, seed)


def shuffle(value: Any, seed: Any = None, name: Any = None) -> Any:
    """Return rows in random order."""
    del name
    return random.shuffle(value, 0, seed)


def gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Return numbers of the gamma distribution."""
    del name
    found = random.gamma(shape, alpha, dtype, seed)
    return found if beta is None else found / beta
