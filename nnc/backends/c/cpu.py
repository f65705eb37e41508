"""The processor that units are compiled for: this one, or a level of an architecture that others have."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache

from nnc.errors import ModelError

NATIVE = "native"
"""The processor that nnc runs on, with all its instructions."""
LEVELS = {
    "x86-64": "",
    "x86-64-v2": "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3",
    "x86-64-v3": "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave",
    "x86-64-v4": "avx512f avx512bw avx512cd avx512dq avx512vl",
}
"""Levels of x86-64, as its ABI defines them: what each adds, in Linux's words.

https://gitlab.com/x86-psABIs/x86-64-ABI
"""

_LINUX_FIELDS = frozenset(
    {"vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features", "CPU implementer"}
    | {"CPU architecture", "CPU variant", "CPU part", "CPU revision", "isa", "uarch", "cpu", "Model Name", "features"}
)
_MACOS_NAMES = ("hw.machine", "machdep.cpu.brand_string", "machdep.cpu.features", "machdep.cpu.leaf7_features")


@dataclass(frozen=True)
class Processor:
    """The processor that units are compiled for.

    Args:
        name: `NATIVE` or one of `LEVELS`.
        identity: a text that is the same wherever the same machine code runs.
    """

    name: str
    identity: str


def find_target() -> Processor:
    """Return the processor that ``$NNC_CPU`` names, by default this one.

    Raises:
        ModelError: the variable names no level, one of another architecture, or one that this processor does not reach.
    """
    name = os.environ.get("NNC_CPU") or NATIVE
    if name == NATIVE:
        return Processor(NATIVE, cpu_identity())
    known = [NATIVE, *(LEVELS if is_x86() else ())]
    if name not in known:
        raise ModelError(f"$NNC_CPU must be one of {', '.join(known)} on this machine, got {name!r}")
    if missing := _missing(name):
        raise ModelError(
            f"$NNC_CPU is {name!r}, but this processor has no {', '.join(missing)};"
            f" choose a lower level ({', '.join(known)}), or unset the variable"
        )
    return Processor(name, name)


def is_x86() -> bool:
    """Return whether the processor is of the family that `LEVELS` are of."""
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
    return machine.lower() in {"x86_64", "amd64", "i386", "i686", "x86"}


def cpu_features() -> frozenset[str]:
    """Return what this processor has beyond the least, as the system calls it; nothing where it does not say."""
    lines = dict(line.partition(":")[::2] for line in cpu_identity().splitlines() if ":" in line)
    return frozenset(f"{lines.get('flags', '')} {lines.get('Features', '')} {lines.get('features', '')}".split())


def _missing(level: str) -> list[str]:
    """Return what a level needs and this processor lacks; nothing where the system does not say what it has."""
    found = cpu_features()
    names = list(LEVELS)
    needed = [feature for name in names[: names.index(level) + 1] for feature in LEVELS[name].split()]
    return [feature for feature in needed if feature not in found] if found else []


@cache
def cpu_identity() -> str:
    """Return a text that is the same on processors that ``-march=native`` means the same on."""
    found = ""
    if sys.platform == "linux":
        found = _linux()
    elif sys.platform == "darwin":
        found = _macos()
    if not found:
        import platform

        found = f"{platform.machine()} {platform.processor()}"
    return found


def _linux() -> str:
    """Return the lines of the first processor in ``/proc/cpuinfo``; to read those of a hundred takes long."""
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as stream:
            block = stream.read(8192).partition(b"\n\n")[0].decode("utf-8", "replace")
    except OSError:
        return ""
    lines = (line.partition(":") for line in block.splitlines())
    return "\n".join(f"{name.strip()}:{value}" for name, _, value in lines if name.strip() in _LINUX_FIELDS)


def _macos() -> str:
    import ctypes

    library = ctypes.CDLL(None)
    found = []
    for name in _MACOS_NAMES:
        size = ctypes.c_size_t(1024)
        buffer = ctypes.create_string_buffer(size.value)
        if library.sysctlbyname(name.encode(), buffer, ctypes.byref(size), None, ctypes.c_size_t(0)) == 0:
            found.append(buffer.value.decode("utf-8", "replace"))
    return "\n".join(found)
