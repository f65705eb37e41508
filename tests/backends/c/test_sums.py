"""Sums in lanes, whose partial sums are added in double precision, and loops of small products with what follows."""

from __future__ import annotations

import os

import numpy
import pytest

from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.ir.ops.reduction import Sum
from tests.backends.c.helpers import is_gcc
from tests.backends.c.machine import CMachine

pytestmark = pytest.mark.usefixtures("compiler")
BATCH = symbol("batch")


@pytest.fixture
def rounding() -> float:
    """Relative error of a float32 sum: where nothing is vectorised, 256 terms are added in turn, not 32 in each lane.

    That is among sanitizers, and with clang at the level of these tests.
    """
    return 4e-7 if is_gcc() and "libasan" not in os.environ.get("LD_PRELOAD", "") else 2e-6


def sum_of(shape, axes, dtype="float32"):
    graph = Graph("test")
    graph.output("y", graph.add(Sum(axes), graph.input("x", TensorType(dtype, shape)))[0])
    return graph


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((BATCH,), (0,)),
        ((BATCH, 1), (0,)),
        ((BATCH, 3), (0,)),
        ((BATCH, 3), (0, 1)),
        ((BATCH, 8), (0,)),
        ((BATCH, 9), (0,)),
        ((3, BATCH, 2), (1,)),
        ((3, BATCH, 2), (0, 1)),
        ((BATCH, 2, 5), (0, 2)),
        ((BATCH, 700), (1,)),
        ((BATCH, 1500), (0, 1)),
        ((40, 3), (0,)),
        ((600, 2), (0,)),
    ],
    ids=str,
)
@pytest.mark.sampled(12)
def test_sums(shape, axes, dtype, rounding):
    machine = CMachine(sum_of(shape, axes, dtype), {"batch": 601}, {})
    for batch in (601, 256, 257, 8, 7, 1):
        sizes = [dim if isinstance(dim, int) else batch for dim in shape]
        x = numpy.random.default_rng(batch).normal(3, 2, sizes).astype(dtype)
        found = machine.run({"x": x}, {"batch": batch})[0]["y"]
        exact = x.sum(axes, "float64" if dtype == "float32" else dtype)
        numpy.testing.assert_allclose(found, exact, rtol={"float32": rounding, "float64": 1e-14, "int32": 0}[dtype])


@pytest.mark.parametrize("shape", [(BATCH,), (BATCH, 2), (BATCH, 9), (3_000_000,)], ids=str)
def test_long_sums_are_as_exact_as_short_ones(shape):
    """Lane by lane in float32 alone, they would be wrong in the fifth digit."""
    machine = CMachine(sum_of(shape, (0,)), {"batch": 3_000_000}, {})
    sizes = [dim if isinstance(dim, int) else 3_000_000 for dim in shape]
    x = numpy.random.default_rng(0).uniform(0.5, 1.5, sizes).astype("float32")
    found = machine.run({"x": x}, {"batch": 3_000_000})[0]["y"]
    numpy.testing.assert_allclose(found, x.sum(0, "float64"), rtol=2e-7)


def test_few_columns_are_added_in_one_loop_over_rows():
    text = CMachine(sum_of((BATCH, 3), (0,)), {"batch": 4}, {}).source.text
    assert "reduction(+:part_0,part_1,part_2)" in text


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("inner", "columns"), [(2, 2), (1, 8), (3, 9), (4, 1), (2, 5)])
@pytest.mark.parametrize("rows", [BATCH, 1, 33], ids=str)
@pytest.mark.sampled(1 / 2)
def test_what_follows_a_small_product_runs_in_its_loop(inner, columns, rows, dtype):
    graph = Graph("test")
    x = graph.input("x", TensorType(dtype, (rows, inner)))
    y = graph.input("y", TensorType(dtype, (rows, columns)))
    z = x @ graph.input("kernel", TensorType(dtype, (inner, columns)))
    graph.output("sigmoid", ops.sigmoid(z + graph.input("bias", TensorType(dtype, (columns,)))))
    graph.output("scaled", (z - y) * 0.25)
    machine = CMachine(graph, {"batch": 33}, {})
    for batch in (33, 5) if rows is BATCH else (rows,):
        generator = numpy.random.default_rng(batch)
        inputs = {
            label: generator.normal(size=value.type.bind({"batch": batch}).shape).astype(dtype)
            for label, value in graph.inputs.items()
        }
        expected, found = interpret(graph, inputs)[0], machine.run(inputs, {"batch": batch})[0]
        for label, array in expected.items():
            numpy.testing.assert_allclose(found[label], array, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-6)
    body = machine.source.text.partition("void nnc_test_once(")[2]
    is_one = columns <= 8 and rows != 1
    assert (body.count("for (int64_t i") == 1) == is_one or rows == 1, body


def test_a_small_product_may_be_written_over_what_is_read_behind_it():
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (BATCH, 2)))
    kernel = graph.input("kernel", TensorType("float32", (2, 2)))
    y = ops.tanh(x @ kernel)
    graph.output("y", ops.tanh(y @ kernel + y) * y)
    machine = CMachine(graph, {"batch": 70}, {})
    generator = numpy.random.default_rng(0)
    inputs = {"x": generator.normal(size=(70, 2)).astype("float32"), "kernel": numpy.eye(2, dtype="float32") + 0.5}
    expected, found = interpret(graph, inputs)[0], machine.run(inputs, {"batch": 70})[0]
    numpy.testing.assert_allclose(found["y"], expected["y"], rtol=1e-5, atol=1e-6)
