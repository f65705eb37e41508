"""Runs the benchmarks and prints their table: ``python -m benchmarks [names…] [--quick] [--write] [--json FILE]``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from benchmarks.document import DOCUMENT, document, facts
from benchmarks.report import Row, table
from benchmarks.settings import FULL, QUICK

NAMES = ("base_network", "mlp", "convolution", "recurrent", "latency", "startup", "memory")


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line says; the exit code is 1 where a wanted ratio is not reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Benchmarks, side by side, as ratios.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(NAMES)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    options = parser.parse_args(arguments)
    names = options.names or list(NAMES)
    if unknown := set(names) - set(NAMES):
        parser.error(f"unknown benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    known = facts()
    for name, text in known.items():
        print(f"{name}: {text}")
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name} …", file=sys.stderr)
        found = importlib.import_module(f"benchmarks.{name}").run(QUICK if options.quick else FULL)
        print(f"\n{table(found)}\n", flush=True)
        rows += found
    if options.json is not None:
        options.json.write_text(json.dumps({"facts": known, "rows": [row.to_json() for row in rows]}, indent=1))
    if options.write:
        command = " ".join(["python -m benchmarks", *options.names, *(["--quick"] if options.quick else []), "--write"])
        DOCUMENT.write_text(document(command, known, rows))
        print(f"wrote {DOCUMENT}")
    return int(any(row.reached is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
