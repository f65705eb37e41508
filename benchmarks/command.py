"""What `nnc bench` and ``python -m benchmarks`` do: measure, print tables or JSON, and write the page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from tempfile import TemporaryDirectory

from benchmarks.document import facts
from benchmarks.document import write as write_page
from benchmarks.engines import find_engines, installed
from benchmarks.peers.converted import FOLDER
from benchmarks.readme import write as write_readme
from benchmarks.record import DATA, Run, read_record
from benchmarks.report import Row, set_up_table, table
from benchmarks.settings import FULL, HURRIED, QUICK, Settings
from benchmarks.suites import SUITES, find_suites, run_suite
from benchmarks.worker import WorkerError
from nnc.cli.console import print_json, print_text, say

SPEEDS = {"": FULL, "quick": QUICK, "hurry": HURRIED}


def bench(
    suites: Sequence[str], against: Sequence[str], speed: str, only: str | None, write: bool, as_json: bool
) -> bool:
    """Measure what is asked for; return whether everything that is wanted is reached.

    Args:
        suites: names of suites; all of them where there are none.
        against: names of peers; all that are installed where there are none.
        speed: of `SPEEDS`.
        only: one backend of nnc, to measure it alone.
        write: write what was measured into the page, its plots and its data, after every suite; suites that are not
            measured keep what they had. The README's table too, if all peers and both backends take part.
        as_json: print JSON instead of tables.

    Raises:
        NncError: a suite or a peer is unknown, or a peer is not installed.
    """
    names, engines = find_suites(suites or list(SUITES)), find_engines(against) if against else installed()
    settings = replace(SPEEDS[speed], engines=engines, named=engines if against else ())
    if only is not None:
        settings = replace(settings, backends=(only,))
    known = facts()
    if not as_json:
        print_text("\n".join(f"{name}: {text}" for name, text in known.items()))
    command = _command(suites, against, speed, only)
    found: dict[str, tuple[Row, ...]] = {}
    with TemporaryDirectory(prefix="nnc-bench-") as converted:
        os.environ[FOLDER] = converted
        for name in names:
            say(f"measuring {name} …")
            found[name] = tuple(_measure(name, settings))
            if not as_json:
                _print(found[name])
            if write:
                _write(Run(command, known, found), with_readme=not against and only is None)
    rows = [row for measured in found.values() for row in measured]
    if as_json:
        print_json({"command": command, "facts": known, "rows": [row.to_json() for row in rows]})
    return not any(row.reached is False for row in rows)


def _write(run: Run, *, with_readme: bool) -> None:
    """Write what a run has measured so far, so that nothing is lost if it is cut off."""
    record = read_record(DATA).with_run(run)
    record.write(DATA)
    say(f"wrote {', '.join(map(str, [DATA, *write_page(record)]))}")
    if with_readme:
        try:
            say(f"wrote the table of {write_readme(record)}")
        except ValueError as error:  # a run goes on, and may measure it yet
            say(f"the table of the README stays: {error}")


def _measure(suite: str, settings: Settings) -> list[Row]:
    try:
        return run_suite(suite, settings)
    except (WorkerError, RuntimeError) as error:  # the other suites go on; the report says so
        return [Row(suite, "failed", str(error), wanted="runs", reached=False)]


def _print(rows: Sequence[Row]) -> None:
    steps, sums = [row for row in rows if not row.parts], [row for row in rows if row.parts]
    for text in (table(steps) if steps else "", set_up_table(sums) if sums else ""):
        if text:
            print_text(f"\n{text}\n")


def _command(suites: Sequence[str], against: Sequence[str], speed: str, only: str | None) -> str:
    """Return the command line that does the same."""
    words = ["nnc bench"]
    words += [f"--suite {','.join(suites)}"] if suites else []
    words += [f"--against {','.join(against)}"] if against else []
    words += [f"--{speed}"] if speed else []
    words += [f"--only {only}"] if only else []
    return " ".join([*words, "--write"])
