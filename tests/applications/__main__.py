"""Compares networks of keras.applications with Keras, each in a process of its own, and prints or writes a row each."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.applications.networks import NAMES, compare_whole

RESULTS = Path(__file__).parents[1] / "docs" / "applications.json"


def main() -> None:
    """Run the networks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.applications", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="NAME", help="function in keras.applications")
    parser.add_argument("--write", action="store_true", help="keep the rows for docs/coverage.md")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(compare_whole(options.names[0]).to_json()))
        return
    rows = {row["name"]: row for row in json.loads(RESULTS.read_text())} if RESULTS.exists() else {}
    for name in options.names or NAMES:
        command = [sys.executable, "-m", "tests.applications", "--one", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
            continue
        row = json.loads(done.stdout.strip().splitlines()[-1])
        print(f"{name}: error {row['error']:.1e}, peak {row['peak_bytes']:,} bytes", flush=True)
        rows[name] = row
        if options.write:
            RESULTS.write_text(json.dumps([rows[known] for known in NAMES if known in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
