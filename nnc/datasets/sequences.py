"""What IMDB and Reuters share: texts as lists of numbers of words, the most frequent word first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from nnc.downloads import KERAS_FILES, get_file
from nnc.errors import DataError
from nnc.files import read_json

Array = Any
Text = list[int]


def shuffled(texts: Array, labels: Array, generator: numpy.random.RandomState) -> tuple[Array, Array]:
    """Return texts and labels in another order."""
    order = numpy.arange(len(texts))
    generator.shuffle(order)
    return texts[order], labels[order]


def marked(texts: Sequence[Sequence[int]], start_char: int | None, index_from: int | None) -> list[Text]:
    """Return texts whose words are numbered from another number on, with a mark at the start, unless it is None."""
    start = [] if start_char is None else [start_char]
    return [start + [word + (index_from or 0) for word in text] for text in texts]


def shorter(texts: Sequence[Text], labels: Sequence[int], maxlen: int | None) -> tuple[list[Text], list[int]]:
    """Return the texts that are shorter than a length, with their labels; all where it is None or 0."""
    pairs = [(text, label) for text, label in zip(texts, labels, strict=True) if not maxlen or len(text) < maxlen]
    return [text for text, _ in pairs], [label for _, label in pairs]


def known_words(texts: Sequence[Text], num_words: int | None, skip_top: int, oov_char: int | None) -> list[Text]:
    """Return texts in which words that are too frequent or too rare are one number, or left out where it is None."""
    most = num_words or max((max(text) for text in texts if text), default=0)
    if oov_char is None:
        return [[word for word in text if skip_top <= word < most] for text in texts]
    return [[word if skip_top <= word < most else oov_char for word in text] for text in texts]


def as_array(texts: Sequence[Text]) -> Array:
    """Return an array of lists."""
    found = numpy.empty(len(texts), object)
    found[:] = texts
    return found


def word_index(path: str, name: str, checksum: str) -> dict[str, int]:
    """Return the number of each word.

    Args:
        path: name of the file in the cache.
        name: name of Keras's file.
        checksum: its checksum.

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged.
    """
    file = Path(get_file(path, f"{KERAS_FILES}{name}", file_hash=checksum))
    try:
        found: dict[str, int] = read_json(file.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{file}: the file is damaged: {error}") from error
    return found
