"""Where values live: views, buffers that are taken over, packs, tiles, constants, workspaces."""

from __future__ import annotations

import pytest

from nnc.backends.numpy import TARGET
from nnc.ir import Graph, Layout, TensorType, parse_graph, symbol
from nnc.ir.ops import transpose
from nnc.passes import Fuse, run_passes
from nnc.plan import Plan
from nnc.target import Target
from tests.passes.helpers import graph_text
from tests.plan.helpers import plan_of
from tests.plan.simulation import simulate

HEAD = "graph g(x: f64[batch,3], v: f64[8], k: u32[2])"


def planned(body: str, fuse: bool = False, target: Target = TARGET, **options) -> Plan:
    graph = parse_graph(graph_text(body, HEAD))
    plan = plan_of(run_passes(graph, [Fuse()]) if fuse else graph, {"batch": 4}, target, **options)
    simulate(plan)
    return plan


def homes(plan: Plan) -> dict[str, object]:
    """The home of each value by name."""
    return {plan.names[value]: home for value, home in plan.storage.homes.items() if value in plan.names}


def test_views_cost_nothing():
    plan = planned(
        """
        %r = reshape(%x, shape=[3*batch]) : f64[3*batch]
        %t = transpose(%x, axes=[1, 0]) : f64[3,batch]
        %s = slice(%x, starts=[0, 1], stops=[-1, 3], steps=[1, 1]) : f64[batch,2]
        %b = broadcast_to(%x, shape=[2, batch, 3]) : f64[2,batch,3]
        %p, %q = unpack(%v, shapes=[[2, 2], [4]]) : f64[2,2], f64[4]
        return r=%r, t=%t, s=%s, b=%b, p=%p, q=%q
        """
    )
    assert len(plan.storage.buffers) == 3  # the inputs
    assert {plan.names[value] for value in plan.storage.views} == {"%r", "%t", "%s", "%b", "%p", "%q"}


def test_views_of_views_may_be_deeper_than_calls():
    graph = Graph("test")
    value = x = graph.input("x", TensorType("float64", (symbol("batch"), 3)))
    for _ in range(2001):
        value = transpose(value, (1, 0))
    graph.output("y", value)
    plan = plan_of(graph, {"batch": 4})
    places = plan.places({"batch": 2})
    assert places[plan.graph.outputs["y"]].layout == Layout((3, 2), (1, 3))
    assert places[plan.graph.inputs["x"]].layout == Layout((2, 3), (3, 1))
    assert len(places) == len(list(places)) == 2002
    assert x not in plan.graph.inputs.values()  # places are those of the graph that is planned


def test_a_reshape_of_a_transpose_is_a_copy():
    plan = planned(
        "%t = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%r = reshape(%t, shape=[3*batch]) : f64[3*batch]\nreturn r=%r"
    )
    assert homes(plan)["%r"] != homes(plan)["%x"]


@pytest.mark.parametrize(
    ("body", "inplace"),
    [
        ("%a = exp(%v) : f64[8]\n%b = tanh(%a) : f64[8]\nreturn b=%b", 2),
        ("%a = exp(%v) : f64[8]\n%b = multiply(%a, %a) : f64[8]\nreturn b=%b", 2),
        ("%a = exp(%v) : f64[8]\n%b = add(%v, %a) : f64[8]\nreturn b=%b", 1),
        ("%a = exp(%v) : f64[8]\n%b = tanh(%a) : f64[8]\nreturn a=%a, b=%b", 1),
        ("%a = exp(%v) : f64[8]\nreturn a=%a, v=%v", 0),
        ('%a = cast(%v, dtype="float32") : f32[8]\nreturn a=%a', 0),
        ("%a = greater(%v, f64(0.0)) : bool[8]\nreturn a=%a", 0),
        ("%a = reshape(%v, shape=[2, 4]) : f64[2,4]\n%b = exp(%a) : f64[2,4]\nreturn b=%b", 1),
        ("%a = slice(%v, starts=[4], stops=[8], steps=[1]) : f64[4]\n%b = exp(%a) : f64[4]\nreturn b=%b", 0),
        ("%a = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%b = exp(%a) : f64[3,batch]\nreturn b=%b", 0),
        ("%a = broadcast_to(%v, shape=[2, 8]) : f64[2,8]\n%b = exp(%a) : f64[2,8]\nreturn b=%b", 0),
        ("%a = less(%v, f64(0.0)) : bool[8]\n%b = where(%a, f64(0.0), %v) : f64[8]\nreturn b=%b", 1),
        ("%a = less(%v, f64(0.0)) : bool[8]\n%b = where(%a, %v, f64(0.0)) : f64[8]\nreturn b=%b", 0),
        (
            "%w = exp(%v) : f64[8]\n%l, %r = unpack(%w, shapes=[[8], [0]]) : f64[8], f64[0]\n"
            "%b = tanh(%l) : f64[8]\nreturn b=%b",
            2,
        ),
    ],
)
def test_results_take_over_operands(body, inplace):
    assert len(planned(body).storage.inplace) == inplace
    assert not planned(body, reuse=False).storage.inplace


