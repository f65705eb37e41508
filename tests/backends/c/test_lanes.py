"""Loops over rows of replicas: random graphs of small networks in lanes against the interpreter."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy
import pytest

from nnc.ir import Graph, TensorType, Value, interpret, ops, symbol
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.exponential import Sigmoid
from nnc.ir.ops.matmul import LaneMatMul
from nnc.ir.ops.packing import Pack
from tests.backends.c.machine import CMachine

pytestmark = pytest.mark.usefixtures("compiler")
BATCH = symbol("batch")


class RandomSteps:
    """A graph of steps that loops over rows of replicas take, and of others that end or cross such loops.

    Args:
        seed: decides the graph.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.graph = Graph("test")
        self.lanes = self.random.choice([16, 16, 32, 48])
        x = self.graph.input("x", TensorType("float32", (BATCH, 2, self.random.choice([1, self.lanes]))))
        self.target = self.graph.input("target", TensorType("float32", (BATCH, 1, 1)))
        self.rows = [x, self.graph.input("own", TensorType("float32", (BATCH, 3, self.lanes)))]
        self.sums: list[Value] = []
        for _ in range(self.random.randint(4, 16)):
            self.random.choice(self.kinds)()
        for number, value in enumerate(self.random.sample(self.rows[2:], min(2, len(self.rows) - 2))):
            self.graph.output(f"rows_{number}", value)
        for number, value in enumerate(self.sums):
            self.graph.output(f"sums_{number}", value)

    @property
    def kinds(self) -> list[Callable[[], None]]:
        """What the next step may be; that which makes loops longer comes more often."""
        return [
            *[self.product, self.light, self.light, self.sum, self.products_of_columns, self.behind] * 2,
            *[self.deep, self.turned, self.packed, self.updated],
        ]

    def row(self, columns: int | None = None) -> Value:
        """A value of each row, rather a late one."""
        fitting = [value for value in self.rows if columns in (None, value.shape[1])]
        return fitting[max(self.random.randrange(len(fitting)), self.random.randrange(len(fitting)))]

    def state(self, *shape: int) -> Value:
        """A new state in lanes."""
        return self.graph.state(f"state_{len(self.graph.states)}", TensorType("float32", (*shape, self.lanes)), "slot")

    def product(self) -> None:
        x = self.row()
        self.rows.append(apply(LaneMatMul(), x, self.state(int(x.shape[1]), self.random.randint(1, 4))))

    def light(self) -> None:
        x = self.row()
        if x.shape[-1] == 1:
            x = x + self.state(1)
        columns = int(x.shape[1])
        other = self.random.choice([self.target, self.state(columns), self.row(columns), x])
        found = self.random.choice(
            [
                lambda: x * other,
                lambda: x - other,
                lambda: other - x * 0.5,
                lambda: ops.relu(x + other),
                lambda: ops.maximum(x, other),
                lambda: ops.cast(x > other, "float32"),
                lambda: ops.where(x > 0.25, x, other),
            ]
        )()
        self.rows.append(found)

    def deep(self) -> None:
        x = self.row()
        self.rows.append(apply(Sigmoid(), x + self.state(int(x.shape[1]))))

    def sum(self) -> None:
        x = self.row()
        if x.shape[-1] != 1:
            self.sums.append(ops.sum(x, 0))

    def products_of_columns(self) -> None:
        x, y = self.row(), self.row()
        if y.shape[-1] == 1:
            y = y + self.state(1)
        self.sums.append(apply(LaneMatMul(), ops.transpose(x, (1, 0, 2)), y))

    def behind(self) -> None:
        """A step that needs a sum; it may come before other steps of the loop."""
        if self.sums:
            x = self.random.choice(self.sums)
            self.sums.append(self.random.choice([lambda: x * 0.5, lambda: x / 3.0 - x * x])())

    def turned(self) -> None:
        """A view of what the loop gives, or a copy of one."""
        x = self.row()
        columns, lanes = int(x.shape[1]), x.shape[2]
        turned = ops.transpose(x, (1, 0, 2))
        if self.random.random() < 0.5:
            turned = ops.reshape(ops.reshape(turned, (columns * BATCH, lanes)), (columns, BATCH, lanes))
        self.rows.append(ops.transpose(turned, (1, 0, 2)))

    def packed(self) -> None:
        if len(self.sums) > 1:
            self.sums.append(apply(Pack(), *self.random.sample(self.sums, 2)) * 2.0)

    def updated(self) -> None:
        """A new state: a sum, or made of one and of the old state, which later steps may read."""
        if not self.sums:
            return
        value = self.random.choice(self.sums)
        label = f"total_{len(self.graph.states)}"
        old = self.graph.state(label, TensorType("float32", value.shape), "slot")
        new = self.random.choice([lambda: value, lambda: old + value, lambda: value * 2.0])()
        self.graph.update(label, new)
        if len(old.shape) == 2 and old.shape[-1] == self.lanes and old.shape[0] < 5:
            self.rows.append(self.row() + self.state(1))
            x = self.row(int(old.shape[0])) if any(row.shape[1] == old.shape[0] for row in self.rows) else None
            if x is not None:
                self.rows.append(x * old)


