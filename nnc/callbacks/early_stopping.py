"""Callbacks that end a training."""

from __future__ import annotations

import warnings
from typing import Any

import numpy

from nnc.arguments import argument, flag, number
from nnc.callbacks.callback import DeclaredCallback, Logs
from nnc.callbacks.monitor import Monitor, check_limit, check_mode
from nnc.callbacks.replicas import Which, chosen, for_each, named, not_stopped, replicas_of, span, stop, trained
from nnc.choices import MonitorMode
from nnc.errors import DataError


class EarlyStopping(Monitor):
    """Ends training when a number has not improved for some epochs (keras.io/api/callbacks/early_stopping).

    Of replicas each stops by itself, and training ends where all have; each gets back the weights of its own best
    epoch, and ``best``, ``best_epoch``, ``stopped_epoch`` and ``wait`` are arrays with a number for each.

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
        self.wait: Any = 0
        self.stopped_epoch: Any = 0
        self.best_epoch: Any = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start afresh."""
        self.wait = self.stopped_epoch = self.best_epoch = for_each(self.model, 0)
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Look at the number."""
        current = self.current(logs)
        if current is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. Available metrics are:"
                f" {','.join(logs or {})}",
                stacklevel=2,
            )
            return
        if epoch < self.start_from_epoch:
            return
        looked_at = trained(self.model)
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), chosen(looked_at, epoch, self.best_epoch)
        self.wait = chosen(looked_at, self.wait + 1, self.wait)
        improved = self.improves(current, self.best)
        self.keep_best(improved, current)
        self.best_epoch = chosen(improved, epoch, self.best_epoch)
        if self.restore_best_weights and numpy.any(improved):
            self._keep_weights(improved)
        enough = improved & self.improves(current, self.baseline)
        self.wait = chosen(enough, 0, self.wait)
        if epoch > 0:
            stopped = looked_at & numpy.logical_not(improved) & (self.wait >= self.patience)
            self.stopped_epoch = chosen(stopped, epoch, self.stopped_epoch)
            stop(self.model, stopped)

    def _keep_weights(self, improved: Which) -> None:
        weights = self.model.get_weights()
        if replicas_of(self.model) is None:
            self.best_weights = weights
            return
        for kept, own in zip(self.best_weights, weights, strict=True):
            kept[improved] = own[improved]

    def on_train_end(self, logs: Logs = None) -> None:
        """Bring the best weights back."""
        count, stopped = replicas_of(self.model), numpy.asarray(self.stopped_epoch) > 0
        if stopped.any() and self.verbose > 0:
            if count is None:
                print(f"Epoch {self.stopped_epoch + 1}: early stopping")
            else:
                epochs = span(self.stopped_epoch[stopped] + 1)
                print(f"Early stopping of {stopped.sum()} of {count} replicas in epochs {epochs}")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                best = self.best_epoch + 1
                which = f"the best epoch: {best}" if count is None else f"each replica's best epoch: {span(best)}"
                print(f"Restoring model weights from the end of {which}.")
            self.model.set_weights(self.best_weights)


class TerminateOnNaN(DeclaredCallback):
    """Ends training at a batch after which the loss is not a finite number (keras.io/api/callbacks/terminate_on_nan).

    Of replicas those stop whose loss is not finite, and the others go on.

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
        if loss is None:
            return
        invalid = not_stopped(self.model) & ~numpy.isfinite(loss)
        if not numpy.any(invalid):
            return
        whose = "" if replicas_of(self.model) is None else f" of {named(invalid)}"
        if self.raise_error:
            value = numpy.asarray(loss)[invalid][0] if whose else loss
            raise DataError(
                f"NaN or Inf loss{whose} encountered at batch {batch}. Loss value: {value}. Terminating training"
                " immediately."
            )
        print(f"Batch {batch}: Invalid loss{whose}, terminating training")
        stop(self.model, invalid)
