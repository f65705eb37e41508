"""Rows taken and added up by number: many bands of them, no allocation, and numbers that no row has."""

from __future__ import annotations

import numpy
import pytest

from nnc.errors import DataError
from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from tests.backends.allocations import counted_allocations
from tests.backends.helpers import Machine

N = symbol("n")


@pytest.mark.parametrize("width", [1, 48, 20000])
@pytest.mark.parametrize("batch", [1, 400, 1000])
def test_bands_of_any_number_add_up_to_the_whole(width, batch):
    graph = Graph("test")
    values, indices = graph.input("x", TensorType("float64", (N, width))), graph.input("i", TensorType("int32", (N,)))
    graph.output("y", apply(ScatterAdd((5, width)), values, indices))
    machine = Machine(graph, 1000, {})
    generator = numpy.random.default_rng(1)
    x = generator.integers(-9, 9, (batch, width)).astype("float64")
    chosen = generator.integers(0, 5, batch).astype("int32")
    expected = (numpy.arange(5)[:, None] == chosen).astype("float64") @ x
    numpy.testing.assert_array_equal(machine.run({"x": x, "i": chosen}, batch)[0]["y"], expected)
    bound = machine.executable.bind({"n": batch})
    with counted_allocations() as counted:
        bound.run()
    assert not [size for size in counted.sizes if size > 8]


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
@pytest.mark.parametrize("wrong", [5, 9, -6])
def test_a_number_that_no_row_has_is_named(dtype, wrong):
    if wrong < 0 and dtype == "uint8":
        return
    graph = Graph("test")
    table, indices = graph.input("x", TensorType("float64", (5, 2))), graph.input("i", TensorType(dtype, (N,)))
    graph.output("y", ops.gather(table, indices))
    inputs = {"x": numpy.zeros((5, 2)), "i": numpy.array([0, wrong, 4], dtype)}
    message = f"index {wrong} is out of range for a table of 5 rows; indices go from 0 to 4"
    with pytest.raises(DataError, match=message):
        Machine(graph, 3, {}).run(inputs, 3)
    with pytest.raises(DataError, match=message):
        interpret(graph, inputs)


def test_nothing_is_taken_from_nowhere():
    graph = Graph("test")
    table, indices = graph.input("x", TensorType("float64", (5, 2))), graph.input("i", TensorType("int32", (0,)))
    graph.output("y", ops.gather(table, indices))
    graph.output("z", apply(ScatterAdd((5, 2)), graph.outputs["y"], indices))
    found, _ = Machine(graph, 1, {}).run({"x": numpy.ones((5, 2)), "i": numpy.zeros(0, "int32")}, 1)
    assert found["y"].shape == (0, 2)
    assert not found["z"].any()
