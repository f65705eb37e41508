"""Factors and summands behind a product go into its kernel and one bias, where nothing else reads what lies between."""

from __future__ import annotations

import pytest

from nnc.passes import DeadCode, FoldBatchNorm
from tests.passes.helpers import check_rewrite, graph_text

HEAD = "graph g(x: f64[batch,3], t: f64[batch,2,3])"
STATES = """
state @w : f64[3,4] parameter
state @b : f64[4] parameter
state @s : f64[4] frozen
state @n : f64[] frozen
"""
FOLD = [FoldBatchNorm(), DeadCode()]
PRODUCT = "%0 = matmul(%x, @w) : f64[batch,4]\n"


def text(body: str) -> str:
    return graph_text(STATES + body, HEAD)


MATCHING = {
    "factor": (
        PRODUCT + "%1 = multiply(%0, @s) : f64[batch,4]\nreturn y=%1",
        "%kernel = multiply(@w, @s) : f64[3,4]\n%0 = matmul(%x, %kernel) : f64[batch,4]\nreturn y=%0",
    ),
    "factor in front": (
        PRODUCT + "%1 = multiply(@s, %0) : f64[batch,4]\nreturn y=%1",
        "%kernel = multiply(@w, @s) : f64[3,4]\n%0 = matmul(%x, %kernel) : f64[batch,4]\nreturn y=%0",
    ),
    "divisor": (
        PRODUCT + "%1 = divide(%0, @n) : f64[batch,4]\nreturn y=%1",
        "%0 = divide(f64(1.0), @n) : f64[]\n%kernel = multiply(@w, %0) : f64[3,4]\n"
        "%1 = matmul(%x, %kernel) : f64[batch,4]\nreturn y=%1",
    ),
    "negative": (
        PRODUCT + "%1 = negative(%0) : f64[batch,4]\nreturn y=%1",
        "%kernel = multiply(@w, f64(-1.0)) : f64[3,4]\n%0 = matmul(%x, %kernel) : f64[batch,4]\nreturn y=%0",
    ),
    "two summands": (
        PRODUCT + "%1 = add(%0, @b) : f64[batch,4]\n%2 = subtract(%1, @s) : f64[batch,4]\nreturn y=%2",
        "%bias = subtract(@b, @s) : f64[4]\n%0 = matmul(%x, @w) : f64[batch,4]\n"
        "%1 = add(%0, %bias) : f64[batch,4]\nreturn y=%1",
    ),
    "bias, factor, summand": (
        PRODUCT + "%1 = add(%0, @b) : f64[batch,4]\n%2 = multiply(%1, @s) : f64[batch,4]\n"
        "%3 = add(%2, @n) : f64[batch,4]\nreturn y=%3",
        "%0 = multiply(@b, @s) : f64[4]\n%bias = add(%0, @n) : f64[4]\n%kernel = multiply(@w, @s) : f64[3,4]\n"
        "%1 = matmul(%x, %kernel) : f64[batch,4]\n%2 = add(%1, %bias) : f64[batch,4]\nreturn y=%2",
    ),
    "subtracted from a summand": (
        PRODUCT + "%1 = add(%0, @b) : f64[batch,4]\n%2 = subtract(@s, %1) : f64[batch,4]\nreturn y=%2",
        "%0 = multiply(@b, f64(-1.0)) : f64[4]\n%bias = add(%0, @s) : f64[4]\n"
        "%kernel = multiply(@w, f64(-1.0)) : f64[3,4]\n%1 = matmul(%x, %kernel) : f64[batch,4]\n"
        "%2 = add(%1, %bias) : f64[batch,4]\nreturn y=%2",
    ),
    "a reshape between": (
        "%0 = reshape(%t, shape=[2*batch, 3]) : f64[2*batch,3]\n%1 = matmul(%0, @w) : f64[2*batch,4]\n"
        "%2 = reshape(%1, shape=[batch, 2, 4]) : f64[batch,2,4]\n%3 = multiply(%2, @s) : f64[batch,2,4]\nreturn y=%3",
        "%0 = reshape(%t, shape=[2*batch, 3]) : f64[2*batch,3]\n%kernel = multiply(@w, @s) : f64[3,4]\n"
        "%1 = matmul(%0, %kernel) : f64[2*batch,4]\n%2 = reshape(%1, shape=[batch, 2, 4]) : f64[batch,2,4]\n"
        "return y=%2",
    ),
    "channels that are moved": (
        "%0 = matmul(%t, @w) : f64[batch,2,4]\n%1 = transpose(%0, axes=[0, 2, 1]) : f64[batch,4,2]\n"
        "%2 = reshape(@s, shape=[1, 4, 1]) : f64[1,4,1]\n%3 = multiply(%1, %2) : f64[batch,4,2]\nreturn y=%3",
        "%0 = reshape(@s, shape=[1, 4, 1]) : f64[1,4,1]\n%1 = reshape(%0, shape=[4]) : f64[4]\n"
        "%kernel = multiply(@w, %1) : f64[3,4]\n%2 = matmul(%t, %kernel) : f64[batch,2,4]\n"
        "%3 = transpose(%2, axes=[0, 2, 1]) : f64[batch,4,2]\nreturn y=%3",
    ),
}

