"""The tests of kernels once more, in units that check every address and every undefined step.

The same for any tests, with pytest's options: ``python -m tests.backends.c.test_sanitizers tests/layers -k Dense -n 2``
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from nnc.backends.c.toolchain import find_compiler
from tests.backends.c.helpers import is_gcc

FLAGS = "-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all"
LIBRARIES = ("libasan.so", "libstdc++.so.6")
"""What must be loaded first: Python itself is not made with sanitizers, and TensorFlow throws exceptions."""
_ADDRESSES = "detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0"
"""Leaks are Python's own, and tests ask for too much. Frames that are kept after their function has ended are not
aligned for vectors of 64 bytes, so code for AVX-512 would end with a fault (https://gcc.gnu.org/PR110027)."""
TESTS = ("pooling", "gathering", "convolutions", "scans", "rows", "laws", "layers")


def sanitized(level: str = "1") -> dict[str, str] | None:
    """Return an environment in which all units are checked while they run; None where the compiler cannot do that."""
    compiler = find_compiler()
    if compiler is None or sys.platform != "linux" or not is_gcc():
        return None
    found = [_output(*compiler.command, f"-print-file-name={name}") for name in LIBRARIES]
    if not all(os.path.isabs(path) for path in found):
        return None
    return {
        **os.environ,
        "CC": f"env -u LD_PRELOAD {shlex.join(compiler.command)} {FLAGS}",  # a compiler is slow among sanitizers
        "LD_PRELOAD": " ".join(found),
        "ASAN_OPTIONS": _ADDRESSES,
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "NNC_C_LEVEL": level,
    }


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def run(environment: dict[str, str], *arguments: str) -> int:
    """Run pytest on sanitized units; what they report is on the standard error."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--backend", "c", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


@pytest.mark.slow
@pytest.mark.parametrize("name", TESTS)
def test_kernels_touch_nothing_that_is_not_theirs(name):
    environment = sanitized()
    if environment is None:
        pytest.skip("needs gcc's sanitizers")
    assert run(environment, "-x", "-s", f"tests/backends/c/test_{name}.py") == 0


def test_a_unit_that_reads_outside_is_found(tmp_path):
    """The sanitizers do work here."""
    environment = sanitized()
    if environment is None:
        pytest.skip("needs gcc's sanitizers")
    (tmp_path / "unit.c").write_text("int read(const int *x, int i);\nint read(const int *x, int i) { return x[i]; }\n")
    command = [*shlex.split(environment["CC"]), "-shared", "-fPIC", "unit.c", "-o", "unit.so"]
    subprocess.run(command, cwd=tmp_path, check=True)
    script = "import ctypes, numpy; x = numpy.zeros(4, 'int32'); f = ctypes.CDLL('./unit.so').read; "
    for index, is_found in ((3, False), (4, True)):
        call = f"f(ctypes.c_void_p(x.ctypes.data), {index})"
        done = subprocess.run(
            [sys.executable, "-c", script + call], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert (b"heap-buffer-overflow" in done.stderr) == is_found == (done.returncode != 0), done.stderr


if __name__ == "__main__":
    found = sanitized(os.environ.get("NNC_C_LEVEL", "0"))
    sys.exit("there is no gcc with sanitizers" if found is None else run(found, *sys.argv[1:]))
