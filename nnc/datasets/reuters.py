"""Reuters: 11,228 reports of a news agency on 46 topics."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.datasets.sequences import as_array, known_words, marked, shorter, shuffled, word_index
from nnc.datasets.stored_arrays import npz_arrays
from nnc.downloads import KERAS_FILES, get_file

Array = Any
Split = tuple[Array, Array]
_TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass"
    " crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi"
    " iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"
)


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> tuple[Split, Split]:
    """Return reports and topics to train on, and to test on.

    Args:
        path: name of the file in the cache.
        num_words: numbers of words from which on a word counts as unknown.
        skip_top: number of the most frequent words that count as unknown.
        maxlen: length from which on a report is left out.
        test_split: fraction of the reports to test on.
        seed: seed of the order.
        start_char: number at the start of each report.
        oov_char: number of unknown words, None to leave them out.
        index_from: what is added to the number of a word.

    Returns:
        Reports, an array of lists of numbers, and topics 0 to 45, int64.

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged.

    https://keras.io/api/datasets/reuters/
    """
    checksum = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
    arrays = npz_arrays(get_file(path, f"{KERAS_FILES}reuters.npz", file_hash=checksum))
    texts, labels = shuffled(arrays["x"], arrays["y"], numpy.random.RandomState(seed))
    kept, topics = shorter(marked(texts, start_char, index_from), labels, maxlen)
    x, y = as_array(known_words(kept, num_words, skip_top, oov_char)), numpy.array(topics)
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return the number of each word, to which `load_data` adds `index_from`.

    Args:
        path: name of the file in the cache.

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged.
    """
    return word_index(path, "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921")


def get_label_names() -> tuple[str, ...]:
    """Return the names of the topics."""
    return tuple(_TOPICS.split())
