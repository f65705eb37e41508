"""Products with elementwise steps behind them, block by block, and scans in blocks of rows, against the interpreter."""

from __future__ import annotations

import re

import numpy
import pytest

import nnc
from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.ir.ops.convolution import Convolution
from nnc.ir.ops.elementwise import apply
from tests.backends.c.machine import CMachine
from tests.backends.c.test_convolutions import geometry
from tests.backends.c.test_kernels import check_close
from tests.backends.c.test_threads import threads

pytestmark = pytest.mark.usefixtures("compiler")
__all__ = ["threads"]
BATCH = symbol("batch")


def check(graph: Graph, sizes: tuple[int, ...]) -> CMachine:
    """Compare with the interpreter on whole numbers, of which sums are exact."""
    machine = CMachine(graph, {"batch": max(sizes)}, {})
    generator = numpy.random.default_rng(1)
    for batch in sizes:
        inputs = {
            label: generator.integers(-3, 4, value.type.bind({"batch": batch}).shape).astype(value.dtype)
            for label, value in graph.inputs.items()
        }
        check_close(interpret(graph, inputs)[0], machine.run(inputs, {"batch": batch})[0], machine)
    return machine


@pytest.mark.sampled(3)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("inner", "columns"), [(300, 200), (520, 133), (64, 1030)])
def test_bias_and_activation_behind_a_large_product(inner, columns, dtype):
    graph = Graph("test")
    x = graph.input("x", TensorType(dtype, (BATCH, inner)))
    kernel = graph.input("kernel", TensorType(dtype, (inner, columns)))
    bias = graph.input("bias", TensorType(dtype, (columns,)))
    graph.output("y", ops.relu(x @ kernel + bias))
    machine = check(graph, (1, 3, 70, 261))
    assert "for (int64_t i = top; i < bottom; i++)" in machine.source.text


def test_a_residual_of_the_products_own_operand():
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (BATCH, 256)))
    y = ops.relu(x - 1.0)
    graph.output("y", ops.relu(y @ graph.input("kernel", TensorType("float32", (256, 256))) + y))
    check(graph, (300, 17))


def test_an_operand_that_repeats_along_some_rows_is_added_behind_all_blocks():
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (BATCH, 9, 64)))
    table = graph.input("table", TensorType("float32", (9, 600)))
    graph.output("y", ops.relu(x @ graph.input("kernel", TensorType("float32", (64, 600))) + table))
    machine = check(graph, (20, 1))
    assert "for (int64_t i = top; i < bottom; i++)" not in machine.source.text


@pytest.mark.parametrize(
    ("window", "options", "filters"),
    [
        ((1, 1), {}, 64),
        ((3, 3), {"padding": 1}, 40),
        ((3, 3), {"padding": 1, "strides": 2}, 40),
        ((3, 3), {"padding": 1, "groups": 2}, 40),
        ((3, 3), {"padding": 1, "groups": 32}, 32),
    ],
    ids=["pointwise", "winograd", "direct", "grouped", "depthwise"],
)
def test_bias_and_activation_behind_a_convolution(window, options, filters):
    graph = Graph("test")
    attributes = geometry(2, **options)
    x = graph.input("x", TensorType("float32", (BATCH, 15, 14, 32)))
    kernel = graph.input("kernel", TensorType("float32", (*window, 32 // attributes["groups"], filters)))
    y = apply(Convolution(**attributes), x, kernel)
    graph.output("y", ops.relu(y + graph.input("bias", TensorType("float32", (filters,)))))
    check(graph, (5, 1))


@pytest.mark.parametrize("columns", [1, 3, 8, 9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_few_columns_are_written_out_so_that_rows_fill_registers(columns, dtype):
    graph = Graph("test")
    x = graph.input("x", TensorType(dtype, (BATCH, 9, 11, 32)))
    kernel = graph.input("kernel", TensorType(dtype, (3, 3, 32, columns)))
    y = apply(Convolution(**geometry(2, padding=1)), x, kernel)
    graph.output("y", ops.sigmoid(y * 0.01 + graph.input("bias", TensorType(dtype, (columns,)))))
    text = check(graph, (2, 7)).source.text
    is_along_rows = re.search(r"#pragma omp simd\n *for \(int64_t i = top; i < bottom; i\+\+\)", text)
    assert bool(is_along_rows) == (columns <= 8)


def test_rows_of_a_scan_and_single_rows_depend_on_no_number_of_threads(threads):
    nnc.utils.set_random_seed(3)
    layers = nnc.layers
    model = nnc.Sequential(
        [nnc.Input((12, 16)), layers.LSTM(48, return_sequences=True), layers.GRU(40), layers.Dense(7)]
    )
    wide = nnc.Sequential([nnc.Input((900,)), layers.Dense(700, activation="relu")])
    x = numpy.random.default_rng(0).normal(size=(37, 12, 16)).astype("float32")
    row = numpy.random.default_rng(0).normal(size=(1, 900)).astype("float32")
    expected = nnc.compile(model)(x)
    programs = [nnc.compile(network, backend="c") for network in (model, wide)]
    assert "for (int64_t first_row = 0; first_row < batch; first_row += 16)" in programs[0].source("predict")
    found = []
    for count in (1, 2, 3):
        threads(count)
        found.append([program(array).tobytes() for program, array in zip(programs, (x, row), strict=True)])
    assert found[0] == found[1] == found[2]
    assert numpy.abs(programs[0](x) - expected).max() < 1e-6
