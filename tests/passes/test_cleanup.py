"""`cse`, `dce` and `fold-constants` on texts: what goes, and what must stay."""

from __future__ import annotations

import numpy
import pytest

from nnc.errors import DataError
from nnc.ir import interpret, parse_graph
from nnc.passes import CommonSubexpressions, DeadCode, FoldConstants, Pass, run_passes
from tests.passes.helpers import check_rewrite, graph_text

CSE, DCE, FOLD = CommonSubexpressions(), DeadCode(), FoldConstants()
MATCHING: dict[str, tuple[Pass, str, str]] = {
    "equal nodes": (
        CSE,
        "%0 = exp(%x) : f64[batch,3]\n%1 = exp(%x) : f64[batch,3]\n%2 = add(%0, %1) : f64[batch,3]\nreturn z=%2",
        "%0 = exp(%x) : f64[batch,3]\n%1 = add(%0, %0) : f64[batch,3]\nreturn z=%1",
    ),
    "equal trees": (
        CSE,
        "%0 = exp(%x) : f64[batch,3]\n%1 = tanh(%0) : f64[batch,3]\n"
        "%2 = exp(%x) : f64[batch,3]\n%3 = tanh(%2) : f64[batch,3]\nreturn z=%1, w=%3",
        "%0 = exp(%x) : f64[batch,3]\n%1 = tanh(%0) : f64[batch,3]\nreturn z=%1, w=%1",
    ),
    "equal nodes of several layers": (
        CSE,
        "%h = exp(%x) : f64[batch,3]  # first forward\n%g = exp(%x) : f64[batch,3]  # second backward\n"
        "%0 = multiply(%h, %g) : f64[batch,3]\nreturn z=%0",
        "%h = exp(%x) : f64[batch,3]  # first forward\n%0 = multiply(%h, %h) : f64[batch,3]\nreturn z=%0",
    ),
    "nodes with several results": (
        CSE,
        "%0, %1 = unpack(%b, shapes=[[1], [2]]) : f64[1], f64[2]\n"
        "%2, %3 = unpack(%b, shapes=[[1], [2]]) : f64[1], f64[2]\nreturn v=%0, w=%1, y=%2, z=%3",
        "%0, %1 = unpack(%b, shapes=[[1], [2]]) : f64[1], f64[2]\nreturn v=%0, w=%1, y=%0, z=%1",
    ),
    "updates": (
        CSE,
        "state @s : f64[3] slot\n%0 = exp(@s) : f64[3]\n%1 = exp(@s) : f64[3]\nreturn z=%0\nupdate @s = %1",
        "state @s : f64[3] slot\n%0 = exp(@s) : f64[3]\nreturn z=%0\nupdate @s = %0",
    ),
    "dead nodes": (
        DCE,
        "%0 = exp(%x) : f64[batch,3]\n%1 = tanh(%0) : f64[batch,3]\n%2 = exp(%y) : f64[batch,3]\nreturn z=%0",
        "%0 = exp(%x) : f64[batch,3]\nreturn z=%0",
    ),
    "all nodes dead, inputs and states stay": (
        DCE,
        "state @s : f64[3] slot\n%0 = add(%x, @s) : f64[batch,3]\nreturn z=%y",
        "state @s : f64[3] slot\nreturn z=%y",
    ),
    "half of a node dead": (
        DCE,
        "%0, %1 = unpack(%b, shapes=[[1], [2]]) : f64[1], f64[2]\n%2 = exp(%0) : f64[1]\nreturn z=%1",
        "%0, %1 = unpack(%b, shapes=[[1], [2]]) : f64[1], f64[2]\nreturn z=%1",
    ),
    "only an update": (
        DCE,
        "state @s : f64[3] slot\n%0 = add(%b, @s) : f64[3]\n%1 = exp(%x) : f64[batch,3]\nreturn z=%y\nupdate @s = %0",
        "state @s : f64[3] slot\n%0 = add(%b, @s) : f64[3]\nreturn z=%y\nupdate @s = %0",
    ),
    "constant expression": (
        FOLD,
        "%0 = add(f64(1.0), f64(2.0)) : f64[]\n%1 = sqrt(%0) : f64[]\n%2 = multiply(%x, %1) : f64[batch,3]\n"
        "return z=%2",
        "%0 = multiply(%x, f64(1.7320508075688772)) : f64[batch,3]\nreturn z=%0",
    ),
    "constant output": (
        FOLD,
        "%0 = broadcast_to(f64(2.0), shape=[3]) : f64[3]\nreturn z=%0",
        "return z=f64[3](2.0, 2.0, 2.0)",
    ),
    "constant parts": (
        FOLD,
        "%0, %1 = unpack(f64[3](1.0, 2.0, 3.0), shapes=[[1], [2]]) : f64[1], f64[2]\n%2 = add(%b, %0) : f64[3]\n"
        "return z=%2, w=%1",
        "%0 = add(%b, f64[1](1.0)) : f64[3]\nreturn z=%0, w=f64[2](2.0, 3.0)",
    ),
    "constant condition": (
        FOLD,
        "%0 = less(f64(1.0), f64(2.0)) : bool[]\n%1 = where(%0, %x, %y) : f64[batch,3]\nreturn z=%1",
        "%0 = where(bool(true), %x, %y) : f64[batch,3]\nreturn z=%0",
    ),
    "division by zero": (
        FOLD,
        "%0 = divide(f64(1.0), f64(0.0)) : f64[]\n%1 = maximum(%x, %0) : f64[batch,3]\n"
        "%2 = less(%x, %1) : bool[batch,3]\nreturn z=%2",
        "%0 = maximum(%x, f64(inf)) : f64[batch,3]\n%1 = less(%x, %0) : bool[batch,3]\nreturn z=%1",
    ),
}
STAYS: dict[str, tuple[Pass, str]] = {
    "other operands": (CSE, "%0 = exp(%x) : f64[batch,3]\n%1 = exp(%y) : f64[batch,3]\nreturn z=%0, w=%1"),
    "operands in another order": (
        CSE,
        "%0 = subtract(%x, %y) : f64[batch,3]\n%1 = subtract(%y, %x) : f64[batch,3]\nreturn z=%0, w=%1",
    ),
    "other attributes": (
        CSE,
        "%0 = sum(%x, axes=[0]) : f64[3]\n%1 = sum(%x, axes=[1]) : f64[batch]\nreturn z=%0, w=%1",
    ),
    "other element type": (
        CSE,
        '%0 = less(%x, %y) : bool[batch,3]\n%1 = less(%x, %y, dtype="float64") : f64[batch,3]\nreturn z=%0, w=%1',
    ),
    "zero and minus zero": (
        CSE,
        "%0 = maximum(%x, f64(0.0)) : f64[batch,3]\n%1 = maximum(%x, f64(-0.0)) : f64[batch,3]\nreturn z=%0, w=%1",
    ),
    "streams of one key": (
        CSE,
        "state @key : u32[2] random\n%0 = random_uniform(@key, shape=[3], stream=0) : f32[3]\n"
        "%1 = random_uniform(@key, shape=[3], stream=1) : f32[3]\nreturn z=%0, w=%1",
    ),
    "everything used": (DCE, "%0 = exp(%x) : f64[batch,3]\n%1 = tanh(%0) : f64[batch,3]\nreturn z=%0, w=%1"),
    "an input involved": (FOLD, "%0 = add(%x, f64(1.0)) : f64[batch,3]\nreturn z=%0"),
    "a run-time size": (FOLD, "%0 = broadcast_to(f64(2.0), shape=[batch]) : f64[batch]\nreturn z=%0"),
    "a size": (FOLD, '%0 = size(shape=[batch], dtype="float64") : f64[]\nreturn z=%0'),
    "a state": (FOLD, "state @s : f64[3] frozen\n%0 = exp(@s) : f64[3]\nreturn z=%0"),
}


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("name", MATCHING)
def test_rewrites(name):
    transform, before, after = MATCHING[name]
    result = check_rewrite(graph_text(before), transform, graph_text(after))
    assert str(run_passes(result, [transform])) == str(result)


