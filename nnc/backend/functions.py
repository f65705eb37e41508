"""Functions of tensors as ``keras.backend`` had them in Keras 2, made of those of `nnc.ops`."""

from __future__ import annotations

from math import prod as product
from typing import Any

from nnc import ops
from nnc.backend.arrays import dtype
from nnc.errors import ModelError
from nnc.settings import SETTINGS

__all__ = [
    "abs",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "batch_flatten",
    "binary_crossentropy",
    "cast",
    "cast_to_floatx",
    "categorical_crossentropy",
    "clip",
    "concatenate",
    "cos",
    "cumprod",
    "cumsum",
    "dot",
    "elu",
    "equal",
    "exp",
    "expand_dims",
    "flatten",
    "gather",
    "greater",
    "greater_equal",
    "hard_sigmoid",
    "l2_normalize",
    "less",
    "less_equal",
    "log",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "ndim",
    "not_equal",
    "one_hot",
    "permute_dimensions",
    "pow",
    "prod",
    "relu",
    "repeat",
    "repeat_elements",
    "reshape",
    "reverse",
    "round",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "sum",
    "switch",
    "tanh",
    "tile",
    "transpose",
    "var",
]


def abs(x: Any) -> Any:
    """Return absolute numbers."""
    return ops.abs(x)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Any:
    """Return numbers from a start up to a stop."""
    return ops.arange(start, stop, step, dtype)


def argmax(x: Any, axis: Any = -1) -> Any:
    """Return the places of the largest numbers along an axis."""
    return ops.cast(ops.argmax(x, axis), "int64")


def argmin(x: Any, axis: Any = -1) -> Any:
    """Return the places of the smallest numbers along an axis."""
    return ops.cast(ops.argmin(x, axis), "int64")


