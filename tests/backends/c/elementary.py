"""The elementary functions of the C headers in loops, compiled, and what they should give, in more digits."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy

from nnc.backends.c.headers import sections
from nnc.backends.c.toolchain import find_compiler, flags

UNARY = ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "erf", "sin", "cos", "sinh", "arcsinh", "sign")
BINARY = ("arctan2", "logaddexp", "power", "maximum", "minimum")
REDUCED = ("sin_reduced", "cos_reduced")
PARTIAL = {"exp_below": (-numpy.inf, 0.0)}
"""Functions for numbers of one interval."""
GATES = ("gate",)
"""Functions whose results are between 0 and 1 and count as such."""
C_TYPES: dict[str, str] = {"f32": "float", "f64": "double"}
DTYPES: dict[str, Any] = {"f32": numpy.float32, "f64": numpy.float64}
WIDER: dict[str, Any] = {"f32": numpy.float64, "f64": numpy.longdouble}


def functions() -> list[tuple[str, str]]:
    """All functions that stand in a loop, as name and type."""
    both = [(name, kind) for kind in C_TYPES for name in (*UNARY, *BINARY, *PARTIAL, *GATES)]
    return both + [(name, "f64") for name in REDUCED]


def unit(head: str = "", tail: str = "") -> str:
    """A translation unit with a loop over each function, each on a line of its own."""
    parts = [head, "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n\n"]
    parts.append(sections(f"nnc_{name}_{kind}" for name, kind in functions()).text)
    for name, kind in functions():
        arguments = ("x", "y") if name in BINARY else ("x",)
        declared = "".join(f", const {C_TYPES[kind]} *restrict {argument}" for argument in arguments)
        head = f"void {name}_{kind}(int64_t n{declared}, {C_TYPES[kind]} *restrict z)"
        values = ", ".join(f"{argument}[i]" for argument in arguments)
        parts.append(
            f"{head};\n{head} {{\n    for (int64_t i = 0; i < n; i++) z[i] = nnc_{name}_{kind}({values});\n}}\n"
        )
    return "\n".join([*parts, tail])


def compile_unit(folder: Path, text: str, output: str, options: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run the compiler in a folder; `options` follow the project's own flags and so overrule them.

    An output whose name ends in .so is a library, any other a program.
    """
    compiler = find_compiler()
    assert compiler is not None
    own = [flag for flag in flags(compiler) if flag != "-shared" or output.endswith(".so")]
    (folder / "unit.c").write_text(text)
    return subprocess.run(
        [*compiler.command, *own, *options, "unit.c", "-o", output, "-lm"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


class Library:
    """The unit, compiled and loaded: ``library(name, kind, x[, y])`` gives an array."""

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        done = compile_unit(folder, unit(), "unit.so", options)
        assert done.returncode == 0, done.stderr
        self.handle = ctypes.CDLL(str(folder / "unit.so"))

    def __call__(self, name: str, kind: str, *arrays: Any) -> Any:
        arrays = tuple(numpy.ascontiguousarray(array, DTYPES[kind]) for array in arrays)
        result = numpy.empty_like(arrays[0])
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*arrays, result)]
        self.handle[f"{name}_{kind}"](ctypes.c_int64(result.size), *pointers)
        return result


def _sigmoid(x: Any) -> Any:
    small = numpy.exp(-numpy.abs(x))
    return numpy.where(x < 0, small, 1) / (1 + small)


def _erf(x: Any) -> Any:
    """Abramowitz & Stegun 7.1.6: 2 / sqrt(pi) e^-x^2 sum of 2^n x^(2n+1) / (1 3 5 ... (2n+1)), all of one sign."""
    inside = numpy.clip(x, -7, 7)
    term = total = inside
    for n in range(1, 220):
        term = term * (2 * inside * inside / (2 * n + 1))
        total = total + term
    root = numpy.sqrt(numpy.arctan(numpy.ones((), x.dtype)))  # sqrt(pi) / 2
    return numpy.where(x == 0, x, total * numpy.exp(-inside * inside) / root)


