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


def squared(query, key, value):
    """The right matrix has to be there as a whole."""
    weights = ops.softmax(query @ key)
    return weights @ weights @ value


def times_its_own_turned(query, key, value):
    weights = ops.softmax(query @ key)
    return weights @ ops.transpose(weights, (0, 2, 1)) @ value


def of_symmetric_scores(query, key, value):
    """A row of the softmax needs a column of the scores."""
    scores = query @ key
    return ops.softmax(scores + ops.transpose(scores, (0, 2, 1))) @ value


def with_a_copy_in_between(query, key, value):
    """What a reshape shows of turned weights is a copy, made before the weights are multiplied."""
    weights = ops.softmax(query @ key)
    copy = ops.reshape(ops.transpose(weights, (0, 2, 1)), (BATCH, 100 * 100))
    return ops.reshape(weights @ value, (BATCH, 100 * 100)) + copy


@pytest.mark.parametrize(
    "function",
    [squared, times_its_own_turned, of_symmetric_scores, with_a_copy_in_between],
    ids=lambda item: item.__name__,
)
def test_whatever_needs_more_than_a_row_waits_for_all(function, threads):
    threads(2)
    graph = Graph("test")
    operands = [graph.input(label, TensorType("float32", (BATCH, 100, 100))) for label in ("query", "key", "value")]
    graph.output("y", function(*operands))
    machine = CMachine(run_passes(graph, [Decompose()]), {"batch": 3}, {}, target=TARGET)
    random = numpy.random.default_rng(0)
    inputs = {label: random.normal(0, 0.3, (3, 100, 100)).astype("float32") for label in graph.inputs}
    expected, _ = interpret(graph, inputs)
    for _ in range(2):  # what the first run leaves behind must not help the second
        found, _ = machine.run({label: array[::-1] for label, array in inputs.items()}, {"batch": 3})
        found, _ = machine.run(inputs, {"batch": 3})
        numpy.testing.assert_allclose(found["y"], expected["y"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("position", [0, 1], ids=["first", "last"])
def test_a_state_that_a_product_reads_is_written_behind_all_rows(position, threads):
    threads(1)
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (2, 100, 100)))
    memory = graph.state("memory", TensorType("float32", (2, 100, 100)), "slot")
    factors = (memory, x) if position == 0 else (x, memory)
    weights = ops.softmax(x @ factors[0] + memory)
    graph.output("y", weights @ factors[1])
    graph.update("memory", weights)
    random = numpy.random.default_rng(0)
    states = {"memory": random.normal(0, 0.3, (2, 100, 100)).astype("float32")}
    inputs = {"x": random.normal(0, 0.3, (2, 100, 100)).astype("float32")}
    machine = CMachine(run_passes(graph, [Decompose()]), {}, states)  # strips would be what the state was before
    assert machine.plan.storage.chains
    expected, updated = interpret(graph, inputs, states)
    found, kept = machine.run(inputs, {})
    numpy.testing.assert_allclose(found["y"], expected["y"], rtol=1e-4, atol=1e-5)
    numpy.testing.assert_allclose(kept["memory"], updated["memory"], rtol=1e-4, atol=1e-6)
