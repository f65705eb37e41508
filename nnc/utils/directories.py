"""Files of a folder, with the classes that its subfolders name, as data that are read again and again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.utils.pipeline import Element, Pipeline, orders_of, stacked
from nnc.utils.seeds import random_generator

LABEL_MODES = ("int", "categorical", "binary", None)


@dataclass(frozen=True)
class Folder:
    """What of a folder is read, as data sets.

    Args:
        where: the function that is called, for messages.
        directory: path of the folder.
        labels: ``inferred`` from its subfolders, None, or whole numbers, one for each file in the order of their paths.
        label_mode: ``int``, ``categorical`` or ``binary``: how a label is given; None leaves labels out.
        class_names: names of subfolders, in the order of their labels; by default all, in the order of the alphabet.
        batch_size: files of a batch; None gives single ones.
        shuffle: whether files come in a random order.
        seed: of the order.
        validation_split: fraction of the files that is kept for validation.
        subset: ``training``, ``validation`` or ``both``.
        follow_links: whether subfolders that are links are read.
        format: must be ``tf``.
        verbose: whether the number of files is printed.
    """

    where: str
    directory: str | os.PathLike[str]
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    format: str
    verbose: bool

    def check(self) -> None:
        """Check what is given.

        Raises:
            DataError: an argument is none that the function takes.
        """
        if self.format != "tf":
            self.refuse(f"format must be 'tf', got {self.format!r}; leave it out, elements are NumPy arrays")
        if self.labels not in ("inferred", None) and not isinstance(self.labels, list | tuple):
            self.refuse(
                "`labels` argument should be 'inferred', None, or a list with a number for each file,"
                f" got {self.labels!r}"
            )
        if self.label_mode not in LABEL_MODES:
            self.refuse(
                f"`label_mode` argument must be 'int', 'categorical', 'binary' or None, got {self.label_mode!r}"
            )
        if self.class_names is not None and self.labels != "inferred":
            self.refuse('You can only pass `class_names` if `labels="inferred"`')
        size = self.batch_size
        if size is not None and (isinstance(size, bool) or not isinstance(size, int | numpy.integer) or size < 1):
            self.refuse(f"batch_size must be a whole number of at least 1 or None, got {size!r}")
        if self.subset not in ("training", "validation", "both", None):
            self.refuse(f'`subset` must be either "training", "validation" or "both", or None, got {self.subset!r}')
        if self.validation_split and not 0 < self.validation_split < 1:
            self.refuse(f"`validation_split` must be between 0 and 1, got {self.validation_split!r}")
        if bool(self.validation_split) != bool(self.subset):
            self.refuse("if `subset` is set, `validation_split` must be set, and inversely")
        if self.validation_split and self.shuffle and self.seed is None:
            self.refuse(
                "you must provide a `seed` with validation_split, so that no file is in both subsets; or shuffle=False"
            )

    @property
    def contents(self) -> str:
        """What is in the files, for messages."""
        return "images" if self.where.startswith("image") else "text files"

    def refuse(self, message: str) -> None:
        """Raise an error.

        Raises:
            DataError: always.
        """
        raise DataError(f"{self.where}: {message}")

    def read(self, suffixes: tuple[str, ...], read: Callable[[str], Any]) -> Any:
        """Return the data set, or two in a list where both subsets are asked for.

        Args:
            suffixes: of the files that are read, such as ``.png``.
            read: returns what is in a file of a path.

        Raises:
            DataError: an argument is none that the function takes, or there are no such files.
        """
        self.check()
        seed = int(random_generator().integers(10**6)) if self.seed is None else self.seed
        paths, labels, names = self._files(suffixes)
        if self.verbose:
            classes = "" if labels is None else f" belonging to {len(names or ())} classes"
            print(f"Found {len(paths)} files{classes}.")
        if self.shuffle:  # as Keras does, so that its subsets have the same files
            order = numpy.random.RandomState(seed).permutation(len(paths))
            paths = [paths[place] for place in order]
            labels = None if labels is None else labels[order]
        if labels is not None and self.label_mode == "binary" and len(names or ()) != 2:
            self.refuse(f"with label_mode='binary' there must be exactly 2 classes, got {names}")
        kept = int((self.validation_split or 0) * len(paths))
        parts = {"training": slice(0, len(paths) - kept), "validation": slice(len(paths) - kept, None)}
        found = []
        for subset in ("training", "validation") if self.subset == "both" else (self.subset,):
            rows = slice(None) if subset is None else parts[subset]
            if subset is not None:
                what = f"for {subset}"
                print(f"Using {len(paths[rows])} files {what}.")
            if not paths[rows]:
                self.refuse(
                    f"No {self.contents} found. '{os.fspath(self.directory)}' has too few files that end in"
                    f" {', '.join(suffixes)}"
                )
            is_mixed = self.shuffle and not (self.subset == "both" and subset == "validation")
            own = None if labels is None else self._targets(labels[rows], names or [])
            found.append(self._pipeline(paths[rows], own, names, read, seed if is_mixed else None))
        return found if self.subset == "both" else found[0]

    def _files(self, suffixes: tuple[str, ...]) -> tuple[list[str], Any, list[str] | None]:
        """Return paths, labels and names of classes."""
        root = os.fspath(self.directory)
        if self.labels != "inferred" or self.label_mode is None:
            given = None if self.label_mode is None else self.labels
            if self.labels == "inferred":
                paths = [path for name in self._subfolders(root) for path in self._inside(root, name, suffixes)]
            else:
                paths = self._inside(root, "", suffixes)
            if given is None:
                return paths, None, None
            if len(given) != len(paths):
                self.refuse(
                    f"Expected the lengths of `labels` to match the number of files in '{root}', which is {len(paths)},"
                    f" got {len(given)}"
                )
            return paths, numpy.asarray(given), [str(label) for label in sorted(set(given))]
        names = self._subfolders(root)
        by_class = [self._inside(root, name, suffixes) for name in names]
        labels = numpy.repeat(numpy.arange(len(names), dtype="int32"), [len(paths) for paths in by_class])
        return [path for paths in by_class for path in paths], labels, names

    def _subfolders(self, root: str) -> list[str]:
        there = [
            name for name in sorted(os.listdir(root)) if os.path.isdir(os.path.join(root, name)) and name[0] != "."
        ]
        if self.class_names is None:
            return there
        if not set(self.class_names) <= set(there):
            self.refuse(
                f"the `class_names` passed did not match the names of the subfolders: they must be among {there}, got"
                f" {list(self.class_names)}"
            )
        return list(self.class_names)

    def _inside(self, root: str, name: str, suffixes: tuple[str, ...]) -> list[str]:
        folder = os.path.join(root, name)
        walked = sorted(os.walk(folder, followlinks=self.follow_links), key=lambda item: item[0])
        files = [os.path.join(at, file) for at, _, inside in walked for file in sorted(inside)]
        return [
            os.path.join(root, name, os.path.relpath(path, folder)) for path in files if path.lower().endswith(suffixes)
        ]

    def _targets(self, labels: Any, names: list[str]) -> Any:
        if self.label_mode == "binary":
            return labels.astype("float32")[:, None]
        if self.label_mode == "categorical":
            return (labels[:, None] == numpy.arange(len(names))).astype("float32")
        return labels.astype("int32")

    def _pipeline(
        self, paths: list[str], targets: Any, names: list[str] | None, read: Callable[[str], Any], seed: int | None
    ) -> Pipeline:
        orders = None if seed is None else orders_of(seed)
        size = self.batch_size or 1

        def element(place: int) -> Element:
            content = read(paths[place])
            return content if targets is None else (content, targets[place])

        def make() -> Iterator[Element]:
            order = numpy.arange(len(paths)) if orders is None else orders.permutation(len(paths))
            for first in range(0, len(order), size):
                elements = [element(int(place)) for place in order[first : first + size]]
                yield stacked(elements) if self.batch_size else elements[0]

        found = Pipeline(make, -(-len(paths) // size), self.batch_size is not None)
        found.class_names, found.file_paths = names, paths
        return found
