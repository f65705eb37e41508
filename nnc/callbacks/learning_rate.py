"""Callbacks that set the learning rate between epochs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import numpy

from nnc.arguments import argument, number
from nnc.callbacks.callback import DeclaredCallback, Logs
from nnc.callbacks.monitor import Monitor, check_limit, check_mode
from nnc.choices import MonitorMode
from nnc.errors import ModelError


class LearningRateScheduler(DeclaredCallback):
    """Sets the learning rate before each epoch (keras.io/api/callbacks/learning_rate_scheduler).

    Args:
        schedule: takes the number of the epoch from 0, and the learning rate where it has a second argument; returns
            the new one.
        verbose: 1 says so.
    """

    schedule: Callable[..., float] = argument()
    verbose: int = argument(default=0)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Set the learning rate.

        Raises:
            ModelError: the schedule does not return a float.
        """
        optimizer = self.model.optimizer
        rate: Any = self.schedule(epoch, optimizer.learning_rate) if self._takes_rate() else self.schedule(epoch)
        if not isinstance(rate, float | numpy.floating):
            raise ModelError(f"LearningRateScheduler: the schedule must return a float, got {rate!r}")
        optimizer.learning_rate = rate
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Add the learning rate to the logs."""
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate

    def _takes_rate(self) -> bool:
        try:
            parameters = signature(self.schedule).parameters.values()
        except (TypeError, ValueError):
            return False
        positional = [
            item for item in parameters if item.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        ]
        return len(positional) > 1 or any(item.kind is Parameter.VAR_POSITIONAL for item in parameters)


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when a number has not improved for some epochs.

    See keras.io/api/callbacks/reduce_lr_on_plateau.

    Args:
        monitor: name of the number.
        factor: factor of the learning rate, below 1.
        patience: epochs without improvement.
        verbose: 1 says so.
        mode: ``min``, ``max`` or ``auto``.
        min_delta: smallest change that is an improvement.
        cooldown: epochs to wait after each reduction.
        min_lr: smallest learning rate.

    Raises:
        ModelError: an argument is wrong, such as a factor of 1 or more.
    """

    monitor: str = argument(default="val_loss")
    factor: float = number(below=1.0, default=0.1)
    patience: float = argument(check_limit, default=10)
    verbose: int = argument(default=0)
    mode: MonitorMode = argument(check_mode, default="auto")
    min_delta: float = number(default=1e-4)
    cooldown: float = argument(check_limit, default=0)
    min_lr: float = number(default=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.wait: int = 0
        self.cooldown_counter: float = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start afresh."""
        self.best = None
        self.wait = self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Return whether the last reduction is too near."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Look at the number, and add the learning rate to the logs."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = self.model.optimizer.learning_rate
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not available. Available"
                f" metrics are: {','.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(current, self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter, self.wait = self.cooldown, 0

    def _reduce(self, epoch: int) -> bool:
        rate = self.model.optimizer.learning_rate
        if rate <= float(numpy.float32(self.min_lr)):
            return False
        reduced = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = reduced
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {reduced}.")
        return True
