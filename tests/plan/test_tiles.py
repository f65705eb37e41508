"""Long elementwise fusions that run tile by tile: which ones, and what must not share memory meanwhile."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest

from nnc.backends.numpy import TARGET, Executable, print_source
from nnc.ir import interpret, parse_graph
from nnc.passes import Fuse, run_passes
from nnc.plan import Plan
from tests.passes.helpers import graph_text
from tests.plan.helpers import plan_of
from tests.plan.simulation import simulate
from tests.plan.strategies import whole_arrays

HEAD = "graph g(x: f64[8], y: f64[8], n: f64[1], z: f64[batch,3])"
CHAIN = "%a = negative(%x) : f64[8]\n%b = relu(%a) : f64[8]\n%c = add(%b, f64(0.5)) : f64[8]\n"


def planned(body: str, tile: int | None) -> Plan:
    graph = run_passes(parse_graph(graph_text(body, HEAD)), [Fuse()])
    plan = plan_of(graph, {"batch": 2}, replace(TARGET, tile=tile))
    simulate(plan)
    return plan


@pytest.mark.parametrize(("tile", "expected"), [(None, None), (2, 2), (3, 3), (4, 4), (5, None)])
def test_fusions_of_at_least_two_tiles_are_tiled(tile, expected):
    plan = planned(CHAIN + "return c=%c, x=%x", tile)
    (group,) = plan.groups
    assert group.tile == expected
    sizes = {buffer.nbytes for buffer in plan.storage.buffers if buffer.tiled}
    assert sizes == (set() if expected is None else {expected * 8})


@pytest.mark.parametrize(
    "body",
    [
        "%a = negative(%z) : f64[batch,3]\n%b = relu(%a) : f64[batch,3]\nreturn b=%b",  # of run-time size
        "%a = negative(%x) : f64[8]\nreturn a=%a",  # a single op
        "%a = erf(%x) : f64[8]\n%b = tanh(%a) : f64[8]\nreturn b=%b",  # needs a workspace
    ],
    ids=["symbolic", "single", "workspace"],
)
def test_other_groups_are_not_tiled(body):
    assert [group.tile for group in planned(body, 2).groups] == [None]


CASES = {
    "chain": CHAIN + "return c=%c",
    "chain whose operand lives on": CHAIN + "return c=%c, x=%x",
    "inner value lives on": CHAIN + "return c=%c, b=%b",
    "operand that is read in the first step only": (
        # the tile of b must not lie in x, which the second tile of a reads
        "%a = negative(%x) : f64[8]\n%b = relu(%y) : f64[8]\n%c = add(%a, %b) : f64[8]\n"
        "%d = multiply(%c, %c) : f64[8]\nreturn d=%d"
    ),
    "first tile is done with before the result is begun": (
        # the result must not lie in a, which the second tile writes again
        "%a = negative(%x) : f64[8]\n%m = less(%a, %y) : bool[8]\n%c = where(%m, %x, %y) : f64[8]\nreturn c=%c"
    ),
    "one element for all": (
        "%a = add(%x, %n) : f64[8]\n%b = relu(%a) : f64[8]\n%c = multiply(%n, %b) : f64[8]\nreturn c=%c"
    ),
    "a vector of constants": (
        "%a = add(%x, f64[8](1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)) : f64[8]\n%b = relu(%a) : f64[8]\nreturn b=%b"
    ),
    "a repeated element": (
        "%s = slice(%y, starts=[3], stops=[4], steps=[1]) : f64[1]\n%r = broadcast_to(%s, shape=[8]) : f64[8]\n"
        "%a = add(%x, %r) : f64[8]\n%b = relu(%a) : f64[8]\nreturn b=%b"
    ),
    "two groups, one in the memory of the other": (
        CHAIN + "%d = negative(%c) : f64[8]  # - backward\n%e = multiply(%d, %c) : f64[8]  # - backward\nreturn e=%e"
    ),
    "the old state's first element is needed by every tile": (
        "state @s : f64[8] slot\n%s = slice(@s, starts=[0], stops=[1], steps=[1]) : f64[1]\n"
        "%r = broadcast_to(%s, shape=[8]) : f64[8]\n%a = multiply(%x, %r) : f64[8]\n%b = add(%a, %y) : f64[8]\n"
        "return y=%y\nupdate @s = %b"
    ),
    "the old state is needed by an earlier step of the group": (
        "state @s : f64[8] slot\n%a = multiply(%x, @s) : f64[8]\n%b = add(%a, %y) : f64[8]\nreturn y=%y\nupdate @s = %b"
    ),
    "two states in one group": (
        "state @s : f64[8] slot\nstate @t : f64[8] slot\n%a = multiply(@t, f64(2.0)) : f64[8]\n"
        "%b = add(%a, %x) : f64[8]\n%c = subtract(@s, %b) : f64[8]\nreturn y=%y\nupdate @t = %b\nupdate @s = %c"
    ),
    "an old state that another one needs": (
        "state @s : f64[8] slot\nstate @t : f64[8] slot\n%b = add(@t, %x) : f64[8]\n%c = subtract(@s, @t) : f64[8]\n"
        "%d = add(%b, %c) : f64[8]\nreturn d=%d\nupdate @t = %b\nupdate @s = %c"
    ),
}


@pytest.mark.parametrize("tile", [2, 3, 4])
@pytest.mark.parametrize("name", CASES)
def test_tiled_runs_are_right_to_the_bit(name, tile):
    plan = planned(CASES[name], tile)
    assert any(group.tile for group in plan.groups)
    inputs, states = whole_arrays(plan.source, batch=2)
    outputs, updated = interpret(plan.source, inputs, {label: array.copy() for label, array in states.items()})
    source = print_source(plan)
    run = Executable(plan, source, source.compile(), states).bind({"batch": 2})
    for label, array in inputs.items():
        run.inputs[label][...] = array
    run.run()
    for found, expected in ((run.outputs, outputs), (states, updated)):
        for label, array in expected.items():
            numpy.testing.assert_array_equal(found[label], array, err_msg=f"{label}\n{plan}\n{source.text}")
