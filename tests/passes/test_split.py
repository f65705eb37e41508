"""What only parts are read of is computed in parts, in the nest that reads them, and never twice."""

from __future__ import annotations

import itertools

import numpy
import pytest

from nnc.ir import Graph, TensorType, Value, interpret, ops, symbol
from nnc.ir.ops.movement import Slice, take
from nnc.passes import OPTIMIZE, Inline, Split, run_passes
from nnc.passes.split import nodes_in_parts, slice_of_slice
from tests.passes.helpers import check_rewrite, graph_text
from tests.plan.helpers import NESTS, plan_of

BATCH = symbol("batch")


def gates(z: Value, *bounds: int) -> list[Value]:
    return [take(z, 1, start, stop) for start, stop in itertools.pairwise(bounds)]


def of_gates(graph: Graph, x: Value) -> None:
    a, b, c = gates(ops.tanh(x) * 0.5 + 0.5, 0, 2, 4, 6)
    graph.output("y", a * b + c)


def of_parts_of_gates(graph: Graph, x: Value) -> None:
    z = ops.tanh(x)
    first, rest = gates(z, 0, 4, 6)
    a, b = gates(first * 0.5 + 0.5, 0, 2, 4)
    graph.output("y", a * b + rest)


def of_overlapping_parts(graph: Graph, x: Value) -> None:
    z = ops.tanh(x)
    graph.output("y", take(z, 1, 0, 4) * take(z, 1, 2, 6))


def of_all_elements(graph: Graph, x: Value) -> None:
    z = ops.tanh(x)
    a, b = gates(z, 0, 3, 6)
    graph.output("y", a * b)
    graph.output("z", z)


def of_a_row_for_all(graph: Graph, x: Value) -> None:
    z = x + graph.input("bias", TensorType("float32", (6,)))
    a, b = gates(z, 0, 3, 6)
    graph.output("y", a * b)


def of_a_column_for_all(graph: Graph, x: Value) -> None:
    z = x + take(x, 1, 0, 1)
    a, b = gates(z, 0, 3, 6)
    graph.output("y", a * b)


def of_every_second(graph: Graph, x: Value) -> None:
    z = ops.tanh(x)
    graph.output("y", take(z, 1, 0, 6, 2) * take(z, 1, 1, 6, 2))


def of_rows_and_columns(graph: Graph, x: Value) -> None:
    z = ops.tanh(take(ops.exp(x), 1, 0, 4))
    a, b = (take(take(part, 1, 0, 2), 1, 1, 2) for part in gates(z, 0, 2, 4))
    graph.output("y", a * b)


CASES = {
    of_gates: 1,
    of_parts_of_gates: 3,
    of_overlapping_parts: 0,
    of_all_elements: 0,
    of_a_row_for_all: 1,
    of_a_column_for_all: 0,
    of_every_second: 0,
    of_rows_and_columns: 3,
}
"""What makes a graph, and how many of its nodes need not run as a whole."""


WHOLE = """
%0 = fusion.multiply_add(%z) : f64[batch,6] {(a)
  %0 = multiply(%a, f64(0.5)) : f64[batch,6]
  %1 = add(%0, f64(0.5)) : f64[batch,6]
  return result=%1
}  # cell forward
"""
HEAD = "graph g(z: f64[batch,6])"


def test_a_fusion_of_which_slices_are_read():
    before = """
    %i = slice(%0, starts=[0, 0], stops=[-1, 4], steps=[1, 1]) : f64[batch,4]
    %o = slice(%0, starts=[0, 4], stops=[-1, 6], steps=[1, 1]) : f64[batch,2]
    return i=%i, o=%o
    """
    after = """
    %0 = slice(%z, starts=[0, 0], stops=[-1, 4], steps=[1, 1]) : f64[batch,4]
    %i = fusion.multiply_add(%0) : f64[batch,4] {(a)
      %0 = multiply(%a, f64(0.5)) : f64[batch,4]
      %1 = add(%0, f64(0.5)) : f64[batch,4]
      return result=%1
    }  # cell forward
    %1 = slice(%z, starts=[0, 4], stops=[-1, 6], steps=[1, 1]) : f64[batch,2]
    %o = fusion.multiply_add(%1) : f64[batch,2] {(a)
      %0 = multiply(%a, f64(0.5)) : f64[batch,2]
      %1 = add(%0, f64(0.5)) : f64[batch,2]
      return result=%1
    }  # cell forward
    return i=%i, o=%o
    """
    check_rewrite(graph_text(WHOLE + before, HEAD), Split(), graph_text(after, HEAD), tolerance=0)


@pytest.mark.parametrize(
    "body",
    [
        "%i = slice(%0, starts=[0, 0], stops=[-1, 4], steps=[1, 1]) : f64[batch,4]\nreturn i=%i, whole=%0",
        """
        %i = slice(%0, starts=[0, 0], stops=[-1, 4], steps=[1, 1]) : f64[batch,4]
        %o = slice(%0, starts=[0, 3], stops=[-1, 6], steps=[1, 1]) : f64[batch,3]
        return i=%i, o=%o
        """,
    ],
    ids=["read as a whole", "overlapping"],
)
def test_what_stays(body):
    check_rewrite(graph_text(WHOLE + body, HEAD), Split())


@pytest.fixture(params=CASES, ids=lambda make: make.__name__)
def case(request):
    graph = Graph("test")
    request.param(graph, graph.input("x", TensorType("float32", (BATCH, 6))))
    return run_passes(graph, OPTIMIZE), CASES[request.param]


def test_nodes_in_parts(case):
    graph, count = case
    assert len(nodes_in_parts(graph)) == count


def test_numbers_and_work_stay(case):
    graph, _ = case
    generator = numpy.random.default_rng(0)
    arrays = {"x": generator.normal(size=(5, 6)), "bias": generator.normal(size=6)}
    given = {label: arrays[label].astype("float32") for label in graph.inputs}
    flat = run_passes(graph, [Split(), Inline()])
    (found, _), (expected, _) = interpret(flat, given, {}), interpret(graph, given, {})
    assert {label: array.tolist() for label, array in found.items()} == {
        label: array.tolist() for label, array in expected.items()
    }
    computed = [node.types[0].bind({"batch": 5}).size for node in flat.nodes if node.op.name == "tanh"]
    assert sum(map(int, computed)) <= 5 * 6


def test_parts_lie_in_one_nest_and_in_registers():
    graph = Graph("test")
    of_parts_of_gates(graph, graph.input("x", TensorType("float32", (BATCH, 6))))
    plan = plan_of(run_passes(graph, OPTIMIZE), {"batch": 5}, NESTS)
    (nest,) = set(plan.storage.nests.values())
    assert sum(home.register for home in plan.storage.homes.values()) == len(nest.steps) - 1


def test_without_nests_a_whole_is_one_call():
    graph = Graph("test")
    of_gates(graph, graph.input("x", TensorType("float32", (BATCH, 6))))
    plan = plan_of(run_passes(graph, OPTIMIZE), {"batch": 5})
    assert [node.op.name for node in plan.graph.nodes].count("tanh") == 1


def test_a_slice_of_a_slice():
    whole = numpy.arange(60).reshape(3, 20)
    outer, inner = Slice((0, 5), (-1, 15), (1, 1)), Slice((1, 2), (3, -1), (1, 1))
    both = slice_of_slice(outer, inner)
    assert both == Slice((1, 7), (3, 15), (1, 1))
    assert numpy.array_equal(both.evaluate(whole), inner.evaluate(outer.evaluate(whole)))
