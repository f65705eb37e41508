"""Functions of TensorFlow's on symbolic tensors, written in Keras's operations, as far as layers of libraries use them.

Where Keras runs on TensorFlow, libraries call a few of its functions, and those of Keras's own on other backends.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from inspect import signature
from math import prod
from types import MappingProxyType
from typing import Any

import numpy

from nnc.errors import ModelError


def band_part(ops: Any, input: Any, num_lower: Any, num_upper: Any) -> Any:
    """Return a tensor with zeros outside of a band around the diagonals of its last two axes."""
    x = input
    row = ops.expand_dims(ops.arange(x.shape[-2], dtype="int32"), 1)
    column = ops.expand_dims(ops.arange(x.shape[-1], dtype="int32"), 0)
    below = row - column <= num_lower
    above = column - row <= num_upper
    kept = ops.logical_and(ops.logical_or(num_lower < 0, below), ops.logical_or(num_upper < 0, above))
    return ops.where(kept, x, ops.zeros_like(x))


def gather(ops: Any, params: Any, indices: Any, axis: int | None = None, batch_dims: int = 0) -> Any:
    """Return elements by number along an axis.

    Raises:
        ModelError: some axes, but not all before that of the numbers, go along with one another.
    """
    axis = batch_dims if axis is None else axis
    if batch_dims == 0:
        return ops.take(params, indices, axis)
    if batch_dims == axis == len(params.shape) - 1 == len(indices.shape) - 1:
        return ops.take_along_axis(params, indices, axis)
    raise ModelError("tensorflow.gather with these batch_dims cannot be traced; use keras.ops.take_along_axis")


def gather_nd(ops: Any, params: Any, indices: Any, batch_dims: int = 0) -> Any:
    """Return elements, or parts, at places that are the last axis of the indices.

    Raises:
        ModelError: axes go along with one another.
    """
    if batch_dims:
        raise ModelError("tensorflow.gather_nd with batch_dims cannot be traced; use keras.ops.take_along_axis")
    count = indices.shape[-1]
    taken, kept = params.shape[:count], params.shape[count:]
    steps = [prod(taken[axis + 1 :]) for axis in range(count)]
    places = sum(ops.cast(indices[..., axis], "int32") * step for axis, step in enumerate(steps))
    return ops.take(ops.reshape(params, (prod(taken), *kept)), places, axis=0)


def resize_images(ops: Any, images: Any, size: Any, method: Any = "bilinear", align_corners: bool = False) -> Any:
    """Return images in another size, whose corners are the corners of those that were given.

    Raises:
        ModelError: the corners go to other places, or pixels are not interpolated linearly.
    """
    if not align_corners or method not in ("bilinear", 0):
        raise ModelError("tensorflow.image.resize can be traced with align_corners; use keras.ops.image.resize")
    rows, columns = (_between_corners(*lengths) for lengths in zip(images.shape[1:3], size, strict=True))
    return ops.einsum("oi,bijc->bojc", rows, ops.einsum("pj,bijc->bipc", columns, images))


def _between_corners(old: int, new: int) -> Any:
    """Return the matrix of shape (new, old) that interpolates linearly between corners that stay."""
    places = numpy.arange(new) * ((old - 1) / (new - 1) if new > 1 else 0.0)
    return numpy.maximum(1.0 - numpy.abs(places[:, None] - numpy.arange(old)), 0.0).astype("float32")


_FUNCTIONS: Mapping[str, tuple[Callable[..., Any], tuple[str, ...]]] = MappingProxyType(
    {
        "matrix_band_part": (band_part, ("input", "num_lower", "num_upper")),
        "gather_v2": (gather, ("params", "indices", "axis", "batch_dims")),
        "resize_images": (resize_images, ("images", "size", "method", "align_corners")),
        "gather_nd_v2": (gather_nd, ("params", "indices", "batch_dims")),
    }
)
"""What replaces a function, and the arguments of it that are taken; all others must be left out."""


def translate_tensorflow(keras: Any, is_recording: Callable[[], bool], note: Callable[[ModelError], None]) -> None:
    """Let TensorFlow ask here what a function gives for symbolic tensors, which it does not take itself.

    Args:
        keras: the package of the models.
        is_recording: whether a model is being recorded; all other calls fail as before.
        note: is told what cannot be traced, as TensorFlow may raise something else.
    """
    tensorflow: Any = sys.modules.get("tensorflow")
    if tensorflow is None or keras.config.backend() != "tensorflow":
        return

    class Translation(tensorflow.__internal__.dispatch.GlobalOpDispatcher):  # type: ignore[misc]
        def handle(self, function: Any, args: Any, kwargs: Any) -> Any:
            found = _FUNCTIONS.get(function.__name__)
            if found is None or not is_recording():
                return self.NOT_SUPPORTED
            bound = signature(function).bind(*args, **kwargs)
            given = {key: item for key, item in bound.arguments.items() if key in found[1] and item is not None}
            try:
                return found[0](keras.ops, **given)
            except ModelError as error:
                note(error)
                raise

    Translation().register()
