"""Marked source: it computes what other source computes, and counts every block as often as it runs."""

from __future__ import annotations

import re

import numpy
import pytest

import nnc
from nnc.backends.c.toolchain import find_compiler
from nnc.backends.marks import EMPTY, OUTSIDE, Marks
from nnc.backends.numpy.marks import Counters as PythonCounters
from nnc.profiling.instrumentation import Counted, Sample, counting
from nnc.profiling.measurement import copy_program

TIME, CALLS = 5, 3
BACKENDS = ["numpy", "c"]
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")
EACH = pytest.mark.parametrize("name", ["numpy", pytest.param("c", marks=needs_compiler)])


def lstm() -> nnc.Program:
    layers = nnc.layers
    return nnc.compile(nnc.Sequential([nnc.Input((TIME, 3)), layers.LSTM(4), layers.Dense(2)]))


@EACH
@pytest.mark.sampled(1)
def test_results_are_those_without_marks(name):
    program = lstm()
    program.use_backend(name)
    marked = copy_program(program, counting(program.backend))
    x = numpy.random.default_rng(0).random((2, TIME, 3), "float32")
    numpy.testing.assert_array_equal(marked(x), program(x))


@EACH
def test_blocks_are_visited_as_often_as_they_run(name):
    program = lstm()
    program.use_backend(name)
    backend = counting(program.backend)
    marked = copy_program(program, backend)
    x = numpy.random.default_rng(0).random((2, TIME, 3), "float32")
    marked(x)
    counted = backend.counted["predict"]
    counted.counters.reset()
    for _ in range(CALLS):
        marked(x)
    sample = counted.sample()
    assert sample.visits[OUTSIDE] == sample.visits[EMPTY] == sample.runs == CALLS
    visits = sample.visits[EMPTY + 1 :]
    depths = [len(block.path) for block in counted.blocks]
    assert {0, 1} == set(depths)
    assert visits == [CALLS * TIME if depth else CALLS for depth in depths]


@EACH
def test_every_step_is_in_one_block(name):
    program = lstm()
    program.use_backend(name)
    marks = Marks(mark=PythonCounters().mark)
    plan = program.plan("predict", 2)
    source = program.backend.source(plan, marks)
    steps = [(block.path, index) for block in marks.blocks for index in block.steps]
    assert len(steps) == len(set(steps))
    (scan,) = plan.loops
    inner = plan.loops[scan].plan
    assert all(block.plan is (inner if block.path else plan) for block in marks.blocks)
    assert {block.path for block in marks.blocks} == {(), (scan,)}
    for block in marks.blocks:
        for title in block.title.split(" ; "):
            assert title in source.text
    assert source.text.count("mark(") >= len(marks.blocks)


def test_what_counts_is_not_divided_among_threads():
    model = nnc.Sequential([nnc.Input((None, 64)), nnc.layers.LSTM(64)])
    program = nnc.compile(model, backend="c")
    plan = program.plan("predict", 64, lengths={"time": 64})
    divided = re.compile(r"#pragma omp parallel for[^\n]*\n *for \(int64_t first_row")
    assert divided.search(program.backend.source(plan).text)
    assert not divided.search(program.backend.source(plan, Marks()).text)


def test_source_without_marks_does_not_change():
    program = lstm()
    for name in BACKENDS:
        program.use_backend(name)
        assert "mark" not in program.source("predict")


def test_a_state_that_is_copied_is_a_block():
    layers = nnc.layers
    inputs = nnc.Input((3,))
    model = nnc.Model(inputs, layers.BatchNormalization()(inputs))
    model.compile("sgd", "mse")
    program = nnc.compile(model)
    marks = Marks(mark=PythonCounters().mark)
    plan = program.plan("train", 4)
    program.backend.source(plan, marks)
    copies = [block.title for block in marks.blocks if not block.steps]
    assert copies == [f"update @{label}" for label, _ in plan.storage.copies]


def test_what_marks_take_is_taken_off():
    sample = Sample(ticks=[50, 30, 100, 5], visits=[3, 3, 6, 3])
    assert sample.net_ticks() == [20.0, 0.0, 40.0, 0.0]
    assert (sample + sample).net_ticks() == [40.0, 0.0, 80.0, 0.0]
    assert (sample + sample).runs == 6


def test_seconds_per_tick_of_nanoseconds():
    assert Counted([], PythonCounters()).seconds_per_tick() == pytest.approx(1e-9, rel=1e-3)