def check(graph: Graph, seed: int = 0) -> CMachine:
    """Compare a graph with the interpreter."""
    random = numpy.random.default_rng(seed)
    states = {label: random.uniform(-0.7, 0.7, value.shape).astype("float32") for label, value in graph.states.items()}
    machine = CMachine(graph, {"batch": 70}, states)
    for batch in (70, 33, 1):
        inputs = {
            label: random.uniform(-1, 1, value.type.bind({"batch": batch}).shape).astype("float32")
            for label, value in graph.inputs.items()
        }
        for label, array in states.items():
            machine.states[label][...] = array
        found = machine.run(inputs, {"batch": batch})
        for kind, expected in zip(found, interpret(graph, inputs, states), strict=True):
            for label, array in expected.items():
                tolerance = 1e-5 * numpy.abs(array).max(initial=1e-6)
                numpy.testing.assert_allclose(kind[label], array, 1e-4, tolerance, err_msg=f"{label} of {batch} rows")
    return machine


@pytest.mark.parametrize("seed", [*range(7), 3489, 3845])
def test_random_steps(seed):
    """Of the last two, a copy lies between steps of the loop, behind the last step that reads what the loop reads."""
    check(RandomSteps(seed).graph, seed)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [(1, 24), (24, 1), (24, 24)], ids=["shared left", "shared right", "own"])
def test_products(lanes, dtype):
    """Of all numbers of rows and columns that tiles leave over, and of columns that are copied or too long for it."""
    graph = Graph("test")
    rows, inner, columns = map(symbol, ("rows", "inner", "columns"))
    x = graph.input("x", TensorType(dtype, (rows, inner, lanes[0])))
    graph.output("z", apply(LaneMatMul(), x, graph.input("y", TensorType(dtype, (inner, columns, lanes[1])))))
    machine = CMachine(graph, {"rows": 33, "inner": 130, "columns": 7}, {})
    random = numpy.random.default_rng(0)
    for sizes in ((33, 70, 7), (17, 128, 6), (16, 129, 5), (9, 64, 3), (3, 130, 4), (1, 1, 1)):
        x, y = random.normal(size=(*sizes[:2], lanes[0])), random.normal(size=(*sizes[1:], lanes[1]))
        inputs = {"x": x.astype(dtype), "y": y.astype(dtype)}
        found = machine.run(inputs, dict(zip(("rows", "inner", "columns"), sizes, strict=True)))[0]["z"]
        exact = numpy.einsum("ikl,kjl->ijl", *(numpy.broadcast_to(each, (*each.shape[:2], 24)) for each in (x, y)))
        numpy.testing.assert_allclose(found, exact, 1e-5, 1e-5 if dtype == "float32" else 1e-12)


def small_graph() -> tuple[Graph, Value]:
    """A graph, and what is neither an input nor of a step that loops over rows take."""
    graph = Graph("test")
    kernel = graph.state("kernel", TensorType("float32", (2, 2, 16)), "slot")
    return graph, apply(Sigmoid(), apply(LaneMatMul(), graph.input("x", TensorType("float32", (BATCH, 2, 1))), kernel))


def test_what_runs_behind_the_loop_still_finds_what_the_loop_read():
    graph, rows = small_graph()
    graph.output("behind", rows - ops.sum(rows, 0))
    graph.output("sum", ops.sum(graph.input("own", TensorType("float32", (BATCH, 16))), 0))
    graph.output("last", rows * 2.0)
    assert check(graph).plan.storage.lane_loops


def test_what_runs_behind_the_loop_still_finds_the_old_state():
    graph, rows = small_graph()
    old = graph.state("old", TensorType("float32", (2, 16)), "slot")
    graph.output("behind", old + ops.sum(rows, 0))
    graph.update("old", ops.sum(rows * rows, 0))
    assert check(graph).plan.storage.lane_loops


def test_what_runs_before_the_loop_is_still_there_behind_it():
    graph, rows = small_graph()
    wide = graph.input("wide", TensorType("float32", (2, BATCH, 16)))
    graph.output("behind", ops.sum(rows, 0) * graph.input("several", TensorType("float32", (3, 2, 16))))
    copy = ops.reshape(ops.transpose(wide, (1, 0, 2)), (BATCH, 1, 32))
    graph.output("last", ops.sum(ops.reshape(copy, (BATCH, 2, 16)) * rows, 0))
    graph.output("copy", copy)
    assert check(graph).plan.storage.lane_loops


def test_a_copy_of_what_the_loop_gives_runs_behind_it():
    """It lies between steps that would be one nest, which the loop cannot have then."""
    graph, rows = small_graph()
    given = apply(LaneMatMul(), rows, graph.state("v", TensorType("float32", (2, 2, 16)), "slot"))
    graph.output("product", apply(LaneMatMul(), given, graph.state("w", TensorType("float32", (2, 1, 16)), "slot")))
    graph.output("first", given - 1.0)
    graph.output("copy", ops.reshape(ops.transpose(given, (1, 0, 2)), (2 * BATCH, 16)))
    graph.output("second", rows + 1.0)
    machine = check(graph)
    assert {step for loop in machine.plan.storage.lane_loops.values() for step in loop.steps} == {6, 7}
