"""Memory of the NumPy backend: what was planned is what is allocated, and a run allocates nothing."""

from __future__ import annotations

import gc
import tracemalloc
from itertools import repeat

import numpy
import pytest

from nnc.backends.numpy import BoundRun, Executable
from nnc.ir import Graph, TensorType, ops, symbol
from nnc.passes import Decompose, run_passes
from nnc.plan import ALIGNMENT
from tests.backends.allocations import counted_allocations
from tests.backends.helpers import Machine
from tests.base_network import training_arrays, training_graph
from tests.ir.ops.cases import BINDINGS, CASES

BATCH = 32


@pytest.fixture
def machine() -> Machine:
    return Machine(training_graph(), BATCH, training_arrays(BATCH)[1])


def filled(machine: Machine, batch: int = BATCH) -> BoundRun:
    """A bound run whose first runs are over."""
    bound = machine.executable.bind({"batch": batch})
    for label, array in training_arrays(batch)[0].items():
        bound.inputs[label][...] = array
    for _ in range(3):
        bound.run()
    return bound


def numpy_bytes() -> int:
    """Bytes of arrays that are alive and were made since tracemalloc was started."""
    snapshot = tracemalloc.take_snapshot()
    numpy_only = tracemalloc.DomainFilter(True, numpy.lib.tracemalloc_domain)
    return sum(trace.size for trace in snapshot.filter_traces([numpy_only]).traces)


def test_an_arena_takes_what_was_planned(machine):
    plan, source, code = machine.plan, machine.source, machine.source.compile()
    tracemalloc.start()
    try:
        before = numpy_bytes()
        executable = Executable(plan, source, code, machine.states)
        assert numpy_bytes() - before == plan.peak_bytes
    finally:
        tracemalloc.stop()
    assert executable.arena.nbytes == plan.peak_bytes - ALIGNMENT
    assert executable.arena.ctypes.data % ALIGNMENT == 0


def test_binding_makes_views_and_constants_only(machine):
    """Apart from numbers, there is one vector of ones, with which rows are summed."""
    with counted_allocations() as counted:
        bound = machine.executable.bind({"batch": BATCH})
    assert [size for size in counted.sizes if size > 8] == [4 * BATCH]
    arrays = [*bound.inputs.values(), *bound.outputs.values()]
    assert all(numpy.may_share_memory(array, machine.executable.arena) for array in arrays)


@pytest.mark.parametrize("batch", [BATCH, 7, 1])
def test_a_run_allocates_no_array(machine, batch):
    bound = filled(machine, batch)
    with counted_allocations() as counted:
        for _ in range(10):
            bound.run()
    assert counted.sizes == []


def test_arrays_that_a_run_leaves_behind_take_no_byte(machine):
    bound = filled(machine)
    tracemalloc.start()
    try:
        before = numpy_bytes()
        bound.run()
        assert numpy_bytes() == before
    finally:
        tracemalloc.stop()


def test_a_thousand_runs_leave_no_object_behind(machine):
    bound = filled(machine)
    gc.collect()
    tracemalloc.start()
    try:
        for _ in repeat(None, 10):
            bound.run()
        before, _ = tracemalloc.get_traced_memory()
        for _ in repeat(None, 1000):
            bound.run()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after == before


ALLOCATES = {"argsort", "sparsemax"}
"""Ops whose kernels make arrays: they sort."""


@pytest.mark.parametrize("case", CASES, ids=map(str, CASES))
def test_a_kernel_allocates_no_array(case):
    graph = Graph("test")
    graph.input("batch", TensorType("bool", (symbol("batch"),)))
    operands = [graph.input(f"x{position}", domain.type) for position, domain in enumerate(case.operands)]
    for position, value in enumerate(graph.add(case.op, *operands)):
        graph.output(f"result{position}", value)
    machine = Machine(run_passes(graph, [Decompose(keep=frozenset({"sparsemax"}))]), BINDINGS["batch"], {})
    bound = machine.executable.bind(BINDINGS)
    for position, array in enumerate(case.draw()):
        bound.inputs[f"x{position}"][...] = array
    with counted_allocations() as counted:
        bound.run()
    assert bool(sizes_of_arrays(counted.sizes)) == (case.op.name in ALLOCATES)


def sizes_of_arrays(sizes: list[int]) -> list[int]:
    """Leave out numbers that a helper written in Python hands to NumPy."""
    return [size for size in sizes if size > 8]


@pytest.mark.parametrize("axis", [0, 1])
def test_reductions_of_large_arrays_copy_nothing(axis):
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (128, 512)))
    for name, result in (("sum", ops.sum(x, axis)), ("max", ops.max(x, axis)), ("argmax", ops.argmax(x, axis))):
        graph.output(name, result)
    graph.output("equal", ops.cast(ops.equal(x, 0.0), "float32"))
    bound = Machine(graph, 1, {}).executable.bind({})
    bound.inputs["x"].fill(1)
    with counted_allocations() as counted:
        bound.run()
    assert counted.sizes == []
