"""Laws of the NumPy backend on random graphs: what is planned, fused and tiled computes what the graph means."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.backends.numpy import TARGET
from nnc.errors import GraphError
from nnc.ir import interpret, parse_graph
from nnc.passes import OPTIMIZE, Decompose, Fuse, run_passes
from tests.backends.helpers import Machine, bits
from tests.base_network import training_arrays, training_graph
from tests.passes.helpers import check_same
from tests.plan.strategies import VECTORS, memory_graphs, whole_arrays
from tests.strategies import MAXIMUM_BATCH, random_arrays, random_graphs

BATCHES = st.integers(1, MAXIMUM_BATCH)
TOLERANCES = {"float64": 1e-12, "float32": 2e-5}
"""Rounding errors of sums in another order; in float32 a few units of 1e-7, multiplied by what follows."""


@pytest.mark.parametrize("dtype", TOLERANCES)
@given(data=st.data(), batch=BATCHES)
def test_planned_is_interpreted(dtype, data, batch):
    graph = run_passes(data.draw(random_graphs(dtype=dtype)), [Decompose()])
    inputs, states = random_arrays(graph, batch)
    machine = Machine(graph, batch, states)
    check_same(interpret(graph, inputs, states), machine.run(inputs, batch), TOLERANCES[dtype], machine)


@given(memory_graphs(), BATCHES, st.booleans())
def test_planned_is_interpreted_to_the_bit_where_nothing_is_rounded(graph, batch, fuse):
    inputs, states = whole_arrays(graph, batch)
    machine = Machine(run_passes(graph, [Fuse()]) if fuse else graph, batch, states)
    check_same(interpret(graph, inputs, states), machine.run(inputs, batch), 0.0, machine)


@given(st.one_of(memory_graphs(), random_graphs(level="any")), BATCHES)
def test_sharing_memory_changes_no_bit(graph, batch):
    graph = run_passes(graph, [Decompose(), Fuse()])
    inputs, states = random_arrays(graph, batch)
    shared, unshared = Machine(graph, batch, states), Machine(graph, batch, states, reuse=False)
    assert bits(shared.run(inputs, batch)) == bits(unshared.run(inputs, batch)), str(shared)


@given(random_graphs(), BATCHES)
def test_optimized_is_interpreted(graph, batch):
    inputs, states = random_arrays(graph, batch)
    machine = Machine(run_passes(graph, OPTIMIZE), batch, states)
    check_same(interpret(graph, inputs, states), machine.run(inputs, batch), 1e-10, machine)


@given(memory_graphs(shapes=VECTORS), st.integers(1, 3))
def test_tiles_change_no_bit(graph, tile):
    graph = run_passes(graph, [Fuse()])
    inputs, states = whole_arrays(graph, 1)
    whole, tiled = (
        Machine(graph, 1, states, replace(TARGET, tile=None)),
        Machine(graph, 1, states, replace(TARGET, tile=tile)),
    )
    assert bits(whole.run(inputs, 1)) == bits(tiled.run(inputs, 1)), str(tiled)


@given(st.one_of(memory_graphs(), random_graphs()), st.lists(BATCHES, min_size=2, max_size=5))
def test_batches_of_any_size_in_any_order_carry_the_state_on(graph, batches):
    graph = run_passes(graph, [Decompose(), Fuse()])
    _, states = random_arrays(graph, 1)
    machine = Machine(graph, MAXIMUM_BATCH, states)
    for seed, batch in enumerate(batches):
        inputs, _ = random_arrays(graph, batch, seed)
        outputs, updated = interpret(graph, inputs, states)
        check_same((outputs, updated), machine.run(inputs, batch), 1e-9, machine)
        states = {label: array.copy() for label, array in machine.states.items()}  # so that no errors add up


@given(memory_graphs(), BATCHES)
def test_a_program_for_larger_batches_gives_the_same_bits(graph, batch):
    inputs, states = whole_arrays(graph, batch)
    exact, larger = Machine(graph, batch, states), Machine(graph, MAXIMUM_BATCH + 1, states)
    assert exact.source.text == larger.source.text
    assert bits(exact.run(inputs, batch)) == bits(larger.run(inputs, batch)), str(larger)


@given(memory_graphs(), st.integers(0, 1))
def test_empty_batches(graph, batch):
    graph = run_passes(graph, [Fuse()])
    inputs, states = whole_arrays(graph, batch)
    machine = Machine(graph, 1, states)
    check_same(interpret(graph, inputs, states), machine.run(inputs, batch), 0.0, machine)


def test_a_part_of_nothing_may_begin_where_the_arena_ends():
    text = """graph g(x: f64[4]) {
      %a = exp(%x) : f64[4]
      %b = slice(%a, starts=[1], stops=[4], steps=[2]) : f64[2]
      %c, %d = unpack(%b, shapes=[[2], [0]]) : f64[2], f64[0]
      return a=%a, d=%d
    }"""
    for reuse in (True, False):
        found, _ = Machine(parse_graph(text), 1, {}, reuse=reuse).run({"x": numpy.zeros(4)}, 1)
        assert found["d"].shape == (0,)


@given(random_graphs(level="any"), BATCHES)
def test_two_machines_give_the_same_bits(graph, batch):
    graph = run_passes(graph, OPTIMIZE)
    inputs, states = random_arrays(graph, batch)
    first, second = Machine(graph, batch, states), Machine(graph, batch, states)
    assert first.source.text == second.source.text
    for _ in range(2):
        assert bits(first.run(inputs, batch)) == bits(second.run(inputs, batch))


def test_states_are_shared_with_their_holder():
    inputs, states = training_arrays(32)
    machine = Machine(training_graph(), 32, states)
    parameters = machine.states["parameters"]
    before = parameters.copy()
    machine.run(inputs, 32)
    assert machine.states["parameters"] is parameters
    assert not numpy.array_equal(parameters, before)
    parameters[...] = before  # as when weights are loaded
    first = machine.run(inputs, 32)
    parameters[...] = before
    assert bits(machine.run(inputs, 32)) == bits(first)


def test_too_large_batches_are_refused():
    machine = Machine(training_graph(), 32, training_arrays(32)[1])
    with pytest.raises(GraphError, match="the plan has room for batch = 32, not for batch = 33"):
        machine.executable.bind({"batch": 33})


def test_binding_is_done_once_per_size():
    machine = Machine(training_graph(), 32, training_arrays(32)[1])
    assert machine.executable.bind({"batch": 7}) is machine.executable.bind({"batch": 7})
    assert machine.executable.bind({"batch": 7}) is not machine.executable.bind({"batch": 8})
