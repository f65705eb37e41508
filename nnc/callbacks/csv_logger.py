"""The callback that writes a table of epochs."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from nnc.arguments import argument, flag
from nnc.callbacks.callback import DeclaredCallback, Logs
from nnc.callbacks.replicas import columns_of


class CSVLogger(DeclaredCallback):
    """Writes a row per epoch to a file of comma-separated values (keras.io/api/callbacks/csv_logger).

    Replicas have a column each, ``loss[0]``, ``loss[1]`` and so on; cells of those that have stopped are ``nan``.

    Args:
        filename: the file.
        separator: what stands between two values.
        append: whether to go on with a file that is there.
    """

    writes_files = True
    _filename_given: str | Path = argument(alias="filename")
    sep: str = argument(default=",", alias="separator")
    append: bool = flag(default=False)

    def __post_init__(self) -> None:
        self.filename = str(self._filename_given)
        self.keys: list[str] | None = None
        self._file: TextIO | None = None
        self._needs_header = True

    def on_train_begin(self, logs: Logs = None) -> None:
        """Open the file."""
        path = Path(self.filename)
        if self.append and path.exists():
            with path.open() as stream:
                self._needs_header = not stream.readline()
        self._close()
        self._file = path.open("a" if self.append else "w", newline="")
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write a row; columns are those of the first epoch, sorted, and room for validation."""
        logs = columns_of(self.model, logs or {})
        assert self._file is not None
        if self.keys is None:
            self.keys = list(logs)
            if self.keys and not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
            if self._needs_header:
                self._writer().writeheader()
        self._writer().writerow({"epoch": epoch} | {key: _cell(logs.get(key, "NA")) for key in self.keys})
        self._file.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        """Close the file."""
        self._close()

    def _writer(self) -> csv.DictWriter[str]:
        assert self._file is not None
        return csv.DictWriter(self._file, ["epoch", *(self.keys or ())], delimiter=self.sep)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _cell(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'
