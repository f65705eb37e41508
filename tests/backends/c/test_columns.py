"""Sums of columns that run together with the elementwise steps in front of them."""

from __future__ import annotations

import numpy
import pytest

from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.ir.ops.reduction import Sum
from tests.backends.c.helpers import threads
from tests.backends.c.machine import CMachine

pytestmark = pytest.mark.usefixtures("compiler")
BATCH = symbol("batch")


def columns(graph, value):
    """Return the sum of all rows."""
    return graph.add(Sum(tuple(range(value.type.rank - 1))), value)[0]


def of(graph, label, *shape):
    return graph.input(label, TensorType("float32", shape))


def alone(graph):
    return [columns(graph, of(graph, "x", BATCH, 9))]


def with_what_comes_before(graph):
    x, mean = of(graph, "x", BATCH, 5, 24), of(graph, "mean", 24)
    centred = x - mean
    return [columns(graph, ops.square(centred)), centred]


def two_at_once(graph):
    x, y = of(graph, "x", BATCH, 16), of(graph, "y", BATCH, 16)
    z = ops.relu(x) * y
    return [columns(graph, z), columns(graph, z * x), z]


def of_an_input(graph):
    """The sum reads what no step of the nest gives, and a step behind it goes on."""
    x = of(graph, "x", BATCH, 10)
    y = x * 2.0
    total = columns(graph, x)
    return [y, total, y + 1.0]


def by_pictures(graph):
    """What is the same all over a picture: axes that are not one for all arrays."""
    x, scale = of(graph, "x", BATCH, 6, 7, 12), of(graph, "scale", BATCH, 1, 1, 12)
    return [columns(graph, x * scale)]


def by_lines(graph):
    x, scale = of(graph, "x", BATCH, 6, 40, 12), of(graph, "scale", 6, 1, 1)
    return [columns(graph, x * scale)]


def by_numbers_of_rows(graph):
    return [columns(graph, of(graph, "x", BATCH, 40) * of(graph, "weight", BATCH, 1))]


def of_one_row(graph):
    return [columns(graph, ops.sqrt(of(graph, "x", 1, 1, 100)))]


def whose_axes_stay(graph):
    x = of(graph, "x", BATCH, 3, 16)
    return [ops.sum(x * x, (0, 1), keepdims=True)]


def that_is_read(graph):
    """Steps behind the sum wait for it."""
    x = of(graph, "x", BATCH, 11)
    y = x * x
    total = columns(graph, y)
    return [y * ops.sqrt(total), total]


def with_rows_behind(graph):
    """What is read by reductions of rows goes with these."""
    x = of(graph, "x", BATCH, 33)
    y = x * 3.0
    total = columns(graph, y)
    z = y - 1.0
    return [total, ops.sum(z * z, 1)]


def with_turned_rows_behind(graph):
    """Rows of a view wait for all that the view shows."""
    x = of(graph, "x", 40, 40)
    y = x * 3.0
    total = columns(graph, y)
    z = y - 1.0
    return [total, ops.sum(ops.transpose(z, (1, 0)), 1)]


def with_rows_behind_that_meet_turned_ones(graph):
    x = of(graph, "x", 40, 40)
    y = x * 3.0
    total = columns(graph, y)
    z = y - 1.0
    turned = ops.transpose(z, (1, 0))
    return [total, ops.sum(z * z, 1), z * turned]


CASES = [
    alone,
    with_what_comes_before,
    two_at_once,
    of_an_input,
    by_pictures,
    by_lines,
    by_numbers_of_rows,
    of_one_row,
    whose_axes_stay,
    that_is_read,
    with_rows_behind,
    with_turned_rows_behind,
    with_rows_behind_that_meet_turned_ones,
]


def machine_of(outputs, batch):
    graph = Graph("test")
    for number, value in enumerate(outputs(graph)):
        graph.output(f"y{number}", value)
    return CMachine(graph, {"batch": batch}, {})


@pytest.mark.parametrize("outputs", CASES, ids=lambda outputs: outputs.__name__)
def test_columns_are_added_up_whatever_runs_along(outputs):
    """As many rows as fill pieces and what is added in float32 exactly, and more, and fewer; with any threads.

    Of whole numbers, as NumPy adds up columns in float32 alone.
    """
    machine = machine_of(outputs, 8200)
    assert any(nest.columns for nest in machine.plan.storage.nests.values())
    generator = numpy.random.default_rng(0)
    for batch in (8200, 1024, 127, 33, 1, 0):
        inputs = {
            label: generator.integers(1, 4, value.type.bind({"batch": batch}).shape).astype("float32")
            for label, value in machine.graph.inputs.items()
        }
        found = []
        for count in (1, 2, 5):
            with threads(count):
                found.append(machine.run(inputs, {"batch": batch})[0])
        for label, expected in interpret(machine.graph, inputs)[0].items():
            assert len({arrays[label].tobytes() for arrays in found}) == 1
            numpy.testing.assert_allclose(found[0][label], expected, rtol=2e-6)


def test_what_only_a_sum_reads_is_never_in_memory():
    """Of the squares there is no array: only of what is centred, which is a result."""
    machine = machine_of(with_what_comes_before, 1000)
    storage, graph = machine.plan.storage, machine.graph
    squares = next(value for value in storage.homes if type(value.node.op).__name__ == "Square")
    assert storage.homes[squares].register
    assert machine.plan.peak_bytes <= 4 * (24 + 2 * 1000 * 5 * 24 + 24) + 256
    assert graph.outputs["y0"].type.shape == (24,)


def test_steps_between_a_sum_and_rows_go_with_the_rows():
    machine = machine_of(with_rows_behind, 100)
    nests = {(len(nest.steps), bool(nest.columns), nest.rows) for nest in machine.plan.storage.nests.values()}
    assert nests == {(2, True, False), (3, False, True)}


def test_more_columns_than_the_stack_has_room_for_are_added_up_apart():
    def outputs(graph):
        x = of(graph, "x", BATCH, 1500)
        return [columns(graph, x * 2.0), columns(graph, x * 3.0)]

    machine = machine_of(outputs, 70)
    assert {len(nest.columns) for nest in machine.plan.storage.nests.values()} == {1}
    x = numpy.random.default_rng(0).uniform(0.5, 1.5, (70, 1500)).astype("float32")
    found, _ = machine.run({"x": x}, {"batch": 70})
    numpy.testing.assert_allclose(found["y0"], 2 * x.sum(0, "float64"), rtol=1e-6)
    numpy.testing.assert_allclose(found["y1"], 3 * x.sum(0, "float64"), rtol=1e-6)


def test_a_nan_stays_in_its_column():
    machine = machine_of(two_at_once, 300)
    x = numpy.ones((300, 16), "float32")
    x[170, 3] = numpy.nan
    found, _ = machine.run({"x": x, "y": numpy.ones_like(x)}, {"batch": 300})
    for label in ("y0", "y1"):
        assert numpy.flatnonzero(numpy.isnan(found[label])).tolist() == [3]
