"""Sums of products stay in vector registers, however long the unit is, and strips are fetched ahead."""

from __future__ import annotations

import ctypes
import platform
import re
import subprocess

import numpy
import pytest

from nnc.backends.c.headers import sections
from nnc.backends.c.source import PRELUDE
from nnc.backends.c.toolchain import find_compiler
from tests.backends.c.elementary import compile_unit
from tests.backends.c.helpers import is_gcc

pytestmark = pytest.mark.unsanitized

KINDS = ("tile_f32", "tile_f64", "window_tile_f32", "window_tile_f64")
SUMS = {"whole": 12, "short": 10, "half": 6}
"""Sums of each tile in vectors of 32 bytes: six rows of two, five of two, six of one."""
WIDE_SUMS = {"whole": 16, "short": 14, "narrow": 16, "half": 8}
"""The same of 64 bytes: eight rows of two, seven of two, eight of one and one of 32 bytes, eight of one."""
ADDITIONS = {"whole": 1 + 2, "short": 1 + 2, "narrow": 1, "half": 1}
"""How often the sums of a tile are added to: by one term in one loop and, where tiles are full, by two in another."""
TILES = {f"nnc_{size}_{kind}": ADDITIONS[size] * sums for size, sums in SUMS.items() for kind in KINDS}
WIDE_TILES = {
    f"nnc_{size}_{kind}": ADDITIONS[size] * sums
    for size, sums in WIDE_SUMS.items()
    for kind in (KINDS[:2] if size == "narrow" else KINDS)
}
FLAGS = ["-std=c99", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"]


def assembly(folder, names, *flags):
    """Return what the compiler makes of functions."""
    compiler = find_compiler()
    if platform.machine() != "x86_64" or compiler is None or not is_gcc():
        pytest.skip("looks at what GCC makes for x86-64")
    table = f"void *const used[] = {{{', '.join(f'(void *){name}' for name in names)}}};\n"
    (folder / "unit.c").write_text("\n".join([PRELUDE, sections(list(names)).text, table]))
    subprocess.run([*compiler.command, *FLAGS, *flags, "-S", "unit.c", "-o", "unit.s"], cwd=folder, check=True)
    return (folder / "unit.s").read_text()


@pytest.fixture(scope="module", params=["-O1", "-O2", "-O3"])
def narrow(request, tmp_path_factory):
    return assembly(tmp_path_factory.mktemp("tiles"), TILES, "-march=x86-64-v3", request.param)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    flags = "-march=x86-64-v4", "-mprefer-vector-width=512", "-O3"
    return assembly(tmp_path_factory.mktemp("wide"), WIDE_TILES, *flags)


def check(text, name, sums):
    body = text[text.index(f"\n{name}:") : text.index(f".size\t{name}")]
    assert len(re.findall(r"vfmadd\w+\t.*%[yz]mm", body)) == sums
    assert not re.findall(r"^\tvmov[au]p[sd]\t%[yz]mm\d+, -?\d*\(%rsp\)", body, re.MULTILINE)


@pytest.mark.parametrize("name", TILES)
def test_sums_stay_in_registers(narrow, name):
    check(narrow, name, TILES[name])


@pytest.mark.parametrize("name", WIDE_TILES)
def test_sums_of_wider_vectors_stay_in_registers(wide, name):
    check(wide, name, WIDE_TILES[name])


PLACES, DEPTH, FILTERS, LINE = 49, 900, 96, 64
FETCHING = f"""
static float x[{PLACES} * {DEPTH}], kernel[{DEPTH} * {FILTERS}], strips[{DEPTH} * {FILTERS}], y[{PLACES} * {FILTERS}];
const int64_t width = NNC_TILE_BYTES, size = sizeof(strips);

int64_t product(void) {{
    nnc_packed_product_f32({PLACES}, {DEPTH}, {FILTERS}, x, {DEPTH}, 1, strips, y, {FILTERS}, NULL, 0, 0);
    return fetches;
}}

int64_t window(void) {{
    int64_t places[{PLACES}];
    for (int64_t i = 0; i < {PLACES}; i++) {{
        places[i] = i * {DEPTH};
    }}
    nnc_window_block_f32({PLACES}, {DEPTH}, 1, (const int64_t[]){{0}}, {FILTERS}, x, places, kernel, {FILTERS}, strips,
                         y, {FILTERS}, NULL, 0, 0);
    return fetches;
}}

int64_t fetched(int64_t number) {{
    return (int64_t)(seen[number] - (uintptr_t)strips);
}}
"""
RECORDING = """
enum { MOST = 200000 };
static uintptr_t seen[MOST];
static int64_t fetches;

static void fetch(const void *place, int level) {
    if (level == 2 && fetches < MOST) {
        seen[fetches++] = (uintptr_t)place;
    }
}

#define __builtin_prefetch(place, writes, level) fetch(place, level)
"""


@pytest.mark.parametrize("block", ["product", "window"])
def test_strips_are_fetched_before_they_are_read(tmp_path, block):
    """While one strip is multiplied, the next is on its way, once, and nothing else, such as what it was made of."""
    if find_compiler() is None or not is_gcc():
        pytest.skip("looks at what is fetched by GCC's own function")
    text = "\n".join([PRELUDE, RECORDING, sections(["nnc_packed_product_f32", "nnc_window_block_f32"]).text, FETCHING])
    done = compile_unit(tmp_path, text, "unit.so", [])
    assert done.returncode == 0, done.stderr
    library = ctypes.CDLL(str(tmp_path / "unit.so"))
    library.fetched.restype = ctypes.c_int64
    count = library[block]()
    assert 0 < count < 200_000
    places = numpy.array([library.fetched(ctypes.c_int64(number)) for number in range(count)])
    width, size = (ctypes.c_int64.in_dll(library, name).value for name in ("width", "size"))
    strip = DEPTH * width
    lines = numpy.unique(places[(places >= 0) & (places < size)] // LINE)
    assert places.min() >= 0
    assert places.max() < size + strip
    assert len(lines) * LINE >= 0.9 * (size - strip)
    assert count * LINE <= 1.1 * size
