"""Random graphs in C: the numbers are those of the interpreter, whatever memory is shared, fused or not, to the bit."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from nnc import ops
from nnc.ir import Graph, gradients, interpret
from nnc.passes import OPTIMIZE, Decompose, Schedule, run_passes
from tests.backends.c.machine import CMachine
from tests.backends.helpers import bits
from tests.passes.helpers import check_same
from tests.strategies import MAXIMUM_BATCH, random_arrays, random_graphs

pytestmark = pytest.mark.usefixtures("compiler")
BATCHES = st.integers(1, MAXIMUM_BATCH)
FEW = settings(max_examples=12, phases=[Phase.generate])
"""Each example is compiled several times, and a smaller one that fails too would be long in coming."""


def machine_of(graph: Graph, states: dict[str, object], **options: object) -> CMachine:
    return CMachine(graph, dict.fromkeys(graph.symbols, MAXIMUM_BATCH), states, **options)


@FEW
@given(random_graphs(level="any"), BATCHES)
def test_c_computes_what_the_interpreter_does(graph, batch):
    inputs, states = random_arrays(graph, batch)
    expected = interpret(graph, inputs, states)
    sizes = dict.fromkeys(graph.symbols, batch)
    plain, optimized = run_passes(graph, [Decompose()]), run_passes(graph, OPTIMIZE)
    for form in (plain, optimized):
        machines = [machine_of(form, states, reuse=reuse) for reuse in (True, False)]
        runs = [machine.run(inputs, {name: sizes[name] for name in form.symbols}) for machine in machines]
        check_same(expected, runs[0], 1e-9, graph, machines[0])
        assert bits(runs[0]) == bits(runs[1])


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
