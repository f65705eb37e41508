"""Finds the processor, a C compiler that works, the cache of compiled code, and which backend that makes."""

from __future__ import annotations

import os
from typing import Any

from nnc.doctor.findings import Finding
from nnc.doctor.software import said_version
from nnc.installation import install_command
from nnc.quantities import bytes_text

_FEATURES = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve", "sve2")
_VARIABLES = ("NNC_BACKEND", "NNC_CACHE_DIR", "NNC_C_LEVEL", "NNC_CPU", "CC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def find_processor() -> list[Finding]:
    """Return the processor, the cores that this process may use, and the instructions that matter here."""
    import platform

    from nnc.backends.c.cpu import NATIVE, cpu_features, cpu_identity, find_target
    from nnc.backends.c.threads import THREADS
    from nnc.errors import ModelError

    lines = dict(line.partition(":")[::2] for line in cpu_identity().splitlines() if ":" in line)
    name = next((lines[key].strip() for key in ("model name", "Model Name", "cpu") if key in lines), "")
    name = name or platform.processor() or platform.machine()
    flags = cpu_features() or frozenset(cpu_identity().lower().split())
    features = [feature for feature in _FEATURES if feature in flags]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = int(THREADS[0])
    details: dict[str, Any] = {"name": name, "cores": cores, "threads": threads, "features": features}
    text = f"{name}, {_counted(cores, 'core')} for this process, {_counted(threads, 'thread')} in C"
    text += "".join(f", {feature}" for feature in features)
    try:
        target = find_target().name
    except ModelError as error:
        return [Finding("Processor", "broken", str(error).partition("\n")[0], "unset NNC_CPU", details)]
    details["target"] = target
    text += "" if target == NATIVE else f"; C is compiled for {target}"
    return [Finding("Processor", "found", text, details=details)]


def find_compiler() -> list[Finding]:
    """Return the C compiler, and whether a unit compiles, with threads and without."""
    from nnc.backends.c import toolchain

    compiler = toolchain.find_compiler()
    if compiler is None:
        return [Finding("C compiler", "missing", "the C backend, for small models, loops and latency", _remedy())]
    version, _ = said_version([*compiler.command, "--version"])
    problem = toolchain.try_out(compiler)
    details: dict[str, Any] = {"command": str(compiler), "version": version, "compiles": not problem}
    if problem:
        return [Finding("C compiler", "broken", f"{compiler}: {problem}", _remedy(), details)]
    has_threads = not toolchain.try_out(compiler, threads=True)
    details["openmp"] = has_threads
    text = f"{compiler}: {version}; a unit compiles, {'with' if has_threads else 'without'} OpenMP"
    found = [Finding("C compiler", "found", text, details=details)]
    if not has_threads:
        found.append(Finding("OpenMP", "missing", "several threads in C", "the compiler's libgomp or libomp"))
    return found


def _remedy() -> str:
    return "set $CC to a compiler that works" if os.environ.get("CC") else install_command("c")


def find_cache() -> list[Finding]:
    """Return the folder of compiled libraries: how much is in it, and whether it can be used."""
    from nnc.backends.c import cache

    folder = cache.cache_directory()
    count, size = cache.usage()
    problem = cache.problem()
    details = {"path": str(folder), "libraries": count, "bytes": size, "limit": cache.LIMIT, "usable": not problem}
    if problem:
        text = f"{problem}; compiled code is kept for each process only"
        return [Finding("Cache", "broken", text, "set $NNC_CACHE_DIR to a folder of your own", details)]
    many = f"{count} librar{'y' if count == 1 else 'ies'}"
    return [
        Finding(
            "Cache",
            "found",
            f"{folder}: {many}, {bytes_text(size)} of at most {bytes_text(cache.LIMIT)}, writable",
            details=details,
        )
    ]


def find_backend_choice() -> list[Finding]:
    """Return the backend if nobody chooses one, what ``auto`` may take, and the variables that are set."""
    from nnc.backends import backend_name
    from nnc.backends.c.toolchain import find_compiler as find
    from nnc.errors import ModelError

    variables = {name: os.environ[name] for name in _VARIABLES if os.environ.get(name)}
    try:
        default = backend_name()
    except ModelError as error:
        return [Finding("Backend", "broken", str(error), "unset NNC_BACKEND", {"variables": variables})]
    auto = "numpy" if find() is None else "c"
    taken = (
        "NumPy, because there is no C compiler" if auto == "numpy" else "C for work worth compiling, otherwise NumPy"
    )
    listed = "".join(f", ${name}={value}" for name, value in variables.items())
    details = {"default": default, "auto": auto, "variables": variables}
    return [Finding("Backend", "found", f"{default} by default, auto is {taken}{listed}", details=details)]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
