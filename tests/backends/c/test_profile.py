"""Units with clocks in them: they compute what others compute, and count every block as often as it runs."""

from __future__ import annotations

import numpy

import nnc
from benchmarks.instrumented import OUTSIDE, ProfilingBackend, with_marks

TIME, CALLS = 5, 3


def test_blocks_begin_with_their_lines_of_the_ir():
    text = """#include <string.h>
void f(void)
{
    float *const x = 0; /* @x */
    /* %0 = add(@x, @x) : f32[] */
    {
    }
    /* %1 = multiply(%0, %0) : f32[] */
    /* %2 = add(%1, %0) : f32[] */
    for (;;) {
        /* %0 = exp(%2) : f32[] */
    }
    /* update @x */
}
"""
    marked, titles, depths = with_marks(text)
    assert titles[0] == OUTSIDE
    assert [title.partition(" :")[0] for title in titles[1:]] == [
        "%0 = add(@x, @x)",
        "%1 = multiply(%0, %0)",
        "%0 = exp(%2)",
        "update @x",
    ]
    assert titles[2].endswith("; %2 = add(%1, %0) : f32[]")
    assert depths == [0, 0, 0, 1, 0]
    assert marked.count("    nnc_profile_mark(0);\n}\n") == 1
    assert marked.index("nnc_profile_mark(2);") < marked.index("%1 = ") < marked.index("%2 = ")


def program_of(weights=None):
    layers = nnc.layers
    model = nnc.Sequential([nnc.Input((TIME, 3)), layers.LSTM(4), layers.Dense(2)])
    if weights is not None:
        model.set_weights(weights)
    return nnc.compile(model), model.get_weights()


def test_counts_and_results():
    x = numpy.random.default_rng(0).random((2, TIME, 3), "float32")
    plain, weights = program_of()
    plain.use_backend("c")
    program, _ = program_of(weights)
    program.backend = backend = ProfilingBackend()
    numpy.testing.assert_array_equal(program(x), plain(x))
    unit = max(backend.units.values(), key=lambda unit: max(unit.depths))
    unit.reset()
    for _ in range(CALLS):
        program(x)
    outside, *blocks = unit.regions()
    assert outside.visits >= CALLS
    assert {block.visits for block in blocks if block.depth == 0} == {CALLS}
    assert {block.visits for block in blocks if block.depth > 0} == {CALLS * TIME}
    assert sum(block.ticks for block in blocks) >= 0
    unit.reset()
    assert not any(block.visits for block in unit.regions()[1:])
