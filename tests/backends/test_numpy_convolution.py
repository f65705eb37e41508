"""Convolutions of any geometry, in bands of any size: planned runs are plain loops to the bit, in whole numbers."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnc.backends.numpy.kernels import convolution, windows
from nnc.ir import Graph, TensorType, ops, symbol
from nnc.ir.ops.convolution import output_length, same_padding
from nnc.passes import OPTIMIZE, run_passes, simplify
from tests.backends.helpers import Machine
from tests.ir.ops.cases import BINDINGS, Case
from tests.ir.ops.cases.convolution import rows


@st.composite
def geometries(draw: Any) -> list[Case]:
    """The three ops of a random convolution."""
    rank = draw(st.integers(1, 3))
    small = st.integers(1, 3 if rank < 3 else 2)

    def axes(numbers: Any) -> tuple[int, ...]:
        return tuple(draw(st.lists(numbers, min_size=rank, max_size=rank)))

    window, strides, dilation = axes(small), axes(small), axes(st.integers(1, 2))
    before, after = axes(st.integers(0, 2)), axes(st.integers(0, 2))
    extra = axes(st.integers(0, 3 if rank < 3 else 1))
    lengths = tuple(
        max(1, (size - 1) * step + 1 + more - first - last)
        for size, step, more, first, last in zip(window, dilation, extra, before, after, strict=True)
    )
    geometry = zip(lengths, window, strides, dilation, before, after, strict=True)
    places = tuple(int(output_length(*axis)) for axis in geometry)
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    channels = groups * draw(st.integers(1, 2))
    filters = groups * draw(st.integers(1, 2))
    return rows(
        lengths,
        channels,
        window,
        filters,
        places,
        strides=strides,
        dilation=dilation,
        padding=(before, after),
        groups=groups,
    )


def run(case: Case, turns: bool) -> Any:
    graph = Graph("test")
    graph.input("batch", TensorType("bool", (symbol("batch"),)))
    operands = [graph.input(f"x{position}", domain.type) for position, domain in enumerate(case.operands)]
    graph.output("y", graph.add(case.op, *operands)[0])
    generator = numpy.random.default_rng(1)
    arrays = [generator.integers(-4, 5, array.shape).astype("float64") for array in case.draw()]
    inputs = {"batch": numpy.zeros(BINDINGS["batch"], bool)} | {f"x{i}": array for i, array in enumerate(arrays)}
    machine = Machine(run_passes(graph, OPTIMIZE) if turns else graph, BINDINGS["batch"] + 2, {})
    machine.executable.arena.fill(255)  # not a number, where a kernel reads what it has not written
    outputs, _ = machine.run(inputs, BINDINGS["batch"])
    return outputs["y"], case.oracle(*arrays)


@settings(max_examples=60)
@given(geometries(), st.sampled_from([1, 20, 100, 10**6]), st.sampled_from([1, 30]), st.booleans())
def test_planned_is_a_plain_loop(cases, band, minimum, turns):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "BAND_ELEMENTS", band)
        patch.setattr(convolution, "MINIMUM_ROWS", minimum)
        patch.setattr(simplify, "TURNED_SHARE", 100)
        for case in cases:
            found, expected = run(case, turns)
            numpy.testing.assert_array_equal(found, expected, err_msg=str(case.op))


@pytest.mark.parametrize(("strides", "size"), [(1, 3), (2, 3), (2, 2), (3, 1)])
def test_one_source_serves_every_length_and_batch(strides, size):
    time = symbol("time")
    graph = Graph("test")
    x = graph.input("x", TensorType("float64", (symbol("batch"), time, 2)))
    kernel = graph.input("kernel", TensorType("float64", (size, 2, 3)))
    y = ops.convolution(x, kernel, (strides,), (1,), [same_padding(time, size, strides)])
    back = ops.transposed_convolution(y, kernel, (time,), (strides,), (1,), [same_padding(time, size, strides)])
    graph.output("y", y)
    graph.output("back", back)
    machine = Machine(run_passes(graph, OPTIMIZE), 11, {})
    for batch, length in ((3, 11), (2, 10), (11, 4), (1, 1)):
        inputs = {"x": numpy.ones((batch, length, 2)), "kernel": numpy.ones((size, 2, 3))}
        bound = machine.executable.bind({"batch": batch, "time": length})
        for label, array in inputs.items():
            bound.inputs[label][...] = array
        bound.run()
        numbers = rows(
            (length,),
            2,
            (size,),
            3,
            (-(-length // strides),),
            strides=strides,
            padding=same_padding(length, size, strides),
        )
        assert bound.outputs["y"].shape == (batch, -(-length // strides), 3)
        expected = numbers[0].op.evaluate(*inputs.values())
        numpy.testing.assert_array_equal(bound.outputs["y"], expected)
        numpy.testing.assert_array_equal(bound.outputs["back"], numbers[1].op.evaluate(expected, inputs["kernel"]))


@pytest.mark.parametrize("groups", [1, 2])
def test_no_rows_give_no_rows(groups):
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (symbol("batch"), 5, 2)))
    kernel = graph.input("kernel", TensorType("float32", (3, 2 // groups, 4)))
    y = ops.convolution(x, kernel, (1,), (1,), [(1, 1)], groups)
    graph.output("y", y)
    graph.output("back", ops.transposed_convolution(y, kernel, (5,), (1,), (1,), [(1, 1)], groups))
    machine = Machine(graph, 3, {})
    inputs = {"x": numpy.zeros((0, 5, 2), "float32"), "kernel": numpy.ones((3, 2 // groups, 4), "float32")}
    outputs, _ = machine.run(inputs, 0)
    assert (outputs["y"].shape, outputs["back"].shape) == ((0, 5, 4), (0, 5, 2))
