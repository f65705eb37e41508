"""The result of `fit`: the record of losses and metrics by epoch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from nnc.callbacks.callback import Callback, Logs
from nnc.presentation import Presented, presenter

Array = Any


class History(Callback, Presented):
    """Losses and metrics by epoch; every `fit` has one and returns it (keras.io/api/callbacks).

    Where replicas were trained, it has an array with a number for each of them instead of a number.

    Attributes:
        history: for each name a list with one number per epoch; names of validation begin with ``val_``.
        epoch: numbers of the epochs, from 0.
        params: how `fit` was called: ``verbose``, ``epochs`` and ``steps`` of an epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._history: dict[str, list[float]] = {}
        self._epoch: list[int] = []
        self._unread: list[tuple[range, Mapping[str, Array]]] = []  # epochs that are not lists yet, and their numbers
        self._recorded: dict[str, list[range]] = {}  # the epochs in which a number was, as stretches of them
        self._last = 0

    @property
    def history(self) -> dict[str, list[float]]:
        """For each name a list with one number per epoch."""
        self._read()
        return self._history

    @history.setter
    def history(self, history: dict[str, list[float]]) -> None:
        self._read()
        self._history = history

    @property
    def epoch(self) -> list[int]:
        """Numbers of the epochs."""
        self._read()
        return self._epoch

    @epoch.setter
    def epoch(self, epoch: list[int]) -> None:
        self._read()
        self._epoch = epoch

    def _read(self) -> None:
        """Make lists of what was added as arrays: to make and free objects takes as long as a small network's step."""
        unread, self._unread = self._unread, []
        for epochs, logs in unread:
            self._epoch.extend(epochs)
            for name, numbers in logs.items():
                self._history.setdefault(name, []).extend(numbers.tolist() if numbers.ndim == 1 else numbers)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Count epochs afresh; the numbers of another training stay."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Add the record of one epoch."""
        self.epoch.append(epoch)
        self._last = max(epoch, self._last) + 1
        for name, number in (logs or {}).items():
            self.history.setdefault(name, []).append(number)
            self._record(name, range(self._last, self._last + 1))

    def add_epochs(self, first: int, count: int, logs: Mapping[str, Array]) -> None:
        """Add the records of several epochs at once, an array with a number, or an array, per epoch for each name."""
        self._unread.append((range(first, first + count), logs))
        begin = max(first, self._last) + 1
        self._last = begin + count - 1
        for name in logs:
            self._record(name, range(begin, begin + count))

    def _record(self, name: str, epochs: range) -> None:
        stretches = self._recorded.setdefault(name, [])
        if stretches and stretches[-1].stop == epochs.start:
            epochs = range(stretches.pop().start, epochs.stop)
        stretches.append(epochs)

    def epochs_of(self, name: str) -> list[int]:
        """Return the epochs in which a number was recorded, from 1; those of a further training are counted on.

        Args:
            name: a key of `history`, such as ``val_loss``.
        """
        known, count = [*chain.from_iterable(self._recorded.get(name, ()))], len(self.history[name])
        return known if len(known) == count else list(range(1, count + 1))  # whoever wrote there had no epochs

    def plot(self, names: Iterable[str] | None = None, path: str | os.PathLike[str] | None = None) -> list[Any]:
        """Draw loss and metrics by epoch, training and validation, with the epoch of the smallest loss marked.

        Replicas have a thin line each, and their median a strong one; of more than 20 a band reaches from their 10 % to
        their 90 % quantile. Those that have stopped count no further.

        Args:
            names: what to draw, such as ``["loss"]``; by default everything that was recorded.
            path: ``.png``, ``.svg`` or ``.pdf`` file to draw to; without, it is a figure of pyplot, which notebooks
                show by themselves and scripts with ``matplotlib.pyplot.show()``.

        Returns:
            The axes, one for each number; their ``figure`` is the figure.

        Raises:
            DataError: there is no epoch, or no number of such a name.
            NncError: Matplotlib is not installed (``pip install 'nnc-keras[plot]'``).
        """
        found: list[Any] = presenter().plot(self, names, path)
        return found

    def __repr__(self) -> str:
        return f"<History: {len(self.epoch)} epochs of {', '.join(self.history) or 'nothing yet'}>"

    def __getstate__(self) -> dict[str, Any]:
        """A copy is a record, and not a copy of the model."""
        self._read()
        return self.__dict__ | {"_model": None}
