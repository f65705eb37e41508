"""The callback that lets a killed training go on where it was."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy

from nnc.callbacks.callback import Callback, Logs
from nnc.callbacks.model_checkpoint import BatchCounter, checked_frequency
from nnc.errors import DataError
from nnc.files import read_json, write_atomically

_PLACE = "place"
_STATE = "state/"


class BackupAndRestore(Callback):
    """Keeps a copy of the whole state in a folder, and goes on from it to the bit (keras.io/api/callbacks).

    The copy has weights, optimizer, metrics, random key and the order of samples. It is one file, which is complete or
    not there: a process killed at any moment leaves the copy before. With ``steps_per_epoch`` below the number of
    batches, the resumed training begins with the first rows of the order, wherever the epoch before had ended.

    Args:
        backup_dir: the folder; it is made where it is missing.
        save_freq: ``epoch`` or a number of batches; training goes on at the very batch.
        double_checkpoint: whether to keep the copy before as well, as ``latest.npz.bkp``.
        delete_checkpoint: whether to delete the folder when training ends.

    Raises:
        DataError: the folder or the frequency does not fit.
    """

    def __init__(
        self,
        backup_dir: str | Path,
        save_freq: Literal["epoch"] | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not str(backup_dir):
            raise DataError("BackupAndRestore: backup_dir must be the path of a folder, got ''")
        self.backup_dir = str(backup_dir)
        self.save_freq = checked_frequency("BackupAndRestore", save_freq)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self.path = Path(backup_dir) / "latest.npz"
        self.batches = BatchCounter(self.save_freq)
        self._epoch = 0
        self._order: Any = None
        if isinstance(self.save_freq, int):  # a hook of batches, which cost time, only where it is needed
            self.on_train_batch_end = self._batch_done  # type: ignore[method-assign]  # a hook of batches costs

    @property
    def _program(self) -> Any:
        return getattr(self.model, "program", self.model)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Take over the copy, where there is one.

        Raises:
            DataError: it is damaged, or of another model.
        """
        if not self.path.exists():
            return
        try:
            place, states = _read(self.path)
        except Exception as error:  # a hostile file can make NumPy's readers raise anything
            raise DataError(
                f"BackupAndRestore: {self.path} is damaged: {error}; delete it to train from the start"
            ) from None
        self._program.restore(states, place["order"], place["epoch"], place["batch"])

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Remember where the epoch begins."""
        self._epoch, self._order = epoch, self._program.order_state

    def _batch_done(self, batch: int, logs: Logs = None) -> None:
        if self.batches.is_due(batch):
            self._save({"epoch": self._epoch, "batch": batch + 1, "order": self._order})

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save."""
        if self.save_freq == "epoch":
            self._save({"epoch": epoch + 1, "batch": 0, "order": self._program.order_state})

    def on_train_end(self, logs: Logs = None) -> None:
        """Delete the copy."""
        if self.delete_checkpoint:
            shutil.rmtree(self.backup_dir, ignore_errors=True)

    def _save(self, place: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.double_checkpoint and self.path.exists():
            write_atomically(f"{self.path}.bkp", self.path.read_bytes())
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {f"{_STATE}{label}": array for label, array in self._program.states.items()}
        arrays[_PLACE] = numpy.frombuffer(json.dumps(place).encode(), "uint8")
        numpy.savez(buffer, **arrays)
        write_atomically(self.path, buffer.getbuffer())


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    with numpy.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    for key, array in arrays.items():
        if not isinstance(array, numpy.ndarray):
            raise ValueError(f"{key!r:.80} is no array")
    place = read_json(arrays[_PLACE].tobytes())
    states = {key.removeprefix(_STATE): array for key, array in arrays.items() if key.startswith(_STATE)}
    for count in (place["epoch"], place["batch"]):
        if not isinstance(count, int) or count < 0:
            raise ValueError(f"epochs and batches are counted from 0, got {count!r:.80}")
    generator: Any = numpy.random.PCG64(0)
    generator.state = place["order"]  # which raises where it is none
    return {"order": dict(generator.state), "epoch": place["epoch"], "batch": place["batch"]}, states
