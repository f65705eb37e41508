"""The texts of a folder, as data that are read again and again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from nnc.utils.directories import Folder


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return the texts of ``.txt`` files in a folder's subfolders, each of which is a class, in batches.

    Files are found, divided and labelled as by Keras; the order of an epoch is another.

    Args:
        directory: path of the folder.
        labels: ``inferred`` from its subfolders, None, or whole numbers, one for each file in the order of their paths.
        label_mode: ``int``; ``categorical``, rows of zeros with a one; ``binary``, 0.0 or 1.0; None leaves labels out.
        class_names: names of subfolders, in the order of their labels; by default all, in the order of the alphabet.
        batch_size: texts of a batch; None gives single ones.
        max_length: bytes of a text that are kept, from its beginning; all by default.
        shuffle: whether texts come in a random order, another one in each epoch.
        seed: of the order.
        validation_split: fraction of the files that is kept for validation.
        subset: ``training``, ``validation``, or ``both`` for a list of the two.
        follow_links: whether subfolders that are links are read.
        format: ``tf``, the default of Keras; what is returned has the methods of its data sets that scripts use.
        verbose: whether the number of files is printed.

    Returns:
        Arrays of bytes objects, with labels as tuples of both; `class_names` and `file_paths` are attributes.

    Raises:
        DataError: an argument is none of those above, or there are no texts.
    """

    def read(path: str) -> Any:
        return numpy.asarray(Path(path).read_bytes()[:max_length], object)

    folder = Folder(
        "text_dataset_from_directory", directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, format, verbose,
    )  # fmt: skip
    return folder.read((".txt",), read)
