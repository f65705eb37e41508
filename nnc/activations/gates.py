"""Activations that multiply x by a gate between 0 and 1."""

from __future__ import annotations

from math import pi, sqrt

from nnc.activations.sigmoids import hard_sigmoid
from nnc.activations.tensors import on_tensors
from nnc.errors import ShapeError
from nnc.ir import Value, ops
from nnc.ir.ops.reduction import single_axis


@on_tensors
def silu(x: Value) -> Value:
    """Return ``x · sigmoid(x)``, also called swish.

    P. Ramachandran, B. Zoph, Q. V. Le: Searching for activation functions, 2017, https://arxiv.org/abs/1710.05941
    """
    return x * ops.sigmoid(x)


@on_tensors
def hard_silu(x: Value) -> Value:
    """Return ``x · hard_sigmoid(x)``, also called hard swish.

    A. Howard and others: Searching for MobileNetV3, 2019, https://arxiv.org/abs/1905.02244
    """
    return x * hard_sigmoid(x)


@on_tensors
def gelu(x: Value, approximate: bool = False) -> Value:
    """Return x times the probability that a standard normal number is below x, or its approximation with tanh.

    D. Hendrycks, K. Gimpel: Gaussian error linear units (GELUs), 2016, https://arxiv.org/abs/1606.08415
    """
    if approximate:
        inner = x * (ops.square(x) * 0.044715 + 1.0) * sqrt(2.0 / pi)
        return x * 0.5 * (ops.tanh(inner) + 1.0)
    return x * 0.5 * (ops.erf(x * sqrt(0.5)) + 1.0)


@on_tensors
def mish(x: Value) -> Value:
    """Return ``x · tanh(softplus(x))``.

    D. Misra: Mish: a self regularized non-monotonic activation function, 2019, https://arxiv.org/abs/1908.08681
    """
    return x * ops.tanh(ops.softplus(x))


@on_tensors
def glu(x: Value, axis: int = -1) -> Value:
    """Return ``a · sigmoid(b)`` of the two halves a and b of x along an axis, which becomes half as long.

    Y. N. Dauphin, A. Fan, M. Auli, D. Grangier: Language modeling with gated convolutional networks, 2017,
    https://arxiv.org/abs/1612.08083

    Raises:
        ShapeError: the axis does not exist or its length is odd.
        SymbolError: the length of the axis is only known at run time.
    """
    axis = single_axis(x, axis)
    length = int(x.shape[axis])
    if length % 2:
        raise ShapeError(f"activation 'glu' halves axis {axis} of {x.type}, whose length {length} is odd")
    half = length // 2
    return ops.take(x, axis, 0, half) * ops.sigmoid(ops.take(x, axis, half, length))
