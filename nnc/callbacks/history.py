"""What `fit` returns: the record of losses and metrics by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnc.callbacks.callback import Callback, Logs


class History(Callback):
    """Losses and metrics by epoch; every `fit` has one and returns it (keras.io/api/callbacks).

    Attributes:
        history: for each name a list with one number per epoch; names of validation begin with ``val_``.
        epoch: numbers of the epochs, from 0.
        params: how `fit` was called: ``verbose``, ``epochs`` and ``steps`` of an epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        """Count epochs afresh; the numbers of another training stay."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Add the record of one epoch."""
        self.epoch.append(epoch)
        for name, number in (logs or {}).items():
            self.history.setdefault(name, []).append(number)

    def add_epochs(self, first: int, count: int, logs: Mapping[str, list[float]]) -> None:
        """Add the records of several epochs at once, a list of numbers for each name."""
        self.epoch.extend(range(first, first + count))
        for name, numbers in logs.items():
            self.history.setdefault(name, []).extend(numbers)

    def __getstate__(self) -> dict[str, Any]:
        """A copy is a record, and not a copy of the model."""
        return self.__dict__ | {"_model": None}
