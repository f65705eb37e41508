"""TensorFlow's functions that say or change how tensors are laid out."""

from __future__ import annotations

from typing import Any

import numpy

from nnc import ops
from nnc.errors import ModelError
from nnc.ops.dispatch import is_in_graph


def shape(input: Any, out_type: Any = None, name: Any = None) -> Any:
    """Return the shape, an array where it is known."""
    del name
    found = ops.shape(input)
    if all(isinstance(dim, int) for dim in found) and not is_in_graph(input):
        return ops.convert_to_tensor(numpy.array(found, numpy.dtype(out_type or "int32")))
    return found


def size(input: Any, out_type: Any = "int32", name: Any = None) -> Any:
    """Return the number of elements."""
    del name
    return ops.cast(ops.size(input), out_type)


def identity(input: Any, name: Any = None) -> Any:
    """Return a copy."""
    del name
    return ops.copy(ops.convert_to_tensor(input))


def reshape(tensor: Any, shape: Any, name: Any = None) -> Any:
    """Return a tensor in another shape."""
    del name
    return ops.reshape(tensor, _dims(shape))


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: Any = None) -> Any:
    """Return a tensor with its axes in another order."""
    del conjugate, name
    return ops.transpose(a, None if perm is None else _dims(perm))


def expand_dims(input: Any, axis: Any, name: Any = None) -> Any:
    """Return a tensor with one axis more."""
    del name
    return ops.expand_dims(input, axis)


def squeeze(input: Any, axis: Any = None, name: Any = None) -> Any:
    """Return a tensor without axes of length 1."""
    del name
    return ops.squeeze(input, tuple(axis) if isinstance(axis, list) else axis)


def concat(values: Any, axis: int, name: Any = None) -> Any:
    """Return tensors behind each other along an axis."""
    del name
    return ops.concatenate(values, axis=int(axis))


def stack(values: Any, axis: int = 0, name: Any = None) -> Any:
    """Return tensors beside each other along a new axis."""
    del name
    return ops.stack(values, axis=axis)


def unstack(value: Any, num: Any = None, axis: int = 0, name: Any = None) -> Any:
    """Return the elements along an axis."""
    del name
    return ops.unstack(value, num, axis)


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: Any = None, name: Any = None) -> Any:
    """Return parts along an axis: so many, or of these lengths."""
    del num, name
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis)
    sizes = [int(length) for length in num_or_size_splits]
    if -1 in sizes:
        raise ModelError("tensorflow.split: give the lengths of all parts")
    return ops.split(value, numpy.cumsum(sizes)[:-1].tolist(), axis)


def tile(input: Any, multiples: Any, name: Any = None) -> Any:
    """Return a tensor several times along each axis."""
    del name
    return ops.tile(input, _dims(multiples))


def repeat(input: Any, repeats: Any, axis: Any = None, name: Any = None) -> Any:
    """Return a tensor whose elements stand several times along an axis."""
    del name
    return ops.repeat(input, repeats, axis)


def reverse(tensor: Any, axis: Any, name: Any = None) -> Any:
    """Return a tensor turned around along axes."""
    del name
    return ops.flip(tensor, tuple(axis))


def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0, name: Any = None
) -> Any:
    """Return the elements along an axis that indices say."""
    del validate_indices, name
    if batch_dims == 0:
        return ops.take(params, indices, axis=axis or 0)
    if batch_dims == 1 and axis in (None, 1) and len(ops.shape(indices)) == 2:
        rank = len(ops.shape(params))
        if rank == 2:
            return ops.take_along_axis(params, indices, axis=1)
    raise ModelError("tensorflow.gather: batch_dims is 0 or, for matrices, 1; write keras.ops.take_along_axis")


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: Any = None,
) -> Any:
    """Return rows with a one where indices say."""
    del name
    if on_value not in (None, 1, 1.0) or off_value not in (None, 0, 0.0):
        raise ModelError("tensorflow.one_hot: on_value is 1 and off_value 0; compute others from the result")
    return ops.one_hot(indices, int(depth), axis=-1 if axis is None else axis, dtype=dtype or "float32")


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: Any = None) -> Any:
    """Return a tensor with more at its ends."""
    del name
    widths = [tuple(int(width) for width in pair) for pair in paddings]
    if mode.upper() != "CONSTANT":
        return ops.pad(tensor, widths, mode.lower())
    return ops.pad(tensor, widths, "constant", constant_values)


def _dims(shape: Any) -> Any:
    if isinstance(shape, list | tuple):
        return tuple(shape)
    return tuple(int(dim) for dim in shape) if isinstance(shape, numpy.ndarray) and shape.ndim else shape
