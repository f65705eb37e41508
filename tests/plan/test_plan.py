"""Plans: no byte is used twice at a time, bounds hold, and the text of the base network's plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.backends.numpy import TARGET
from nnc.errors import DataError, ShapeError, SymbolError
from nnc.ir import TensorType, parse_graph
from nnc.passes import OPTIMIZE, Fuse, run_passes
from nnc.plan import ALIGNMENT, Plan
from nnc.target import KernelNeeds, Target
from tests.base_network import training_graph
from tests.plan.helpers import plan_of
from tests.plan.simulation import Simulation, simulate
from tests.plan.strategies import VECTORS, memory_graphs
from tests.strategies import random_graphs

GOLDEN = Path(__file__).parent / "golden"
BATCHES = st.integers(1, 4)
TILES = st.sampled_from((None, 2, 3))


def planned(graph, batch: int = 4, target: Target = TARGET, **options) -> Plan:
    return plan_of(graph, {"batch": batch}, target, **options)


def check_bounds(plan: Plan) -> None:
    assert 0 <= plan.lower_bound <= plan.peak_bytes - ALIGNMENT
    for buffer in plan.storage.buffers:
        assert 0 <= plan.offsets[buffer.index] <= plan.peak_bytes - ALIGNMENT - buffer.nbytes
        if buffer.inside is not None:
            outer = plan.storage.buffers[buffer.inside[0]]
            assert plan.offsets[buffer.index] == plan.offsets[outer.index] + buffer.inside[1]
            assert buffer.inside[1] + buffer.nbytes <= outer.nbytes


@given(memory_graphs(), BATCHES, st.booleans(), st.booleans())
def test_no_value_is_overwritten_before_its_last_use(graph, batch, fuse, reuse):
    plan = planned(run_passes(graph, [Fuse()]) if fuse else graph, batch, reuse=reuse)
    simulate(plan)
    check_bounds(plan)


@given(memory_graphs(shapes=VECTORS), TILES, st.booleans())
def test_no_value_is_overwritten_before_its_last_use_in_tiles(graph, tile, reuse):
    plan = planned(run_passes(graph, [Fuse()]), target=replace(TARGET, tile=tile), reuse=reuse)
    simulate(plan)
    check_bounds(plan)


@given(random_graphs(level="any"), BATCHES)
def test_no_value_is_overwritten_before_its_last_use_in_models(graph, batch):
    plan = planned(run_passes(graph, OPTIMIZE), batch)
    simulate(plan)
    check_bounds(plan)


@given(st.one_of(memory_graphs(), random_graphs(level="any")))
def test_sharing_memory_saves_bytes(graph):
    graph = run_passes(graph, OPTIMIZE)
    shared, unshared = planned(graph), planned(graph, reuse=False)
    assert unshared.peak_bytes == shared.unshared_bytes == unshared.unshared_bytes
    assert shared.lower_bound <= unshared.lower_bound
    assert not [step for step in unshared.storage.inplace if is_in_arena(unshared, step)]
    assert shared.peak_bytes <= unshared.peak_bytes + ALIGNMENT * len(shared.storage.buffers)


def is_in_arena(plan: Plan, step: int) -> bool:
    return plan.storage.homes[plan.graph.results(plan.graph.nodes[step])[0]].buffer is not None


@given(memory_graphs(), BATCHES)
def test_plans_are_the_same_each_time(graph, batch):
    assert str(planned(graph, batch)) == str(planned(graph, batch))


def test_base_network():
    """Regenerate with ``python -m tests.plan.test_plan`` and read the difference."""
    plan = planned(training_graph(), 32)
    assert str(plan) == (GOLDEN / "base_network.txt").read_text()
    simulate(plan)


def test_base_network_uses_a_third_of_the_memory():
    plan = planned(training_graph(), 32)
    assert plan.peak_bytes <= plan.lower_bound + 2 * ALIGNMENT
    assert 2 * plan.peak_bytes < plan.unshared_bytes


def test_a_size_is_needed_for_every_symbol():
    graph = parse_graph("graph g(x: f32[batch,time]) {\n %0 = exp(%x) : f32[batch,time]\n return y=%0\n}")
    with pytest.raises(SymbolError, match="no size is given for symbol 'time'"):
        plan_of(graph, {"batch": 3})


def test_smaller_sizes_may_have_no_room_for_a_row():
    """Nothing needs the row, no step computes it, and the interpreter would find it missing."""
    text = """
        graph g(x: f64[3], y: f32[batch]) {
          %0 = scan(%x, carries=0, sequences=1) : f64[3] {(a)
            %0 = broadcast_to(f32(0.0), shape=[batch, 2]) : f32[batch,2]
            %1 = gather(%0, i64(2)) : f32[2]
            %2 = negative(%a) : f64[]
            return r=%2
          }
          return z=%0
        }
    """
    plan = plan_of(parse_graph(text), {"batch": 3})
    assert plan.fits({"batch": 3})
    with pytest.raises(DataError, match="index 2 is out of range for a table of 2 rows"):
        plan.fits({"batch": 2})


def test_a_plan_fits_smaller_sizes():
    plan = planned(training_graph(), 32)
    assert [plan.fits({"batch": size}) for size in (0, 1, 32, 33)] == [True, True, True, False]
    assert plan.fits({})
    assert not plan.fits({"time": 1})


def test_what_may_be_larger_for_a_smaller_size_is_planned_for_that_size():
    graph = parse_graph("""graph g(x: f32[8], y: f32[batch,time]) {
        %a = slice(%x, starts=[time], stops=[8], steps=[1]) : f32[-time+8]
        %b = exp(%a) : f32[-time+8]
        %c = exp(%b) : f32[-time+8]
        return b=%b, c=%c
    }""")
    plan = plan_of(graph, {"batch": 3, "time": 6})
    assert plan.fits({"batch": 3, "time": 6})
    assert plan.fits({"batch": 1, "time": 6})
    assert not plan.fits({"batch": 3, "time": 5})
    assert plan_of(graph, {"batch": 3, "time": 5}).fits({"batch": 3, "time": 5})
    with pytest.raises(ShapeError, match=r"dimension -time\+8 would be -1, less than 0, where time = 9"):
        plan_of(graph, {"batch": 3, "time": 9})


def test_a_workspace_that_is_larger_for_a_smaller_size_does_not_fit():
    graph = parse_graph("graph g(x: f32[batch]) {\n %0 = exp(%x) : f32[batch]\n return y=%0\n}")

    class Needs(KernelNeeds):
        def workspace(self, op, operands, results):
            return () if op.name != "exp" else (TensorType("float32", (10 - int(results[0].shape[0]),)),)

    plan = plan_of(graph, {"batch": 4}, Target(Needs()))
    assert plan.fits({"batch": 4})
    assert not plan.fits({"batch": 3})


def test_a_part_that_is_all_of_its_buffer_at_one_size_is_not_taken_over():
    """Twice the half of 4 is 4, but of 5 it is not: rows are then further apart than those of the result."""
    graph = parse_graph("""graph g(x: f32[batch,time]) {
        %h = exp(%x) : f32[batch,time]
        %a = slice(%h, starts=[0, 0], stops=[-1, 2*(time//2)], steps=[1, 1]) : f32[batch,2*(time//2)]
        %b = exp(%a) : f32[batch,2*(time//2)]
        return b=%b
    }""")
    plan = plan_of(graph, {"batch": 3, "time": 4})
    assert plan.graph.outputs["b"].index not in plan.storage.inplace


@given(memory_graphs(), st.integers(1, 3))
def test_smaller_sizes_stay_inside_what_was_planned(graph, batch):
    plan = planned(graph)
    for value, place in plan.places({"batch": batch}).items():
        whole = Simulation(plan).region(value, None)
        if whole is None or 0 in place.layout.shape:
            continue
        steps = zip(place.layout.shape, place.layout.strides, strict=True)
        last = place.layout.offset + sum((length - 1) * stride for length, stride in steps)
        itemsize = place.type.nbytes // max(1, len(range(int(place.type.size))))
        assert place.type == value.type.bind({"batch": batch})
        assert place.byte_offset + (last + 1) * itemsize <= whole[1].stop


if __name__ == "__main__":
    (GOLDEN / "base_network.txt").write_text(str(planned(training_graph(), 32)))
