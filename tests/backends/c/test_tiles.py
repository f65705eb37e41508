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

TILES = {"nnc_tile_f32": 12, "nnc_tile_f64": 12, "nnc_window_tile_f32": 12, "nnc_half_window_tile_f32": 6}
"""Functions, and their sums in vectors of 32 bytes: six rows of two, or of one."""
FLAGS = ["-std=c99", "-march=x86-64-v3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"]


@pytest.fixture(scope="module", params=["-O1", "-O2", "-O3"])
def assembly(request, tmp_path_factory):
    compiler = find_compiler()
    if platform.machine() != "x86_64" or compiler is None or not is_gcc():
        pytest.skip("looks at what GCC makes for x86-64")
    folder = tmp_path_factory.mktemp("tiles")
    table = f"void *const used[] = {{{', '.join(f'(void *){name}' for name in TILES)}}};\n"
    (folder / "unit.c").write_text("\n".join([PRELUDE, sections(list(TILES)).text, table]))
    command = [*compiler.command, *FLAGS, request.param, "-S", "unit.c", "-o", "unit.s"]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "unit.s").read_text()


@pytest.mark.parametrize("name", TILES)
def test_sums_stay_in_registers(assembly, name):
    body = assembly[assembly.index(f"\n{name}:") : assembly.index(f".size\t{name}")]
    assert len(re.findall(r"vfmadd\w+\t.*%ymm", body)) == TILES[name]
    assert not re.findall(r"^\tvmov[au]p[sd]\t%ymm\d+, -?\d*\(%rsp\)", body, re.MULTILINE)
