"""What of images is changed at random, and how they are brought to a scale: Keras 2's ``ImageDataGenerator``."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from nnc.errors import ArgumentError, DataError, NncWarning
from nnc.preprocessing.image_file_iterators import DataFrameIterator, DirectoryIterator
from nnc.preprocessing.image_iterators import NumpyArrayIterator
from nnc.preprocessing.image_transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flipped,
    two_numbers,
)

Array = Any


class ImageDataGenerator:
    """Changes images at random and brings them to a scale.

    Random numbers come from NumPy's global state (`numpy.random.seed`), in Keras's order.

    Args:
        featurewise_center: whether the mean of the images that `fit` was given is subtracted.
        samplewise_center: whether each image's own mean is.
        featurewise_std_normalization: whether images are divided by the deviation of those that `fit` was given.
        samplewise_std_normalization: whether each is by its own.
        zca_whitening: whether pixels are decorrelated, by what `fit` was given.
        zca_epsilon: added to singular values.
        rotation_range: the largest angle to turn images by, in degrees.
        width_shift_range: the largest part of the width, or number of pixels from 1 on, to move by; or a list of them.
        height_shift_range: the same of the height.
        brightness_range: the smallest and the largest factor of the brightness.
        shear_range: the largest angle to shear by, in degrees.
        zoom_range: how far the factor to zoom by is from 1; or the smallest and the largest factor.
        channel_shift_range: the largest number to add to all pixels.
        fill_mode: what is outside of the image: ``nearest``, ``constant``, ``reflect`` or ``wrap``.
        cval: the constant.
        horizontal_flip: whether images are mirrored, left for right, every other time.
        vertical_flip: whether they are turned upside down every other time.
        rescale: factor of all pixels; None leaves them.
        preprocessing_function: from an image to an image, before it is rescaled.
        data_format: ``channels_last`` (the default) or ``channels_first``.
        validation_split: part of the images that is kept for validation.
        interpolation_order: order of the splines between pixels, from 0 to 5.
        dtype: element type of the batches, by default float32.

    Raises:
        DataError: an argument is none of those above.
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Array], Array] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        if data_format not in (None, "channels_last", "channels_first"):
            raise DataError(
                f"ImageDataGenerator: data_format must be 'channels_last' or 'channels_first', got {data_format!r}"
            )
        if validation_split and not 0 < validation_split < 1:
            raise DataError(f"ImageDataGenerator: validation_split must be between 0 and 1, got {validation_split!r}")
        self.data_format, self.dtype = data_format or "channels_last", dtype or "float32"
        is_last = self.data_format == "channels_last"
        self.channel_axis, self.row_axis, self.col_axis = (3, 1, 2) if is_last else (1, 2, 3)
        self.featurewise_center, self.samplewise_center = featurewise_center, samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.brightness_range = brightness_range
        if brightness_range is not None:
            two_numbers("ImageDataGenerator", "brightness_range", brightness_range)
        if isinstance(zoom_range, float | int):
            zoom_range = [1 - zoom_range, 1 + zoom_range]
        self.zoom_range = list(two_numbers("ImageDataGenerator", "zoom_range", zoom_range))
        self.channel_shift_range = channel_shift_range
        self.fill_mode, self.cval, self.interpolation_order = fill_mode, cval, interpolation_order
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self._validation_split = validation_split
        self.mean: Array = None
        self.std: Array = None
        self.zca_whitening_matrix: Array = None
        self._settle()

    def _settle(self) -> None:
        """Let what an argument needs be there, with a warning."""
        if self.zca_whitening:
            self._turn("featurewise_center", True, "zca_whitening")
            self._turn("featurewise_std_normalization", False, "zca_whitening")
        if self.featurewise_std_normalization:
            self._turn("featurewise_center", True, "featurewise_std_normalization")
        if self.samplewise_std_normalization:
            self._turn("samplewise_center", True, "samplewise_std_normalization")

    def _turn(self, key: str, value: bool, because: str) -> None:
        if getattr(self, key) != value:
            setattr(self, key, value)
            _warn(f"{because}=True sets {key}={value}")

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Return batches of images of an array; see `NumpyArrayIterator` for the arguments.

        Args:
            x: images, shape (images, height, width, channels).
            y: targets.
            batch_size: images of a batch.
            shuffle: whether images come in a random order.
            sample_weight: a weight for each image.
            seed: of NumPy's random numbers.
            save_to_dir: folder to write images to; None writes none.
            save_prefix: of their names.
            save_format: their format.
            ignore_class_split: whether subsets may have different classes.
            subset: ``training`` or ``validation``, by `validation_split`.

        Raises:
            DataError: lengths differ, or an argument is none of those above.
        """
        return NumpyArrayIterator(
            x, y, self, batch_size, shuffle, sample_weight, seed, self.data_format, save_to_dir, save_prefix,
            save_format, subset, ignore_class_split, self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Return batches of the images of a folder; see `DirectoryIterator` for the arguments.

        Args:
            directory: path of the folder, whose subfolders are classes.
            target_size: (height, width) that images are resized to.
            color_mode: ``rgb``, ``rgba`` or ``grayscale``.
            classes: names of subfolders, in the order of their labels.
            class_mode: ``categorical``, ``binary``, ``sparse``, ``input`` or None: what targets are.
            batch_size: images of a batch.
            shuffle: whether images come in a random order.
            seed: of NumPy's random numbers.
            save_to_dir: folder to write images to; None writes none.
            save_prefix: of their names.
            save_format: their format.
            follow_links: whether subfolders that are links are read.
            subset: ``training`` or ``validation``, by `validation_split`.
            interpolation: how pixels between others are found, see `nnc.utils.load_img`.
            keep_aspect_ratio: whether images are cropped around their center before, instead of distorted.

        Raises:
            DataError: an argument is none of those above.
            OSError: there is no such folder.
        """
        return DirectoryIterator(
            directory, self, target_size, color_mode, classes, class_mode, batch_size, shuffle, seed, self.data_format,
            save_to_dir, save_prefix, save_format, follow_links, subset, interpolation, keep_aspect_ratio, self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Return batches of the images that a data frame names; see `DataFrameIterator` for the arguments.

        Args:
            dataframe: a `pandas.DataFrame`, a row for each image.
            directory: folder that the names of files are in; None where they are whole paths.
            x_col: column of the names.
            y_col: column of the targets, or a list of columns.
            weight_col: column of the weights; None for none.
            target_size: (height, width) that images are resized to.
            color_mode: ``rgb``, ``rgba`` or ``grayscale``.
            classes: names of classes, in the order of their labels.
            class_mode: ``categorical``, ``binary``, ``sparse``, ``raw``, ``multi_output``, ``input`` or None: what
                targets are.
            batch_size: images of a batch.
            shuffle: whether images come in a random order.
            seed: of NumPy's random numbers.
            save_to_dir: folder to write images to; None writes none.
            save_prefix: of their names.
            save_format: their format.
            subset: ``training`` or ``validation``, by `validation_split`.
            interpolation: how pixels between others are found, see `nnc.utils.load_img`.
            validate_filenames: whether names of files that are not there are left out, with a warning.
            kwargs: none.

        Raises:
            DataError: columns or an argument are none of those above.
            ArgumentError: there are other arguments.
        """
        if kwargs:
            raise ArgumentError(f"flow_from_dataframe: there is no argument {', '.join(map(repr, kwargs))}")
        return DataFrameIterator(
            dataframe, directory, self, x_col, y_col, weight_col, target_size, color_mode, classes, class_mode,
            batch_size, shuffle, seed, self.data_format, save_to_dir, save_prefix, save_format, subset, interpolation,
            dtype=self.dtype, validate_filenames=validate_filenames,
        )  # fmt: skip

    def standardize(self, x: Array) -> Array:
        """Return an image brought to a scale; it is changed in place.

        Args:
            x: an image, an array of three axes.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= numpy.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= numpy.std(x, keepdims=True) + 1e-6
        if self.featurewise_center and self._is_fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._is_fitted("featurewise_std_normalization", self.std):
            x /= self.std + 1e-6
        if self.zca_whitening and self._is_fitted("zca_whitening", self.zca_whitening_matrix):
            rows = x.reshape(-1, math.prod(x.shape[-3:]))
            x = numpy.reshape(rows @ self.zca_whitening_matrix, x.shape)
        return x

    def _is_fitted(self, key: str, found: Array) -> bool:
        if found is None:
            _warn(f"{key}=True does nothing before fit(images)")
        return found is not None

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict[str, Any]:
        """Return what `apply_transform` does with an image, drawn at random.

        Args:
            img_shape: shape of the image.
            seed: of NumPy's random numbers; None leaves their state.
        """
        if seed is not None:
            numpy.random.seed(seed)
        uniform, random = numpy.random.uniform, numpy.random.random
        theta = uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        tx = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        low, high = self.zoom_range
        zx, zy = (1, 1) if low == high == 1 else uniform(low, high, 2)
        flip_horizontal = (random() < 0.5) * self.horizontal_flip
        flip_vertical = (random() < 0.5) * self.vertical_flip
        shift, brightness = self.channel_shift_range, self.brightness_range
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": uniform(-shift, shift) if shift != 0 else None,
            "brightness": None if brightness is None else uniform(brightness[0], brightness[1]),
        }

    def apply_transform(self, x: Array, transform_parameters: Mapping[str, Any]) -> Array:
        """Return an image that is changed.

        Args:
            x: an image, an array of three axes.
            transform_parameters: as `get_random_transform` returns them; what is not there is left.

        Raises:
            NncError: what changes it is not installed.
        """
        given = transform_parameters
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        moves = {key: given.get(key, 0) for key in ("theta", "tx", "ty", "shear")}
        zooms = {key: given.get(key, 1) for key in ("zx", "zy")}
        x = apply_affine_transform(
            x,
            **moves,
            **zooms,
            row_axis=rows,
            col_axis=columns,
            channel_axis=channels,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
        )
        if given.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, given["channel_shift_intensity"], channels)
        if given.get("flip_horizontal"):
            x = flipped(x, columns)
        if given.get("flip_vertical"):
            x = flipped(x, rows)
        if given.get("brightness") is not None:
            x = apply_brightness_shift(x, given["brightness"], False)
        return x

    def random_transform(self, x: Array, seed: int | None = None) -> Array:
        """Return an image that is changed at random.

        Args:
            x: an image, an array of three axes.
            seed: of NumPy's random numbers; None leaves their state.
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Measure images, for what is subtracted from all and what they are divided by.

        Args:
            x: images, shape (images, height, width, channels).
            augment: whether they are changed at random before.
            rounds: how often each is changed.
            seed: of NumPy's random numbers; None leaves their state.

        Raises:
            DataError: they have not four axes.
        """
        images = numpy.array(x, dtype=self.dtype)
        if images.ndim != 4:
            raise DataError(f"ImageDataGenerator.fit: images must be an array of four axes, got shape {images.shape}")
        if images.shape[self.channel_axis] not in (1, 3, 4):
            _warn(f"images usually have 1, 3 or 4 channels, got shape {images.shape} ({self.data_format})")
        if seed is not None:
            numpy.random.seed(seed)
        if self.rescale:
            images *= self.rescale
        if augment:
            changed = [self.random_transform(image) for _ in range(rounds) for image in images]
            images = numpy.array(changed, dtype=self.dtype)
        axes = 0, self.row_axis, self.col_axis
        shape = [1, 1, 1]
        shape[self.channel_axis - 1] = images.shape[self.channel_axis]
        if self.featurewise_center:
            self.mean = numpy.reshape(numpy.mean(images, axis=axes), shape)
            images -= self.mean
        if self.featurewise_std_normalization:
            self.std = numpy.reshape(numpy.std(images, axis=axes), shape)
            images /= self.std + 1e-6
        if self.zca_whitening:
            rows = images.reshape(len(images), -1)
            vectors, values, _ = numpy.linalg.svd(rows.T, full_matrices=False)
            inverse = numpy.sqrt(len(images)) / (values + self.zca_epsilon)
            self.zca_whitening_matrix = (vectors * inverse).dot(vectors.T)


def _shift(largest: Any, length: int) -> Any:
    """Return pixels to move by: one of several numbers, of whole numbers below one, or up to a part of the length."""
    if not largest:
        return 0
    try:
        found = numpy.random.choice(largest) * numpy.random.choice([-1, 1])
    except ValueError:  # it is a fraction
        found = numpy.random.uniform(-largest, largest)
    return found * length if numpy.max(largest) < 1 else found


def _warn(message: str) -> None:
    warnings.warn(NncWarning("preprocessing", f"ImageDataGenerator: {message}"), stacklevel=3)