MATCHING["a number behind channels that are split"] = (
    PRODUCT + "%1 = add(%0, @b) : f64[batch,4]\n%2 = reshape(%1, shape=[batch, 2, 2]) : f64[batch,2,2]\n"
    "%3 = transpose(%2, axes=[1, 0, 2]) : f64[2,batch,2]\n%4 = multiply(%3, @n) : f64[2,batch,2]\nreturn y=%4",
    "%bias = multiply(@b, @n) : f64[4]\n%kernel = multiply(@w, @n) : f64[3,4]\n"
    "%0 = matmul(%x, %kernel) : f64[batch,4]\n%1 = add(%0, %bias) : f64[batch,4]\n"
    "%2 = reshape(%1, shape=[batch, 2, 2]) : f64[batch,2,2]\n%3 = transpose(%2, axes=[1, 0, 2])"
    " : f64[2,batch,2]\nreturn y=%3",
)

NOT_MATCHING = {
    "a vector behind channels that are split": PRODUCT
    + "%1 = reshape(%0, shape=[batch, 1, 4]) : f64[batch,1,4]\n%2 = reshape(%1, shape=[batch, 4, 1]) : f64[batch,4,1]\n"
    "%3 = reshape(@s, shape=[4, 1]) : f64[4,1]\n%4 = multiply(%2, %3) : f64[batch,4,1]\nreturn y=%4",
    "a bias alone": PRODUCT + "%1 = add(%0, @b) : f64[batch,4]\nreturn y=%1",
    "a product that leaves the graph": PRODUCT + "%1 = multiply(%0, @s) : f64[batch,4]\nreturn y=%1, z=%0",
    "a product used twice": PRODUCT + "%1 = multiply(%0, @s) : f64[batch,4]\n%2 = exp(%0) : f64[batch,4]\n"
    "return y=%1, z=%2",
    "a square": PRODUCT + "%1 = multiply(%0, %0) : f64[batch,4]\nreturn y=%1",
    "a factor for each row": "%0 = matmul(%t, @w) : f64[batch,2,4]\n"
    "%1 = transpose(%0, axes=[0, 2, 1]) : f64[batch,4,2]\n%2 = reshape(@n, shape=[1]) : f64[1]\n"
    "%3 = broadcast_to(%2, shape=[2]) : f64[2]\n"
    "%4 = multiply(%1, %3) : f64[batch,4,2]\nreturn y=%4",
    "an input as factor": PRODUCT + "%1 = sum(%x, axes=[1], keepdims=true) : f64[batch,1]\n"
    "%2 = multiply(%0, %1) : f64[batch,4]\nreturn y=%2",
    "divided by the product": PRODUCT + "%1 = divide(@s, %0) : f64[batch,4]\nreturn y=%1",
    "a kernel that is no state": "%0 = reshape(%x, shape=[3, batch]) : f64[3,batch]\n"
    "%1 = matmul(%x, %0) : f64[batch,batch]\n"
    "%2 = multiply(%1, @n) : f64[batch,batch]\nreturn y=%2",
    "an activation between": PRODUCT
    + "%1 = tanh(%0) : f64[batch,4]\n%2 = multiply(%1, @s) : f64[batch,4]\nreturn y=%2",
    "nothing but states": "%0 = matmul(@w, @w2) : f64[3,4]\n%1 = multiply(%0, @s) : f64[3,4]\nreturn y=%1",
}


@pytest.mark.parametrize("name", MATCHING)
def test_rewrite(name):
    before, after = MATCHING[name]
    check_rewrite(text(before), FOLD, text(after))


@pytest.mark.parametrize("name", NOT_MATCHING)
def test_what_stays(name):
    states = "state @w2 : f64[4,4] parameter\n" if "@w2" in NOT_MATCHING[name] else ""
    check_rewrite(text(states + NOT_MATCHING[name]), FOLD)


def test_a_state_that_changes_is_no_factor():
    body = (
        PRODUCT + "%1 = multiply(%0, @s) : f64[batch,4]\n%2 = add(@s, f64(1.0)) : f64[4]\nreturn y=%1\nupdate @s = %2"
    )
    check_rewrite(text(body), FOLD)
