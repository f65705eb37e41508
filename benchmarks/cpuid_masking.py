"""Hiding instruction sets from libraries that ask the processor, and read no variable, which vectors to take."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from nnc.backends.c.cpu import LEVELS, cpu_features
from nnc.backends.c.toolchain import find_compiler

SOURCE = Path(__file__).with_name("cpuid_mask.c")
_FOLDERS: list[TemporaryDirectory[str]] = []
"""What the libraries lie in; removed when Python ends."""


def can_mask() -> bool:
    """Whether processes of this machine can be kept from seeing instruction sets: Linux lets ``cpuid`` fault."""
    return "cpuid_fault" in cpu_features() and find_compiler() is not None


def masking(level: str) -> dict[str, str]:
    """Return variables of a process that is to see the instruction sets of a level only, empty where that cannot be.

    It has no effect on the C library, which looks before: its copies of memory may take wider vectors.

    Args:
        level: as ``$NNC_CPU`` names it; another one, or none, hides nothing.
    """
    if level not in LEVELS or not can_mask():
        return {}
    others = os.environ.get("LD_PRELOAD")
    return {"LD_PRELOAD": f"{_library()}:{others}" if others else _library()}


@cache
def _library() -> str:
    compiler = find_compiler()
    assert compiler is not None
    folder = TemporaryDirectory(prefix="nnc-bench-")
    _FOLDERS.append(folder)
    library = f"{folder.name}/cpuid_mask.so"
    subprocess.run([*compiler.command, "-O1", "-shared", "-fPIC", "-o", library, str(SOURCE)], check=True)
    return library
