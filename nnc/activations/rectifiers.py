"""Activations that pass what is positive and damp what is negative."""

from __future__ import annotations

from nnc.activations.tensors import on_tensors
from nnc.ir import Value, ops


@on_tensors
def relu(x: Value, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Value:
    """Return x above the threshold, limited to `max_value`, and ``negative_slope · (x - threshold)`` below.

    https://keras.io/api/layers/activations/#relu-function
    """
    if negative_slope == 0.0 and max_value is None and threshold == 0.0:
        return ops.relu(x)
    if max_value is None and threshold == 0.0:
        return leaky_relu(x, negative_slope)
    if threshold == 0.0 and max_value == 6.0:
        positive = relu6(x)
    else:
        positive = ops.relu(x) if threshold == 0.0 else ops.where(x > threshold, x, 0.0)
        if max_value is not None:
            positive = ops.clip(positive, 0.0, max_value)
    if negative_slope == 0.0:
        return positive
    return positive - ops.relu(threshold - x) * negative_slope


@on_tensors
def relu6(x: Value) -> Value:
    """Return x limited to 0 … 6; flat at both ends, as TensorFlow's.

    https://keras.io/api/layers/activations/#relu6-function
    """
    return ops.minimum(6.0, ops.relu(x))


@on_tensors
def leaky_relu(x: Value, negative_slope: float = 0.2) -> Value:
    """Return x where it is positive, otherwise ``negative_slope · x``; the slope at 0 is `negative_slope`.

    https://keras.io/api/layers/activations/#leakyrelu-function
    """
    if negative_slope == 0.0:
        return ops.relu(x)
    choose = ops.maximum if negative_slope <= 1.0 else ops.minimum
    return choose(x * negative_slope, x)


@on_tensors
def elu(x: Value, alpha: float = 1.0) -> Value:
    """Return x where it is positive, otherwise ``alpha · (exp(x) - 1)``.

    D.-A. Clevert, T. Unterthiner, S. Hochreiter: Fast and accurate deep network learning by exponential linear
    units (ELUs), 2016, https://arxiv.org/abs/1511.07289
    """
    negative = ops.expm1(ops.minimum(x, 0.0))
    return ops.relu(x) + (negative if alpha == 1.0 else negative * alpha)


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@on_tensors
def selu(x: Value) -> Value:
    """Return ``scale · x`` where x is positive, otherwise ``scale · alpha · (exp(x) - 1)``; the slope at 0 is `scale`.

    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter: Self-normalizing neural networks, 2017,
    https://arxiv.org/abs/1706.02515
    """
    negative = ops.expm1(ops.minimum(0.0, x))
    return ops.maximum(x, 0.0) * SELU_SCALE + negative * (SELU_SCALE * SELU_ALPHA)


@on_tensors
def celu(x: Value, alpha: float = 1.0) -> Value:
    """Return x where it is positive, otherwise ``alpha · (exp(x / alpha) - 1)``.

    J. T. Barron: Continuously differentiable exponential linear units, 2017, https://arxiv.org/abs/1704.07483
    """
    # As in Keras, both terms count at x = 0, so that the derivative there is 2 and not 1.
    return ops.maximum(x, 0.0) + ops.expm1(ops.minimum(x, 0.0) / alpha) * alpha


@on_tensors
def threshold(x: Value, threshold: float, default_value: float) -> Value:
    """Return x where it is above the threshold, otherwise `default_value`.

    https://keras.io/api/layers/activations/#threshold-function
    """
    return ops.where(x > threshold, x, default_value)
