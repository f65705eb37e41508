"""TensorFlow's sums and their like along axes, and places of the largest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc import ops
from nnc.errors import ModelError


def _reduction(
    function: Callable[..., Any], is_of_fractions: bool = False, keeps_type: bool = False
) -> Callable[..., Any]:
    def reduce(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
        del name
        if is_of_fractions and "int" in str(ops.dtype(input_tensor)):
            raise ModelError("tensorflow's mean of whole numbers is rounded; cast them to float32 first")
        found = function(input_tensor, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
        return ops.cast(found, ops.dtype(input_tensor)) if keeps_type else found

    reduce.__doc__ = function.__doc__
    return reduce


reduce_all = _reduction(ops.all)
reduce_any = _reduction(ops.any)
reduce_logsumexp = _reduction(ops.logsumexp)
reduce_max = _reduction(ops.max)
reduce_mean = _reduction(ops.mean, is_of_fractions=True)
reduce_min = _reduction(ops.min)
reduce_prod = _reduction(ops.prod, keeps_type=True)
reduce_std = _reduction(ops.std, is_of_fractions=True)
reduce_sum = _reduction(ops.sum, keeps_type=True)
reduce_variance = _reduction(ops.var, is_of_fractions=True)


def argmax(input: Any, axis: Any = None, output_type: Any = "int64", name: Any = None) -> Any:
    """Return the places of the largest numbers, along the first axis by default."""
    del name
    return ops.cast(ops.argmax(input, axis=0 if axis is None else axis), output_type)


def argmin(input: Any, axis: Any = None, output_type: Any = "int64", name: Any = None) -> Any:
    """Return the places of the smallest numbers, along the first axis by default."""
    del name
    return ops.cast(ops.argmin(input, axis=0 if axis is None else axis), output_type)


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """Return sums of what stands before each element along an axis."""
    del name
    turned = ops.flip(x, axis) if reverse else x
    found = ops.cumsum(turned, axis)
    found = found - turned if exclusive else found
    return ops.flip(found, axis) if reverse else found


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """Return the length of vectors, of the whole tensor as one by default.

    Raises:
        ModelError: it is a norm of matrices other than the Euclidean one.
    """
    del name
    axes = tuple(axis) if isinstance(axis, list) else axis
    if isinstance(axes, tuple) and len(axes) == 2 and ord not in ("euclidean", "fro"):
        raise ModelError(f"tensorflow.norm: ord={ord!r} of matrices is not supported; use keras.ops.norm")
    if ord in ("euclidean", "fro", 2):
        return ops.sqrt(reduce_sum(ops.square(tensor), axes, keepdims))
    if axes is not None:
        return ops.norm(tensor, ord=ord, axis=axes, keepdims=keepdims)
    found = ops.norm(ops.reshape(tensor, (-1,)), ord=ord)
    return ops.reshape(found, (1,) * len(ops.shape(tensor))) if keepdims else found
