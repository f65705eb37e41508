"""Chains of products with rows between them, some rows at a time, against NumPy."""

from __future__ import annotations

import numpy
import pytest

from nnc.backends.c.target import TARGET, WITHOUT_PACKING
from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.passes import Decompose, run_passes
from tests.backends.c.machine import CMachine
from tests.backends.c.test_threads import threads

pytestmark = pytest.mark.usefixtures("compiler")
__all__ = ["threads"]
BATCH, ROWS, COLUMNS = symbol("batch"), symbol("rows"), symbol("columns")


def graph_of(dtype: str, rows, columns, leading, shared: bool = False, keeps: bool = False) -> Graph:
    """Return gated attention with a mask; heads may share keys and values, and the weights be an output too."""
    graph = Graph("test")
    heads = (BATCH, 1) if shared else leading
    query = graph.input("query", TensorType(dtype, (*leading, rows, 33)))
    key = graph.input("key", TensorType(dtype, (*heads, columns, 33)))
    value = graph.input("value", TensorType(dtype, (*heads, columns, 40)))
    mask = graph.input("mask", TensorType(dtype, (rows, columns)))
    turned = ops.transpose(key, (*range(len(heads)), len(heads) + 1, len(heads)))
    scores = query @ turned
    weights = ops.softmax(scores * 0.2 + mask) * ops.tanh(scores)  # which have to be there still
    graph.output("y", weights @ value)
    if keeps:
        graph.output("weights", weights)
    return graph


@pytest.mark.sampled(6)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", [TARGET, WITHOUT_PACKING], ids=["strips", "as they are"])
@pytest.mark.parametrize(
    ("rows", "columns", "leading", "shared", "keeps"),
    [
        (ROWS, COLUMNS, (BATCH, 3), False, False),
        (131, 517, (BATCH,), False, True),
        (50, 64, (2, BATCH, 1), False, False),
        (ROWS, 100, (BATCH, 3), True, False),
        (1, COLUMNS, (BATCH, 3), False, False),
    ],
    ids=str,
)
def test_attention(dtype, target, rows, columns, leading, shared, keeps, threads):
    graph = graph_of(dtype, rows, columns, leading, shared, keeps)
    exact = graph_of("float64", rows, columns, leading, shared, keeps)
    machine = CMachine(run_passes(graph, [Decompose()]), {"batch": 4, "rows": 110, "columns": 130}, {}, target=target)
    assert machine.plan.storage.chains and "piece" in machine.source.text
    random = numpy.random.default_rng(0)
    for batch, some_rows, some_columns in ((4, 110, 130), (1, 2, 1), (3, 49, 64)):
        sizes = {"batch": batch, "rows": some_rows, "columns": some_columns}
        inputs = {
            label: random.normal(size=value.type.bind(sizes).shape).astype(dtype)
            for label, value in graph.inputs.items()
        }
        inputs["mask"] = numpy.where(inputs["mask"] > 1.0, -numpy.inf, inputs["mask"]).astype(dtype)
        inputs["mask"][:, :1] = 0
        expected, _ = interpret(exact, {label: array.astype("float64") for label, array in inputs.items()})
        known = {symbol: sizes[symbol] for symbol in machine.plan.source.symbols}
        found = []
        for count in (1, 2, 7):
            threads(count)
            found.append(machine.run(inputs, known)[0])
        for label, array in found[0].items():
            numpy.testing.assert_allclose(array, expected[label], rtol=1e-5, atol=1e-6 if dtype == "float32" else 1e-14)
            assert all(other[label].tobytes() == array.tobytes() for other in found)


@pytest.mark.parametrize("groups", [2, 3])
def test_heads_in_groups(groups, threads):
    graph = Graph("test")
    query = graph.input("query", TensorType("float32", (BATCH, groups, 4, 30, 32)))
    key = graph.input("key", TensorType("float32", (BATCH, groups, 1, 32, 100)))
    value = graph.input("value", TensorType("float32", (BATCH, groups, 1, 100, 17)))
    bias = graph.input("bias", TensorType("float32", (BATCH, 4 * groups, 1, 100)))
    weights = ops.softmax(ops.reshape(query * 0.2 @ key, (BATCH, 4 * groups, 30, 100)) + bias)
    graph.output("y", ops.reshape(weights, (BATCH, groups, 4, 30, 100)) @ value)
    machine = CMachine(run_passes(graph, [Decompose()]), {"batch": 3}, {}, target=TARGET)
    assert machine.plan.storage.chains
    random = numpy.random.default_rng(0)
    for batch in (3, 1):
        threads(batch)
        inputs = {
            label: random.normal(size=value.type.bind({"batch": batch}).shape).astype("float32")
            for label, value in graph.inputs.items()
        }
        expected, _ = interpret(graph, inputs)
        found, _ = machine.run(inputs, {"batch": batch})
        numpy.testing.assert_allclose(found["y"], expected["y"], rtol=1e-5, atol=2e-6)  # both are float32


def test_what_is_not_finite_stays_in_its_row(threads):
    del threads
    graph = graph_of("float32", 60, 70, (BATCH, 2))
    machine = CMachine(run_passes(graph, [Decompose()]), {"batch": 2}, {}, target=TARGET)
    random = numpy.random.default_rng(0)
    inputs = {
        label: random.normal(size=value.type.bind({"batch": 2}).shape).astype("float32")
        for label, value in graph.inputs.items()
    }
    inputs["query"][1, 0, 5] = numpy.nan
    inputs["mask"][7] = -numpy.inf  # nothing is left of a softmax without terms
    (found,) = machine.run(inputs, {"batch": 2})[0].values()
    expected = numpy.zeros((2, 2, 60), bool)
    expected[1, 0, 5] = expected[:, :, 7] = True
    assert (numpy.isnan(found) == expected[..., None]).all()
