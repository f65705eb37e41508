"""Which steps run in one loop nest, and what then needs no memory."""

from __future__ import annotations

import pytest

from nnc.ir import Graph, TensorType, Value, ops, symbol
from nnc.passes import Decompose, run_passes
from tests.plan.helpers import NESTS, plan_of

BATCH = symbol("batch")


def planned(graph: Graph):
    return plan_of(run_passes(graph, [Decompose()]), {"batch": 4}, NESTS)


def nests(plan) -> list[str]:
    """Each nest once: names of its ops with the number of their loop."""
    found = dict.fromkeys(plan.storage.nests.values())
    return [
        "".join(f"{plan.graph.nodes[nest.head].op.name}> " for _ in [0] if nest.head is not None)
        + " ".join(
            f"{plan.graph.nodes[step].op.name}:{loop}" for step, loop in zip(nest.steps, nest.loops, strict=True)
        )
        for nest in found
    ]


def input_of(graph: Graph, *shape, label: str = "x") -> Value:
    return graph.input(label, TensorType("float32", (BATCH, *shape)))


def weighted(x: Value, graph: Graph, width: int = 4, label: str = "w") -> Value:
    return ops.matmul(x, graph.input(label, TensorType("float32", (x.shape[-1], width))))


def in_registers(plan) -> int:
    return sum(home.register for home in plan.storage.homes.values())


def test_elementwise_steps_of_one_shape_run_together():
    graph = Graph("test")
    x = input_of(graph, 3)
    graph.output("y", ops.tanh(x * 2.0 + 1.0))
    plan = planned(graph)
    assert nests(plan) == ["multiply:0 add:0 tanh:0"]
    assert in_registers(plan) == 2


def test_another_shape_begins_another_nest():
    graph = Graph("test")
    x, y = input_of(graph, 3), input_of(graph, 2, label="y")
    graph.output("a", ops.tanh(x))
    graph.output("b", ops.tanh(y))
    assert nests(planned(graph)) == ["tanh:0", "tanh:0"]


def test_what_a_view_shows_of_a_nest_ends_it():
    graph = Graph("test")
    x = input_of(graph, 3)
    y = ops.tanh(x)
    turned = ops.reshape(ops.transpose(ops.reshape(y, (BATCH, 3, 1)), (0, 2, 1)), (BATCH, 3))
    graph.output("z", ops.exp(turned))
    plan = planned(graph)
    assert nests(plan) == ["tanh:0", "exp:0"]
    assert in_registers(plan) == 0


def test_a_softmax_is_three_loops_over_each_row():
    graph = Graph("test")
    graph.output("y", ops.softmax(input_of(graph, 10)))
    plan = planned(graph)
    assert nests(plan) == ["max:0 subtract:1 exp:1 sum:1 divide:2"]
    assert in_registers(plan) == 4  # the row of exponentials lies on the stack


def test_a_long_row_between_two_loops_lies_in_the_arena():
    graph = Graph("test")
    graph.output("y", ops.softmax(input_of(graph, 5000)))
    plan = planned(graph)
    assert nests(plan) == ["max:0 subtract:1 exp:1 sum:1 divide:2"]
    assert in_registers(plan) == 3


def test_numbers_of_rows_are_computed_between_loops():
    graph = Graph("test")
    x = input_of(graph, 16)
    mean = ops.sum(x, 1, keepdims=True) * 0.0625
    graph.output("y", x - ops.sqrt(mean))
    assert nests(planned(graph)) == ["sum:0 multiply:0 sqrt:0 subtract:1"]


@pytest.mark.parametrize("axis", [0, 1])
def test_other_reductions_are_not_rows(axis):
    graph = Graph("test")
    x = input_of(graph, 12, 16)
    graph.output("y", x - ops.sum(x, axis, keepdims=True))
    assert nests(planned(graph)) == ["subtract:0"]


def test_short_rows_are_not_worth_it():
    graph = Graph("test")
    graph.output("y", ops.softmax(input_of(graph, 3)))
    assert nests(planned(graph)) == ["subtract:0 exp:0", "divide:0"]


def test_reductions_without_rows_stay_alone():
    graph = Graph("test")
    graph.output("y", ops.log(ops.sum(input_of(graph, 16), 1, keepdims=True)))
    assert nests(planned(graph)) == ["log:0"]


