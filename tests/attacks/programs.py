"""Compiles a thousand programs in one process and drops them: memory, files and libraries come back.

``python -m tests.attacks.programs --count 1000`` makes that many on each backend, no two of them alike, each of which
predicts, and each tenth of which trains. What the second half leaves behind is what counts: the first half also loads
what stays for the life of a process.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
from functools import partial
from pathlib import Path

import numpy

import nnc
from nnc.layers import Dense
from tests.attacks.command import Report, run

LEAK = 2048
"""Bytes that a program may leave behind: a fiftieth of what it takes, and for the most part holes of Python's own heap."""
FRAGMENTS = 2**20
"""Bytes by which the heap of a process moves from one moment to the next."""
X = numpy.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def main() -> None:
    """Run what the command line asks for."""
    run({kind: partial(many, kind) for kind in ("numpy", "c")}, __doc__, 1000)


def many(backend: str, folder: Path, count: int, seed: int) -> Report:
    """Make programs in two halves, and drop each half."""
    os.environ |= {"NNC_CACHE_DIR": str(folder), "NNC_C_LEVEL": "0"}
    report, half = Report(), max(count // 2, 1)
    make(backend, 0, seed)
    gc.collect()
    empty = held()
    after = []
    for numbers in (range(1, 2 * half, 2), range(2, 2 * half + 1, 2)):
        programs = [make(backend, number, seed) for number in numbers]
        for number, (program, expected) in zip(numbers, programs, strict=True):
            report.check(numpy.array_equal(program(X), expected), f"program {number} predicts other numbers later")
        report.counts["programs"] += half
        full = held()
        del programs, program, expected
        gc.collect()
        after.append(held())
        libraries = full["libraries"] - after[-1]["libraries"]
        report.check(
            libraries == (0 if backend == "numpy" else full["libraries"] - empty["libraries"]), "none unloaded"
        )
        report.check(backend == "numpy" or libraries >= half, f"only {libraries} libraries were loaded")
    for what in ("libraries", "files"):
        report.check(after[1][what] == empty[what], f"{what}: {empty[what]} before, {after[1][what]} after")
    grown = after[1]["bytes"] - after[0]["bytes"]
    report.check(grown <= LEAK * half + FRAGMENTS, f"{grown / half:.0f} bytes a program stay")
    report.counts["bytes a program that the second half leaves"] = grown // half
    report.counts["libraries after all"] = after[1]["libraries"] - empty["libraries"]
    report.counts["files after all"] = after[1]["files"] - empty["files"]
    return report


def make(backend: str, number: int, seed: int) -> tuple[nnc.Program, numpy.ndarray]:
    """Return a program like no other, and what it predicts; some have been trained."""
    nnc.utils.set_random_seed(seed + number)
    model = nnc.Sequential([nnc.Input((3,)), Dense(number + 1, "tanh"), Dense(2)])
    model.compile("sgd", "mse")
    program = nnc.compile(model, backend=backend)
    if number % 10 == 0:
        program.fit(X, X[:, :2], verbose=0)
    return program, program(X)


def held() -> dict[str, int]:
    """Return what the process holds: bytes of memory but for holes in the heap, open files, and loaded libraries."""
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm") as stream:
        pages = int(stream.read().split()[1])
    with open("/proc/self/maps") as stream:
        libraries = {line.split(maxsplit=5)[5].strip() for line in stream if ".so" in line}
    files = len(os.listdir("/proc/self/fd"))
    return {"bytes": pages * resource.getpagesize(), "files": files, "libraries": len(libraries)}


if __name__ == "__main__":
    main()
