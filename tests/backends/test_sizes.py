"""Sizes for which a graph has no meaning: what symbols left open is decided when they are bound, alike everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
import pytest

from nnc.backends.c.toolchain import find_compiler
from nnc.errors import ShapeError, SymbolError
from nnc.ir import Graph, bind_shape, interpret, parse_graph
from nnc.passes import OPTIMIZE, run_passes
from tests.backends.c.machine import CMachine
from tests.backends.helpers import Machine
from tests.plan.helpers import plan_of

INSIDE = """
    %s = slice(%w, starts=[0,100], stops=[-1,104], steps=[1,1]) : f32[batch,4]
    %t = sum(%s, axes=[0]) : f32[4]
    return r=%t"""
OUTSIDE = "'slice' 100:104:1 is outside axis 1 of f32[2,3], where batch = 2, time = 3"
GRAPHS: dict[str, tuple[str, Mapping[str, int], Mapping[str, int], str]] = {
    "more than there is room for": (
        """(x: f32[batch,time]) {
        %y = scatter(%x, shape=[batch,3], starts=[0,0], stops=[-1,time], steps=[1,1]) : f32[batch,3]""",
        {"batch": 2, "time": 3},
        {"batch": 2, "time": 4000},
        "'scatter' 0:4000:1 is outside axis 1 of f32[2,3], where batch = 2, time = 4000",
    ),
    "behind the end": (
        """(x: f32[batch,2], w: f32[time]) {
        %y = scatter(%x, shape=[batch,99], starts=[0,10*time], stops=[-1,10*time+2], steps=[1,1]) : f32[batch,99]""",
        {"batch": 2, "time": 9},
        {"batch": 2, "time": 10},
        "'scatter' 100:102:1 is outside axis 1 of f32[2,99], where batch = 2, time = 10",
    ),
    "less than no padding": (
        """(x: f32[batch,20,1], w: f32[time], k: f32[3,1,2]) {
        %y = convolution(%x, %k, strides=[1], dilation=[1], before=[time-10], after=[0]) : f32[batch,time+8,2]""",
        {"batch": 2, "time": 10},
        {"batch": 2, "time": 9},
        "'convolution' needs positive strides, dilation and groups, and padding of at least 0, where batch = 2",
    ),
    "a window longer than the axis": (
        """(x: f32[batch,time,1], k: f32[3,1,2]) {
        %y = convolution(%x, %k, strides=[1], dilation=[1], before=[0], after=[0]) : f32[batch,time-2,2]""",
        {"batch": 2, "time": 3},
        {"batch": 2, "time": 2},
        "'convolution': Computed output size would be zero or negative: a window of [3] does not fit into f32[2,2,1],"
        " where batch = 2, time = 2",
    ),
    "in a loop": (
        f"""(x: f32[batch,2], w: f32[batch,time]) {{
        %y = scan(%x, %w, carries=0, sequences=1) : f32[batch,4] {{(x, w) {INSIDE}}}""",
        {"batch": 2, "time": 104},
        {"batch": 2, "time": 3},
        OUTSIDE,
    ),
    "in a fusion in a loop": (
        f"""(x: f32[batch,2], w: f32[batch,time]) {{
        %y = scan(%x, %w, carries=0, sequences=1) : f32[batch,4] {{(x, w)
        %f = fusion.part(%w) : f32[4] {{(w) {INSIDE}}}
        return r=%f}}""",
        {"batch": 2, "time": 104},
        {"batch": 2, "time": 3},
        OUTSIDE,
    ),
    "another type than the text says": (
        """(x: f32[batch,time], w: f32[batch,2]) {
        %y = slice(%x, starts=[0,0], stops=[-1,time-2], steps=[1,2]) : f32[batch,(time-1)//2]""",
        {"batch": 2, "time": 2},
        {"batch": 2, "time": 1},  # up to the element before the first is not up to the end
        "'slice' gives f32[2,1], its graph says f32[2,0], where batch = 2, time = 1",
    ),
    "no steps": (
        """(x: f32[time,2], h: f32[2]) {
        %y, %s = scan(%h, %x, carries=1, sequences=1) : f32[2], f32[time,2] {(h, x)
        %n = add(%h, %x) : f32[2]
        return h=%n, s=%n}""",
        {"time": 3},
        {"time": 0},  # the last step's carry would be read in front of the first
        "a 'scan' needs at least one step, got sequences f32[0,2] of none, where time = 0",
    ),
    "nothing to choose from": (
        """(x: f32[batch,time]) {
        %y = max(%x, axes=[1]) : f32[batch]""",
        {"batch": 2, "time": 1},
        {"batch": 2, "time": 0},
        "'max' over axes [1] of f32[2,0] has nothing to choose from, where batch = 2, time = 0",
    ),
    "in a layer": (
        """(x: f32[batch,time]) {
        %y = slice(%x, starts=[0,2], stops=[-1,3], steps=[1,1]) : f32[batch,1]  # crop forward""",
        {"batch": 2, "time": 3},
        {"batch": 2, "time": 2},
        "layer 'crop': 'slice' 2:3:1 is outside axis 1 of f32[2,2], where batch = 2, time = 2",
    ),
}


def graph_of(text: str) -> Graph:
    return parse_graph(f"graph g{text}\nreturn y=%y\n}}")


def arrays_of(graph: Graph, sizes: Mapping[str, int]) -> dict[str, Any]:
    generator = numpy.random.default_rng(0)
    shapes = {label: bind_shape(value.shape, sizes) for label, value in graph.inputs.items()}
    return {label: generator.integers(-9, 10, shape).astype("float32") for label, shape in shapes.items()}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.sampled(1 / 2)
def test_all_refuse_what_the_interpreter_refuses(name, backend):
    if backend == "c" and find_compiler() is None:
        pytest.skip("needs a C compiler")
    text, good, bad, message = GRAPHS[name]
    graph = graph_of(text)
    largest = {symbol: max(good[symbol], bad[symbol]) for symbol in good}
    inputs = arrays_of(graph, good)
    expected = interpret(graph, inputs)
    with pytest.raises(ShapeError) as interpreted:
        interpret(graph, arrays_of(graph, bad))
    assert message in str(interpreted.value)
    forms = [graph] if "fusion" in text else [graph, run_passes(graph, OPTIMIZE)]
    for form in forms:
        plan_sizes = good if largest == bad else largest
        machine = Machine(form, plan_sizes, {}) if backend == "numpy" else CMachine(form, plan_sizes, {})
        found = machine.run(inputs, good)
        numpy.testing.assert_array_equal(found[0]["y"], expected[0]["y"])
        with pytest.raises(ShapeError) as planned:
            plan_of(form, bad)
        assert str(planned.value) == str(interpreted.value)
        if plan_sizes != good:
            with pytest.raises(ShapeError) as bound:
                machine.executable.bind(bad)
            assert str(bound.value) == str(interpreted.value)


def test_sizes_are_inferred_once(monkeypatch):
    graph = graph_of(GRAPHS["in a loop"][0])
    machine = Machine(graph, {"batch": 4, "time": 200}, {})
    counted = []
    monkeypatch.setattr(Graph, "check_sizes", lambda graph, bindings: counted.append(bindings))
    for sizes in ({"batch": 2, "time": 150}, {"batch": 3, "time": 150}) * 3:
        machine.run(arrays_of(graph, sizes), sizes)
    assert counted == [{"batch": 2, "time": 150}, {"batch": 3, "time": 150}]


def test_equal_ops_on_equal_types_are_inferred_once(monkeypatch):
    lines = [f"%x{number + 1} = relu(%x{number}) : f32[batch,3]" for number in range(100)]
    graph = graph_of("(x0: f32[batch,3]) {" + "\n".join(lines) + "\n%y = exp(%x100) : f32[batch,3]")
    counted = []
    infer = type(graph.nodes[1].op).result_types
    monkeypatch.setattr(
        "nnc.ir.op.Op.result_types", lambda op, operands: counted.append(op.name) or infer(op, operands)
    )
    for size in (2, 3, 2):
        graph.check_sizes({"batch": size})
    assert counted == ["relu", "exp"] * 2


@pytest.mark.parametrize(
    ("text", "sizes", "message"),
    [
        (
            "(x: f32[batch]) {\n%y = slice(f32[2](0.0, 1.0), starts=[k], stops=[k+1], steps=[1]) : f32[1]",
            {"batch": 2},
            "no size is given for symbol 'k'",
        ),
        (
            "(x: f32[batch,1], z: f32[1,time]) {\n%y = add(%x, %z) : f32[batch,time]",
            {"batch": 2**40, "time": 2**30},
            "f32[batch,time] would take 4722366482869645213696 bytes, more than an offset of 64 bits can hold, "
            "where batch = 1099511627776, time = 1073741824",
        ),
        (
            "(x: f32[batch,0,time]) {\n%y = exp(%x) : f32[batch,0,time]",
            {"batch": 2**40, "time": 2**30},  # nothing, but with strides that no offset holds
            "f32[batch,0,time] would take 4722366482869645213696 bytes",
        ),
        (
            "(x: f32[batch*batch-batch*time]) {\n%y = exp(%x) : f32[batch*batch-batch*time]",
            {"batch": 2**32 + 1, "time": 2**32},
            "the terms of batch*batch-batch*time add up to 36893488160304005121",
        ),
        (
            "(x: f32[batch]) {\n%y = size(shape=[9223372036854775808*batch]) : f32[]",
            {"batch": 1},
            "the terms of 9223372036854775808*batch add up to 9223372036854775808",
        ),
    ],
)
def test_numbers_too_large_for_an_offset(text, sizes, message):
    with pytest.raises(ShapeError) as caught:
        plan_of(graph_of(text), sizes)
    assert message in str(caught.value)
    assert isinstance(caught.value, SymbolError) == message.startswith("no size")


def test_what_lies_side_by_side_may_be_too_much_together():
    graph = graph_of("(x: u8[batch], z: u8[batch]) {\n%y = add(%x, %z) : u8[batch]")
    with pytest.raises(ShapeError, match="graph 'g' would take 27670116110564327232 bytes, more than an offset"):
        plan_of(graph, {"batch": 2**63 - 64}, reuse=False)


@pytest.mark.parametrize("empty", ["rows", "inner", "columns"])
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_products_of_nothing(backend, empty):
    if backend == "c" and find_compiler() is None:
        pytest.skip("needs a C compiler")
    graph = graph_of("(x: f32[rows,inner], w: f32[inner,columns]) {\n%y = matmul(%x, %w) : f32[rows,columns]")
    largest = {"rows": 40, "inner": 70, "columns": 90}
    machine = Machine(graph, largest, {}) if backend == "numpy" else CMachine(graph, largest, {})
    for sizes in (largest, largest | {empty: 0}):
        inputs = arrays_of(graph, sizes)
        numpy.testing.assert_array_equal(machine.run(inputs, sizes)[0]["y"], inputs["x"] @ inputs["w"])
