"""IMDB: 25,000 reviews of films to train on and 25,000 to test on, and whether they like them."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.datasets.sequences import as_array, known_words, marked, shorter, shuffled, word_index
from nnc.datasets.stored_arrays import npz_arrays
from nnc.downloads import KERAS_FILES, get_file
from nnc.errors import DataError

Array = Any
Split = tuple[Array, Array]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
    **kwargs: Any,
) -> tuple[Split, Split]:
    """Return reviews and judgements to train on, and to test on.

    Args:
        path: name of the file in the cache.
        num_words: numbers of words from which on a word counts as unknown.
        skip_top: number of the most frequent words that count as unknown.
        maxlen: length from which on a review is left out.
        seed: seed of the order.
        start_char: number at the start of each review.
        oov_char: number of unknown words, None to leave them out.
        index_from: what is added to the number of a word.
        kwargs: nothing.

    Returns:
        Reviews, an array of lists of numbers, and 1 for those that like the film, int64.

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged; or no review is left.

    https://keras.io/api/datasets/imdb/
    """
    if kwargs:
        raise DataError(f"imdb.load_data has no argument {', '.join(map(repr, kwargs))}")
    checksum = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
    arrays = npz_arrays(get_file(path, f"{KERAS_FILES}imdb.npz", file_hash=checksum))
    generator = numpy.random.RandomState(seed)
    texts, labels, counts = [], [], []
    for name in ("train", "test"):
        own, judgements = shuffled(arrays[f"x_{name}"], arrays[f"y_{name}"], generator)
        kept, known = shorter(marked(own, start_char, index_from), judgements, maxlen)
        if not kept:
            raise DataError(f"imdb: no review is shorter than maxlen={maxlen}; increase it")
        texts += kept
        labels += known
        counts.append(len(kept))
    x, y = as_array(known_words(texts, num_words, skip_top, oov_char)), numpy.array(labels)
    return (x[: counts[0]], y[: counts[0]]), (x[counts[0] :], y[counts[0] :])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return the number of each word, to which `load_data` adds `index_from`.

    Args:
        path: name of the file in the cache.

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged.
    """
    return word_index(path, "imdb_word_index.json", "bfafd718b763782e994055a2d397834f")
