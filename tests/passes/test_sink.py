"""What only a loop reads, step by step, is computed in its steps, if that is cheap, and never twice."""

from __future__ import annotations

import numpy
import pytest

from nnc.ir import Graph, TensorType, Value, interpret, ops, symbol
from nnc.ir.ops.movement import take
from nnc.ir.ops.scan import scan
from nnc.passes import OPTIMIZE, Inline, Sink, run_passes
from nnc.passes.sink import nodes_in_steps
from tests.passes.helpers import check_rewrite, graph_text
from tests.plan.helpers import NESTS, plan_of

BATCH, TIME = symbol("batch"), 5
SIZES = {"batch": 2}


def loop(graph: Graph, *sequences: Value, reverse: bool = False) -> None:
    """Add a loop that adds the product of its sequences to a carry, and outputs its last carry and all of them."""

    def step(carries, elements, others):
        product = elements[0]
        for element in elements[1:]:
            product = product * element
        new = ops.tanh(carries[0] * others[0] + product)
        return [new], [new]

    count = len(graph.outputs)
    start, factor = (graph.input(f"{label}{count}", TensorType("float32", (BATCH, 3))) for label in "hf")
    (last,), (stack,) = scan(step, [start], sequences, [factor], reverse)
    graph.output(f"last{count}", last)
    graph.output(f"all{count}", stack)


def sums(graph: Graph, x: Value, y: Value) -> None:
    loop(graph, x * 0.5 + y, y, reverse=True)


def sums_with_a_row(graph: Graph, x: Value, y: Value) -> None:
    row = graph.input("row", TensorType("float32", (3,)))
    loop(graph, x + row, y * row)


def slices(graph: Graph, x: Value, y: Value) -> None:
    wide = graph.input("wide", TensorType("float32", (TIME, BATCH, 7)))
    loop(graph, take(wide, 2, 0, 3), 1.0 - ops.square(take(wide, 2, 4, 7)), x)


def sums_of_sums(graph: Graph, x: Value, y: Value) -> None:
    both = x + y
    loop(graph, both, both * x, both * y)


def what_is_not_cheap(graph: Graph, x: Value, y: Value) -> None:
    loop(graph, ops.tanh(x), y)


def what_leaves_the_graph(graph: Graph, x: Value, y: Value) -> None:
    both = x + y
    graph.output("both", both)
    loop(graph, both)


def what_two_loops_read(graph: Graph, x: Value, y: Value) -> None:
    both = x + y
    loop(graph, both)
    loop(graph, both, reverse=True)


def what_one_step_gives_all(graph: Graph, x: Value, y: Value) -> None:
    loop(graph, x + take(y, 0, 0, 1))


def what_is_read_from_another_time(graph: Graph, x: Value, y: Value) -> None:
    loop(graph, take(x, 0, 1, 4) * 2.0)


def slices_of_what_is_not_cheap(graph: Graph, x: Value, y: Value) -> None:
    wide = ops.tanh(graph.input("wide", TensorType("float32", (TIME, BATCH, 7))))
    loop(graph, take(wide, 2, 0, 3), take(wide, 2, 4, 7), x)


def sums_with_what_is_computed_once(graph: Graph, x: Value, y: Value) -> None:
    first, second = (graph.input(label, TensorType("float32", (BATCH, 3))) for label in ("first", "second"))
    loop(graph, take(x, 2, 0, 3) * y, ops.square(first - second) * x)


CASES = {
    sums: 1,
    sums_with_a_row: 1,
    slices: 3,
    sums_of_sums: 1,
    what_is_not_cheap: 0,
    slices_of_what_is_not_cheap: 3,
    sums_with_what_is_computed_once: 2,
    what_leaves_the_graph: 0,
    what_two_loops_read: 0,
    what_one_step_gives_all: 0,
    what_is_read_from_another_time: 1,
}
"""What makes a graph, and how many of its nodes a loop computes."""


HEAD = "graph g(x: f64[5,batch,3], y: f64[5,batch,3], h: f64[batch,3])"
LOOP = """
%last, %all = scan(%h, %both, carries=1, sequences=1) : f64[batch,3], f64[5,batch,3] {(h, x)
  %0 = multiply(%h, %x) : f64[batch,3]
  return carry0=%0, stack0=%0
}  # rnn forward
"""


def test_a_sum_that_a_loop_reads():
    before = "%both = add(%x, %y) : f64[5,batch,3]  # rnn forward\n" + LOOP + "return y=%all"
    after = """
    %last, %all = scan(%h, %x, %y, carries=1, sequences=2) : f64[batch,3], f64[5,batch,3] {(h, x0, x1)
      %0 = add(%x0, %x1) : f64[batch,3]  # rnn forward
      %1 = multiply(%h, %0) : f64[batch,3]
      return carry0=%1, stack0=%1
    }  # rnn forward
    return y=%all
    """
    check_rewrite(graph_text(before, HEAD), Sink(), graph_text(after, HEAD), tolerance=0)


@pytest.mark.parametrize(
    "body",
    [
        "%both = tanh(%x) : f64[5,batch,3]\n" + LOOP + "return y=%all",
        "%both = add(%x, %y) : f64[5,batch,3]\n" + LOOP + "return y=%all, both=%both",
    ],
    ids=["not cheap", "read elsewhere"],
)
def test_what_stays(body):
    check_rewrite(graph_text(body, HEAD), Sink())


@pytest.fixture(params=CASES, ids=lambda make: make.__name__)
def case(request):
    graph = Graph("test")
    request.param(graph, *(graph.input(label, TensorType("float32", (TIME, BATCH, 3))) for label in "xy"))
    return run_passes(graph, OPTIMIZE), CASES[request.param]


def test_nodes_in_steps(case):
    graph, count = case
    assert len(nodes_in_steps(graph)) == count, graph


def test_numbers_stay(case):
    graph, count = case
    generator = numpy.random.default_rng(0)
    given = {
        label: generator.normal(size=value.type.bind(SIZES).shape).astype("float32")
        for label, value in graph.inputs.items()
    }
    flat = run_passes(graph, [Sink(), Inline()])
    (found, _), (expected, _) = interpret(flat, given, {}), interpret(graph, given, {})
    for label, array in expected.items():
        assert found[label].tobytes() == array.tobytes(), label
    outside = [
        node for node in flat.nodes if node.op.elementwise and node.op.name != "tanh" and node.types[0].rank == 3
    ]
    assert not (count and outside), "the loop computes it"


def test_memory_is_that_of_one_step():
    graph = Graph("test")
    sums(graph, *(graph.input(label, TensorType("float32", (TIME, BATCH, 3))) for label in "xy"))
    plan = plan_of(run_passes(graph, OPTIMIZE), SIZES, NESTS)
    sequence = 4 * TIME * SIZES["batch"] * 3
    assert sum(buffer.nbytes >= sequence for buffer in plan.storage.buffers) == 3  # the inputs, and what is returned
