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
from nnc.callbacks.replicas import (
    Which,
    chosen,
    for_each,
    learning_rate_of,
    logged_learning_rate,
    named,
    replicas_of,
    span,
    trained,
)
from nnc.choices import MonitorMode
from nnc.errors import ModelError


class LearningRateScheduler(DeclaredCallback):
    """Sets the learning rate before each epoch (keras.io/api/callbacks/learning_rate_scheduler).

    Of replicas each has its own learning rate: a schedule that takes it is called for each of them, with its rate as a
    float, and one that takes the epoch alone is called once for all.

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
        which = trained(self.model)
        if not self._takes_rate():
            rate = chosen(which, self._scheduled(epoch), learning_rate_of(self.model))
        elif replicas_of(self.model) is None:
            rate = self._scheduled(epoch, learning_rate_of(self.model))
        else:
            rate = learning_rate_of(self.model)
            rate[which] = [self._scheduled(epoch, own) for own in rate[which].tolist()]
        optimizer.learning_rate = rate
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate{_to(which, rate)}.")

    def _scheduled(self, *arguments: Any) -> Any:
        rate: Any = self.schedule(*arguments)
        if not isinstance(rate, float | numpy.floating):
            raise ModelError(f"LearningRateScheduler: the schedule must return a float, got {rate!r}")
        return rate

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Add the learning rate to the logs."""
        if logs is not None:
            logs["learning_rate"] = logged_learning_rate(self.model)

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

    See keras.io/api/callbacks/reduce_lr_on_plateau. Of replicas each has its own learning rate, best number and
    patience, and ``best``, ``wait`` and ``cooldown_counter`` are arrays with a number for each.

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
        self.wait: Any = 0
        self.cooldown_counter: Any = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start afresh."""
        self.best = None
        self.wait = self.cooldown_counter = for_each(self.model, 0)

    def in_cooldown(self) -> Which:
        """Return whether the last reduction is too near."""
        found: Which = self.cooldown_counter > 0
        return found

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Look at the number, and add the learning rate to the logs."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = logged_learning_rate(self.model)
        current = self.current(logs)
        if current is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not available. Available"
                f" metrics are: {','.join(logs)}.",
                stacklevel=2,
            )
            return
        looked_at = trained(self.model)
        cooling = looked_at & self.in_cooldown()
        self.cooldown_counter = chosen(cooling, self.cooldown_counter - 1, self.cooldown_counter)
        improved = self.improves(current, self.best)
        self.keep_best(improved, current)
        self.wait = chosen(cooling | improved, 0, self.wait)
        waiting = looked_at & numpy.logical_not(improved) & numpy.logical_not(self.in_cooldown())
        self.wait = chosen(waiting, self.wait + 1, self.wait)
        reduced = self._reduce(epoch, waiting & (self.wait >= self.patience))
        self.cooldown_counter = chosen(reduced, self.cooldown, self.cooldown_counter)
        self.wait = chosen(reduced, 0, self.wait)

    def _reduce(self, epoch: int, due: Which) -> Which:
        """Lower the learning rates that are due and may be lower, and return which were."""
        if not numpy.any(due):
            return due
        rate = learning_rate_of(self.model)
        due = due & (rate > float(numpy.float32(self.min_lr)))
        if numpy.any(due):
            lower = rate * self.factor
            reduced = chosen(due, chosen(lower >= self.min_lr, lower, self.min_lr), rate)
            self.model.optimizer.learning_rate = reduced
            if self.verbose > 0:
                print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate{_to(due, reduced)}.")
        return due


def _to(which: Which, rate: Any) -> str:
    return f" of {named(which)} to {span(rate[which])}" if numpy.ndim(which) else f" to {rate}"
