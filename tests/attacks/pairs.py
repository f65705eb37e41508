"""Lets pairs of processes compile one model at the same moment, with nothing in the cache.

``python -m tests.attacks.pairs --count 20`` starts so many pairs. Both must predict right, and leave one whole entry a
unit.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

import numpy

import nnc
from nnc.backends.c import cache, toolchain
from nnc.layers import Dense
from tests.attacks.command import Report, run
from tests.attacks.kills import contents, ended, forked, is_temporary
from tests.program.samples import X, Y


def main() -> None:
    """Run what the command line asks for."""
    run({"pairs": pairs}, __doc__, 20)


def pairs(folder: Path, count: int, seed: int) -> Report:
    """Start pairs of processes, each with a model and a cache of its own."""
    report = Report()
    scratch = folder / "scratch"
    scratch.mkdir()
    os.environ |= {"TMPDIR": str(scratch), "NNC_C_LEVEL": os.environ.get("NNC_C_LEVEL", "0")}
    tempfile.tempdir = None
    for number in range(count):
        home = folder / str(number)
        os.environ["NNC_CACHE_DIR"] = str(home)
        nnc.utils.set_random_seed(seed + number)
        model = nnc.Sequential([nnc.Input((3,)), Dense(number + 2, "tanh"), Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy")
        expected = nnc.compile(model, backend="numpy")(X)
        readable, writable = os.pipe()
        work = partial(_compile, model, expected, readable, writable)
        children = [forked(work) for _ in range(2)]
        os.close(readable)
        os.close(writable)  # now both begin
        report.counts["pairs"] += 1
        codes = [ended(child) for child in children]
        report.check(codes == [0, 0], f"pair {number}: ended with {codes}")
        found = contents(home)
        libraries = [Path(name) for name in found if name.endswith(cache.SUFFIX)]
        report.counts["entries"] += len(libraries)
        report.check(len({path.parent for path in libraries}) == len(libraries) > 1, f"pair {number}: {sorted(found)}")
        for path in libraries:
            report.check(cache.checksum(found[str(path)]) == path.stem, f"pair {number}: {path} is damaged")
        left = [name for name in found if is_temporary(name)] + [path.name for path in scratch.iterdir()]
        report.check(not left, f"pair {number}: {left} are left over")
        code = ended(forked(partial(_find, model, expected)))
        report.check(code == 0, f"pair {number}: the entries are not used")
    tempfile.tempdir = None
    return report


def _compile(model: nnc.Sequential, expected: numpy.ndarray, readable: int, writable: int) -> None:
    os.close(writable)
    os.read(readable, 1)
    program = nnc.compile(model, backend="c")
    _check(program(X), expected)
    program.fit(X, Y, verbose=0)


def _find(model: nnc.Sequential, expected: numpy.ndarray) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("compiles again")

    toolchain._compile = refuse
    _check(nnc.compile(model, backend="c")(X), expected)


def _check(found: numpy.ndarray, expected: numpy.ndarray) -> None:
    if not numpy.allclose(found, expected, rtol=1e-5, atol=1e-6):
        raise AssertionError("other numbers")


if __name__ == "__main__":
    main()
