"""Tries random graphs under AddressSanitizer and UBSan: ``python -m tests.graphs --count 500 --seed 0 --processes 2``.

Prints each graph of which interpreter, NumPy and C make different things, and what a sanitizer reports; the seed in it,
or in the name of the function, makes the graph again. Exits with 1 if there was anything.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.backends.c.test_sanitizers import sanitized
from tests.graphs.running import c_differences, numpy_differences
from tests.graphs.subject import make_subject

TOGETHER = 100
"""Graphs of one process, which are compiled in one call."""


def main() -> int:
    """Try as many graphs as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.graphs", description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="graphs to try; default: 500")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first one, the others follow; default: 0")
    parser.add_argument("--processes", type=int, default=1, help="processes at a time; default: 1")
    parser.add_argument("--here", action="store_true", help="in this process, as it is: what the processes are told")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    if arguments.here:
        return report(seeds)
    environment = sanitized("0")
    if environment is None:
        sys.exit("there is no gcc with sanitizers")
    batches = [seeds[start : start + TOGETHER] for start in range(0, len(seeds), TOGETHER)]
    with ThreadPoolExecutor(arguments.processes) as executor:
        codes = list(executor.map(partial(try_apart, environment), batches))
    print(f"{len(seeds)} graphs, {sum(map(bool, codes))} of {len(batches)} processes found something")
    return int(any(codes))


def try_apart(environment: dict[str, str], seeds: range) -> int:
    """Try graphs in a process of their own and return its exit code; what it has found is printed."""
    command = [sys.executable, "-m", "tests.graphs", "--here", "--seed", str(seeds[0]), "--count", str(len(seeds))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"seeds {seeds[0]} to {seeds[-1]}:", done.stdout, done.stderr, sep="\n", flush=True)
    return done.returncode


def report(seeds: range) -> int:
    """Try graphs here, print what differs, and return 1 if anything does."""
    found = differences(seeds)
    print("\n".join(found))
    return int(bool(found))


def differences(seeds: range) -> list[str]:
    """Return what interpreter, NumPy and C make different of graphs."""
    subjects = [make_subject(seed) for seed in seeds]
    found = [f"{text}\n{subject.text}" for subject in subjects for text in numpy_differences(subject)]
    with tempfile.TemporaryDirectory() as folder:
        found += [f"{text}\n{subject.text}" for subject, text in c_differences(subjects, Path(folder))]
    return found


if __name__ == "__main__":
    sys.exit(main())
