"""Batches of images that are changed at random: what all are, and those of arrays."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.errors import DataError, NncWarning
from nnc.utils.images import array_to_img
from nnc.utils.py_dataset import PyDataset

Array = Any
ImageChanger = Any
"""An `ImageDataGenerator`."""


class Iterator(PyDataset):
    """Batches of images, by number or one after the other without end, as `fit` and `next` take them.

    Args:
        n: number of images.
        batch_size: images of a batch.
        shuffle: whether images come in a random order, another one in each epoch.
        seed: of NumPy's random numbers, which is set before each batch; None leaves their state.
        kwargs: those of `nnc.utils.PyDataset`.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.batch_index = self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: Array = None
        self.index_generator = self._orders()

    def _draw_order(self) -> None:
        self.index_array = numpy.random.permutation(self.n) if self.shuffle else numpy.arange(self.n)

    def _seed(self) -> None:
        if self.seed is not None:
            numpy.random.seed(self.seed + self.total_batches_seen)

    def __getitem__(self, index: int) -> Any:
        """Return a batch.

        Args:
            index: its number, from 0.

        Raises:
            DataError: there are fewer batches.
        """
        if index >= len(self):
            raise DataError(f"there are {len(self)} batches, got the index {index}")
        self._seed()
        self.total_batches_seen += 1
        if self.index_array is None:
            self._draw_order()
        first = self.batch_size * index
        return self._batch(self.index_array[first : first + self.batch_size])

    def __len__(self) -> int:
        return (self.n + self.batch_size - 1) // self.batch_size

    def on_epoch_end(self) -> None:
        """Draw a new order."""
        self._draw_order()

    def reset(self) -> None:
        """Begin anew with `next`."""
        self.batch_index = 0

    def _orders(self) -> Generator[Array]:
        """Yield the numbers of the images of each batch, without end."""
        self.reset()
        while True:
            self._seed()
            if self.batch_index == 0:
                self._draw_order()
            first = self.batch_index * self.batch_size % self.n if self.n else 0
            self.batch_index = self.batch_index + 1 if self.n > first + self.batch_size else 0
            self.total_batches_seen += 1
            yield self.index_array[first : first + self.batch_size]

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        with self.lock:
            chosen = next(self.index_generator)
        return self._batch(chosen)

    def _batch(self, chosen: Array) -> Any:
        """Return the batch of these images.

        Raises:
            DataError: the subclass has none.
        """
        raise DataError(f"{type(self).__name__} has no images; take one of those that ImageDataGenerator returns")


@dataclass(frozen=True)
class Pictures:
    """Where the images of a batch are written as files, for a look at them.

    Args:
        folder: path; None writes none.
        prefix: of their names.
        suffix: of their names, which says the format.
        data_format: of the images.
        numbers: how many names there are, of which one is drawn.
    """

    folder: Any
    prefix: str
    suffix: str
    data_format: str
    numbers: int

    def write(self, images: Array, chosen: Array) -> None:
        """Write a batch.

        Args:
            images: of the batch.
            chosen: their numbers.
        """
        if not self.folder:
            return
        for image, place in zip(images, chosen, strict=True):
            name = f"{self.prefix}_{place}_{numpy.random.randint(self.numbers)}.{self.suffix}"
            array_to_img(image, self.data_format, scale=True).save(os.path.join(self.folder, name))


class NumpyArrayIterator(Iterator):
    """Batches of images of an array.

    Args:
        x: images, shape (images, height, width, channels); or a tuple of them and further arrays, which stay as they
            are.
        y: targets.
        image_data_generator: the `ImageDataGenerator` that changes images.
        batch_size: images of a batch.
        shuffle: whether images come in a random order.
        sample_weight: a weight for each image.
        seed: of NumPy's random numbers.
        data_format: ``channels_last`` (the default) or ``channels_first``.
        save_to_dir: folder to write images to; None writes none.
        save_prefix: of their names.
        save_format: their format.
        subset: ``training`` or ``validation``, by the generator's `validation_split`.
        ignore_class_split: whether subsets may have different classes.
        dtype: element type of the batches, by default float32.

    Raises:
        DataError: lengths differ, images have not four axes, or an argument is none of those above.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: ImageChanger,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:
        self.data_format, self.dtype = data_format or "channels_last", dtype or "float32"
        images, others = _with_others(x)
        for name, other in [*(("x", other) for other in others), ("y", y), ("sample_weight", sample_weight)]:
            if other is not None and len(other) != len(images):
                raise DataError(f"flow: {name} must have a row for each of {len(images)} images, got {len(other)}")
        if subset is not None:
            rows = rows_of(subset, int(len(images) * image_data_generator._validation_split))
            if y is not None and not ignore_class_split:
                _check_classes(y, rows)
            images, others = images[rows], [other[rows] for other in others]
            y = None if y is None else y[rows]
        self.x, self.x_misc = numpy.asarray(images, dtype=self.dtype), others
        if self.x.ndim != 4:
            raise DataError(f"flow: images must be an array of four axes, got shape {self.x.shape}")
        channels = self.x.shape[3 if self.data_format == "channels_last" else 1]
        if channels not in (1, 3, 4):
            warn(f"images usually have 1, 3 or 4 channels, got {channels} ({self.data_format}, shape {self.x.shape})")
        self.y = None if y is None else numpy.asarray(y)
        self.sample_weight = None if sample_weight is None else numpy.asarray(sample_weight)
        self.image_data_generator = image_data_generator
        self._pictures = Pictures(save_to_dir, save_prefix, save_format, self.data_format, 10_000)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _batch(self, chosen: Array) -> Any:
        images = numpy.zeros((len(chosen), *self.x.shape[1:]), dtype=self.dtype)
        for place, number in enumerate(chosen):
            images[place] = changed(self.image_data_generator, self.x[number].astype(self.dtype))
        self._pictures.write(images, chosen)
        inputs = [images, *(other[chosen] for other in self.x_misc)] if self.x_misc else images
        if self.y is None:
            return inputs
        targets = self.y[chosen]
        return (inputs, targets) if self.sample_weight is None else (inputs, targets, self.sample_weight[chosen])


def _with_others(x: Any) -> tuple[Any, list[Array]]:
    if not isinstance(x, list | tuple):
        return x, []
    further = x[1] if isinstance(x[1], list) else [x[1]]
    return x[0], [numpy.asarray(other) for other in further]


def rows_of(subset: str, kept: int) -> slice:
    """Return the rows of a subset.

    Raises:
        DataError: there is none of that name.
    """
    _check_subset(subset)
    return slice(None, kept) if subset == "validation" else slice(kept, None)


def _check_subset(subset: Any) -> None:
    if subset not in ("training", "validation"):
        raise DataError(f"subset must be 'training' or 'validation', got {subset!r}")


def _check_classes(y: Any, rows: slice) -> None:
    split = rows.stop if rows.start is None else rows.start
    if not numpy.array_equal(numpy.unique(y[:split]), numpy.unique(y[split:])):
        raise DataError(
            "flow: the rows for training and those for validation have different classes; shuffle the arrays before,"
            " or give ignore_class_split=True"
        )


def changed(generator: ImageChanger, image: Array) -> Array:
    """Return an image that a generator changed at random and brought to a scale."""
    parameters = generator.get_random_transform(image.shape)
    return generator.standardize(generator.apply_transform(image, parameters))


def warn(message: str) -> None:
    """Warn of something that is allowed."""
    warnings.warn(NncWarning("preprocessing", message), stacklevel=3)
