"""Callbacks that end a training."""

from __future__ import annotations

import warnings
from math import isfinite
from typing import Any

from nnc.arguments import argument, flag, number
from nnc.callbacks.callback import DeclaredCallback, Logs
from nnc.callbacks.monitor import Monitor, check_limit, check_mode
from nnc.choices import MonitorMode
from nnc.errors import DataError


class EarlyStopping(Monitor):
    """Ends training when a number has not improved for some epochs (keras.io/api/callbacks/early_stopping).

    Args:
        monitor: name of the number.
        min_delta: smallest change that is an improvement.
        patience: epochs without improvement.
        verbose: 1 says when training is ended.
        mode: ``min``, ``max`` or ``auto``.
        baseline: number that has to be improved on, too.
        restore_best_weights: whether the weights of the best epoch come back at the end.
        start_from_epoch: epochs to wait before the first look.
    """

    monitor: str = argument(default="val_loss")
    min_delta: float = number(default=0)
    patience: float = argument(check_limit, default=0)
    verbose: int = argument(default=0)
    mode: MonitorMode = argument(check_mode, default="auto")
    baseline: float | None = argument(check_limit, default=None)
    restore_best_weights: bool = flag(default=False)
    start_from_epoch: float = argument(check_limit, default=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start afresh."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Look at the number."""
        current = (logs or {}).get(self.monitor)
        if current is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. Available metrics are:"
                f" {','.join(logs or {})}",
                stacklevel=2,
            )
            return
        if epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_improvement(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_improvement(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Bring the best weights back."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class TerminateOnNaN(DeclaredCallback):
    """Ends training at a batch after which the loss is not a finite number (keras.io/api/callbacks/terminate_on_nan).

    Args:
        raise_error: whether to raise an error instead of ending training.
    """

    raise_error: bool = flag(default=False)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Look at the loss.

        Raises:
            DataError: it is not finite, and that is to be an error.
        """
        loss = (logs or {}).get("loss")
        if loss is None or isfinite(loss):
            return
        if self.raise_error:
            raise DataError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. Terminating training immediately."
            )
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
