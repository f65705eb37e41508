"""The callback that writes numbers for TensorBoard."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnc.callbacks.callback import Callback, Logs
from nnc.callbacks.event_file import EventFile
from nnc.callbacks.replicas import columns_of, learning_rate_of
from nnc.errors import DataError, ModelError

_REFUSED = {
    "histogram_freq": (0, "nnc writes no histograms; look at model.get_weights() in a callback of your own"),
    "write_images": (False, "nnc writes no images of weights"),
    "profile_batch": (0, "nnc has a profiler of its own, nnc.profiling"),
    "embeddings_freq": (0, "nnc writes no embeddings for the projector; keep them with nnc.callbacks.ModelCheckpoint"),
    "embeddings_metadata": (None, "nnc writes no embeddings for the projector"),
}
"""Arguments of Keras's that nnc takes nothing else for, and what to do instead."""


class TensorBoard(Callback):
    """Writes losses, metrics and the learning rate for TensorBoard (keras.io/api/callbacks/tensorboard).

    ``train`` and ``validation`` below `log_dir` have the files, with Keras's tags: ``epoch_loss`` and the like,
    ``batch_loss`` by `update_freq`, and ``evaluation_loss_vs_iterations``; all of them, where Keras leaves out epochs
    and evaluations that end between two of the batches that `update_freq` chooses. Of replicas each has a tag,
    ``epoch_loss[0]``. tensorboardX writes them: ``pip install 'nnc-keras[tensorboard]'``.

    Args:
        log_dir: the folder.
        histogram_freq: only 0; there are no histograms.
        write_graph: whether the layers of a Sequential or functional model are written, for TensorBoard's conceptual
            graph; there is no graph of TensorFlow's operations.
        write_images: only False.
        write_steps_per_second: whether the number of steps done in a second is written.
        update_freq: ``epoch``; or after how many batches their numbers are written as well, ``batch`` for 1.
        profile_batch: only 0.
        embeddings_freq: only 0.
        embeddings_metadata: only None.

    Raises:
        DataError: an argument has another value.
        NncError: tensorboardX is not installed, when training begins.
    """

    writes_files = True

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        given = {
            "histogram_freq": histogram_freq,
            "write_images": write_images,
            "profile_batch": profile_batch,
            "embeddings_freq": embeddings_freq,
            "embeddings_metadata": embeddings_metadata,
        }
        for name, value in given.items():
            only, reason = _REFUSED[name]
            if value and value != only:
                raise DataError(f"TensorBoard: {name}={value!r} is not supported: {reason}")
        if update_freq not in ("epoch", "batch") and not (type(update_freq) is int and update_freq > 0):
            raise DataError(f"TensorBoard: update_freq is 'epoch', 'batch' or a number of batches, got {update_freq!r}")
        self.log_dir = str(log_dir)
        self.write_graph = write_graph
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._files: dict[str, EventFile] = {}
        self._batches = 0
        self._is_training = False
        self._steps_before = 0
        self._epoch_start = self._batch_start = 0.0
        if self.update_freq != "epoch":  # hooks of batches cost time where they are there
            self.__dict__["on_train_batch_begin"] = self._begin_batch
            self.__dict__["on_train_batch_end"] = self._end_batch

    def set_model(self, model: Any) -> None:
        """Begin new files; write the layers.

        Warns:
            UserWarning: a part of the model cannot be serialised, so that its layers are left out, as in Keras.
        """
        super().set_model(model)
        self._close()
        if self.write_graph and hasattr(model, "to_json") and type(model).__name__ in ("Model", "Sequential"):
            try:
                layers = model.to_json()
            except (ModelError, TypeError) as error:  # which must not end a training
                warnings.warn(f"TensorBoard: the layers are left out of the graph: {error}", stacklevel=2)
            else:
                self._file("train").text("keras", layers, 0, "graph_keras_model", b"1")

    def on_train_begin(self, logs: Logs = None) -> None:
        """Begin to count batches."""
        self._batches = 0
        self._is_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Close the files."""
        self._is_training = False
        self._close()

    def on_test_end(self, logs: Logs = None) -> None:
        """Write what an evaluation or validation has found, by the steps done."""
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            step = _number_of_steps(optimizer)
            for name, value in columns_of(self.model, logs or {}).items():
                self._file("validation").scalar(f"evaluation_{name}_vs_iterations", value, step)
        if not self._is_training:
            self._close()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Begin to measure the time."""
        if self.write_steps_per_second:
            self._steps_before = _number_of_steps(self.model.optimizer)
            self._epoch_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write the numbers of the epoch."""
        if not logs:
            return
        found = dict(logs)
        trained = {name: value for name, value in found.items() if not name.startswith("val_")}
        validated = {name.removeprefix("val_"): value for name, value in found.items() if name.startswith("val_")}
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            trained["learning_rate"] = learning_rate_of(self.model)
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._epoch_start
            trained["steps_per_second"] = (_number_of_steps(optimizer) - self._steps_before) / seconds
        self._write("train", "epoch", trained, epoch)
        self._write("validation", "epoch", validated, epoch)
        self._flush()

    def _begin_batch(self, batch: int, logs: Logs = None) -> None:
        del batch, logs
        self._batches += 1
        self._batch_start = time.perf_counter()

    def _end_batch(self, batch: int, logs: Logs = None) -> None:
        del batch
        if self._batches % self.update_freq:
            return
        found = dict(logs or {})
        if self.write_steps_per_second:
            found = {"steps_per_second": 1.0 / (time.perf_counter() - self._batch_start), **found}
        self._write("train", "batch", found, self._batches)

    def _write(self, part: str, prefix: str, numbers: Mapping[str, Any], step: int) -> None:
        for name, value in columns_of(self.model, numbers).items():
            self._file(part).scalar(f"{prefix}_{name}", value, step)

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(Path(self.log_dir) / part)
        return self._files[part]

    def _flush(self) -> None:
        for file in self._files.values():
            file.flush()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}


def _number_of_steps(optimizer: Any) -> int:
    return int(getattr(optimizer, "iterations", 0))
