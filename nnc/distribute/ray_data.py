"""Predicts the many parts of a table on Ray: parts are rows of a Ray Data set, and each worker has one program."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnc.distribute.part_files import Part, Reading, check_writable, make_folders, parts_of, predict_file
from nnc.distribute.ray_start import connected, import_ray, without_chatter
from nnc.errors import DataError, NncError

if TYPE_CHECKING:
    from nnc.program import Program

RETRIES = 3
"""How often a part is begun anew whose worker died; Ray itself would never give up."""


class Attempts:
    """Counts how often each part was begun, in a process of its own."""

    def __init__(self) -> None:
        self._begun: Counter[int] = Counter()

    def begin(self, number: int) -> int:
        """Count one more, and return how many there were for this part."""
        self._begun[number] += 1
        return self._begun[number]


class PartPredictor:
    """A worker: it gets the program once, and then parts.

    Args:
        program: a list of a reference to the program in Ray's store.
        attempts: counts attempts, an actor of `Attempts`.
        reading: how to read and write.
    """

    def __init__(self, program: list[Any], attempts: Any, reading: Reading) -> None:
        import ray

        self.program: Program = ray.get(program[0])
        self.attempts = attempts
        self.reading = reading

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Predict a part, and return its number of rows, or what is wrong with it."""
        import ray

        if ray.get(self.attempts.begin.remote(row["number"])) > 1 + RETRIES:
            problem = f"{row['source']}: {1 + RETRIES} workers died while they predicted it; is there enough memory?"
            return {"number": row["number"], "rows": 0, "problem": problem}
        try:
            rows, problem = self.predict(Path(row["source"]), Path(row["target"])), ""
        except NncError as error:  # which is the same at the next attempt
            rows, problem = 0, str(error)
        return {"number": row["number"], "rows": rows, "problem": problem}

    def predict(self, source: Path, target: Path) -> int:
        """Predict a part, and return its number of rows."""
        return predict_file(self.program, source, target, self.reading)


def predict_parts(
    program: Program,
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    address: str | None = None,
    reading: Reading | None = None,
    done: Callable[[Part, int], None] | None = None,
) -> int:
    """Write a program's answers to the rows of many files, on the processors of a machine or of a cluster.

    Files are the same as of `nnc.distribute.part_files.predict_parts`. Ray ships the program once to each machine, and
    each worker makes it once. A part whose worker dies is begun anew, up to three times; a file of answers is complete
    or not there.

    Args:
        program: the program.
        source: a pattern, or a folder; on a cluster all machines see the files under these names, and have nnc.
        folder: where the answers go; it is made where it is missing.
        address: that of a cluster, such as ``auto`` or ``ray://host:10001``; by default Ray runs on this machine and
            ends with the call, but for a connection that is there already, which is used.
        reading: how to read and write.
        done: called after each file with it and its number of rows, in the order of the parts.

    Returns:
        The number of all rows.

    Raises:
        DataError: as of the other; files that were answered before stay.
        NncError: Ray is not installed, does not start, or a part's worker dies again and again.
    """
    ray = import_ray("batch prediction on Ray")
    importlib.import_module("ray.data")  # which sets the levels of its loggers
    reading = reading or Reading()
    parts = parts_of(os.path.abspath(source), os.path.abspath(folder))
    check_writable(program, parts, reading)
    make_folders(parts)
    with connected(ray, address), without_chatter("ray.data"):
        return _predict(ray, program, parts, reading, done)


def _predict(
    ray: Any, program: Program, parts: list[Part], reading: Reading, done: Callable[[Part, int], None] | None
) -> int:
    kept = ray.put(program)  # the reference lives as long as workers may be made anew
    attempts = ray.remote(num_cpus=0)(Attempts).remote()
    rows = [
        {"number": number, "source": str(part.source), "target": str(part.target)} for number, part in enumerate(parts)
    ]
    items = ray.data.from_items(rows, override_num_blocks=len(rows))
    items.context.enable_progress_bars = False
    items.context.execution_options.preserve_order = True
    workers = max(1, min(len(parts), int(ray.cluster_resources().get("CPU", 1))))
    answers = items.map(
        PartPredictor,
        fn_constructor_args=([kept], attempts, reading),
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
    )
    total = 0
    try:
        for answer in answers.iter_rows():
            if answer["problem"]:
                raise DataError(answer["problem"])
            total += answer["rows"]
            if done is not None:
                done(parts[answer["number"]], answer["rows"])
    except ray.exceptions.RayError as error:
        raise NncError(f"Ray gave up: {_first_line(error)}") from error
    finally:
        with suppress(ray.exceptions.RayError):  # of a cluster that is gone
            ray.kill(attempts)
    return total


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