def test_a_sum_without_its_axis_is_not_aligned_with_rows():
    """Against (batch, batch) the sum of shape (batch,) is one number per column."""
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (9, 9)))
    graph.output("y", x + ops.sum(x, 1))
    assert nests(planned(graph)) == ["add:0"]


def test_operands_are_kept_until_the_nest_ends():
    """A copy that lies between two steps of a nest runs before it: it must not take the memory of what they read."""
    graph = Graph("test")
    x, z = input_of(graph, 4), input_of(graph, 2, 2, label="z")
    product = weighted(x, graph)
    turned = ops.reshape(ops.transpose(ops.tanh(z), (0, 2, 1)), (BATCH, 4))
    first = ops.tanh(product)
    copied = ops.reshape(ops.transpose(ops.reshape(turned, (BATCH, 2, 2)), (0, 2, 1)), (BATCH, 4))
    graph.output("y", first + copied)
    graph.output("copied", copied)  # so that the sum cannot take its memory over
    plan = planned(graph)
    assert nests(plan)[-1] == "tanh:0 add:0"
    homes = plan.storage.homes
    (read,) = (value for value in homes if value.node.op.name == "matmul")
    copy = max((value for value in homes if value.node.op.name == "reshape"), key=lambda value: value.index)
    assert copy not in plan.storage.views
    read_buffer, copy_buffer = (plan.storage.buffers[homes[value].buffer] for value in (read, copy))
    assert read_buffer.end >= copy_buffer.start


def test_a_product_is_the_head_of_the_nest_behind_it():
    graph = Graph("test")
    bias = graph.input("b", TensorType("float32", (4,)))
    graph.output("y", ops.relu(weighted(input_of(graph, 3), graph) + bias))
    plan = planned(graph)
    assert nests(plan) == ["matmul> add:0 relu:0"]
    product, result = plan.graph.nodes[-3], plan.graph.outputs["y"]
    homes = plan.storage.homes
    assert homes[plan.graph.results(product)[0]] == homes[result]  # its memory is taken over inside the nest


def test_a_product_seen_in_another_shape_with_the_same_rows_is_a_head():
    graph = Graph("test")
    x = ops.reshape(input_of(graph, 5, 3), (5 * BATCH, 3))
    graph.output("y", ops.tanh(ops.reshape(weighted(x, graph), (BATCH, 5, 4)) + graph.constant(1.0, "float32")))
    assert nests(planned(graph)) == ["matmul> add:0 tanh:0"]


@pytest.mark.parametrize("between", ["turned", "rows", "unread", "other"])
def test_a_product_is_no_head(between):
    graph = Graph("test")
    x = input_of(graph, 8)
    product = weighted(x, graph, 8)
    if between == "turned":  # other rows
        found = ops.tanh(ops.transpose(product, (1, 0)))
    elif between == "rows":  # a nest of rows reads whole rows
        found = ops.softmax(product)
    elif between == "unread":
        graph.output("product", product)
        found = ops.tanh(input_of(graph, 8, label="z"))
    else:  # a product in between
        found = weighted(product, graph, 8, "v") + product
    graph.output("y", found)
    assert all(not nest.startswith("matmul> ") or between == "other" for nest in nests(planned(graph)))
    heads = [nest.head for nest in planned(graph).storage.nests.values()]
    assert (heads[0] is not None) == (between == "other")


def test_an_epilogue_leaves_alone_what_its_product_reads():
    """Each block of a product reads whole rows: what is added to it afterwards cannot be overwritten."""
    graph = Graph("test")
    x = input_of(graph, 4)
    y = ops.tanh(x * 2.0)
    graph.output("y", ops.tanh(weighted(y, graph) + y))
    plan = planned(graph)
    assert nests(plan)[-1] == "matmul> add:0 tanh:0"
    (read,) = (value for value in plan.storage.homes if value.node.op.name == "matmul")
    operand = plan.storage.homes[read.node.operands[0]]
    assert operand != plan.storage.homes[plan.graph.outputs["y"]]
    assert plan.storage.buffers[operand.buffer].end == plan.graph.outputs["y"].index
