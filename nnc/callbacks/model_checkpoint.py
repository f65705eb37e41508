"""The callback that saves the model while it is trained."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import numpy

from nnc.arguments import argument, flag
from nnc.callbacks.callback import Logs
from nnc.callbacks.monitor import Monitor, check_limit, check_mode
from nnc.callbacks.replicas import logs_of, named, not_stopped, program_of, replicas_of, trained
from nnc.checks import is_whole
from nnc.choices import MonitorMode
from nnc.errors import DataError
from nnc.plugins import KERAS_MODELS, KERAS_WEIGHTS

PROGRAM, ARRAYS = ".nnc", ".npz"


def check_frequency(where: str, key: str, value: Any) -> str | int:
    """Return ``epoch`` or a number of batches.

    Raises:
        DataError: it is something else.
    """
    if value == "epoch":
        return "epoch"
    if is_whole(value) and value > 0:
        return int(value)
    raise DataError(f"{where}: Unrecognized {key}: Invalid value {value!r}, it must be 'epoch' or a number of batches")


class ModelCheckpoint(Monitor):
    """Saves the model after each epoch, or each so many batches (keras.io/api/callbacks/model_checkpoint).

    Replicas that are trained are written each to its own file, as a program of its own, where ``{replica}`` stands in
    the path: its number from 0. ``best`` is then an array, and with `save_best_only` a replica is written when it is
    better than itself before. Without ``{replica}`` they are written together; with `save_best_only` it is the best
    replica of all so far, as a program of its own. A replica that has stopped is not written again. Names of logs are
    filled in with the numbers of the replica, or with those of the one with the best monitored number.

    Args:
        filepath: a path that ends in ``.nnc``, or as Keras's files in ``.keras`` or ``.h5``; for weights alone in
            ``.weights.h5``, as Keras's, or ``.npz``;
            ``{epoch:02d}``, ``{batch}``, ``{replica}`` and names of logs, such as ``{val_loss:.2f}``, are filled in.
        monitor: name of the number that says which is the best.
        verbose: 1 says when it is saved.
        save_best_only: whether to save only what is better than all before.
        save_weights_only: whether to save weights alone.
        mode: ``min``, ``max`` or ``auto``.
        save_freq: ``epoch`` or a number of batches.
        initial_value_threshold: what must be improved on by the first file.

    Raises:
        DataError: the path or the frequency does not fit.
    """

    writes_files = True
    _filepath_given: str | Path = argument(alias="filepath")
    monitor: str = argument(default="val_loss")
    verbose: int = argument(default=0)
    save_best_only: bool = flag(default=False)
    save_weights_only: bool = flag(default=False)
    mode: MonitorMode = argument(check_mode, default="auto")
    save_freq: Literal["epoch"] | int = argument(check_frequency, default="epoch")
    initial_value_threshold: float | None = argument(check_limit, default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filepath = str(self._filepath_given)
        self.best: Any = self.initial_value_threshold
        self.batches = BatchCounter(self.save_freq)
        self._epoch = 0
        suffixes = (KERAS_WEIGHTS, ARRAYS) if self.save_weights_only else (PROGRAM, *KERAS_MODELS)
        is_weights = self.filepath.endswith(KERAS_WEIGHTS)
        if not self.filepath.endswith(suffixes) or (is_weights and not self.save_weights_only):
            expected = " or ".join(repr(suffix) for suffix in suffixes)
            hint = "; for weights alone, give save_weights_only=True" if is_weights else ""
            raise DataError(f"ModelCheckpoint: filepath must end in {expected}, got {self.filepath!r}{hint}")
        if isinstance(self.save_freq, int):  # a hook of batches, which cost time, only where it is needed
            self.on_train_batch_end = self._batch_done  # type: ignore[method-assign]  # a hook of batches costs

    def set_model(self, model: Any) -> None:
        """Take the model or program to save.

        Raises:
            DataError: it is a program, which writes no file of Keras's.
        """
        if self.filepath.endswith((KERAS_WEIGHTS, *KERAS_MODELS)) and not hasattr(model, "program"):
            what, suffix = ("a program's weights are", ARRAYS) if self.save_weights_only else ("a program is", PROGRAM)
            raise DataError(
                f"ModelCheckpoint: {what} written to '{suffix}' files, got {self.filepath!r}; a model writes Keras's"
                " files as well"
            )
        super().set_model(model)

    def on_train_begin(self, logs: Logs = None) -> None:
        """See whether the files can have what is trained.

        Raises:
            DataError: replicas are to be written to a file of Keras's.
        """
        if replicas_of(self.model) is not None and self.filepath.endswith((KERAS_WEIGHTS, *KERAS_MODELS)):
            suffix = ARRAYS if self.save_weights_only else PROGRAM
            raise DataError(f"ModelCheckpoint: replicas are written to '{suffix}' files, got {self.filepath!r}")

    def _batch_done(self, batch: int, logs: Logs = None) -> None:
        if self.batches.is_due(batch):
            self._save(self._epoch, batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save, where it is to be saved by epochs."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        logs = logs or {}
        numbers = {"epoch": epoch + 1} | ({} if batch is None else {"batch": batch + 1})
        count = replicas_of(self.model)
        if count is not None:
            if "replica" in self._fields():
                self._save_each(count, numbers, logs)
            else:
                self._save_all_or_best(count, numbers, logs)
            return
        path = self._path(numbers, logs)
        if not self._is_wanted(epoch, logs, path):
            return
        self._write(self.model, path)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _write(self, model: Any, path: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            model.save_weights(path)
        else:
            model.save(path)

    def _save_each(self, count: int, numbers: dict[str, int], logs: dict[str, Any]) -> None:
        """Write each replica that is due to its own file."""
        due = not_stopped(self.model) if "batch" in numbers else trained(self.model)
        current = self._watched(logs)
        if current is not None:
            due = self.improves(current, self.best) & due
            self.keep_best(due, current)
        program = program_of(self.model)
        for number in numpy.flatnonzero(due).tolist():
            path = self._path(numbers | {"replica": number}, logs_of(logs, count, number))
            self._write(program[number], path)
        if self.verbose > 0:
            said = f"saved {named(due)} to {self.filepath}" if due.any() else f"{self.monitor} of no replica improved"
            print(f"\nEpoch {numbers['epoch']}: {said}")

    def _save_all_or_best(self, count: int, numbers: dict[str, int], logs: dict[str, Any]) -> None:
        """Write all replicas together, or the best one where it is better than all before."""
        best_only, program = self._watched(logs), program_of(self.model)
        named_logs = {name for name in self._fields() if name in logs}
        current = self.current(logs) if named_logs else best_only
        if current is None and named_logs:
            raise DataError(
                f"ModelCheckpoint: which replica's {' and '.join(sorted(named_logs))} filepath {self.filepath!r} has is"
                f" decided by the monitor, and '{self.monitor}' is not among the logs, which are"
                f" {', '.join(logs)}; give another monitor, or {{replica}} in filepath for a file of each replica"
            )
        if best_only is None:
            own = logs_of(logs, count, self.best_replica(current)) if named_logs else {}
            path, said = self._path(numbers, own), f"saved {count} replicas"
        else:
            number = self.best_replica(best_only)
            value = float(best_only[number])
            if not self.is_improvement(value, self.best):
                if self.verbose > 0:
                    print(f"\nEpoch {numbers['epoch']}: {self.monitor} of no replica improved from {self.best:.5f}")
                return
            self.best, program = value, program[number]
            path, said = self._path(numbers, logs_of(logs, count, number)), f"saved replica {number}"
        self._write(program, path)
        if self.verbose > 0:
            print(f"\nEpoch {numbers['epoch']}: {said} to {path}")

    def _watched(self, logs: dict[str, Any]) -> Any:
        """Return the number that decides, None where everything is saved."""
        current = self.current(logs) if self.save_best_only else None
        if self.save_best_only and current is None:
            warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=2)
        return current

    def _fields(self) -> set[str]:
        """Return the names that are filled in."""
        from string import Formatter

        return {name for _, name, _, _ in Formatter().parse(self.filepath) if name}

    def _path(self, numbers: dict[str, int], logs: dict[str, Any]) -> str:
        try:
            return self.filepath.format(**(numbers | logs))
        except KeyError as error:
            known = ", ".join([*numbers, *logs])
            raise DataError(
                f"ModelCheckpoint: {error} in filepath {self.filepath!r} is not among the logs, which are {known}"
            ) from None

    def _is_wanted(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        current = self._watched(logs)
        if not self.save_best_only:
            said = f"saving model to {path}"
        elif current is None:
            return True
        else:
            best = "None" if self.best is None else f"{self.best:.5f}"
            if not self.is_improvement(current, self.best):
                if self.verbose > 0:
                    print(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {best}")
                return False
            said = f"{self.monitor} improved from {best} to {current:.5f}, saving model to {path}"
            self.best = current
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: {said}")
        return True


class BatchCounter:
    """Counts batches through all epochs.

    Args:
        every: how many batches lie between two that are due; a word for none.
    """

    def __init__(self, every: str | int) -> None:
        self.every = every
        self.count = 0

    def is_due(self, batch: int) -> bool:
        """Count a batch and return whether it is due."""
        del batch
        self.count += 1
        if not isinstance(self.every, int) or self.count < self.every:
            return False
        self.count = 0
        return True