@pytest.mark.parametrize("name", STAYS)
def test_graph_stays(name):
    transform, body = STAYS[name]
    check_rewrite(graph_text(body), transform)


@pytest.mark.parametrize(("limit", "folded"), [(2, False), (3, True)])
def test_large_constants_are_not_folded(limit, folded):
    body = "%0 = broadcast_to(f64(2.0), shape=[3]) : f64[3]\nreturn z=%0"
    after = "return z=f64[3](2.0, 2.0, 2.0)" if folded else body
    check_rewrite(graph_text(body), FoldConstants(limit=limit), graph_text(after))


def test_what_gives_an_error_is_not_folded():
    body = "%0 = gather(f64[2](1.0, 2.0), i64(2)) : f64[]\n%1 = add(%x, %0) : f64[batch,3]\nreturn z=%1"
    result = run_passes(parse_graph(graph_text(body)), [FOLD])
    with pytest.raises(DataError, match="index 2 is out of range for a table of 2 rows"):
        interpret(result, {"x": numpy.ones((1, 3)), "y": numpy.ones((1, 3)), "b": numpy.ones(3)})


def test_infinity_is_folded_without_a_warning():
    text = graph_text("%0 = log(f64(0.0)) : f64[]\n%1 = add(%x, %0) : f64[batch,3]\nreturn z=%1")
    result = run_passes(parse_graph(text), [FOLD])
    assert "add(%x, f64(-inf))" in str(result)
