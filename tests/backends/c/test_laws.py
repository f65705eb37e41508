"""Random graphs in C, in single precision and with their gradients: the numbers are those of the interpreter.

Graphs over all ops, of any element type, are in `tests/graphs`.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from nnc.ir import Graph, gradients, interpret, ops
from nnc.passes import OPTIMIZE, Schedule, run_passes
from tests.backends.c.machine import CMachine
from tests.passes.helpers import check_same
from tests.strategies import MAXIMUM_BATCH, random_arrays, random_graphs

pytestmark = pytest.mark.usefixtures("compiler")
BATCHES = st.integers(1, MAXIMUM_BATCH)
FEW = settings(max_examples=12, phases=[Phase.generate])
"""Each example is compiled several times, and a smaller one that fails too would be long in coming."""


def machine_of(graph: Graph, states: dict[str, object], **options: object) -> CMachine:
    return CMachine(graph, dict.fromkeys(graph.symbols, MAXIMUM_BATCH), states, **options)


@FEW
@given(random_graphs(level="continuous", dtype="float32", steps=6), BATCHES)
def test_single_precision_forward(graph, batch):
    inputs, states = random_arrays(graph, batch)
    machine = machine_of(run_passes(graph, OPTIMIZE), states)
    found = machine.run(inputs, dict.fromkeys(machine.graph.symbols, batch))
    check_same(interpret(graph, inputs, states), found, 1e-6, graph, machine)


@FEW
@given(random_graphs(level="smooth", dtype="float32", steps=6, updates=False), BATCHES)
def test_single_precision_gradients(graph, batch):
    graph = run_passes(graph, [Schedule()])  # a copy, to be added to
    loss = ops.mean(ops.tanh(graph.outputs["last"]))
    values = {**graph.inputs, **graph.states}
    found = gradients({loss: graph.constant(1.0, "float32")}, list(values.values()))
    for label, cotangent in zip(values, found, strict=True):
        if cotangent is not None:
            graph.output(f"d{label}", cotangent)
    inputs, states = random_arrays(graph, batch)
    machine = machine_of(run_passes(graph, OPTIMIZE), states)
    result = machine.run(inputs, dict.fromkeys(machine.graph.symbols, batch))
    check_same(interpret(graph, inputs, states), result, 1e-5, graph, machine)
