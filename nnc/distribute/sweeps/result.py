"""What a sweep has found: its trials, the best of them, tables, and a picture."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnc.distribute.sweeps.document import Objective
from nnc.distribute.sweeps.training import best_of
from nnc.distribute.sweeps.trials import Trial
from nnc.errors import DataError
from nnc.files import write_atomically
from nnc.texts import printable

if TYPE_CHECKING:
    from nnc.program import Program

BEST, TABLE, PICTURE, REPORT = "best.nnc", "trials.csv", "sweep.svg", "report.json"
"""Names of the files of a sweep."""
_SHOWN = 20


class SweepResult:
    """The trials of a sweep and what became of them.

    In a notebook it shows the best trials and the picture.

    Args:
        trials: the trials that are done, by number.
        objective: what the best is best in.
        folder: where the sweep's files are.
        total: number of all trials, done or not.
        interrupted: whether Ctrl-C ended it before all were done.
    """

    def __init__(
        self, trials: Sequence[Trial], objective: Objective, folder: Path, total: int, interrupted: bool = False
    ) -> None:
        self.trials = sorted(trials, key=lambda trial: trial.number)
        self.objective, self.folder, self.total, self.interrupted = objective, folder, total, interrupted

    @property
    def best(self) -> Trial:
        """The best of the trials that are complete, of equal ones the first.

        Raises:
            DataError: none is complete.
        """
        found = best_of(self.trials, self.objective)
        if found is None:
            errors = dict.fromkeys(trial.error for trial in self.trials if trial.error)
            first = f"; the first error: {next(iter(errors))}" if errors else ""
            raise DataError(f"no trial is complete, of {len(self.trials)} that were trained{first}")
        return found

    @property
    def has_best(self) -> bool:
        """Whether a trial is complete."""
        return best_of(self.trials, self.objective) is not None

    @property
    def path(self) -> Path:
        """The file of the best trial's program."""
        return self.folder / BEST

    @property
    def program(self) -> Program:
        """The program of the best trial, trained.

        Raises:
            DataError: no trial is complete.
        """
        from nnc.program import load

        assert self.best is not None  # or an error that says so
        return load(self.path)

    def ranked(self) -> list[Trial]:
        """Return the trials, the best first; those that failed or were pruned come last."""
        sign = 1 if self.objective.mode == "min" else -1

        def place(trial: Trial) -> tuple[bool, bool, float, int]:
            value = math.inf if trial.value is None else sign * trial.value
            return trial.status != "complete", trial.value is None, value, trial.number

        return sorted(self.trials, key=place)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each trial: number, parameters, status, loss and metrics, epochs, and its error if any."""
        names = list(dict.fromkeys(name for trial in self.trials for name in trial.metrics))
        return [
            {
                "trial": trial.number,
                **trial.parameters,
                "status": trial.status,
                **{name: trial.metrics.get(name) for name in names},
                "epochs": trial.epochs,
                "together": trial.together,
                "error": trial.error,
            }
            for trial in self.trials
        ]

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the rows as CSV, and write them if there is a path.

        Args:
            path: the file.

        Raises:
            OSError: it cannot be written.
        """
        text = io.StringIO()
        rows = self.rows()
        writer = csv.DictWriter(text, list(rows[0]) if rows else ["trial"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
        if path is not None:
            write_atomically(path, text.getvalue().encode())
        return text.getvalue()

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "objective": {"metric": self.objective.metric, "mode": self.objective.mode},
            "best": self.best.number if self.has_best else None,
            "saved": str(self.path) if self.has_best else None,
            "interrupted": self.interrupted,
            "total": self.total,
            "trials": [
                {
                    "trial": trial.number,
                    "parameters": dict(trial.parameters),
                    "status": trial.status,
                    "value": trial.value,
                    "metrics": dict(trial.metrics),
                    "epochs": trial.epochs,
                    "together": trial.together,
                    "seconds": trial.seconds,
                    **({"error": trial.error} if trial.error else {}),
                }
                for trial in self.trials
            ],
        }

    def svg(self) -> str:
        """Return the picture: parameters and objective of each trial as parallel coordinates, and the curves.

        Raises:
            DataError: no trial has numbers to draw.
        """
        from nnc.render.parallel_coordinates import sweep_svg

        return sweep_svg(
            [dict(trial.parameters) for trial in self.trials],
            [trial.value for trial in self.trials],
            [trial.history.get(self.objective.metric, []) for trial in self.trials],
            self.objective.metric,
            self.objective.mode == "max",
            [trial.number for trial in self.trials],
        )

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw the picture to a file.

        Args:
            path: the file, which ends in ``.svg``.

        Raises:
            DataError: it ends otherwise, or there is nothing to draw.
            OSError: it cannot be written.
        """
        if Path(path).suffix.lower() != ".svg":
            raise DataError(f"'{Path(path).name}': the picture of a sweep is drawn to files named *.svg")
        write_atomically(path, self.svg().encode())

    def write(self) -> None:
        """Write table, report and picture to the folder.

        Raises:
            OSError: they cannot be written.
        """
        self.to_csv(self.folder / TABLE)
        report = json.dumps(_finite(self.to_json()), indent=1, default=lambda value: value.tolist(), allow_nan=False)
        write_atomically(self.folder / REPORT, report.encode())
        if any(trial.value is not None for trial in self.trials):
            self.plot(self.folder / PICTURE)

    def __repr__(self) -> str:
        best = f", best: trial {self.best.number}, {self.best.value:.6g}" if self.has_best else ""
        return f"<sweep of {len(self.trials)} trials by {self.objective.metric}{best}>"

    def _repr_html_(self) -> str:
        from nnc.program.progress import format_number

        names = list(dict.fromkeys(name for trial in self.trials for name in trial.parameters))
        head = ["trial", *names, self.objective.metric]
        lines = ["".join(f"<th>{escape(printable(name))}</th>" for name in head)]
        for trial in self.ranked()[:_SHOWN]:
            value = format_number(trial.value, 6) if trial.value is not None else trial.status
            cells = [str(trial.number), *(shown(trial.parameters.get(name)) for name in names), value]
            lines.append("".join(f"<td>{escape(printable(cell))}</td>" for cell in cells))
        table = "".join(f"<tr>{line}</tr>" for line in lines)
        picture = self.svg() if any(trial.value is not None for trial in self.trials) else ""
        return f"<div><table>{table}</table>{picture}</div>"


def shown(value: Any) -> str:
    """Return a parameter's value as tables show it."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def _cell(value: Any) -> Any:
    return json.dumps(value, default=repr) if isinstance(value, list | dict) else value


def _finite(value: Any) -> Any:
    """Return values with null instead of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
