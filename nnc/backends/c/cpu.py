"""What tells the processor from another one that would not run the same machine code."""

from __future__ import annotations

import sys
from functools import cache

_LINUX_FIELDS = frozenset(
    {"vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features", "CPU implementer"}
    | {"CPU architecture", "CPU variant", "CPU part", "CPU revision", "isa", "uarch", "cpu", "Model Name", "features"}
)
_MACOS_NAMES = ("hw.machine", "machdep.cpu.brand_string", "machdep.cpu.features", "machdep.cpu.leaf7_features")


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
