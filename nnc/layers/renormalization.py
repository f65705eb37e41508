"""Batch renormalisation: what batches are normalised by is drawn towards the means over all batches.

S. Ioffe, "Batch renormalization: towards reducing minibatch dependence in batch-normalized models", NIPS 2017,
https://arxiv.org/abs/1702.03275.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, sqrt
from typing import Any

import numpy

from nnc.checks import is_number
from nnc.errors import ModelError
from nnc.initializers import FunctionInitializer, Initializer
from nnc.ir import Value, ops
from nnc.layers.variable import Variable

LIMITS = ("rmax", "rmin", "dmax")


def check_clipping(where: str, key: str, value: Any) -> dict[str, float]:
    """Return the limits of the correction, None for none; `LIMITS` are their names.

    Raises:
        ModelError: a name is unknown, or limits are not numbers or contradict each other.
    """
    if value is not None and not isinstance(value, Mapping):
        raise ModelError(f"{where}: {key} must be a dictionary with {', '.join(LIMITS)}, got {value!r}")
    limits = dict(value or {})
    for name, limit in limits.items():
        if name not in LIMITS:
            raise ModelError(f"{where}: Received invalid keys for {key}, which has {', '.join(LIMITS)} only: {name!r}")
        if limit is not None and (not is_number(limit) or isnan(limit)):
            raise ModelError(f"{where}: {key}: {name} must be a number, got {limit!r}")
    high, low, shift = (limits.get(name) for name in LIMITS)
    if high is not None and low is not None and high < low:
        raise ModelError(f"{where}: {key}: rmax should be at least rmin, got {high!r} and {low!r}")
    if shift is not None and shift < 0:
        raise ModelError(f"{where}: {key}: dmax should be non-negative, got {shift!r}")
    return limits


def square_root_of(initializer: Initializer) -> Initializer:
    """Return an initializer whose numbers are the square roots of another's."""

    def root(shape: tuple[int, ...], dtype: str = "float32", generator: Any = None) -> Any:
        return numpy.sqrt(initializer(shape, dtype, generator))

    return FunctionInitializer(root)


def correction(
    mean: Value, deviation: Value, means: Variable, deviations: Variable, epsilon: float, limits: Mapping[str, Any]
) -> tuple[Value, Value]:
    """Return r and d, which make r · normalized + d of a batch that was normalised by its own statistics.

    No gradient goes through them.

    Args:
        mean: the mean of each channel in the batch, of shape (channels,).
        deviation: its standard deviation there.
        means: the means over the batches before.
        deviations: the standard deviations over these, not to be less than √epsilon.
        epsilon: what is added to variances.
        limits: what `check_clipping` returned.
    """
    least = ops.maximum(deviations, sqrt(epsilon))
    factor, shift = deviation / least, (mean - means) / least
    if limits.get("rmin") is not None:
        factor = ops.maximum(factor, float(limits["rmin"]))
    if limits.get("rmax") is not None:
        factor = ops.minimum(factor, float(limits["rmax"]))
    if limits.get("dmax") is not None:
        shift = ops.clip(shift, -float(limits["dmax"]), float(limits["dmax"]))
    return ops.stop_gradient(factor), ops.stop_gradient(shift)


def move(averages: Sequence[tuple[Variable, Value]], momentum: float) -> None:
    """Draw moving averages towards new numbers."""
    for average, value in averages:
        average.assign(average * momentum + value * (1.0 - momentum))
