"""What docs/benchmarks.json holds: runs of the benchmarks, and of each suite what the last run of it measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.report import Row
from benchmarks.suites import SUITES
from benchmarks.worker import ROOT
from nnc.files import write_atomically

DATA = ROOT / "docs" / "benchmarks.json"


@dataclass(frozen=True)
class Run:
    """One run of ``nnc bench``.

    Args:
        command: the command line that does the same.
        facts: what is known of the machine and the versions, by what it is about.
        suites: the rows of each suite that it measured.
    """

    command: str
    facts: Mapping[str, str]
    suites: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True)
class Record:
    """Runs of which each suite's rows come from one.

    Args:
        runs: from the oldest to the newest.
    """

    runs: tuple[Run, ...] = ()

    @property
    def rows(self) -> list[Row]:
        """The rows of all suites, in the order of `benchmarks.suites.SUITES`."""
        found = {name: rows for run in self.runs for name, rows in run.suites.items()}
        return [row for name in SUITES if name in found for row in found[name]]

    def with_run(self, run: Run) -> Record:
        """Return a record in which the run's suites take the place of what was measured of them before."""
        older = [
            replace(other, suites={name: rows for name, rows in other.suites.items() if name not in run.suites})
            for other in self.runs
        ]
        return Record((*(other for other in older if other.suites), run))

    def write(self, path: Path) -> None:
        """Write the record as JSON."""
        runs = [
            {
                "command": run.command,
                "facts": dict(run.facts),
                "suites": {name: [row.to_json() for row in rows] for name, rows in run.suites.items()},
            }
            for run in self.runs
        ]
        write_atomically(path, f"{json.dumps({'runs': runs}, ensure_ascii=False, indent=1)}\n".encode())


def read_record(path: Path = DATA) -> Record:
    """Return the record of a file; an empty one where there is no file."""
    if not path.exists():
        return Record()
    return Record(
        tuple(
            Run(run["command"], run["facts"], {name: _rows(rows) for name, rows in run["suites"].items()})
            for run in json.loads(path.read_text())["runs"]
        )
    )


def _rows(found: Iterable[Mapping[str, object]]) -> tuple[Row, ...]:
    return tuple(Row(**row) for row in found)  # type: ignore[arg-type]  # plain data as `Row.to_json` wrote them
