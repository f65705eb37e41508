"""The record of a sweep on disk: what has been finished, so that a killed sweep goes on where it was.

A line for the sweep, and one for each group of trials that was trained, with a checksum in front. A line that was not
written to its end does not count.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from nnc.distribute.sweeps.training import Outcome
from nnc.distribute.sweeps.trials import Trial
from nnc.errors import DataError
from nnc.files import read_json

NAME = "journal.jsonl"


class Journal:
    """The journal of a sweep, which this process alone writes to until it is closed.

    Args:
        folder: the sweep's folder, which is made.
        identity: what the sweep is, as texts by what they are of; a sweep goes on only where all are equal.
        resume: whether a sweep that is there goes on.

    Attributes:
        outcomes: what was finished before, by number of the group.

    Raises:
        DataError: there is a sweep and it is not to go on, or another one, or somebody else is at it, or the journal is
            damaged.
        OSError: it cannot be written.
    """

    def __init__(self, folder: Path, identity: Mapping[str, str], resume: bool) -> None:
        self.path = folder / NAME
        folder.mkdir(parents=True, exist_ok=True)
        self._stream: BinaryIO = self.path.open("a+b")
        try:
            self._lock()
            records, end = _complete(self.path, self._stream)
            self.outcomes = self._read(records, identity, resume)
            self._stream.truncate(end if self.outcomes else 0)
            if not self.outcomes:
                self._append({"sweep": dict(identity)})
        except BaseException:
            self._stream.close()
            raise

    def _lock(self) -> None:
        with contextlib.suppress(ImportError):
            import fcntl

            try:
                fcntl.flock(self._stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataError(f"{self.path.parent}: another process is at this sweep; wait until it ends") from None
            except OSError:  # a file system without locks
                return

    def _read(
        self, records: Sequence[Mapping[str, Any]], identity: Mapping[str, str], resume: bool
    ) -> dict[int, Outcome]:
        if len(records) < 2:  # a sweep that has found nothing is nobody's loss
            return {}
        if not resume:
            raise DataError(
                f"{self.path.parent} has a sweep already, with {len(records) - 1} finished groups of trials: go on with"
                " --resume (resume=True in Python), or name another folder"
            )
        before = records[0].get("sweep", {})
        changed = [name for name in {**before, **identity} if before.get(name) != identity.get(name)]
        if changed:
            raise DataError(
                f"{self.path.parent} has another sweep, whose {', '.join(changed)} differ{'s' * (len(changed) == 1)}:"
                " name another folder, or go on with what it was begun with"
            )
        return {outcome.number: outcome for outcome in map(_outcome, records[1:])}

    def append(self, outcome: Outcome) -> None:
        """Add what became of a group; it is on disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        self.outcomes[outcome.number] = outcome
        trials = [asdict(trial) for trial in outcome.trials]
        self._append({"group": outcome.number, "best": outcome.best, "trials": trials})

    def _append(self, record: Mapping[str, Any]) -> None:
        text = json.dumps(record, default=lambda value: value.tolist()).encode()
        self._stream.write(b"%08x %s\n" % (zlib.crc32(text), text))
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Let others write to it."""
        self._stream.close()


def _complete(path: Path, stream: BinaryIO) -> tuple[list[Mapping[str, Any]], int]:
    """Return the records that were written to their end, and where the last one ends.

    Raises:
        DataError: one in the middle is damaged.
    """
    stream.seek(0)
    lines = stream.read().splitlines(keepends=True)
    records: list[Mapping[str, Any]] = []
    end = 0
    for number, line in enumerate(lines):
        text = line[9:-1]
        if not line.endswith(b"\n") or line[:9] != b"%08x " % zlib.crc32(text):
            if number < len(lines) - 1:
                raise DataError(f"{path}: line {number + 1} is damaged; name another folder, and begin again")
            break
        records.append(read_json(text))
        end += len(line)
    return records, end


def _outcome(record: Mapping[str, Any]) -> Outcome:
    return Outcome(record["group"], tuple(Trial(**trial) for trial in record["trials"]), record["best"])
