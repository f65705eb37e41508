"""Functions that units have in common are translated for the first of them, and no bit depends on where they are."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnc
from nnc.backends.c import toolchain
from nnc.backends.c.cache import cache_directory
from nnc.backends.c.emitted import UnitSource
from nnc.backends.c.headers import COMMON, COMMON_PART, function_names, parted_sections, sections
from nnc.backends.c.toolchain import build, find_compiler
from nnc.errors import CompilerError
from tests.backends.c.helpers import real

posix = pytest.mark.skipif(os.name != "posix", reason="the compilers here are shell scripts")
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")
PARTED = f"""\
#if NNC_PART == 0
static int nnc_two(void);
#else
int nnc_two(void);
#endif
#if NNC_PART == 0 || NNC_PART == {COMMON_PART}
int nnc_two(void) {{ return 2; }}
#endif
#if NNC_PART != {COMMON_PART}
int NAME(void) {{ return 1 + nnc_two(); }}
#endif
"""
FIRST, SECOND = (PARTED.replace("NAME", name) for name in ("nnc_first", "nnc_second"))


def part(text: str, number: int) -> str:
    """Return what is left of lines of a unit where ``NNC_PART`` is a number, by the conditions on it alone."""
    kept, conditions = [], []
    for line in text.splitlines():
        if line.startswith("#if"):
            condition = line.removeprefix("#if ").replace("||", "or").replace("NNC_PART", str(number))
            conditions.append(not line.startswith("#if NNC_PART") or eval(condition))
        elif line == "#endif":
            conditions.pop()
        elif all(conditions):
            kept.append(line)
    return "\n".join(kept)


def defined(text: str) -> list[str]:
    """Return the functions of headers that a text defines, in alphabetical order."""
    return sorted(
        re.findall(rf"^(?:static|NNC_INLINE|{COMMON})\b[^;=(){{}}]*?\b(nnc_\w+)\s*\([^;{{]*\{{", text, re.MULTILINE)
    )


@given(st.sets(st.sampled_from(sorted(function_names())), max_size=6))
def test_each_function_is_where_it_is_called_and_once_in_all(names: set[str]) -> None:
    whole, parted = sections(names), parted_sections(names)
    text = f"{parted.common}\n#if NNC_PART != {COMMON_PART}\n{parted.own}\n#endif\n"
    assert defined(part(text, 0)) == defined(whole.text)
    common, own = part(parted.common, COMMON_PART), part(text, 2)
    assert set(defined(common)) | set(defined(own)) == set(defined(whole.text))
    assert bool(parted.in_common) == any(line.startswith(COMMON) for line in whole.text.splitlines())
    assert defined(parted.in_common) == (defined(common) if parted.in_common else [])
    assert not any(line.startswith(COMMON) and line.endswith("{") for line in own.splitlines())


@given(st.permutations(["nnc_built_in_product_f32", "nnc_strips_row_f32", "nnc_window_block_f32", "nnc_tanh_f32"]))
def test_units_have_the_same_in_common_in_whatever_order_they_call_it(names: list[str]) -> None:
    assert parted_sections(names).in_common == parted_sections(sorted(names)).in_common


@posix
def test_the_second_unit_takes_what_the_first_has_made(script, calls, tmp_path: Path) -> None:
    script(f'echo "$*" >> \'{tmp_path / "said"}\'; exec {real()} "$@"')

    def parts() -> list[str]:
        said = tmp_path / "said"
        found = re.findall(r"-DNNC_PART=(\d)", said.read_text())
        said.unlink()
        return sorted(found)

    assert ctypes.CDLL(str(build(FIRST, common="two"))).nnc_first() == 3
    assert parts() == ["2", "3"]
    assert ctypes.CDLL(str(build(SECOND, common="two"))).nnc_second() == 3
    assert parts() == ["2"]
    assert ctypes.CDLL(str(build(SECOND.replace("1 +", "3 +"), level=1, common="two"))).nnc_second() == 5
    assert parts() == ["2"]
    assert ctypes.CDLL(str(build(SECOND.replace("1 +", "4 +"), extra=["-DX"], common="two"))).nnc_second() == 6
    assert parts() == ["2", "3"]
    before = calls()
    build(FIRST, common="two")
    assert calls() == before
    assert ctypes.CDLL(str(build(FIRST.replace("1 +", "5 +")))).nnc_first() == 7  # the same text as a whole
    assert calls() == before + 1


@posix
def test_what_is_damaged_is_made_again(script, calls) -> None:
    script(f'exec {real()} "$@"')
    build(FIRST, common="two")
    (made,) = (cache_directory() / "c").glob("*.o")
    made.write_bytes(made.read_bytes()[:-100])
    before = calls()
    assert ctypes.CDLL(str(build(SECOND, common="two"))).nnc_second() == 3
    assert calls() == before + 3
    assert ctypes.CDLL(str(build(SECOND.replace("1 +", "3 +"), common="two"))).nnc_second() == 5
    assert calls() == before + 5


@posix
@pytest.mark.usefixtures("folder")
def test_what_fails_is_told_and_not_kept(script) -> None:
    script(f'case "$*" in *NNC_PART=3*) echo "no room"; exit 4;; esac; exec {real()} "$@"')
    with pytest.raises(CompilerError, match=r"failed with exit code 4\n.*-DNNC_PART=3.*\n  no room\n"):
        build(FIRST, common="two")
    assert not list((cache_directory() / "c").glob("*.o"))


def network(width: int) -> nnc.Model:
    inputs = nnc.Input((12, 12, 3))
    x = nnc.layers.Conv2D(width, 3, strides=2, activation="relu")(inputs)
    x = nnc.layers.DepthwiseConv2D(3, padding="same")(x)
    model = nnc.Model(inputs, nnc.layers.Dense(3)(nnc.layers.Flatten()(x)))
    model.compile("adam", "mse")
    return model


def emitted(model: nnc.Model) -> UnitSource:
    program = nnc.compile(model, backend="c")
    unit: UnitSource = program.engine("train").source(program.plan("train", 4))
    return unit


def trained(width: int) -> list[numpy.ndarray]:
    nnc.utils.set_random_seed(1)
    model, generator = network(width), numpy.random.default_rng(2)
    x = generator.normal(size=(32, *model.input_shape[1:])).astype("float32")
    model.fit(x, generator.normal(size=(32, 3)), batch_size=16, epochs=2, verbose=0, shuffle=False)
    return model.get_weights()


@needs_compiler
def test_weights_are_the_same_to_the_bit(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNC_BACKEND", "c")
    parted = trained(16)
    assert list((cache_directory() / "c").glob("*.o"))
    monkeypatch.setenv("NNC_CACHE_DIR", str(folder / "whole"))
    monkeypatch.setattr(toolchain, "_common", lambda *_: None)
    whole = trained(16)
    assert not list((cache_directory() / "c").glob("*.o"))
    assert all(map(numpy.array_equal, parted, whole))


def test_networks_of_the_same_layers_have_the_same_in_common() -> None:
    assert emitted(network(16)).common == emitted(network(40)).common != ""
