"""The base class of data that give whole batches by number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from nnc.errors import DataError


class PyDataset:
    """A base class for data that `fit`, `evaluate` and `predict` take batch by batch.

    A subclass has `__getitem__`, which returns the batch of a number as (inputs,), (inputs, targets) or (inputs,
    targets, sample weights), and `__len__`, the number of batches; or `num_batches`, which is None where they never
    end. `fit` takes them in a new order in each epoch, unless it is told `shuffle=False`.

    Args:
        workers: threads that prepare the next batches; up to 1 they are prepared one by one, when they are needed.
        use_multiprocessing: False; processes are not supported, and `fit` refuses them.
        max_queue_size: batches that threads prepare at most before they are needed.
    """

    # for subclasses that do not call __init__
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return a batch.

        Args:
            index: its number, from 0.

        Raises:
            DataError: the subclass has none.
        """
        raise DataError(f"{type(self).__name__} needs a method __getitem__(self, index) that returns batch {index}")

    def __iter__(self) -> Iterator[Any]:
        """Return all batches, one after the other."""
        number = self.num_batches
        return (self[index] for index in (count() if number is None else range(number)))

    @property
    def num_batches(self) -> int | None:
        """The number of batches, None where they never end.

        Raises:
            DataError: the subclass says nothing of it.
        """
        if hasattr(self, "__len__"):
            return len(self)
        raise DataError(f"{type(self).__name__} needs a method __len__(self), or a property num_batches")

    def on_epoch_begin(self) -> None:
        """Do what has to be done at the beginning of each epoch."""

    def on_epoch_end(self) -> None:
        """Do what has to be done at the end of each epoch, and once before the first."""


Sequence = PyDataset
"""The name that it had in Keras 2."""
