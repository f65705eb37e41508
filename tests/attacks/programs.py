"""Compiles a thousand programs in one process and drops them: memory, files and libraries come back.

``python -m tests.attacks.programs --count 1000`` makes that many on each backend, no two of them alike, each of which
predicts, and each tenth of which trains. What the last of four rounds leaves behind is what counts: the first ones also
load what stays for the life of a process.
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

ROUNDS = 4
HOLES = 10
"""A round leaves no more than such a part of what its programs took: what is left are holes of Python's own heap."""
FRAGMENTS = 2**20
"""Bytes by which the heap of a process moves from one moment to the next."""
X = numpy.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def main() -> None:
    """Run what the command line asks for."""
    run({kind: partial(many, kind) for kind in ("numpy", "c")}, __doc__, 1000)


def many(backend: str, folder: Path, count: int, seed: int) -> Report:
    """Make programs in rounds, no two alike, and drop those of a round before the next."""
    os.environ |= {"NNC_CACHE_DIR": str(folder), "NNC_C_LEVEL": "0"}
    report = Report()
    make(backend, count + 1, seed)  # the largest: the pool of threads, loaded by the first one that wants it, stays
    gc.collect()
    before, after = held(), []
    for first in range(1, ROUNDS + 1):
        numbers = range(first, count + 1, ROUNDS)
        programs = [make(backend, number, seed) for number in numbers]
        for number, (program, expected) in zip(numbers, programs, strict=True):
            report.check(numpy.array_equal(program(X), expected), f"program {number} predicts other numbers later")
        report.counts["programs"] += len(programs)
        full = held()
        loaded = full["libraries"] - before["libraries"]
        report.check((loaded >= len(programs)) == (backend == "c"), f"{loaded} libraries were loaded")
        del programs, program, expected
        gc.collect()
        after.append(held())
    for what in ("libraries", "files"):
        report.check(after[-1][what] == before[what], f"{what}: {before[what]} before, {after[-1][what]} after")
    taken, grown = full["bytes"] - after[-2]["bytes"], after[-1]["bytes"] - after[-2]["bytes"]
    report.check(grown <= max(taken, 0) // HOLES + FRAGMENTS, f"{grown} of {taken} bytes of the last round stay")
    report.counts["KB held at most"] = full["bytes"] // 1024
    report.counts["KB that the last round leaves"] = grown // 1024
    report.counts["libraries after all"] = after[-1]["libraries"] - before["libraries"]
    report.counts["files after all"] = after[-1]["files"] - before["files"]
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
