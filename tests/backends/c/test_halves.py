"""A long unit is translated in two halves at the same time: no bit changes, and faults are told as those of a whole."""

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
from nnc.backends.c import halves, stretches
from nnc.backends.c.emitted import UnitSource
from nnc.backends.c.halves import in_halves
from nnc.backends.c.regions import ApartFunction
from nnc.backends.c.toolchain import build, find_compiler
from nnc.errors import CompilerError
from nnc.profiling.instrumentation import counting
from nnc.profiling.measurement import copy_program
from tests.backends.c.helpers import real, threads

posix = pytest.mark.skipif(os.name != "posix", reason="the compilers here are shell scripts")
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")
DIVIDED = """\
#if NNC_PART == 2
int nnc_one(void);
#else
int nnc_one(void) { return 1; }
#endif
#if NNC_PART != 1
int nnc_three(void) { return 2 + nnc_one(); }
#endif
"""


def perceptron(layers: int, width: int) -> nnc.Model:
    x = inputs = nnc.Input((width,))
    for _ in range(layers):
        x = x + nnc.layers.Dense(width, activation="gelu")(x)
    model = nnc.Model(inputs, nnc.layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model


def emitted(model: nnc.Model, graph: str = "train") -> UnitSource:
    """Return the unit of a graph."""
    program = nnc.compile(model, backend="c")
    unit: UnitSource = program.engine(graph).source(program.plan(graph, 4))
    return unit


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(1, 60))
def test_each_function_is_in_one_half_and_known_to_those_behind_it(lengths: list[int], least: int) -> None:
    functions = [
        ApartFunction(f"f{n}", ["int x"], [f"line {i} of {n};" for i in range(m)]) for n, m in enumerate(lengths)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(halves, "LEAST_LINES", least)
        found = in_halves(functions)
    definitions = [line for function in functions for line in function.definition]
    if found.parts == 1:
        assert found.lines == definitions
        assert len(functions) == 1 or len(definitions) < least
        return
    other, second = found.lines.index("#else"), found.lines.index("#if NNC_PART != 1")
    declared, first, last = found.lines[1:other], found.lines[other + 1 : second - 1], found.lines[second + 1 :]
    assert [*first, *last] == definitions
    assert first
    assert last
    assert declared == [function.declaration for function in functions if function.definition[0] in first]
    assert abs(len(first) - len(last)) <= max(len(function.definition) for function in functions)


def trained(model: nnc.Model) -> list[numpy.ndarray]:
    """Return weights after some training."""
    generator = numpy.random.default_rng(2)
    x = generator.normal(size=(64, *model.input_shape[1:])).astype("float32")
    model.fit(x, generator.normal(size=(64, 1)), batch_size=32, epochs=2, verbose=0, shuffle=False)
    return model.get_weights()


@needs_compiler
def test_weights_are_the_same_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNC_BACKEND", "c")
    monkeypatch.setattr(stretches, "LONGEST", 30)
    found = []
    for least, number in ((10**9, 1), (1, 1), (1, 2)):
        monkeypatch.setattr(halves, "LEAST_LINES", least)
        nnc.utils.set_random_seed(1)
        model = perceptron(3, 256)
        with threads(number):
            found.append(trained(model))
        unit = emitted(model)
        assert (unit.parts, unit.is_parallel) == (1 if least > 1 else 2, True)
    for weights in found[1:]:
        assert all(map(numpy.array_equal, found[0], weights))


@needs_compiler
def test_a_profile_counts_both_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "LONGEST", 30)
    visits = []
    for least in (10**9, 1):
        monkeypatch.setattr(halves, "LEAST_LINES", least)
        program = nnc.compile(perceptron(4, 8), backend="c")
        backend = counting(program.backend)
        marked = copy_program(program, backend)
        marked(numpy.ones((2, 8), "float32"))
        visits.append(backend.counted["predict"].sample().visits)
    assert visits[0] == visits[1]
    assert 1 in visits[0]


@needs_compiler
def test_a_long_unit_is_divided_and_a_short_one_is_not() -> None:
    assert (emitted(perceptron(3, 8)).parts, emitted(perceptron(24, 8)).parts) == (1, 2)


@posix
def test_both_halves_are_translated_and_then_linked(script, calls, tmp_path: Path) -> None:
    script(f'echo "$*" >> \'{tmp_path / "said"}\'; exec {real()} "$@"')
    library = ctypes.CDLL(str(build(DIVIDED, parts=2)))
    assert library.nnc_three() == 3
    *each, last = [line for line in (tmp_path / "said").read_text().splitlines() if "nnc" in line]
    assert sorted(re.findall(r"-DNNC_PART=\d", " ".join(each))) == ["-DNNC_PART=1", "-DNNC_PART=2"]
    assert "1.o 2.o" in last
    before = calls()
    build(DIVIDED, parts=2)
    assert calls() == before
    assert ctypes.CDLL(str(build(DIVIDED))).nnc_three() == 3  # the same text as a whole
    assert calls() == before + 1


@posix
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("part", [1, 2])
def test_what_a_half_lacks_is_told_once(script, part: int) -> None:
    script(f'case "$*" in *NNC_PART={part}*) echo "no room for {part}"; exit 4;; esac; exec {real()} "$@"')
    with pytest.raises(CompilerError, match=rf"failed with exit code 4\n.*-DNNC_PART={part}.*\n  no room for {part}\n"):
        build(DIVIDED, parts=2)


@posix
@pytest.mark.usefixtures("folder")
def test_a_half_that_hangs_ends_both(script, tmp_path: Path) -> None:
    script(f"case \"$*\" in *NNC_PART=2*) sleep 60;; esac; echo done >> '{tmp_path / 'said'}'; exit 0")
    with pytest.raises(CompilerError, match="has not finished after 1 seconds"):
        build(DIVIDED, parts=2, timeout=1)
    assert (tmp_path / "said").read_text() == "done\n"
