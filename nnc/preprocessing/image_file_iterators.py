"""Batches of images that are changed at random, from files: those of a folder, and those that a data frame names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy

from nnc.errors import DataError
from nnc.preprocessing.image_iterators import Array, ImageChanger, Iterator, Pictures, changed, rows_of, warn
from nnc.utils.images import img_to_array, load_img

DataFrame = Any
"""A `pandas.DataFrame`."""
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}
_OF_CLASSES = ("categorical", "binary", "sparse")
"""Kinds of targets that are made of classes."""


class FileIterator(Iterator):
    """Batches of images of files; the arguments are those of `DirectoryIterator`."""

    allowed_class_modes: ClassVar[frozenset[str | None]] = frozenset()
    filepaths: Sequence[str]
    classes: Any
    class_indices: dict[str, int]
    sample_weight: Array = None

    def __init__(
        self,
        image_data_generator: ImageChanger,
        target_size: Sequence[int],
        color_mode: str,
        class_mode: str | None,
        data_format: str | None,
        pictures: tuple[Any, str, str],
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
        dtype: Any,
        order: tuple[int, bool, int | None],
    ) -> None:
        if color_mode not in _CHANNELS:
            raise DataError(f"{type(self).__name__}: color_mode must be one of {tuple(_CHANNELS)}, got {color_mode!r}")
        if class_mode not in self.allowed_class_modes:
            known = sorted(map(str, self.allowed_class_modes))
            raise DataError(f"{type(self).__name__}: class_mode must be one of {known}, got {class_mode!r}")
        self.image_data_generator = image_data_generator
        self.target_size, self.color_mode, self.class_mode = tuple(target_size), color_mode, class_mode
        self.data_format, self.dtype = data_format or "channels_last", dtype or "float32"
        self.subset, self.interpolation, self.keep_aspect_ratio = subset, interpolation, keep_aspect_ratio
        channels = (_CHANNELS[color_mode],)
        is_last = self.data_format == "channels_last"
        self.image_shape = self.target_size + channels if is_last else channels + self.target_size
        self._pictures = Pictures(*pictures, self.data_format, 10_000_000)
        self.filenames = self._find()
        self.samples = len(self.filenames)
        super().__init__(self.samples, *order)

    def _find(self) -> list[str]:
        """Return the names of the files, and note their paths and targets.

        Raises:
            DataError: they are not as the arguments say.
        """
        raise DataError(f"{type(self).__name__} finds no files; take ImageDataGenerator's methods")

    @property
    def labels(self) -> Any:
        """The label of each image."""
        return self.classes

    def _subset(self, count: int) -> slice:
        """Return which of a number of files are in the subset that is asked for."""
        if self.subset is None:
            return slice(None)
        return rows_of(self.subset, int(self.image_data_generator._validation_split * count))

    def _batch(self, chosen: Array) -> Any:
        images = numpy.zeros((len(chosen), *self.image_shape), dtype=self.dtype)
        for place, number in enumerate(chosen):
            picture = load_img(
                self.filepaths[number], self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio
            )
            image = img_to_array(picture, self.data_format)
            picture.close()
            images[place] = changed(self.image_data_generator, image) if self.image_data_generator else image
        self._pictures.write(images, chosen)
        if self.class_mode is None:
            return images
        targets = self._targets(images, chosen)
        return (images, targets) if self.sample_weight is None else (images, targets, self.sample_weight[chosen])

    def _targets(self, images: Array, chosen: Array) -> Any:
        if self.class_mode == "input":
            return images.copy()
        if self.class_mode == "multi_output":
            return [output[chosen] for output in self.labels]
        if self.class_mode == "raw":
            return self.labels[chosen]
        if self.class_mode != "categorical":
            return numpy.array([self.classes[number] for number in chosen], dtype=self.dtype)
        rows = numpy.zeros((len(chosen), len(self.class_indices)), dtype=self.dtype)
        for row, number in zip(rows, chosen, strict=True):
            row[self.classes[number]] = 1.0
        return rows


class DirectoryIterator(FileIterator):
    """Batches of the images of a folder, whose subfolders are classes.

    Args:
        directory: path of the folder.
        image_data_generator: the `ImageDataGenerator` that changes images.
        target_size: (height, width) that images are resized to.
        color_mode: ``rgb``, ``rgba`` or ``grayscale``.
        classes: names of subfolders, in the order of their labels; by default all, in the order of the alphabet.
        class_mode: targets are one-hot rows (``categorical``), labels (``binary``, ``sparse``), the images themselves
            (``input``), or None.
        batch_size: images of a batch.
        shuffle: whether images come in a random order.
        seed: of NumPy's random numbers.
        data_format: ``channels_last`` (the default) or ``channels_first``.
        save_to_dir: folder to write images to; None writes none.
        save_prefix: of their names.
        save_format: their format.
        follow_links: whether subfolders that are links are read.
        subset: ``training`` or ``validation``, by the generator's `validation_split`.
        interpolation: how pixels between others are found, see `nnc.utils.load_img`.
        keep_aspect_ratio: whether images are cropped around their center before, instead of distorted.
        dtype: element type of the batches, by default float32.

    Raises:
        DataError: an argument is none of those above.
        OSError: there is no such folder.
    """

    allowed_class_modes = frozenset((*_OF_CLASSES, "input", None))

    def __init__(
        self,
        directory: str | os.PathLike[str],
        image_data_generator: ImageChanger,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ) -> None:
        self.directory, self._follows_links, self._given_classes = directory, follow_links, classes
        pictures = save_to_dir, save_prefix, save_format
        super().__init__(
            image_data_generator, target_size, color_mode, class_mode, data_format, pictures, subset, interpolation,
            keep_aspect_ratio, dtype, (batch_size, shuffle, seed),
        )  # fmt: skip

    def _find(self) -> list[str]:
        root = os.fspath(self.directory)
        names = list(self._given_classes or [name for name in sorted(os.listdir(root)) if _is_folder(root, name)])
        self.class_indices = {name: label for label, name in enumerate(names)}
        self.num_classes = len(names)
        by_class = [self._files(root, name) for name in names]
        self.classes = numpy.repeat(numpy.arange(len(names), dtype="int32"), [len(files) for files in by_class])
        found = [name for files in by_class for name in files]
        self.filepaths = [os.path.join(root, name) for name in found]
        print(f"Found {len(found)} images belonging to {self.num_classes} classes.")
        return found

    def _files(self, root: str, name: str) -> list[str]:
        """Return the paths of a class's images below the folder, of the subset that is asked for."""
        folder = os.path.join(root, name)
        found = []
        for at, _, inside in sorted(os.walk(folder, followlinks=self._follows_links), key=lambda item: item[0]):
            for file in sorted(inside):
                if file.lower().endswith(".tiff"):
                    warn(f"'{file}': files of several bands may look distorted")
                if file.lower().endswith(self.white_list_formats):
                    found.append(os.path.join(name, os.path.relpath(os.path.join(at, file), folder)))
        return found[self._subset(len(found))]


