"""``tensorflow.math``."""

from __future__ import annotations

from typing import Any

from nnc import ops
from nnc.tensorflow import (
    abs,
    add,
    add_n,
    argmax,
    argmin,
    cos,
    cumsum,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    not_equal,
    pow,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    round,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    tanh,
)
from nnc.tensorflow.reductions import reduce_std, reduce_variance
from nnc.tensorflow.signatures import renamed

__all__ = [
    "abs",
    "add",
    "add_n",
    "argmax",
    "argmin",
    "ceil",
    "cos",
    "cumprod",
    "cumsum",
    "divide",
    "divide_no_nan",
    "equal",
    "erf",
    "exp",
    "floor",
    "greater",
    "greater_equal",
    "is_nan",
    "l2_normalize",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "multiply",
    "not_equal",
    "pow",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "square",
    "subtract",
    "tanh",
    "top_k",
]

ceil = renamed(ops.ceil, "x")
divide_no_nan = renamed(ops.divide_no_nan, "x", "y")
erf = renamed(ops.erf, "x")
is_nan = renamed(ops.isnan, "x")
log = renamed(ops.log, "x")
log1p = renamed(ops.log1p, "x")
rsqrt = renamed(ops.rsqrt, "x")
softplus = renamed(ops.softplus, "features")
top_k = renamed(ops.top_k, "input", k=1, sorted=True)


def cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """Return products of what stands before each element along an axis, and of itself unless it is exclusive."""
    del name
    turned = ops.flip(x, axis) if reverse else x
    if exclusive:
        rank = len(ops.shape(turned))
        widths = [(1, 0) if place == axis % rank else (0, 0) for place in range(rank)]
        padded = ops.pad(turned, widths, "constant", 1)
        count = ops.shape(turned)[axis]
        turned = padded[tuple(slice(0, count) if place == axis % rank else slice(None) for place in range(rank))]
    found = ops.cumprod(turned, axis)
    return ops.flip(found, axis) if reverse else found


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: Any = None) -> Any:
    """Return vectors of length 1, by default the whole tensor as one."""
    del name
    axes = tuple(axis) if isinstance(axis, list) else axis
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axes, keepdims=True), epsilon))
