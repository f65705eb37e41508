"""Finds Python, NumPy, its BLAS, and Graphviz."""

from __future__ import annotations

import ctypes
import platform
import subprocess

from nnc.doctor.findings import Finding
from nnc.errors import NncError

_TIMEOUT = 10.0


def find_python() -> list[Finding]:
    """Return Python and the system it runs on."""
    details = {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
    }
    text = f"{details['version']} ({details['implementation']}), {details['system']} {details['machine']}"
    return [Finding("Python", "found", text, details=details)]


def find_numpy() -> list[Finding]:
    """Return NumPy, without which nothing runs."""
    import numpy

    return [Finding("NumPy", "found", numpy.__version__, details={"version": numpy.__version__})]


def find_linear_algebra() -> list[Finding]:
    """Return the BLAS whose products C takes as well: its name, version, kernel and threads."""
    from nnc.backends.c.blas import find_blas

    blas = find_blas()
    if blas is None:
        text = "products of NumPy's own speed in C; it has one of its own"
        return [Finding("BLAS that C can call", "missing", text, "pip install scipy-openblas32")]
    threads = None if blas.get_threads is None else int(ctypes.CFUNCTYPE(ctypes.c_int)(blas.get_threads)())
    counted = "" if threads is None else f", {threads} thread{'' if threads == 1 else 's'}"
    details = {"name": blas.name, "threads": threads, "integers": 64 if blas.wide else 32}
    return [Finding("BLAS", "found", f"{blas.name}{counted}", details=details)]


def find_graphviz() -> list[Finding]:
    """Return the program that draws SVG and PNG."""
    from nnc.render import find_graphviz as find

    try:
        program = find()
    except NncError:
        return [Finding("Graphviz", "missing", "pictures as .svg and .png", "pip install graphviz-pure")]
    version, problem = said_version([program, "-V"])
    if problem:
        return [Finding("Graphviz", "broken", f"{program}: {problem}", "pip install graphviz-pure")]
    return [Finding("Graphviz", "found", f"{program}: {version}", details={"program": program, "version": version})]


def said_version(command: list[str]) -> tuple[str, str]:
    """Return the first line that a program says of its version, and what is wrong with the program."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"cannot be run: {getattr(error, 'strerror', None) or error}"
    said = next((line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()), "")
    return said, f"ended with code {done.returncode}: {said}" if done.returncode else ""
