"""What states alone decide goes into the prologue; views, constants and what changes stay."""

from __future__ import annotations

import pytest

from nnc.ir import HOISTED, Graph, State, TensorType, ops, parse_graph, symbol
from nnc.passes import DeadCode, Hoist, Prologue, run_passes
from tests.passes.helpers import graph_text

HEAD = "graph g(x: f64[batch,3])"
STATES = "state @w : f64[3,4] parameter\nstate @s : f64[4] frozen\n"


def check(before: str, rest: str, prologue: str) -> None:
    graph = parse_graph(graph_text(STATES + before.strip(), HEAD))
    assert str(run_passes(graph, [Hoist()])) == graph_text(STATES + rest.strip(), HEAD)
    assert str(run_passes(graph, [Prologue()])) == graph_text(prologue, "graph g_prologue()")


def test_a_scaled_kernel_and_a_bias():
    check(
        """
        %d = sqrt(@s) : f64[4]
        %kernel = multiply(@w, %d) : f64[3,4]
        %0 = matmul(%x, %kernel) : f64[batch,4]
        %1 = add(@s, f64(1.0)) : f64[4]
        %2 = add(%0, %1) : f64[batch,4]
        return y=%2
        """,
        """
        state @hoisted/kernel : f64[3,4] hoisted
        state @hoisted/add : f64[4] hoisted
        %0 = matmul(%x, @hoisted/kernel) : f64[batch,4]
        %1 = add(%0, @hoisted/add) : f64[batch,4]
        return y=%1
        """,
        """
        state @w : f64[3,4] parameter
        state @s : f64[4] frozen
        state @hoisted/kernel : f64[3,4] hoisted
        state @hoisted/add : f64[4] hoisted
        %d = sqrt(@s) : f64[4]
        %kernel = multiply(@w, %d) : f64[3,4]
        %0 = add(@s, f64(1.0)) : f64[4]
        update @hoisted/kernel = %kernel
        update @hoisted/add = %0
        """,
    )


def test_a_value_that_is_read_twice_and_on_the_way_to_another():
    check(
        """
        %h = exp(@s) : f64[4]
        %k = multiply(@w, %h) : f64[3,4]
        %0 = matmul(%x, %k) : f64[batch,4]
        %1 = add(%0, %h) : f64[batch,4]
        return y=%1, z=%h
        """,
        """
        state @hoisted/h : f64[4] hoisted
        state @hoisted/k : f64[3,4] hoisted
        %0 = matmul(%x, @hoisted/k) : f64[batch,4]
        %1 = add(%0, @hoisted/h) : f64[batch,4]
        return y=%1, z=@hoisted/h
        """,
        """
        state @w : f64[3,4] parameter
        state @s : f64[4] frozen
        state @hoisted/h : f64[4] hoisted
        state @hoisted/k : f64[3,4] hoisted
        %h = exp(@s) : f64[4]
        %k = multiply(@w, %h) : f64[3,4]
        update @hoisted/h = %h
        update @hoisted/k = %k
        """,
    )


def test_views_of_a_derived_state_stay_behind():
    check(
        """
        %h = exp(@w) : f64[3,4]
        %0 = transpose(%h, axes=[1, 0]) : f64[4,3]
        %1 = slice(%0, starts=[0, 0], stops=[1, 3], steps=[1, 1]) : f64[1,3]
        %2 = add(%x, %1) : f64[batch,3]
        return y=%2
        """,
        """
        state @hoisted/h : f64[3,4] hoisted
        %0 = transpose(@hoisted/h, axes=[1, 0]) : f64[4,3]
        %1 = slice(%0, starts=[0, 0], stops=[1, 3], steps=[1, 1]) : f64[1,3]
        %2 = add(%x, %1) : f64[batch,3]
        return y=%2
        """,
        """
        state @w : f64[3,4] parameter
        state @hoisted/h : f64[3,4] hoisted
        %h = exp(@w) : f64[3,4]
        update @hoisted/h = %h
        """,
    )


