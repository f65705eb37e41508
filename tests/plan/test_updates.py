"""Where new state is computed: in the old state's memory where that is safe, otherwise beside it and copied."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest

from nnc.backends.numpy import TARGET, Executable, print_source
from nnc.ir import interpret, parse_graph
from nnc.passes import Fuse, run_passes
from tests.passes.helpers import graph_text
from tests.plan.helpers import plan_of
from tests.plan.simulation import simulate
from tests.plan.strategies import whole_arrays

HEAD = "graph g(x: f64[4], y: f64[2,2], c: bool[4])"
STATES = "state @s : f64[4] parameter\nstate @t : f64[4] slot\nstate @m : f64[2,2] slot\n"
DESCENT = "%0 = multiply(%x, f64(2.0)) : f64[4]\n%1 = subtract(@s, %0) : f64[4]\n"
MOMENTUM = (
    "%0 = multiply(@t, f64(2.0)) : f64[4]  # - update\n%1 = add(%0, %x) : f64[4]  # - update\n"
    "%2 = subtract(@s, %1) : f64[4]  # - update\nreturn o=%x\nupdate @t = %1\nupdate @s = %2"
)

# name: the lines of the graph, the states that must be copied to, and the number of copies of old states
CASES: dict[str, tuple[str, list[str], int]] = {
    "gradient descent": (DESCENT + "return o=%0\nupdate @s = %1", [], 0),
    "momentum": (MOMENTUM, [], 0),
    "new state is an output too": (DESCENT + "return o=%1\nupdate @s = %1", [], 0),
    "new state is read later": (DESCENT + "%2 = negative(%1) : f64[4]\nreturn o=%2\nupdate @s = %1", [], 0),
    "old state is read later": (DESCENT + "%2 = add(@s, %x) : f64[4]\nreturn o=%2\nupdate @s = %1", ["s"], 0),
    "old state is read later through a view": (
        "%v = reshape(@s, shape=[2, 2]) : f64[2,2]\n" + DESCENT + "%2 = add(%v, %y) : f64[2,2]\n"
        "return o=%2\nupdate @s = %1",
        ["s"],
        0,
    ),
    "old state is an output": (DESCENT + "return o=@s\nupdate @s = %1", ["s"], 1),
    "a view of the old state is an output": (
        DESCENT + "%v = reshape(@s, shape=[2, 2]) : f64[2,2]\nreturn o=%v, p=%v\nupdate @s = %1",
        ["s"],
        2,
    ),
    "another state is an output": (DESCENT + "return o=@t\nupdate @s = %1", [], 0),
    "old state in another order": (
        "%v = transpose(@m, axes=[1, 0]) : f64[2,2]\n%0 = add(@m, %v) : f64[2,2]\nreturn o=%x\nupdate @m = %0",
        ["m"],
        0,
    ),
    "new state is a view of what is computed": (
        "%v = reshape(@s, shape=[2, 2]) : f64[2,2]\n%0 = add(%v, %y) : f64[2,2]\n"
        "%1 = reshape(%0, shape=[4]) : f64[4]\nreturn o=%x\nupdate @s = %1",
        [],
        0,
    ),
    "new state is a view of what is computed, and the old one is read as it is": (
        "%q = multiply(@s, f64(2.0)) : f64[4]\n%v = reshape(@s, shape=[2, 2]) : f64[2,2]\n"
        "%0 = add(%v, %y) : f64[2,2]\n%1 = reshape(%0, shape=[4]) : f64[4]\nreturn o=%q\nupdate @s = %1",
        [],
        0,
    ),
    "new state is a strange view of what is computed": (
        "%0 = add(@m, %y) : f64[2,2]\n%1 = transpose(%0, axes=[1, 0]) : f64[2,2]\nreturn o=%x\nupdate @m = %1",
        ["m"],
        0,
    ),
    "swapped": ("return o=%x\nupdate @s = @t\nupdate @t = @s", ["s"], 2),
    "one becomes the other, which stays": ("return o=%x\nupdate @s = @t", ["s"], 0),
    "one becomes the other, which changes": (
        "%0 = add(@t, %x) : f64[4]\nreturn o=%x\nupdate @s = @t\nupdate @t = %0",
        ["t"],
        1,
    ),
    "itself": ("return o=@s\nupdate @s = @s", [], 0),
    "itself, and becomes another": ("return o=%x\nupdate @s = @s\nupdate @t = @s", ["t"], 0),
    "its own transpose": (
        "%v = transpose(@m, axes=[1, 0]) : f64[2,2]\nreturn o=%x\nupdate @m = %v",
        ["m"],
        1,
    ),
    "two states become one value": (DESCENT + "return o=%x\nupdate @s = %1\nupdate @t = %1", ["t"], 0),
    "an input": ("return o=%x\nupdate @s = %x", ["s"], 0),
    "computed in place of an input": ("%0 = relu(%x) : f64[4]\nreturn o=%y\nupdate @s = %0", [], 0),
    "a constant": ("return o=%x\nupdate @s = f64[4](1.0, 2.0, 3.0, 4.0)", ["s"], 0),
    "a product of matrices": ("%0 = matmul(@m, %y) : f64[2,2]\nreturn o=%x\nupdate @m = %0", ["m"], 0),
    "a sum over itself": (
        "%0 = sum(@s, axes=[0]) : f64[]\n%1 = add(@s, %0) : f64[4]\nreturn o=%x\nupdate @s = %1",
        [],
        0,
    ),
    "chosen by a condition, old state second": (
        "%0 = where(%c, %x, @s) : f64[4]\nreturn o=%x\nupdate @s = %0",
        [],
        0,
    ),
    "chosen by a condition, old state first": (
        "%0 = where(%c, @s, %x) : f64[4]\nreturn o=%x\nupdate @s = %0",
        ["s"],
        0,
    ),
    "a pack of what is computed": (
        "%0 = matmul(%y, %y) : f64[2,2]\n%1 = pack(%0) : f64[4]\nreturn o=%x\nupdate @s = %1",
        ["s"],
        0,
    ),
    "a pack of inputs": ("%1 = pack(%y) : f64[4]\nreturn o=%x\nupdate @s = %1", [], 0),
    "part of a pack": (
        "%0 = add(%x, @s) : f64[4]\n%1 = pack(%0, %0) : f64[8]\n"
        "%2 = slice(%1, starts=[2], stops=[6], steps=[1]) : f64[4]\nreturn o=%1\nupdate @s = %2",
        ["s"],
        0,
    ),
    "computed before a pack": (
        "%0 = add(%x, @s) : f64[4]\n%1 = pack(%0, %y) : f64[8]\nreturn o=%1\nupdate @s = %0",
        [],
        0,
    ),
}


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_update(name, fused):
    body, copied, copies = CASES[name]
    graph = parse_graph(graph_text(STATES + body, HEAD))
    graph = run_passes(graph, [Fuse()]) if fused else graph
    plan = plan_of(graph, {}, TARGET)
    simulate(plan)
    assert [label for label, _ in plan.storage.copies] == copied, str(plan)
    assert sum(node.op.name == "copy" for node in plan.graph.nodes) == copies, str(plan)
    check_three_runs(graph, plan)


def check_three_runs(graph, plan) -> None:
    """Run a plan three times, each time on what became of the states."""
    inputs, states = whole_arrays(graph, batch=1)
    inputs["c"] = numpy.array([True, False, True, False])
    expected = {label: array.copy() for label, array in states.items()}
    source = print_source(plan)
    run = Executable(plan, source, source.compile(), states).bind({})
    for _ in range(3):
        outputs, expected = interpret(graph, inputs, {label: array.copy() for label, array in expected.items()})
        for label, array in inputs.items():
            run.inputs[label][...] = array
        run.run()
        for label, array in outputs.items():
            numpy.testing.assert_array_equal(run.outputs[label], array, err_msg=f"{label}\n{plan}\n{source.text}")
        for label, array in expected.items():
            numpy.testing.assert_array_equal(states[label], array, err_msg=f"@{label}\n{plan}\n{source.text}")


@pytest.mark.parametrize("tile", [None, 2])
def test_tiles_update_in_place_too(tile):
    """A tile of the old state is read before the same tile of the new one is written."""
    graph = run_passes(parse_graph(graph_text(STATES + MOMENTUM, HEAD)), [Fuse()])
    plan = plan_of(graph, {}, replace(TARGET, tile=tile))
    simulate(plan)
    assert plan.storage.copies == []
    assert [group.tile for group in plan.groups] == [tile]
    check_three_runs(graph, plan)


def test_steps_that_write_into_the_state_say_so():
    graph = parse_graph(graph_text(STATES + DESCENT + "return o=%0\nupdate @s = %1", HEAD))
    plan = plan_of(graph, {})
    assert plan.storage.inplace[graph.updates["s"].index] == 0
    assert str(plan).splitlines()[-1].endswith("%1 = subtract(@s, %0) : f64[4]  @ @s")
