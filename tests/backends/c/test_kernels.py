"""Every op in C against the op's own meaning, on arrays of all kinds: dense, transposed, cut out of others."""

from __future__ import annotations

import numpy
import pytest

from nnc.backends.c.kernels import EXPRESSIONS, KERNELS
from nnc.ir import Graph, Op, TensorType, bind_shape, interpret, op_class, op_names, ops, symbol
from nnc.passes import Decompose, run_passes
from tests.backends.c.machine import CMachine
from tests.backends.test_numpy_kernels import DISGUISES, stored
from tests.ir.ops.cases import BATCH, BINDINGS, CASES, Case

TOLERANCE = {"float32": 1e-6, "float64": 1e-13}
"""Largest difference in terms of the largest magnitude."""


def test_every_op_has_a_kernel_or_needs_none():
    """A leaf, a view, what is known before the run, a composite or what has a body needs none."""
    lacking = [
        name
        for name in op_names()
        if op_class(name) not in KERNELS
        and op_class(name) not in EXPRESSIONS
        and not op_class(name).composite
        and op_class(name).view is Op.view
        and op_class(name).arity != 0
    ]
    assert lacking == ["fusion", "scan"]


@pytest.mark.parametrize("case", CASES, ids=map(str, CASES))
@pytest.mark.sampled(15)
def test_kernel_computes_what_the_op_means(case: Case):
    graph = Graph("test")
    graph.input("batch", TensorType("bool", (BATCH,)))
    inputs = {"batch": numpy.zeros(BINDINGS["batch"], bool)}
    arrays = case.draw()
    for disguise, wrap in DISGUISES.items():
        operands = [wrap(graph, f"{disguise}{position}", domain.type) for position, domain in enumerate(case.operands)]
        for position, value in enumerate(graph.add(case.op, *operands)):
            graph.output(f"{disguise} {position}", value)
        for position, (value, array) in enumerate(zip(operands, arrays, strict=True)):
            same_shape = value.shape == value.shape[::-1] and disguise == "transposed"
            inputs[f"{disguise}{position}"] = array.transpose() if same_shape else stored(value, array)
    planned = run_passes(graph, [Decompose(keep=frozenset({"sparsemax"}))])
    machine = CMachine(planned, {**dict.fromkeys(planned.symbols, 9), **BINDINGS, "batch": 9}, {})
    check_close(interpret(graph, inputs)[0], machine.run(inputs, BINDINGS | {"batch": 7})[0], machine)


def check_close(expected, found, machine) -> None:
    """Check outputs, NaN and infinity included."""
    assert expected.keys() == found.keys()
    for label, array in expected.items():
        array = numpy.asarray(array)
        assert found[label].shape == array.shape, label
        assert found[label].dtype == array.dtype, label
        if array.dtype.kind != "f":
            assert numpy.array_equal(found[label], array), f"{label}\n{found[label]}\n{array}\n{machine}"
            continue
        finite = numpy.isfinite(array)
        assert numpy.array_equal(numpy.where(finite, 0, found[label]), numpy.where(finite, 0, array), equal_nan=True)
        scale = max(numpy.abs(array[finite]).max(initial=0), 1)
        difference = numpy.abs(found[label][finite] - array[finite]).max(initial=0)
        assert difference <= TOLERANCE[array.dtype.name] * scale, f"{label}: {difference}\n{machine}"


N = symbol("n")
MATRIX, TENSOR = (N, 5), (N, 2, 5)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((N,), (0,)),
        *((MATRIX, axes) for axes in ((0,), (1,), (0, 1))),
        *((TENSOR, axes) for axes in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2))),
        ((N, 1), (0, 1)),
        ((N, 1), (0,)),
        ((5, 1), (1,)),
        ((1, 1), (0,)),
    ],
)
@pytest.mark.sampled(8)
def test_sums_and_maxima(shape, axes, keepdims, dtype):
    graph = Graph("test")
    for disguise, wrap in DISGUISES.items():
        x = wrap(graph, disguise, TensorType(dtype, shape))
        graph.output(f"{disguise} sum", ops.sum(x, axes, keepdims))
        graph.output(f"{disguise} max", ops.max(x, axes, keepdims))
    check_run(graph)


@pytest.mark.parametrize("dtype", ["float32", "int32", "float64"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((N, 3), (3, 4)),
        ((N, 2, 3), (3, 4)),
        ((2, 2, N, 3), (3, 4)),
        ((N, 1), (1, 1)),
        ((N, 2, 3), (N, 3, 4)),
        ((N, 60), (60, 70)),
        ((60, N), (N, 70)),
        ((2, 3, N, 20), (3, 20, 40)),
    ],
)
@pytest.mark.sampled(6)
def test_products(first, second, dtype):
    graph = Graph("test")
    for disguise, wrap in DISGUISES.items():
        values = [
            wrap(graph, f"{disguise}{label}", TensorType(dtype, shape))
            for label, shape in (("x", first), ("y", second))
        ]
        graph.output(disguise, ops.matmul(*values))
    check_run(graph)


@pytest.mark.parametrize(
    "shapes",
    [((N, 3), (N, 3), (N, 3)), ((N, 3), (3,), (N, 3)), ((N, 1), (N, 3), (3,)), ((), (N, 3), ()), ((3,), (), (N, 3))],
)
def test_choices(shapes):
    graph = Graph("test")
    for disguise, wrap in DISGUISES.items():
        condition, x, y = (
            wrap(graph, f"{disguise}{label}", TensorType(dtype, shape))
            for label, dtype, shape in zip("cxy", ("bool", "float64", "float64"), shapes, strict=True)
        )
        graph.output(disguise, ops.where(condition, x, y))
    check_run(graph)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_positions_of_the_largest(axis):
    graph = Graph("test")
    for disguise, wrap in DISGUISES.items():
        x = wrap(graph, disguise, TensorType("float64", (N, 4, 3)))
        graph.output(disguise, ops.argmax(x, axis))
    check_run(graph)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_positions_of_the_largest_in_long_rows(dtype):
    """Ties, NaN, infinities and what is largest in each place of a part that is looked at together."""
    generator = numpy.random.default_rng(0)
    rows = generator.integers(-3, 4, (200, 77)).astype(dtype)
    rows[100:177, :][numpy.eye(77, dtype=bool)] = 9
    rows[:30] = numpy.sort(rows[:30], 1)
    rows[30:60][generator.random((30, 77)) < 0.02] = numpy.nan
    rows[60:80][generator.random((20, 77)) < 0.1] = numpy.inf
    rows[80], rows[81, 0], rows[82] = -numpy.inf, numpy.nan, numpy.arange(77, 0, -1)
    graph = Graph("test")
    graph.output("y", ops.argmax(graph.input("x", TensorType(dtype, rows.shape)), 1))
    machine = CMachine(graph, {}, {})
    assert "nnc_largest_" in machine.source.text
    numpy.testing.assert_array_equal(machine.run({"x": rows}, {})[0]["y"], rows.argmax(1))


def check_run(graph: Graph) -> None:
    """Run with batches of 5 and 3 on an arena for 5."""
    machine = CMachine(graph, {"n": 5}, {})
    generator = numpy.random.default_rng(1)
    for size in (5, 3):
        inputs = {
            label: generator.integers(-9, 9, bind_shape(value.shape, {"n": size})).astype(value.dtype)
            for label, value in graph.inputs.items()
        }
        check_close(interpret(graph, inputs)[0], machine.run(inputs, {"n": size})[0], machine)
