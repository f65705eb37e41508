"""Runs the benchmarks and prints their table: ``python -m benchmarks [names…] [--quick] [--write] [--json FILE]``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.document import DOCUMENT, PICTURE, document, facts
from benchmarks.plot import plot
from benchmarks.readme import write as write_readme
from benchmarks.report import Row, table
from benchmarks.settings import BACKENDS, FULL, HURRIED, QUICK
from benchmarks.worker import WorkerError

NAMES = (
    "base_network",
    "mlp",
    "convolution",
    "recurrent",
    "transformer",
    "latency",
    "training_start",
    "startup",
    "compiling",
    "memory",
)
NUMPY_ALONE = ("startup", "memory")
"""What says nothing about C."""


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line says; the exit code is 1 where a wanted ratio is not reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Benchmarks, side by side, as ratios.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(NAMES)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--hurry", action="store_true", help="so few and short rounds that the numbers mean little")
    parser.add_argument("--only", choices=BACKENDS, metavar="BACKEND", help="measure nnc on one backend")
    parser.add_argument(
        "--write", action="store_true", help=f"write {DOCUMENT.name} and, where all was measured, the README's tables"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    options = parser.parse_args(arguments)
    names = options.names or [name for name in NAMES if options.only != "c" or name not in NUMPY_ALONE]
    if unknown := set(names) - set(NAMES):
        parser.error(f"unknown benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    settings = HURRIED if options.hurry else QUICK if options.quick else FULL
    if options.only:
        settings = replace(settings, backends=(options.only,))
    known = facts()
    for name, text in known.items():
        print(f"{name}: {text}")
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name} …", file=sys.stderr)
        try:
            found = importlib.import_module(f"benchmarks.{name}").run(settings)
        except WorkerError as error:
            found = [Row(name, "failed", str(error), wanted="runs", reached=False)]
        print(f"\n{table(found)}\n", flush=True)
        rows += found
    if options.json is not None:
        options.json.write_text(json.dumps({"facts": known, "rows": [row.to_json() for row in rows]}, indent=1))
    if options.write:
        command = " ".join(["python -m benchmarks", *(sys.argv[1:] if arguments is None else arguments)])
        DOCUMENT.write_text(document(command, known, rows))
        if any(row.target for row in rows):
            PICTURE.write_text(plot(rows))
        print(f"wrote {DOCUMENT}")
        if not options.names and not options.only:
            print(f"wrote {write_readme()}")
    return int(any(row.reached is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
