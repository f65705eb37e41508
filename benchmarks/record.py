"""What docs/benchmarks.json holds: runs, and of each suite what the last run on each kind of machine measured."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.report import Row
from benchmarks.suites import SUITES
from benchmarks.worker import ROOT
from nnc.files import write_atomically

DATA = ROOT / "docs" / "benchmarks.json"
MASKED = ", beyond which no process sees any"
"""What the fact on instruction sets ends with where those beyond `Run.level` were hidden."""
_VECTORS = {"AVX-512": ("avx512f", "x86-64-v4"), "AVX2": ("avx2", "x86-64-v3")}
"""What has these vectors: a processor with this instruction set, code for this level of x86-64."""


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

    @property
    def level(self) -> str:
        """The level of x86-64 for which nnc on C was compiled, as `$NNC_CPU` said; empty where that said nothing."""
        found = re.search(r"those of ([\w-]+)", self.facts.get("Instruction sets", "").partition(";")[2])
        return found[1] if found else ""

    @property
    def masks(self) -> bool:
        """Whether no process saw instruction sets beyond `level`."""
        return MASKED in self.facts.get("Instruction sets", "")

    @property
    def vectors(self) -> str:
        """The vectors of nnc on C, ``AVX-512`` or ``AVX2``; empty for others, and where the run does not say so."""
        there, _, _ = self.facts.get("Instruction sets", "").partition(";")
        found = [self.level] if self.level else there.split(", ")
        return next((name for name, marks in _VECTORS.items() if not set(marks).isdisjoint(found)), "")

    @property
    def machine(self) -> str:
        """The processor with the vectors of nnc on C, such as ``AMD EPYC, AVX-512``; what is not known is left out."""
        name, _, _ = self.facts.get("Processor", "").partition(",")
        name = re.sub(r"\((R|TM)\)|\b(CPU|Processor)\b.*", "", name).strip()
        return ", ".join(filter(None, (name, self.vectors)))

    def limited(self, names: Collection[str]) -> Run:
        """Return the run with those suites only."""
        return replace(self, suites={name: rows for name, rows in self.suites.items() if name in names})


@dataclass(frozen=True)
class Record:
    """Runs of which each suite's rows come from one, or from one for each kind of machine.

    Args:
        runs: from the oldest to the newest.
    """

    runs: tuple[Run, ...] = ()

    @property
    def rows(self) -> list[Row]:
        """The rows of all suites, in the order of `benchmarks.suites.SUITES`, each as of `preferred`."""
        found = {name: rows for run in self.preferred for name, rows in run.suites.items()}
        return [row for name in SUITES if name in found for row in found[name]]

    @property
    def machines(self) -> tuple[str, ...]:
        """The kinds of machines, that with most suites first; of as many, the one of the later run."""
        counts: dict[str, int] = {}
        for run in reversed(self.runs):
            if run.machine:
                counts[run.machine] = counts.get(run.machine, 0) + len(run.suites)
        return tuple(sorted(counts, key=lambda machine: -counts[machine]))

    @property
    def preferred(self) -> tuple[Run, ...]:
        """The runs, each with the suites of which there is none to prefer.

        That is one with all that its processor has where `$NNC_CPU` left some of it out, one on the kind of machine
        that has most suites, or a later one.
        """
        ranks = {machine: -rank for rank, machine in enumerate(self.machines)}

        def rank(item: tuple[int, Run]) -> tuple[bool, int, int]:
            number, run = item
            return run.level == "", ranks.get(run.machine, -len(ranks)), number

        found: dict[int, Run] = {}
        others: set[str] = set()
        for number, run in sorted(enumerate(self.runs), key=rank, reverse=True):
            found[number] = run.limited(run.suites.keys() - others)
            others |= run.suites.keys()
        return tuple(found[number] for number in sorted(found) if found[number].suites)

    @property
    def compared(self) -> tuple[Run, ...]:
        """The runs, each with the suites that were measured on several kinds of machines."""
        machines: dict[str, set[str]] = {}
        for run in self.runs:
            for name in run.suites:
                machines.setdefault(name, set()).add(run.machine)
        found = (run.limited({name for name, several in machines.items() if len(several) > 1}) for run in self.runs)
        return tuple(run for run in found if run.suites)

    @property
    def by_machine(self) -> dict[str, list[Row]]:
        """The rows of `compared` by the kind of machine, in the order of `machines`."""
        found = {
            machine: Record(tuple(run for run in self.compared if run.machine == machine)) for machine in self.machines
        }
        return {machine: record.rows for machine, record in found.items() if record.runs}

    def with_run(self, run: Run) -> Record:
        """Return a record in which the run's suites take the place of what was measured of them on such a machine."""
        older = [
            other.limited(other.suites.keys() - run.suites.keys()) if other.machine in ("", run.machine) else other
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
