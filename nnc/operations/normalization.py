"""Operations that scale elements by what a mean, a variance or a norm of them is."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.movement import normalize_axis
from nnc.ir.ops.reduction import normalize_axes
from nnc.operations.data_formats import along_axes
from nnc.operations.elementwise import opposite
from nnc.operations.registry import operation
from nnc.settings import SETTINGS


@operation("BatchNorm", module="nn")
def batch_normalization(
    x: Value,
    mean: Value,
    variance: Value,
    offset: Value | None = None,
    scale: Value | None = None,
    *,
    axis: int,
    epsilon: float = 1e-3,
) -> Value:
    """Return (x - mean) / √(variance + epsilon) · scale + offset.

    Args:
        x: the operand.
        mean: of each channel.
        variance: likewise.
        offset: likewise; 0 by default.
        scale: likewise; 1 by default.
        axis: that of the channels.
        epsilon: added to the variance.
    """
    place = [normalize_axis(x, axis)]
    factor = 1.0 / ops.sqrt(variance + epsilon)
    if scale is not None:
        factor = factor * scale
    shift = -mean * factor if offset is None else offset - mean * factor
    return x * along_axes(factor, x, place) + along_axes(shift, x, place)


@operation("LayerNorm", module="nn")
def layer_normalization(
    x: Value,
    gamma: Value | None = None,
    beta: Value | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Value:
    """Return (x - mean) / √(variance + epsilon) · gamma + beta, with mean and variance over some axes.

    Args:
        x: the operand.
        gamma: numbers whose axes are those that are normalised; 1 by default.
        beta: likewise; 0 by default.
        axis: one axis or several.
        epsilon: added to the variance; `nnc.config.epsilon()` by default.
        rms_scaling: whether the mean is not taken off and beta is left out, which Keras deprecates.

    Raises:
        ModelError: x holds no floating-point numbers.
    """
    _check_floating("LayerNorm", x)
    axes = normalize_axes(x, axis)
    centered = x - ops.mean(x, axes, keepdims=True)
    factor = 1.0 / ops.sqrt(ops.mean(ops.square(centered), axes, keepdims=True) + _or_default(epsilon))
    found = (x if rms_scaling else centered) * factor
    if gamma is not None:
        found = found * along_axes(ops.cast(gamma, x.dtype), x, axes)
    if beta is None or rms_scaling:
        return found
    return found + along_axes(ops.cast(beta, x.dtype), x, axes)


@operation("RMSNorm", module="nn")
def rms_normalization(
    x: Value, scale: Value | None = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Value:
    """Return x / √(mean(x²) + epsilon) · scale, with the mean over some axes.

    Args:
        x: the operand.
        scale: broadcast against x; 1 by default.
        axis: one axis or several.
        epsilon: added to the mean; `nnc.config.epsilon()` by default.

    Raises:
        ModelError: x holds no floating-point numbers.
    """
    _check_floating("RMSNorm", x)
    squares = ops.mean(ops.square(x), normalize_axes(x, axis), keepdims=True)
    found = x * (1.0 / ops.sqrt(squares + _or_default(epsilon)))
    return found if scale is None else found * ops.cast(scale, x.dtype)


def _or_default(epsilon: float | None) -> float:
    return SETTINGS.epsilon if epsilon is None else epsilon


def _check_floating(what: str, x: Value) -> None:
    if not x.type.is_floating:
        raise ModelError(f"{what}: the operand must hold floating-point numbers, got {x.type}")


@operation("Norm", module="linalg", floats=True)
def norm(x: Value, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Value:
    """Return the norms of vectors along an axis, or of matrices along two.

    Args:
        x: the operand.
        ord: of vectors a number: the root of that order of the sum of powers, by default 2, and inf for the largest,
            -inf for the smallest absolute value, 0 for how many are not 0; of matrices ``fro``, the default, 1 for the
            largest sum of a column, inf for that of a row, and their negatives for the smallest.
        axis: one axis or two; all by default, however many they are where there is no order.
        keepdims: whether axes stay, with length 1.

    Raises:
        ModelError: there is no such order, or it asks for singular values.
    """
    axes = list(range(x.rank)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    axes = [normalize_axis(x, item) for item in axes]
    if len(axes) not in (1, 2):
        raise ModelError(f"Norm: axis must be one or two axes, got {axis!r} for {x.type}")
    if ord is None or ord == ("fro" if len(axes) == 2 else 2):
        return ops.sqrt(ops.sum(ops.square(x), axes, keepdims))
    if isinstance(ord, str) or (len(axes) == 2 and abs(ord) not in (1, inf)):
        known = "a number" if len(axes) == 1 else "'fro', 1, -1, inf or -inf: singular values are not supported"
        raise ModelError(f"Norm: ord must be {known}, got {ord!r}")
    sizes = ops.absolute(x)
    if len(axes) == 2:
        row, column = axes
        summed, chosen = (row, column) if abs(ord) == 1 else (column, row)
        found = _extreme(ops.sum(sizes, summed, keepdims=True), chosen, ord > 0)
    elif abs(ord) == inf:
        found = _extreme(sizes, axes[0], ord > 0)
    elif ord == 0:
        found = ops.sum(ops.where(ops.equal(x, 0.0), x.graph.constant(0.0, x.dtype), 1.0), axes, keepdims=True)
    else:
        found = ops.sum(sizes ** float(ord), axes, keepdims=True) ** (1.0 / ord)
    return found if keepdims else ops.reshape(found, [dim for at, dim in enumerate(x.shape) if at not in axes])


def _extreme(x: Value, axis: int, largest: bool) -> Value:
    if largest:
        return ops.max(x, axis, keepdims=True)
    return opposite(ops.max(opposite(x), axis, keepdims=True))
