"""Indices as they are, or as rows of numbers that say which of them occur, or how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

Array = Any
Shape = tuple[Any, ...]
MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
TO_ROWS = ("multi_hot", "count", "tf_idf")
"""Modes that make one row of numbers of all indices of a sample."""

_COUNTED_AT_ONCE = 2**20
"""Elements of the result that are counted in one go, so that counts take little memory beside it."""


@dataclass(frozen=True)
class Encoding:
    """What is made of indices; those that are no class count as nothing.

    Args:
        mode: one of `MODES`.
        depth: number of classes; 0 where the mode is ``int``.
        dtype: element type of the result.
        weights: for ``tf_idf`` what each class counts.
    """

    mode: str = "int"
    depth: int = 0
    dtype: str = "int64"
    weights: tuple[float, ...] = ()

    def shape(self, shape: Shape) -> Shape:
        """Return the shape of the result for indices of a shape."""
        if self.mode == "int":
            return shape
        if self.mode == "one_hot":
            return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), self.depth)
        return (shape[0], *shape[2:], self.depth)

    def encode(self, indices: Array) -> Array:
        """Return the result for indices, of two dimensions or more where the mode is one of `TO_ROWS`."""
        if self.mode == "int":
            return indices.astype(self.dtype)
        if self.mode == "one_hot":
            if indices.ndim > 1 and indices.shape[-1] == 1:
                indices = indices[..., 0]
            is_class = (indices >= 0) & (indices < self.depth)
            found = numpy.zeros((*indices.shape, self.depth), self.dtype)
            found[is_class, indices[is_class]] = 1
            return found
        if indices.ndim > 2:  # as in Keras, the first axis behind the batch is that of a sample's indices
            behind = numpy.moveaxis(indices, 1, -1)
            rows = self.encode(behind.reshape(-1, indices.shape[1]))
            return rows.reshape(*behind.shape[:-1], self.depth)
        samples = numpy.broadcast_to(numpy.arange(len(indices))[:, None], indices.shape)
        return self.encode_samples(len(indices), samples.reshape(-1), indices.reshape(-1))

    def encode_samples(self, count: int, samples: Array, indices: Array) -> Array:
        """Return a row of numbers for each sample, in a mode of `TO_ROWS`.

        Args:
            count: number of samples.
            samples: which sample each index belongs to, in ascending order.
            indices: the indices.
        """
        is_class = (indices >= 0) & (indices < self.depth)
        samples, indices = samples[is_class], indices[is_class]
        found = numpy.zeros((count, self.depth), self.dtype)
        at_once = max(_COUNTED_AT_ONCE // self.depth, 1)
        for start in range(0, count, at_once):
            block = found[start : start + at_once]
            first, last = numpy.searchsorted(samples, (start, start + len(block)))
            places = (samples[first:last] - start) * self.depth + indices[first:last]
            counts = numpy.bincount(places, minlength=block.size).reshape(block.shape)
            block[...] = counts > 0 if self.mode == "multi_hot" else counts
        if self.mode == "tf_idf":
            found *= numpy.array(self.weights, self.dtype)
        return found


INDICES = Encoding()
"""Indices as they are."""


def padded(rows: Sequence[Array], width: int | None) -> Array:
    """Return rows of indices side by side: cut at a width, and with zeros behind them.

    Args:
        rows: the indices of each row.
        width: length of all rows; by default that of the longest.
    """
    if width is None:
        width = max(map(len, rows), default=0)
    found = numpy.zeros((len(rows), width), "int64")
    for row, indices in zip(found, rows, strict=True):
        row[: len(indices)] = indices[:width]
    return found
