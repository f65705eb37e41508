"""Sequences: rows of one length, windows of time series, pairs of words that stand near one another."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.utils.py_dataset import PyDataset
from nnc.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]

Array = Any
_EULER = 0.577


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a time series, each with the target of the time after it.

    Args:
        data: one element for each time, shape (times, …).
        targets: one for each time.
        length: times of a window.
        sampling_rate: times from an element of a window to the next.
        stride: times from a window to the next.
        start_index: the first time that is used.
        end_index: the last time that has a target.
        shuffle: whether windows are drawn at random, by NumPy's global state.
        reverse: whether the last time of a window comes first.
        batch_size: windows of a batch.
        kwargs: those of `nnc.utils.PyDataset`.

    Raises:
        DataError: lengths differ, or no window fits.
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise DataError(
                f"TimeseriesGenerator: data and targets must be equally long, got {len(data)} and {len(targets)} times"
            )
        self.data, self.targets = data, targets
        self.length, self.sampling_rate, self.stride = length, sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise DataError(
                f"TimeseriesGenerator: no window fits: start_index + length is {self.start_index}, after end_index,"
                f" {self.end_index}"
            )

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        """Return a batch of windows and targets.

        Args:
            index: its number, from 0.
        """
        if self.shuffle:
            rows = numpy.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            step = self.batch_size * self.stride
            first = self.start_index + step * index
            rows = numpy.arange(first, min(first + step, self.end_index + 1), self.stride)
        windows = numpy.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        targets = numpy.array([self.targets[row] for row in rows])
        return (windows[:, ::-1] if self.reverse else windows), targets

    def get_config(self) -> dict[str, Any]:
        """Return data and settings, with the data as JSON texts.

        Raises:
            DataError: they cannot be JSON.
        """
        keys = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size")
        return {
            "data": _as_json("data", self.data),
            "targets": _as_json("targets", self.targets),
            **{key: getattr(self, key) for key in keys},
        }

    def to_json(self, **kwargs: Any) -> str:
        """Return the config, with the class's name, as JSON.

        Args:
            kwargs: those of `json.dumps`.

        Raises:
            DataError: the data cannot be JSON.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def _as_json(key: str, values: Any) -> str:
    try:
        return json.dumps(values.tolist() if isinstance(values, numpy.ndarray) else values)
    except TypeError as error:
        raise DataError(f"TimeseriesGenerator: {key} cannot be written as JSON: {error}") from None


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Array:
    """Return for each word the probability to keep it, where words are sorted by how frequent they are (Zipf's law).

    Args:
        size: number of words.
        sampling_factor: how rare a word must be to be kept always.

    Returns:
        An array of shape (size).
    """
    rank = numpy.arange(size)
    rank[0] = 1
    inverse_frequency = rank * (numpy.log(rank) + _EULER) + 0.5 - 1.0 / (12.0 * rank)
    found = sampling_factor * inverse_frequency
    return numpy.minimum(1.0, found / numpy.sqrt(found))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words that stand near one another, pairs of random words, and which are which.

    Args:
        sequence: words as numbers; 0 is no word.
        vocabulary_size: number of words, and of 0.
        window_size: how far words of a pair are from one another at most.
        negative_samples: how many pairs of random words there are for each other one.
        shuffle: whether pairs come in a random order.
        categorical: whether labels are one-hot rows instead of 1 and 0.
        sampling_table: the probability to keep each word, as of `make_sampling_table`.
        seed: of the order; random numbers are those of Python's `random`.

    Returns:
        Pairs, and a label for each.
    """
    near, apart = ([0, 1], [1, 0]) if categorical else (1, 0)
    couples: list[list[int]] = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        around = range(max(0, place - window_size), min(len(sequence), place + window_size + 1))
        couples += [[word, sequence[other]] for other in around if other != place and sequence[other]]
    labels: list[Any] = [near] * len(couples)
    if negative_samples > 0:
        count = int(len(labels) * negative_samples)
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        couples += [[words[number % len(words)], random.randint(1, vocabulary_size - 1)] for number in range(count)]
        labels += [apart] * count
    if shuffle:
        seed = random.randint(0, 10_000_000) if seed is None else seed
        for items in (couples, labels):
            random.seed(seed)
            random.shuffle(items)
    return couples, labels
