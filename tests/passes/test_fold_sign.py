"""The sign in a sigmoid goes in front of the product, where the kernel takes it, and only there."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.passes import DeadCode, FoldSign
from tests.passes.helpers import check_rewrite, graph_text

HEAD = "graph g(x: f64[batch,3], t: f64[batch,4])"
STATES = """
state @w : f64[3,4] parameter
state @b : f64[4] parameter
"""
PRODUCT = "%0 = matmul(%x, @w) : f64[batch,4]\n"
BIASED = PRODUCT + "%1 = add(%0, @b) : f64[batch,4]\n"


def text(body: str) -> str:
    return graph_text(STATES + body, HEAD)


def test_a_product_with_a_bias():
    before = BIASED + "%2 = sigmoid(%1) : f64[batch,4]\nreturn y=%2"
    after = BIASED + "%2 = negative(%1) : f64[batch,4]\n%3 = sigmoid(%2, negated=true) : f64[batch,4]\nreturn y=%3"
    check_rewrite(text(before), [FoldSign(), DeadCode()], text(after))


@pytest.mark.parametrize(
    "body",
    [
        BIASED + "%2 = sigmoid(%1) : f64[batch,4]\nreturn y=%2, z=%1",
        BIASED + "%2 = sigmoid(%1) : f64[batch,4]\n%3 = tanh(%1) : f64[batch,4]\nreturn y=%2, z=%3",
        PRODUCT + "%1 = add(%0, %t) : f64[batch,4]\n%2 = sigmoid(%1) : f64[batch,4]\nreturn y=%2",
        PRODUCT + "%1 = multiply(%0, %0) : f64[batch,4]\n%2 = sigmoid(%1) : f64[batch,4]\nreturn y=%2",
        "%0 = sigmoid(%x) : f64[batch,3]\nreturn y=%0",
        "%0 = matmul(@w, @w2) : f64[3,4]\n%1 = sigmoid(%0) : f64[3,4]\nreturn y=%1".replace("@w2", "@v"),
    ],
)
def test_what_stays(body):
    given = text(body).replace("state @b", "state @v : f64[4,4] parameter\nstate @b")
    check_rewrite(given, [FoldSign(), DeadCode()])


def test_no_bit_of_a_prediction_changes_and_a_call_is_saved_per_layer():
    model = nnc.Sequential(
        [nnc.Input((3,)), nnc.layers.Dense(5, activation="sigmoid"), nnc.layers.Dense(1, activation="sigmoid")]
    )
    x = numpy.random.default_rng(0).normal(size=(7, 3)).astype("float32")
    assert "negative" not in model.program.source("predict")
    hidden = 1 / (1 + numpy.exp(-(x @ model.weights[0].array + model.weights[1].array)))
    output = 1 / (1 + numpy.exp(-(hidden @ model.weights[2].array + model.weights[3].array)))
    numpy.testing.assert_allclose(model.predict(x), output, rtol=1e-6)
