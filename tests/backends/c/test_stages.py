"""Elementwise steps with long chains, divided into loops over some rows each, against the interpreter."""

from __future__ import annotations

import numpy
import pytest

from nnc.ir import Graph, TensorType, interpret, symbol
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.exponential import LogAddExp, Sigmoid
from tests.backends.c.machine import CMachine

pytestmark = pytest.mark.usefixtures("compiler")
BATCH = symbol("batch")


def cross_entropy(dtype: str, rows: object, width: int) -> Graph:
    """A sigmoid and the loss of its logit, which take the same power, and what takes another."""
    graph = Graph("test")
    x = graph.input("x", TensorType(dtype, (rows, width))) + graph.input("bias", TensorType(dtype, (width,)))
    target = graph.input("target", TensorType(dtype, (rows, 1)))
    y = apply(Sigmoid(), x)
    graph.output("y", y)
    graph.output("loss", apply(LogAddExp(), x, graph.constant(numpy.zeros(()), dtype)) - x * target)
    graph.output("other", apply(LogAddExp(), y, x * 3.0) * apply(Sigmoid(negated=True), x + target))
    return graph


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("rows", "width", "is_staged"),
    [(BATCH, 16, True), (BATCH, 48, True), (9, 32, True), (BATCH, 24, False), (BATCH, 128, False), (3, 16, False)],
    ids=str,
)
def test_stages(rows, width, is_staged, dtype):
    graph = cross_entropy(dtype, rows, width)
    machine = CMachine(graph, {"batch": 9}, {})
    assert ("_power_at[" in machine.source.text) is is_staged
    for batch in (9, 8, 2, 1) if rows is BATCH else (rows,):
        x = numpy.random.default_rng(batch).uniform(-40, 40, (batch, width)).astype(dtype)
        x[0, :4] = 0, numpy.inf, -numpy.inf, numpy.nan
        inputs = {
            "x": x,
            "bias": numpy.linspace(-1, 1, width, dtype=dtype),
            "target": numpy.full((batch, 1), 0.75, dtype),
        }
        with numpy.errstate(invalid="ignore"):
            expected = interpret(graph, inputs)[0]
        found = machine.run(inputs, {"batch": batch})[0]
        for label, values in expected.items():
            tolerance = 16 * numpy.finfo(dtype).eps
            numpy.testing.assert_allclose(found[label], values, rtol=tolerance, atol=40 * tolerance, err_msg=label)


def test_a_power_that_several_take_is_taken_once():
    text = CMachine(cross_entropy("float32", BATCH, 16), {"batch": 9}, {}).source.text
    body = text[text.index("nnc_test_once(") :]
    assert body.count("nnc_exp_below_f32(") == 3
