"""Layers that take a single row, without the axis of the batch, where they are applied to arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from nnc.arrays import to_array
from nnc.choices import OutputMode
from nnc.errors import ModelError
from nnc.layers.declared import SharedLayer
from nnc.structure import map_leaves
from nnc.text.encoding import TO_ROWS


class UnbatchedLayer(SharedLayer):
    """Base of layers that take one row by itself: what comes out has no axis of the batch either."""

    def is_single(self, rank: int) -> bool:
        """Return whether an array with so many axes is a row by itself."""
        raise NotImplementedError

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Return the output array for an input array of shape (rows, …), or for one row.

        Args:
            inputs: as `call` takes them.
            options: likewise.

        Raises:
            NncError: an input does not fit.
        """
        with self.blame():
            arrays = tuple(self._as_arrays(item) for item in inputs)
        first = arrays[0] if arrays else None
        if isinstance(first, Mapping):
            first = first.get("images")
        if not isinstance(first, numpy.ndarray) or not self.is_single(first.ndim):
            return super().forward(*arrays, **options)
        batched = map_leaves(lambda array: array[None], (arrays, options), numpy.ndarray)
        return map_leaves(lambda array: array[0], super().forward(*batched[0], **batched[1]), numpy.ndarray)

    def _as_arrays(self, given: Any) -> Any:
        if isinstance(given, Mapping):
            return {key: self._as_arrays(item) for key, item in given.items()}
        return to_array(given, f"Layer '{self.name}': the input")

    def compute_output_shape(self, *input_shape: Any, **named: Any) -> Any:
        """Return the shape of the output for an input shape, which may be that of one row; see `Layer`.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        shape = input_shape[0] if len(input_shape) == 1 and not named else None
        if isinstance(shape, list | tuple) and _is_shape(shape) and self.is_single(len(shape)):
            return super().compute_output_shape((None, *shape))[1:]
        return super().compute_output_shape(*input_shape, **named)


def _is_shape(items: Sequence[Any]) -> bool:
    return all(item is None or isinstance(item, int) for item in items)


class EncodingLayer(UnbatchedLayer):
    """Base of layers that make classes of numbers: of a batch of samples, or of one, which has no axis of the batch."""

    def __post_init__(self) -> None:
        self.output_mode: OutputMode

    def is_single(self, rank: int) -> bool:
        """Return whether an array with so many axes is one sample."""
        return rank < (2 if self.output_mode in TO_ROWS else 1)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Return the output array for an input array of shape (rows, …), or for one sample; see `UnbatchedLayer`."""
        if self.output_mode != "int":  # a number by itself is a sample of one
            inputs = tuple(numpy.reshape(item, 1) if numpy.ndim(item) == 0 else item for item in inputs)
        return super().forward(*inputs, **options)

    def compute_output_shape(self, *input_shape: Any, **named: Any) -> Any:
        """Return the shape of the output for an input shape, which may be that of one sample; see `Layer`."""
        if self.output_mode in TO_ROWS and input_shape == ((),):
            input_shape = ((1,),)
        return super().compute_output_shape(*input_shape, **named)


class ImageLayer(UnbatchedLayer):
    """Base of layers that take images: a batch of them, or one, of shape (height, width, channels)."""

    def is_single(self, rank: int) -> bool:
        """Return whether an array with so many axes is one image.

        Raises:
            ModelError: it is neither an image nor a batch of images.
        """
        if rank not in (3, 4):
            raise ModelError(f"Expected the input image to be rank 3 or 4, a single one or a batch, got {rank}")
        return rank == 3