REFERENCES: dict[str, Callable[..., Any]] = {
    **{name: getattr(numpy, name) for name in (*UNARY, *BINARY) if hasattr(numpy, name)},
    "sigmoid": _sigmoid,
    "erf": _erf,
    "exp_below": numpy.exp,
    "gate": lambda x: 1 / (1 + numpy.exp(-2 * x)),
    "sin_reduced": numpy.sin,
    "cos_reduced": numpy.cos,
}


def reference(name: str, kind: str, *arrays: Any) -> Any:
    """What NumPy gives in the next wider type."""
    with numpy.errstate(all="ignore"):
        return REFERENCES[name](*(array.astype(WIDER[kind]) for array in arrays))


def samples(kind: str, count: int, seed: int = 0) -> Any:
    """Random bit patterns, dense ranges, and what is special: zeros, infinities, NaN, subnormals, limits."""
    dtype = DTYPES[kind]
    random = numpy.random.default_rng(seed)
    limits = numpy.finfo(dtype)
    bits = {"f32": numpy.uint32, "f64": numpy.uint64}[kind]
    patterns = random.integers(0, numpy.iinfo(bits).max, count, bits, endpoint=True).view(dtype)
    signs = random.choice([-1.0, 1.0], count)
    parts = [patterns, signs * 2.0 ** random.uniform(-40, 10, count)]
    parts += [random.uniform(-width, width, count) for width in (1.0, 6.0, 100.0, 750.0, 1e5)]
    parts += [center + signs * 2.0 ** random.uniform(-60, -1, count) for center in (-1.0, 1.0)]
    multiples = numpy.arange(-count // 2, count // 2) * (numpy.pi / 2)
    parts += [multiples, [0.0, -0.0, numpy.inf, -numpy.inf, numpy.nan, limits.max, limits.min, limits.tiny]]
    parts += [[limits.smallest_subnormal, -limits.smallest_subnormal, 3 * limits.smallest_subnormal, -limits.tiny]]
    edges = [-1.0, 1.0, 0.5, 0.55, 2.0, 3.95, 5.95, 1e6, numpy.sqrt(0.5), numpy.sqrt(2), numpy.log(2) / 2]
    edges += [numpy.log(float(limits.max)), numpy.log(float(limits.tiny)), numpy.log(float(limits.smallest_subnormal))]
    around = numpy.array(edges, dtype).view(bits)[:, None] + numpy.arange(-8, 9).astype(bits)
    parts += [around.view(dtype).ravel(), -around.view(dtype).ravel()]
    with numpy.errstate(all="ignore"):
        return numpy.concatenate([numpy.asarray(part).astype(dtype) for part in parts])


def unit_in_the_last_place(kind: str, exact: Any) -> Any:
    """The distance of neighbours at a number's own binade, in the wider type; that of subnormals below the binades."""
    limits = numpy.finfo(DTYPES[kind])
    _, exponent = numpy.frexp(numpy.abs(exact))
    return numpy.ldexp(numpy.ones((), exact.dtype), numpy.maximum(exponent, limits.minexp + 1) - limits.nmant - 1)


def errors(kind: str, found: Any, exact: Any, scale: Any = None) -> Any:
    """Errors in units in the last place of `exact` (or of `scale`); infinite where NaN or a sign is wrong.

    What overflows counts as 2^128 (2^1024).
    """
    wide = WIDER[kind]
    overflow = numpy.ldexp(wide(1), numpy.finfo(DTYPES[kind]).maxexp)
    with numpy.errstate(all="ignore"):
        mine, exact = (numpy.clip(array.astype(wide), -overflow, overflow) for array in (found, exact))
        size = exact if scale is None else numpy.clip(scale.astype(wide), -overflow, overflow)
        error = numpy.abs(mine - exact) / numpy.minimum(unit_in_the_last_place(kind, size), overflow)
    both_nan = numpy.isnan(mine) & numpy.isnan(exact)
    wrong = (numpy.isnan(mine) != numpy.isnan(exact)) | (~both_nan & (numpy.signbit(mine) != numpy.signbit(exact)))
    return numpy.where(both_nan, 0, numpy.where(wrong, numpy.inf, error)).astype(numpy.float64)