PARTS = "%a = exp(%v) : f64[8]\n%w = sum(%x, axes=[0]) : f64[3]\n%s = sum(%v, axes=[0]) : f64[]\n"


@pytest.mark.parametrize(
    ("body", "unplaced"),
    [
        (PARTS + "%p = pack(%w, %a, %s) : f64[12]\nreturn p=%p", ()),
        (PARTS + "%p = pack(%w, %v, %a) : f64[19]\nreturn p=%p", (1,)),  # an input
        (PARTS + "%p = pack(%w, %w) : f64[6]\nreturn p=%p", (0, 1)),  # twice the same
        (PARTS + "%p = pack(%w, %a) : f64[11]\nreturn p=%p, a=%a", (1,)),  # alive afterwards
        (PARTS + "%p = pack(f64[2](1.0, 2.0), %w) : f64[5]\nreturn p=%p", (0,)),  # a constant
        (
            PARTS + "%r = reshape(%a, shape=[2, 4]) : f64[2,4]\n%p = pack(%r, %w) : f64[11]\nreturn p=%p",
            (),
        ),
        (
            PARTS + "%r = reshape(%a, shape=[2, 4]) : f64[2,4]\n%p = pack(%a, %r) : f64[16]\nreturn p=%p",
            (1,),  # two views of one buffer
        ),
        (
            PARTS + "%h = slice(%a, starts=[0], stops=[4], steps=[1]) : f64[4]\n%p = pack(%h, %w) : f64[7]\n"
            "return p=%p",
            (0,),  # a part of something
        ),
        (
            PARTS + "%t = broadcast_to(%w, shape=[2, 3]) : f64[2,3]\n%p = pack(%t) : f64[6]\nreturn p=%p",
            (0,),
        ),
    ],
)
def test_packs(body, unplaced):
    plan = planned(body)
    (found,) = plan.storage.unplaced.values()
    assert found == unplaced


def test_a_transposed_part_of_a_pack_is_copied():
    plan = planned(
        "%w = sum(%x, axes=[0]) : f64[3]\n%a = exp(%v) : f64[8]\n%r = reshape(%a, shape=[2, 4]) : f64[2,4]\n"
        "%t = transpose(%r, axes=[1, 0]) : f64[4,2]\n%p = pack(%w, %t) : f64[11]\nreturn p=%p, v=%v"
    )
    assert list(plan.storage.unplaced.values()) == [(1,)]


def test_a_pack_in_a_pack_is_copied():
    """Its parts have their places in the inner pack."""
    plan = planned(PARTS + "%p = pack(%w, %a) : f64[11]\n%q = pack(%s, %p) : f64[12]\nreturn q=%q")
    assert list(plan.storage.unplaced.values()) == [(), (1,)]


def test_the_bound_counts_a_pack_once_for_as_long_as_it_lives():
    plan = planned(
        "%a = sum(%x, axes=[0]) : f64[3]\n%p = pack(%a) : f64[3]\n"
        "%e = scatter(%v, shape=[17], starts=[1], stops=[17], steps=[2]) : f64[17]\nreturn p=%p, e=%e, v=%v"
    )
    assert plan.lower_bound == 3 * 8 + 17 * 8 + 8 * 8


def test_bytes_of_a_pack_that_are_not_written_yet_hold_something_else():
    plan = planned(
        "%t = tanh(%v) : f64[8]\n%s = sum(%t, axes=[0]) : f64[]\n%a = add(%v, %s) : f64[8]\n"
        "%m = matmul(%x, %x3) : f64[batch,3]\n%c = sum(%m, axes=[0]) : f64[3]\n%p = pack(%c, %a) : f64[11]\n"
        "return p=%p".replace("%x3", "f64[3,3](1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)")
    )
    (pack,) = (buffer for buffer in plan.storage.buffers if buffer.nbytes == 88)
    parts = [buffer for buffer in plan.storage.buffers if buffer.inside is not None]
    assert all(part.start < pack.start and part.end == pack.end for part in parts)


def test_what_depends_on_sizes_alone_is_a_constant():
    plan = planned(
        '%n = size(shape=[batch], dtype="float64") : f64[]\n%r = divide(f64(1.0), %n) : f64[]\n'
        "%z = multiply(%x, %r) : f64[batch,3]\nreturn z=%z, n=%n"
    )
    places = plan.places({"batch": 3})
    assert places[plan.graph.outputs["n"]].constant == 3.0
    assert {plan.names[value] for value, place in places.items() if place.home.constant and value in plan.names} == {
        "%n",
        "%r",
    }


def test_workspaces_are_part_of_the_arena():
    body = "%u = random_uniform(%k, shape=[5], stream=0) : f32[5]\nreturn u=%u"
    plan = planned(body)
    ((step, spaces),) = plan.storage.workspaces.items()
    assert plan.graph.nodes[step].op.name == "random_uniform"
    assert [str(type) for _, type in spaces] == ["u32[5]", "u32[5]"]
    graph = parse_graph(graph_text(body, HEAD))
    assert plan.unshared_bytes - plan_of(graph, {"batch": 4}).unshared_bytes >= 2 * 20