def test_a_reshape_that_has_to_copy_is_no_view():
    """A transposed kernel that is seen as a vector needs memory, so it is made once."""
    check(
        """
        %0 = transpose(@w, axes=[1, 0]) : f64[4,3]
        %1 = reshape(%0, shape=[12, 1]) : f64[12,1]
        %2 = slice(%x, starts=[0, 0], stops=[-1, 1], steps=[1, 1]) : f64[batch,1]
        %3 = reshape(%2, shape=[1, batch]) : f64[1,batch]
        %4 = matmul(%1, %3) : f64[12,batch]
        return y=%4
        """,
        """
        state @hoisted/reshape : f64[12,1] hoisted
        %0 = slice(%x, starts=[0, 0], stops=[-1, 1], steps=[1, 1]) : f64[batch,1]
        %1 = reshape(%0, shape=[1, batch]) : f64[1,batch]
        %2 = matmul(@hoisted/reshape, %1) : f64[12,batch]
        return y=%2
        """,
        """
        state @w : f64[3,4] parameter
        state @hoisted/reshape : f64[12,1] hoisted
        %0 = transpose(@w, axes=[1, 0]) : f64[4,3]
        %1 = reshape(%0, shape=[12, 1]) : f64[12,1]
        update @hoisted/reshape = %1
        """,
    )


NOTHING = {
    "states as they are": "%0 = matmul(%x, @w) : f64[batch,4]\n%1 = add(%0, @s) : f64[batch,4]\nreturn y=%1",
    "a view": "%0 = transpose(@w, axes=[1, 0]) : f64[4,3]\n%1 = slice(%0, starts=[0, 0], stops=[1, 3], steps=[1, 1])"
    " : f64[1,3]\n%2 = add(%x, %1) : f64[batch,3]\nreturn y=%2",
    "constants": "%0 = exp(f64[3](1.0, 2.0, 3.0)) : f64[3]\n%1 = add(%x, %0) : f64[batch,3]\nreturn y=%1",
    "a state that changes": "%0 = exp(@s) : f64[4]\n"
    "%1 = matmul(%x, @w) : f64[batch,4]\n%2 = add(%1, %0) : f64[batch,4]\n"
    "return y=%2\nupdate @s = %0",
    "the size of the batch": "%0 = size(shape=[batch], dtype=float64) : f64[]\n"
    "%1 = divide(%x, %0) : f64[batch,3]\nreturn y=%1",
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_stays(name):
    graph = parse_graph(graph_text(STATES + NOTHING[name].replace("dtype=float64", 'dtype="float64"'), HEAD))
    assert str(run_passes(graph, [Hoist()])) == str(graph)
    assert not run_passes(graph, [Prologue()]).nodes


def test_a_size_makes_the_whole_way_depend_on_the_batch():
    graph = Graph("g")
    x, w = (
        graph.input("x", TensorType("float64", (symbol("batch"), 3))),
        graph.state("w", TensorType("float64", ()), "frozen"),
    )
    graph.output("y", x * ops.exp(w / ops.size(x, [0])))
    assert str(run_passes(graph, [Hoist()])) == str(graph)


def test_labels_are_unique_and_tell_the_layer():
    graph = Graph("g")
    x, w = (
        graph.input("x", TensorType("float64", (symbol("batch"), 3))),
        graph.state("w", TensorType("float64", (3,)), "frozen"),
    )
    graph.state("hoisted/norm", TensorType("float64", ()), "frozen")
    y = x
    for function in (ops.exp, ops.tanh, ops.sqrt):
        with graph.scope("norm"):
            y = y * function(w)
    graph.output("y", y)
    found = run_passes(graph, [Hoist(), DeadCode()])
    derived = [
        label
        for label, value in found.states.items()
        if isinstance(value.node.op, State) and value.node.op.role == HOISTED
    ]
    assert derived == ["hoisted/norm_1", "hoisted/norm_2", "hoisted/norm_3"]