def cast(x: Any, dtype: Any) -> Any:
    """Return x in another element type."""
    return ops.cast(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    """Return x in the element type of floating-point numbers."""
    return ops.cast(x, SETTINGS.floatx)


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """Return x with nothing below one number or above another."""
    return ops.clip(x, min_value, max_value)


def concatenate(tensors: Any, axis: Any = -1) -> Any:
    """Return tensors one behind the other along an axis."""
    return ops.concatenate(tensors, axis)


def cos(x: Any) -> Any:
    """Return cosines."""
    return ops.cos(x)


def cumprod(x: Any, axis: Any = 0) -> Any:
    """Return products of what is up to each place along an axis."""
    return ops.cumprod(x, axis)


def cumsum(x: Any, axis: Any = 0) -> Any:
    """Return sums of what is up to each place along an axis."""
    return ops.cumsum(x, axis)


def equal(x: Any, y: Any) -> Any:
    """Return where two tensors are equal."""
    return ops.equal(x, y)


def exp(x: Any) -> Any:
    """Return powers of e."""
    return ops.exp(x)


def expand_dims(x: Any, axis: Any = -1) -> Any:
    """Return x with a new axis of length 1."""
    return ops.expand_dims(x, axis)


def flatten(x: Any) -> Any:
    """Return all elements in a row."""
    return ops.reshape(x, (-1,))


def gather(reference: Any, indices: Any) -> Any:
    """Return the rows at some places."""
    return ops.take(reference, indices, axis=0)


def greater(x: Any, y: Any) -> Any:
    """Return where x is the larger one."""
    return ops.greater(x, y)


def greater_equal(x: Any, y: Any) -> Any:
    """Return where x is not the smaller one."""
    return ops.greater_equal(x, y)


def less(x: Any, y: Any) -> Any:
    """Return where x is the smaller one."""
    return ops.less(x, y)


def less_equal(x: Any, y: Any) -> Any:
    """Return where x is not the larger one."""
    return ops.less_equal(x, y)


def log(x: Any) -> Any:
    """Return natural logarithms."""
    return ops.log(x)


def max(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the largest numbers over axes."""
    return ops.max(x, axis, keepdims)


def maximum(x: Any, y: Any) -> Any:
    """Return the larger one of two, place by place."""
    return ops.maximum(x, y)


def min(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the smallest numbers over axes."""
    return ops.min(x, axis, keepdims)


def minimum(x: Any, y: Any) -> Any:
    """Return the smaller one of two, place by place."""
    return ops.minimum(x, y)


def ndim(x: Any) -> Any:
    """Return the number of axes."""
    return len(x.shape)


def not_equal(x: Any, y: Any) -> Any:
    """Return where two tensors differ."""
    return ops.not_equal(x, y)


def one_hot(indices: Any, num_classes: Any) -> Any:
    """Return rows with a 1 at the place that each index says."""
    return ops.one_hot(indices, num_classes)


def permute_dimensions(x: Any, pattern: Any) -> Any:
    """Return x with its axes in another order."""
    return ops.transpose(x, pattern)


def prod(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return products over axes."""
    return ops.prod(x, axis, keepdims)


def reshape(x: Any, shape: Any) -> Any:
    """Return x in another shape."""
    return ops.reshape(x, shape)


def round(x: Any) -> Any:
    """Return the nearest whole numbers, of two the even one."""
    return ops.round(x)


def shape(x: Any) -> Any:
    """Return the shape."""
    return ops.shape(x)


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + exp(-x))."""
    return ops.sigmoid(x)


def sign(x: Any) -> Any:
    """Return signs."""
    return ops.sign(x)


def sin(x: Any) -> Any:
    """Return sines."""
    return ops.sin(x)


def softmax(x: Any, axis: Any = -1) -> Any:
    """Return exponentials as shares of their sum along an axis."""
    return ops.softmax(x, axis)


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x))."""
    return ops.softplus(x)


def softsign(x: Any) -> Any:
    """Return x / (1 + |x|)."""
    return ops.softsign(x)


def square(x: Any) -> Any:
    """Return squares."""
    return ops.square(x)


def squeeze(x: Any, axis: Any) -> Any:
    """Return x without an axis of length 1."""
    return ops.squeeze(x, axis)


def stack(x: Any, axis: Any = 0) -> Any:
    """Return tensors side by side along a new axis."""
    return ops.stack(x, axis)


def stop_gradient(variables: Any) -> Any:
    """Return a tensor as it is, through which no gradient passes."""
    return ops.stop_gradient(variables)


def sum(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return sums over axes."""
    return ops.sum(x, axis, keepdims)


def tanh(x: Any) -> Any:
    """Return hyperbolic tangents."""
    return ops.tanh(x)


def tile(x: Any, n: Any) -> Any:
    """Return x so many times along each axis."""
    return ops.tile(x, n)


def transpose(x: Any) -> Any:
    """Return x with its axes in the opposite order."""
    return ops.transpose(x)


def all(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return whether all elements over axes are true."""
    return ops.all(ops.cast(x, "bool"), axis, keepdims)


def any(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return whether one element over axes is true."""
    return ops.any(ops.cast(x, "bool"), axis, keepdims)


def mean(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return means over axes; those of whole numbers would be whole, and are refused.

    Raises:
        ModelError: x has whole numbers.
    """
    return ops.mean(_floating("mean", x), axis, keepdims)


def var(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return variances over axes."""
    return ops.var(_floating("var", x), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return standard deviations over axes."""
    return ops.std(_floating("std", x), axis, keepdims)


def _floating(name: str, x: Any) -> Any:
    if dtype(x) == "bool":
        return ops.cast(x, SETTINGS.floatx)
    if not dtype(x).startswith("float"):
        raise ModelError(f"backend.{name}: in Keras what comes of whole numbers is whole; cast them to floats before")
    return x


def sqrt(x: Any) -> Any:
    """Return square roots, of negative numbers that of 0."""
    return ops.sqrt(ops.maximum(x, 0.0))


def pow(x: Any, a: Any) -> Any:
    """Return powers."""
    return ops.power(x, a)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """Return x, and alpha (exp(x) - 1) where it is negative."""
    return ops.elu(x, alpha)


def hard_sigmoid(x: Any) -> Any:
    """Return 0.2 x + 0.5 between 0 and 1."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def relu(x: Any, alpha: Any = 0.0, max_value: Any = None, threshold: Any = 0.0) -> Any:
    """Return x above a threshold, and alpha (x - threshold) below it; nothing above a largest number."""
    found = ops.where(ops.greater(x, threshold), x, ops.zeros_like(x))
    if max_value is not None:
        found = ops.clip(found, 0.0, max_value)
    return found if alpha == 0.0 else found - alpha * ops.relu(threshold - x)


def dot(x: Any, y: Any) -> Any:
    """Return products of matrices: sums over the last axis of x and the last but one of y."""
    return ops.dot(x, y)


def batch_flatten(x: Any) -> Any:
    """Return the elements of each row in a row."""
    return ops.reshape(x, (-1, product(x.shape[1:])))


def repeat(x: Any, n: Any) -> Any:
    """Return each row of a matrix n times along a new axis."""
    if ndim(x) != 2:
        raise ModelError(f"backend.repeat takes a matrix, got {ndim(x)} axes")
    return ops.repeat(ops.expand_dims(x, 1), n, axis=1)


def repeat_elements(x: Any, rep: Any, axis: Any) -> Any:
    """Return each element so many times along an axis."""
    return ops.repeat(x, rep, axis=axis)


def reverse(x: Any, axes: Any) -> Any:
    """Return x the other way round along axes."""
    return ops.flip(x, axes if isinstance(axes, int) else tuple(axes))


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """Return x divided by its norm along an axis."""
    return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis, True), 1e-12))


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one of two tensors, place by place where the condition has places; its axes are the first ones."""
    first, second = (item() if callable(item) else item for item in (then_expression, else_expression))
    condition = ops.cast(condition, "bool")
    missing = ndim(first) - ndim(condition)
    if missing < 0:
        raise ModelError(f"backend.switch: the condition has {ndim(condition)} axes, the tensors have {ndim(first)}")
    for _ in range(missing if ndim(condition) else 0):
        condition = ops.expand_dims(condition, -1)
    return ops.where(condition, first, second)


def binary_crossentropy(target: Any, output: Any, from_logits: Any = False) -> Any:
    """Return the crossentropy of each number."""
    if from_logits:
        return ops.binary_crossentropy(target, output, from_logits=True)
    output = ops.clip(output, SETTINGS.epsilon, 1.0 - SETTINGS.epsilon)
    return -(target * ops.log(output + SETTINGS.epsilon) + (1 - target) * ops.log(1 - output + SETTINGS.epsilon))


def categorical_crossentropy(target: Any, output: Any, from_logits: Any = False, axis: Any = -1) -> Any:
    """Return the crossentropy of each row of classes."""
    return ops.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: Any = False, axis: Any = -1, ignore_class: Any = None
) -> Any:
    """Return the crossentropy of each row for the place of its class.

    Raises:
        ModelError: a class is to be ignored.
    """
    if ignore_class is not None:
        raise ModelError("backend.sparse_categorical_crossentropy: use nnc.losses, which has ignore_class")
    return ops.sparse_categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)
