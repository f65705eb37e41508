"""Runs Keras's tests on nnc, shows counts, and with ``--write`` records them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tests.keras_suite.report import causes, counts, record, record_scope, table
from tests.keras_suite.running import Outcome, files, left_out, run


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.keras_suite", description=__doc__)
    parser.add_argument("patterns", nargs="*", help="run only files whose paths contain one of these")
    parser.add_argument("--part", default="1/1", help="run the n-th part of m: n/m")
    parser.add_argument("--processes", type=int, default=1, help="files that are run at once")
    parser.add_argument("--write", action="store_true", help="record counts and what passes, of whole folders")
    parser.add_argument("--scope", action="store_true", help="run nothing, and count what each pattern leaves out")
    parser.add_argument("--record", type=Path, nargs="*", default=[], help="run nothing, and record these outcomes")
    parser.add_argument("--causes", type=Path, help="write failures by their causes to this file")
    parser.add_argument("--outcomes", type=Path, help="write every outcome to this file, as lines of JSON")
    arguments = parser.parse_args()
    first, second = map(int, arguments.part.split("/"))
    found = []
    for path in arguments.record:
        found += [Outcome(**json.loads(line)) for line in path.read_text().splitlines()]
    names = [] if arguments.record else files((first, second), arguments.patterns)
    for outcome in left_out(names) if arguments.scope else run(names, arguments.processes):
        found.append(outcome)
        if arguments.outcomes:
            with arguments.outcomes.open("a") as file:
                file.write(json.dumps(vars(outcome)) + "\n")
    print(table(counts(found)))
    if arguments.causes:
        arguments.causes.write_text(causes(found))
    if arguments.write or arguments.record:
        record_scope(found) if arguments.scope else record(found)


if __name__ == "__main__":
    main()
