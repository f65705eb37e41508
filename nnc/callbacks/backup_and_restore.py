"""The callback that lets a killed training go on where it was."""

from __future__ import annotations

import io
import json
import shutil
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy

from nnc.arguments import argument, flag
from nnc.callbacks.callback import Logs
from nnc.callbacks.model_checkpoint import check_frequency
from nnc.callbacks.places import KeepsPlaces, Place, read_place
from nnc.callbacks.replicas import replicas_of
from nnc.checks import is_whole
from nnc.errors import DataError
from nnc.files import read_json, write_atomically
from nnc.plugins import load_weights

_PLACE = "place"
_STATE = "state/"
_KERAS_WEIGHTS = "latest.weights.h5"
_KERAS_PLACE = "training_metadata.json"


class BackupAndRestore(KeepsPlaces):
    """Keeps a copy of the whole state in a folder, and goes on from it to the bit (keras.io/api/callbacks).

    The copy has weights, optimizer, metrics, random key and the order of samples. It is one file, which is complete or
    not there: a process killed at any moment leaves the copy before. With ``steps_per_epoch`` below the number of
    batches, the resumed training begins with the first rows of the order, wherever the epoch before had ended.

    A folder that Keras left is read as well: weights, the optimizer's state and the number of the epoch, which is all
    that Keras keeps, so metrics, dropout and the order of samples start anew. Of two copies the later one is taken.

    Of replicas the copy says which have stopped, too; callbacks that stop them stand before this one in the list. What
    other callbacks remember, such as the best weights of `EarlyStopping`, is not in the copy: they start afresh.

    Args:
        backup_dir: the folder; it is made where it is missing.
        save_freq: ``epoch`` or a number of batches; training goes on at the very batch.
        double_checkpoint: whether to keep the copy before as well, as ``latest.npz.bkp``; where the latest one is
            damaged, training goes on from that, with a warning.
        delete_checkpoint: whether to delete the folder when training ends.

    Raises:
        DataError: the folder or the frequency does not fit.
    """

    writes_files = True
    _backup_dir_given: str | Path = argument(alias="backup_dir")
    save_freq: Literal["epoch"] | int = argument(check_frequency, default="epoch")
    double_checkpoint: bool = flag(default=False)
    delete_checkpoint: bool = flag(default=True)

    def __post_init__(self) -> None:
        given: str | Path | None = self._backup_dir_given
        if given is None or not str(given):
            raise DataError(
                f"BackupAndRestore: Empty `backup_dir` argument passed; it must be the path of a folder, got {given!r}"
            )
        self.backup_dir = str(given)
        self.path = Path(self.backup_dir) / "latest.npz"
        self.keep_every(self.save_freq)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Take over the copy, where there is one.

        Raises:
            DataError: it is damaged, or of another model; or it is Keras's, and a program is trained without its model.
        """
        found = [path for path in (self.path, self.path.with_name(_KERAS_WEIGHTS)) if path.exists()]
        if not found:
            return
        if max(found, key=lambda path: path.stat().st_mtime_ns) != self.path:
            self._take_over_from_keras(found[-1])
            return
        place, states = self._read_copy()
        self.go_on(place, states, f"{self.path} is the copy", "delete it to train from the start")

    def _read_copy(self) -> tuple[dict[str, Any], dict[str, Any]]:
        before = Path(f"{self.path}.bkp")
        try:
            return _read(self.path)
        except Exception as error:  # a hostile file can make NumPy's readers raise anything
            problem = f"BackupAndRestore: {self.path} is damaged: {error}"
        if before.exists():
            with suppress(Exception):
                found = _read(before)
                write_atomically(self.path, before.read_bytes())  # or else the next copy would replace the good one
                warnings.warn(f"{problem}; training goes on from {before.name}", stacklevel=2)
                return found
        raise DataError(f"{problem}; delete it to train from the start")

    def _take_over_from_keras(self, path: Path) -> None:
        if replicas_of(self.model) is not None:
            raise DataError(f"BackupAndRestore: {path} is a backup of Keras's, which has one network and no replicas")
        if self.program is self.model:
            raise DataError(
                f"BackupAndRestore: {path} is a backup of Keras's, whose weights belong to layers; continue it with"
                " `fit` of the model, not of a program"
            )
        epoch = _read_keras_place(path.with_name(_KERAS_PLACE))
        load_weights(self.model, path, resume=True)
        self.program.restore({}, self.program.order_state, epoch, 0)

    def on_train_end(self, logs: Logs = None) -> None:
        """Delete the copy."""
        if self.delete_checkpoint:
            shutil.rmtree(self.backup_dir, ignore_errors=True)

    def save_place(self, place: Place, logs: Logs) -> None:
        """Write the copy."""
        del logs
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.double_checkpoint and self.path.exists():
            write_atomically(f"{self.path}.bkp", self.path.read_bytes())
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {f"{_STATE}{label}": array for label, array in self.program.states.items()}
        arrays[_PLACE] = numpy.frombuffer(json.dumps(place).encode(), "uint8")
        numpy.savez(buffer, **arrays)
        write_atomically(self.path, buffer.getbuffer())


def _read_keras_place(path: Path) -> int:
    """Return the number of the epoch that Keras was in, from 0; without the file Keras begins with 0 as well."""
    if not path.exists():
        return 0
    try:
        epoch = read_json(path.read_bytes())["epoch"]
        if not is_whole(epoch) or epoch < 0:
            raise ValueError(f"epochs are counted from 0, got {epoch!r:.80}")
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise DataError(
            f"BackupAndRestore: {path} is damaged: {error!s:.200}; delete the folder to train anew"
        ) from None
    return int(epoch)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    with numpy.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    for key, array in arrays.items():
        if not isinstance(array, numpy.ndarray):
            raise ValueError(f"{key!r:.80} is not an array")
    states = {key.removeprefix(_STATE): array for key, array in arrays.items() if key.startswith(_STATE)}
    return read_place(arrays[_PLACE].tobytes()), states
