"""Rows taken and added up by number in C, and random numbers: to the bit what NumPy gives."""

from __future__ import annotations

import numpy
import pytest

from nnc.errors import DataError
from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import AddAlongAxis, ScatterAdd, TakeAlongAxis
from nnc.ir.ops.random import KEY_TYPE, random_uniform
from tests.backends.c.machine import CMachine
from tests.backends.helpers import Machine

pytestmark = pytest.mark.usefixtures("compiler")
N = symbol("n")


@pytest.mark.parametrize("width", [1, 48, 3000])
@pytest.mark.parametrize("dtype", ["int32", "uint8"])
def test_rows_add_up(width, dtype):
    graph = Graph("test")
    values, indices = graph.input("x", TensorType("float64", (N, width))), graph.input("i", TensorType(dtype, (N,)))
    graph.output("y", apply(ScatterAdd((5, width)), values, indices))
    machine = CMachine(graph, {"n": 1000}, {})
    generator = numpy.random.default_rng(1)
    for batch in (1000, 400, 1):
        x = generator.integers(-9, 9, (batch, width)).astype("float64")
        chosen = generator.integers(0 if dtype == "uint8" else -5, 5, batch).astype(dtype)
        expected = (numpy.arange(5)[:, None] == chosen % 5).astype("float64") @ x
        numpy.testing.assert_array_equal(machine.run({"x": x, "i": chosen}, {"n": batch})[0]["y"], expected)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
@pytest.mark.parametrize("wrong", [5, 9, -6])
def test_a_number_that_no_row_has_is_named_and_ends_the_run(dtype, wrong):
    if wrong < 0 and dtype == "uint8":
        return
    graph = Graph("test")
    table, indices = graph.input("x", TensorType("float64", (5, 2))), graph.input("i", TensorType(dtype, (N,)))
    rows = ops.gather(table, indices)
    graph.output("y", rows)
    total = graph.state("total", TensorType("float64", ()), "slot")
    graph.update("total", total + ops.sum(rows, (0, 1)))
    machine = CMachine(graph, {"n": 3}, {"total": numpy.zeros(())})
    inputs = {"x": numpy.ones((5, 2)), "i": numpy.array([0, wrong, 4], dtype)}
    with pytest.raises(DataError, match=f"index {wrong} is out of range for a table of 5 rows; indices go from 0 to 4"):
        machine.run(inputs, {"n": 3})
    assert machine.states["total"] == 0
    inputs["i"][1] = 3
    assert machine.run(inputs, {"n": 3})[1]["total"] == 6
    assert "return;" in machine.source.text


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
@pytest.mark.parametrize("wrong", [5, 9, -6])
@pytest.mark.parametrize("op", ["take_along_axis", "add_along_axis"])
def test_a_number_that_no_element_has_is_named(op, dtype, wrong):
    if wrong < 0 and dtype == "uint8":
        return
    graph = Graph("test")
    length = 5 if op == "take_along_axis" else 3
    x = graph.input("x", TensorType("float64", (N, length)))
    indices = graph.input("i", TensorType(dtype, (N, 3)))
    graph.output("y", apply(TakeAlongAxis(1) if op == "take_along_axis" else AddAlongAxis(1, 5), x, indices))
    inputs = {"x": numpy.ones((2, length)), "i": numpy.array([[0, 1, 4], [2, wrong, 0]], dtype)}
    for run in (
        lambda: interpret(graph, inputs),
        lambda: Machine(graph, {"n": 3}, {}).run(inputs, {"n": 2}),
        lambda: CMachine(graph, {"n": 3}, {}).run(inputs, {"n": 2}),
    ):
        with pytest.raises(DataError, match=f"index {wrong} is out of range for a table of 5 rows"):
            run()


@pytest.mark.parametrize("op", ["gather", "scatter_add"])
def test_the_largest_numbers_are_no_numbers_from_the_end(op):
    graph = Graph("test")
    x, indices = graph.input("x", TensorType("float64", (3, 2))), graph.input("i", TensorType("uint64", (3,)))
    graph.output("y", ops.gather(x, indices) if op == "gather" else apply(ScatterAdd((5, 2)), x, indices))
    inputs = {"x": numpy.ones((3, 2)), "i": numpy.array([0, 2**64 - 1, 2], "uint64")}
    for run in (
        lambda: interpret(graph, inputs),
        lambda: Machine(graph, {}, {}).run(inputs, {}),
        lambda: CMachine(graph, {}, {}).run(inputs, {}),
    ):
        with pytest.raises(DataError, match="is out of range for a table of"):
            run()


def test_nothing_is_taken_from_nowhere():
    graph = Graph("test")
    table, indices = graph.input("x", TensorType("float64", (5, 2))), graph.input("i", TensorType("int32", (0,)))
    graph.output("y", ops.gather(table, indices))
    graph.output("z", apply(ScatterAdd((5, 2)), graph.outputs["y"], indices))
    found, _ = CMachine(graph, {}, {}).run({"x": numpy.ones((5, 2)), "i": numpy.zeros(0, "int32")}, {})
    assert found["y"].shape == (0, 2)
    assert not found["z"].any()


@pytest.mark.parametrize("key", [(0, 0), (3, 4), (2**32 - 1, 2**32 - 1), (12345, 678)])
def test_random_numbers_are_those_of_numpy(key):
    graph = Graph("test")
    words = graph.input("key", KEY_TYPE)
    graph.input("x", TensorType("float32", (N,)))
    for stream in (0, 5, 2**40):
        for dtype in ("float32", "float64"):
            graph.output(f"{stream} {dtype}", random_uniform(words, (N, 3, 7), stream, dtype))
    graph.output("one", random_uniform(words, (), 1))
    machine = CMachine(graph, {"n": 50}, {})
    inputs = {"key": numpy.array(key, "uint32"), "x": numpy.zeros(49, "float32")}
    found, expected = machine.run(inputs, {"n": 49})[0], interpret(graph, inputs)[0]
    for label, array in expected.items():
        numpy.testing.assert_array_equal(found[label], array)
