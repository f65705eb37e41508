"""Sums of products stay in vector registers, however long the unit is that they stand in."""

from __future__ import annotations

import platform
import re
import subprocess

import pytest

from nnc.backends.c.headers import sections
from nnc.backends.c.source import PRELUDE
from nnc.backends.c.toolchain import find_compiler
from tests.backends.c.helpers import is_gcc

pytestmark = pytest.mark.unsanitized

KINDS = ("tile_f32", "tile_f64", "window_tile_f32", "window_tile_f64")
SUMS = {"whole": 12, "short": 10, "half": 6}
"""Sums of each tile in vectors of 32 bytes: six rows of two, five of two, six of one."""
WIDE_SUMS = {"whole": 16, "short": 14, "narrow": 16, "half": 8}
"""The same of 64 bytes: eight rows of two, seven of two, eight of one and one of 32 bytes, eight of one."""
TILES = {f"nnc_{size}_{kind}": sums for size, sums in SUMS.items() for kind in KINDS}
WIDE_TILES = {
    f"nnc_{size}_{kind}": sums
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
