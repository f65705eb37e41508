"""What tests of the toolchain share: a small C text, and what it must compute."""

from __future__ import annotations

import ctypes
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnc.backends.c import headers
from nnc.backends.c.threads import THREADS
from nnc.backends.c.toolchain import find_compiler, flags

TEXT = """\
#include <math.h>
double twice_sine(double x) { return 2.0 * sin(x); }
#ifdef _OPENMP
int has_openmp(void) { return 1; }
#else
int has_openmp(void) { return 0; }
#endif
"""


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let compiled code have so many threads in the block."""
    before, THREADS[0] = int(THREADS[0]), number
    try:
        yield
    finally:
        THREADS[0] = before


def works(path: Path) -> bool:
    """Return whether a library made of `TEXT` computes what it should."""
    function = ctypes.CDLL(str(path)).twice_sine
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double]
    return math.isclose(function(0.5), 2 * math.sin(0.5), rel_tol=1e-15)


def real() -> str:
    """Return the command of the compiler, for a script to call."""
    compiler = find_compiler()
    assert compiler is not None
    return shlex.join(compiler.command)


def is_gcc() -> bool:
    """Return whether the compiler is GCC itself, and not what knows its extensions, as clang does."""
    found = macros(os.devnull)
    return "__GNUC__" in found and "__clang__" not in found


def tile() -> tuple[int, int]:
    """Return the rows and columns of the part of a float32 product that is computed in registers."""
    found = macros(str(Path(headers.__file__).parent / "tile.h"))
    return int(found["NNC_TILE_ROWS"]), int(found["NNC_TILE_BYTES"]) // 4


def macros(path: str) -> dict[str, str]:
    """Return the macros that are defined behind a C file, by name."""
    compiler = find_compiler()
    assert compiler is not None
    own = [flag for flag in flags(compiler) if flag.startswith("-m")]
    command = [*compiler.command, *own, "-dM", "-E", "-x", "c", path]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return {name: value for _, name, value in (f"{line}  ".split(" ", 2) for line in lines)}


def obey_modes() -> None:
    """Let the modes of files bind this process even if it is root's: give up two of its capabilities (capset(2))."""
    if sys.platform != "linux" or os.getuid() != 0:
        return
    version, own_process, override_and_search = 0x20080522, 0, 0b110
    header = (ctypes.c_uint32 * 2)(version, own_process)
    data = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the same for the upper half
    library = ctypes.CDLL(None)
    assert library.capget(header, data) == 0
    data[0] &= ~override_and_search
    assert library.capset(header, data) == 0
