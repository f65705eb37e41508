"""Finds a fast matrix product: the functions of the BLAS that NumPy has loaded, for compiled code to call."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Blas:
    """Addresses of functions with CBLAS's interface.

    Args:
        sgemm: of ``cblas_sgemm``.
        dgemm: of ``cblas_dgemm``.
        wide: whether integers (sizes, leading dimensions) have 64 bits; enumerations are ``int`` either way.
        name: for people.
        set_threads: of ``void set(int)``, or None.
        get_threads: of ``int get(void)``, or None.
    """

    sgemm: int
    dgemm: int
    wide: bool
    name: str
    set_threads: int | None = None
    get_threads: int | None = None


class _Spelling(NamedTuple):
    """The way a build of a BLAS decorates the names of its functions."""

    prefix: str
    suffix: str
    wide: bool


_SPELLINGS = (
    _Spelling("scipy_", "64_", True),  # in NumPy's wheels
    _Spelling("scipy_", "", False),  # in scipy_openblas32
    _Spelling("", "64_", True),  # OpenBLAS with 64-bit integers, as distributions build it
    _Spelling("", "$NEWLAPACK$ILP64", True),  # Accelerate
    _Spelling("", "", False),
)


@cache
def find_blas() -> Blas | None:
    """Return the BLAS that NumPy uses, else that of the package `scipy_openblas32`, else None."""
    for library in _libraries():
        for spelling in _SPELLINGS:
            if found := _look_up(library, spelling):
                return found
    return None


def _libraries() -> Iterator[ctypes.CDLL]:
    """Yield libraries to look into; one that is loaded already is the same copy, not a second one."""
    import numpy

    core = sys.modules["numpy._core._multiarray_umath"].__file__ or ""
    home = Path(numpy.__file__).parent
    places = [Path(core)]  # a look into it is a look into all that it is linked with, but for Windows
    places += _blas_files(home.parent / "numpy.libs", home / ".dylibs")
    yield from _open(places)
    yield from _open(_packaged())


def _packaged() -> list[Path]:
    from importlib.util import find_spec

    specification = find_spec("scipy_openblas32")
    folders = (specification and specification.submodule_search_locations) or ()
    return _blas_files(*(Path(folder, "lib") for folder in folders))


def _blas_files(*folders: Path) -> list[Path]:
    suffixes = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    found: list[Path] = []
    for folder in folders:
        if folder.is_dir():
            found += (path for path in sorted(folder.iterdir()) if "blas" in path.name and suffixes in path.name)
    return found


def _open(paths: list[Path]) -> Iterator[ctypes.CDLL]:
    for path in paths:
        try:
            yield ctypes.CDLL(os.fspath(path))
        except OSError:
            continue


def _look_up(library: ctypes.CDLL, spelling: _Spelling) -> Blas | None:
    prefix, suffix, wide = spelling
    sgemm, dgemm = (_address(library, f"{prefix}cblas_{kind}gemm{suffix}") for kind in "sd")
    if sgemm is None or dgemm is None:
        return None
    config = _text(_address(library, f"{prefix}openblas_get_config{suffix}"))
    if not wide and ("USE64BITINT" in config or (not config and _numpy_says_wide())):
        return None  # the names do not tell, and 32-bit arguments would be read as 64-bit ones
    core = _text(_address(library, f"{prefix}openblas_get_corename{suffix}"))
    return Blas(
        sgemm,
        dgemm,
        wide,
        " ".join([*config.split()[:2], *([f"({core})"] if core else [])]) or _numpy_blas() or "BLAS",
        _address(library, f"{prefix}openblas_set_num_threads{suffix}"),
        _address(library, f"{prefix}openblas_get_num_threads{suffix}"),
    )


def _address(library: ctypes.CDLL, name: str) -> int | None:
    try:
        function = library[name]
    except AttributeError:
        return None
    return ctypes.cast(function, ctypes.c_void_p).value


def _text(address: int | None) -> str:
    """Return what a function without arguments says, if there is one."""
    if address is None:
        return ""
    said = ctypes.CFUNCTYPE(ctypes.c_char_p)(address)()
    return said.decode("utf-8", "replace") if said else ""


def _numpy_blas() -> str:
    """Return the name of the BLAS that NumPy was built with."""
    import numpy

    config: Any = numpy.show_config(mode="dicts")
    return str(config.get("Build Dependencies", {}).get("blas", {}).get("name", ""))


def _numpy_says_wide() -> bool:
    name = _numpy_blas().lower()
    return "64" in name  # as in mkl-dynamic-ilp64-seq and openblas64