def _is_folder(root: str, name: str) -> bool:
    return os.path.isdir(os.path.join(root, name))


class DataFrameIterator(FileIterator):
    """Batches of the images that a data frame names, with their targets.

    Args:
        dataframe: a `pandas.DataFrame`, a row for each image.
        directory: folder that the names of files are in; None where they are whole paths.
        image_data_generator: the `ImageDataGenerator` that changes images.
        x_col: column of the names.
        y_col: column of the targets, or a list of columns.
        weight_col: column of the weights; None for none.
        target_size: (height, width) that images are resized to.
        color_mode: ``rgb``, ``rgba`` or ``grayscale``.
        classes: names of classes, in the order of their labels; others are left out.
        class_mode: targets are one-hot rows, several classes of an image too (``categorical``), labels (``binary``,
            ``sparse``), the numbers of one column (``raw``) or of several (``multi_output``), the images themselves
            (``input``), or None.
        batch_size: images of a batch.
        shuffle: whether images come in a random order.
        seed: of NumPy's random numbers.
        data_format: ``channels_last`` or ``channels_first``.
        save_to_dir: folder to write images to; None writes none.
        save_prefix: of their names.
        save_format: their format.
        subset: ``training`` or ``validation``, by the generator's `validation_split`.
        interpolation: how pixels between others are found, see `nnc.utils.load_img`.
        keep_aspect_ratio: whether images are cropped around their center before, instead of distorted.
        dtype: element type of the batches.
        validate_filenames: whether names of files that are not there are left out, with a warning.

    Raises:
        DataError: columns or an argument are none of those above.
    """

    allowed_class_modes = frozenset((*_OF_CLASSES, "input", "multi_output", "raw", None))

    def __init__(
        self,
        dataframe: DataFrame,
        directory: str | os.PathLike[str] | None = None,
        image_data_generator: ImageChanger = None,
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
        data_format: str | None = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ) -> None:
        self.directory = os.fspath(directory or "")
        self._frame, self._columns = dataframe, (x_col, y_col, weight_col)
        self._given_classes, self._validates = classes, validate_filenames
        pictures = save_to_dir, save_prefix, save_format
        super().__init__(
            image_data_generator, target_size, color_mode, class_mode, data_format, pictures, subset, interpolation,
            keep_aspect_ratio, dtype, (batch_size, shuffle, seed),
        )  # fmt: skip

    def _find(self) -> list[str]:
        x_col, y_col, weight_col = self._columns
        frame, self._frame = self._frame, None
        self._check(frame)
        if self._validates:
            frame = self._with_files(frame, x_col)
        is_of_classes = self.class_mode in _OF_CLASSES
        if is_of_classes:
            known = list(dict.fromkeys(self._given_classes or sorted(set(_flat(frame[y_col])))))
            self.class_indices = {name: label for label, name in enumerate(known)}
            frame = frame[[bool(self._known(item)) for item in frame[y_col]]]
        frame = frame.iloc[self._subset(len(frame))]
        if is_of_classes:
            labels = [[self.class_indices[name] for name in self._known(item)] for item in frame[y_col]]
            several = [isinstance(item, list | tuple) for item in frame[y_col]]
            self.classes = [found if is_list else found[0] for found, is_list in zip(labels, several, strict=True)]
        elif self.class_mode == "multi_output":
            self._values: Any = [numpy.array(frame[name].tolist()) for name in y_col]
        elif self.class_mode == "raw":
            self._values = frame[y_col].to_numpy()
        self.sample_weight = frame[weight_col].to_numpy() if weight_col else None
        found: list[str] = frame[x_col].tolist()
        self.filepaths = [os.path.join(self.directory, name) for name in found]
        classes = f" belonging to {len(self.class_indices)} classes" if is_of_classes else ""
        print(f"Found {len(found)} {'' if self._validates else 'non-'}validated image filenames{classes}.")
        return found

    @property
    def labels(self) -> Any:
        """The label, or the numbers, of each image."""
        return self._values if self.class_mode in ("multi_output", "raw") else self.classes

    def _known(self, item: Any) -> list[str]:
        """Return the classes of an image that are known."""
        return [name for name in _flat([item]) if name in self.class_indices]

    def _check(self, frame: DataFrame) -> None:
        x_col, y_col, weight_col = self._columns
        mode, texts = self.class_mode, (str, list, tuple) if self.class_mode == "categorical" else str
        if not all(isinstance(name, str) for name in frame[x_col]):
            raise DataError(f"flow_from_dataframe: column {x_col!r} must have names of files, and nothing else")
        if mode == "multi_output" and not isinstance(y_col, list):
            raise DataError(f"flow_from_dataframe: y_col must be a list with class_mode='multi_output', got {y_col!r}")
        if mode in _OF_CLASSES and not all(isinstance(item, texts) for item in frame[y_col]):
            raise DataError(
                f"flow_from_dataframe: column {y_col!r} must have names of classes with class_mode={mode!r}; write"
                f" dataframe[{y_col!r}].astype(str), or take class_mode='raw' for numbers"
            )
        if mode == "binary":
            names = set(self._given_classes or frame[y_col])
            if len(names) != 2:
                raise DataError(f"flow_from_dataframe: class_mode='binary' needs two classes, got {len(names)}")
        if self._given_classes and mode not in _OF_CLASSES:
            warn(f"classes does nothing with class_mode={mode!r}")
        if weight_col and frame[weight_col].dtype.kind not in "biuf":
            raise DataError(f"flow_from_dataframe: column {weight_col!r} must have numbers")

    def _with_files(self, frame: DataFrame, x_col: str) -> DataFrame:
        """Return the rows whose files are images that are there."""
        paths = [os.path.join(self.directory, name) for name in frame[x_col]]
        there = [path.lower().endswith(self.white_list_formats) and os.path.isfile(path) for path in paths]
        if not all(there):
            example = paths[there.index(False)]
            warn(
                f"{there.count(False)} of {len(there)} files are left out, for they are not there, such as '{example}'"
            )
        return frame[there]


def _flat(items: Any) -> list[str]:
    return [name for item in items for name in (item if isinstance(item, list | tuple) else (item,))]
