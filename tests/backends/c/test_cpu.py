"""A processor has the same name in every process, another one another, and units are made for the one asked for."""

from __future__ import annotations

import subprocess
import sys

import numpy
import pytest

import nnc
from nnc.backends.c import cpu, toolchain
from nnc.backends.c.toolchain import Compiler, flags
from nnc.backends.caches import cache_sizes
from nnc.errors import ModelError

CODE = "from nnc.backends.c.cpu import cpu_identity; print(repr(cpu_identity()))"


def test_identity_is_the_same_in_every_process():
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout.strip()
    assert found == repr(cpu.cpu_identity())
    assert found.strip("' ")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_identity_has_no_frequency():
    assert "MHz" not in cpu.cpu_identity()
    assert "bogomips" not in cpu.cpu_identity().lower()


ZIG, GCC = Compiler(("/x/ziglang/zig", "cc"), ""), Compiler(("gcc",), "")
ALL = frozenset(" ".join(cpu.LEVELS.values()).split())
x86 = pytest.mark.skipif(not cpu.is_x86(), reason="levels are of x86-64")


@x86
@pytest.mark.parametrize(
    ("name", "gcc", "zig"),
    [
        ("", "-march=native", "-mcpu=native"),
        ("native", "-march=native", "-mcpu=native"),
        ("x86-64", "-march=x86-64", "-mcpu=x86_64"),
        ("x86-64-v3", "-march=x86-64-v3", "-mcpu=x86_64_v3"),
    ],
)
def test_units_are_made_for_the_processor_asked_for(monkeypatch, name, gcc, zig):
    monkeypatch.setattr(cpu, "cpu_features", lambda: ALL)
    monkeypatch.setenv("NNC_CPU", name)
    assert gcc in flags(GCC)
    assert zig in flags(ZIG)
    assert cpu.find_target().identity == (cpu.cpu_identity() if name in ("", "native") else name)


@x86
def test_a_level_that_this_processor_does_not_reach_is_an_error(monkeypatch):
    features = frozenset(f"{cpu.LEVELS['x86-64-v2']} avx avx2 bmi1 bmi2 f16c movbe xsave sse2".split())
    monkeypatch.setattr(cpu, "cpu_features", lambda: features)
    for level in ("x86-64", "x86-64-v2"):
        monkeypatch.setenv("NNC_CPU", level)
        assert cpu.find_target().name == level
    monkeypatch.setenv("NNC_CPU", "x86-64-v3")
    with pytest.raises(ModelError, match=r"^\$NNC_CPU is 'x86-64-v3', but this processor has no fma, abm; choose"):
        cpu.find_target()


@pytest.fixture
def caches(monkeypatch, tmp_path):
    """Return what makes Linux say that there are caches, of which units for this processor are told."""
    monkeypatch.delenv("NNC_CPU", raising=False)
    monkeypatch.setattr("nnc.backends.caches._LINUX_CACHES", str(tmp_path))

    def say(*described):
        for index, words in enumerate(described):
            (tmp_path / f"index{index}").mkdir()
            for name, text in zip(("type", "level", "size"), words.split(), strict=False):
                (tmp_path / f"index{index}" / name).write_text(f"{text}\n")
        cache_sizes.cache_clear()

    say()
    yield say
    cache_sizes.cache_clear()


@pytest.mark.parametrize(
    ("said", "sizes"),
    [
        (
            ["Data 1 32K", "Instruction 1 64K", "Unified 2 1024K", "Unified 3 32768K"],
            {1: 32 << 10, 2: 1 << 20, 3: 32 << 20},
        ),
        (["Data 1 48K", "Unified 2 2M", "Unified 3 1G"], {1: 48 << 10, 2: 2 << 20, 3: 1 << 30}),
        (["Data 1", "Unified x 1K", "Unified 2 K", "Data 2 -1K"], {}),
        ([], {}),
    ],
)
def test_units_are_told_how_large_the_last_cache_is(monkeypatch, caches, said, sizes):
    caches(*said)
    assert cache_sizes() == sizes
    size = max(sizes.values(), default=0)
    assert [flag for flag in flags(GCC) if "CACHE" in flag] == ([f"-DNNC_LAST_CACHE={size}"] if size else [])
    if cpu.is_x86():
        monkeypatch.setenv("NNC_CPU", "x86-64")
        assert not [flag for flag in flags(GCC) if "CACHE" in flag]  # others have other caches


@x86
@pytest.mark.parametrize(
    ("name", "features", "expected"),
    [
        ("native", ALL, True),
        ("native", ALL - {"avx512f"}, False),
        ("native", frozenset(), True),
        ("x86-64-v3", ALL, False),
        ("x86-64-v4", ALL, True),
    ],
)
def test_loops_have_all_of_the_widest_registers(monkeypatch, name, features, expected):
    for module in (cpu, toolchain):
        monkeypatch.setattr(module, "cpu_features", lambda: features)
    monkeypatch.setenv("NNC_CPU", name)
    for compiler in (GCC, ZIG):
        assert ("-mprefer-vector-width=512" in flags(compiler)) is expected


@pytest.mark.usefixtures("compiler")
def test_few_rows_by_a_matrix_that_no_cache_holds(caches):
    caches("Unified 2 64K")
    program = nnc.compile(nnc.Sequential([nnc.Input((83,)), nnc.layers.Dense(211)]), backend="c")
    generator = numpy.random.default_rng(0)
    kernel, bias = (generator.integers(-3, 4, shape).astype("float32") for shape in ((83, 211), (211,)))
    program.set_weights([kernel, bias])
    for rows in (1, 2, 3, 9):
        x = generator.integers(-3, 4, (rows, 83)).astype("float32")
        numpy.testing.assert_array_equal(program(x), x @ kernel + bias)


def test_a_processor_that_nobody_knows_is_an_error(monkeypatch):
    monkeypatch.setenv("NNC_CPU", "pentium")
    program = nnc.compile(nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)]), backend="c")
    with pytest.raises(ModelError, match=r"^\$NNC_CPU must be one of native.* on this machine, got 'pentium'$"):
        program(numpy.ones((1, 2), "float32"))


@x86
@pytest.mark.usefixtures("compiler")
def test_code_for_another_processor_lies_beside_that_for_this_one(monkeypatch, folder):
    x = numpy.random.default_rng(0).normal(size=(33, 9)).astype("float32")
    found = []
    for name in ("native", "x86-64", "x86-64"):
        monkeypatch.setenv("NNC_CPU", name)
        nnc.utils.set_random_seed(0)
        model = nnc.Sequential([nnc.Input((9,)), nnc.layers.Dense(7, activation="tanh")])
        found.append(nnc.compile(model, backend="c")(x))
    assert len(list(folder.rglob("*.so"))) == 2
    numpy.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-6)
    numpy.testing.assert_array_equal(found[2], found[1])
