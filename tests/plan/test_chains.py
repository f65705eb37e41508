"""Which products and rows between them run some rows at a time, and what then is never there as a whole."""

from __future__ import annotations

import pytest

from nnc.ir import Graph, TensorType, Value, ops, symbol
from nnc.passes import Decompose, run_passes
from nnc.plan.chains import HEIGHTS, MOST_PARTS
from tests.plan.helpers import NESTS, plan_of

BATCH, LENGTH = symbol("batch"), symbol("length")


def scores_of(graph: Graph, rows=50, columns=70, leading=(BATCH, 4), size=(32, 48)) -> Value:
    """Return the scores of an attention whose query, key and value are new inputs of the graph."""
    query = graph.input("query", TensorType("float32", (*leading, rows, size[0])))
    key = graph.input("key", TensorType("float32", (*leading, columns, size[0])))
    graph.input("value", TensorType("float32", (*leading, columns, size[1])))
    return query @ ops.transpose(key, (*range(len(leading)), len(leading) + 1, len(leading)))


def attention(graph: Graph, *sizes, **options) -> Value:
    return ops.softmax(scores_of(graph, *sizes, **options)) @ graph.inputs["value"]


def planned(graph: Graph, **sizes: int):
    return plan_of(run_passes(graph, [Decompose()]), {"batch": 8, **sizes}, NESTS)


def chains(plan) -> list[str]:
    found = dict.fromkeys(plan.storage.chains.values())
    return [" ".join(plan.graph.nodes[step].op.name for step in chain.span) for chain in found]


def largest(plan) -> int:
    return max(buffer.nbytes for buffer in plan.storage.buffers)


def test_of_attention_neither_scores_nor_weights_are_there_as_a_whole():
    graph = Graph("test")
    graph.output("y", attention(graph, 200, 300))
    plan = planned(graph)
    assert chains(plan) == ["matmul max subtract exp sum divide matmul"]
    (chain,) = set(plan.storage.chains.values())
    assert set(chain.rooms.values()) == {0}  # each takes over the place of what it is made of
    assert chain.height == HEIGHTS[0] and chain.pieces == 3
    assert largest(plan) < 8 * 4 * 200 * 300 * 4 / 1.5
    assert "matmul(%query, %0) : f32[batch,4,200,300]  @ register" in str(plan)


def test_memory_grows_with_the_length_and_not_with_its_square():
    spaces = []
    for length in (1000, 2000, 4000):
        graph = Graph("test")
        graph.output("y", attention(graph, length, length))
        plan = planned(graph)
        ((_, space),) = next(iter(plan.storage.workspaces.values()))
        spaces.append(space.nbytes)
        assert space.shape[0] == MOST_PARTS and largest(plan) < 8 * 4 * length * length * 4 / 7
    assert spaces[1] < 2.1 * spaces[0] and spaces[2] < 2.1 * spaces[1]


def test_lengths_may_be_known_at_run_time():
    graph = Graph("test")
    graph.output("y", attention(graph, LENGTH, LENGTH))
    plan = planned(graph, length=300)
    assert len(chains(plan)) == 1
    assert plan.fits({"batch": 1, "length": 7})
    assert not plan.fits({"batch": 1, "length": 301})


def test_weights_that_somebody_else_reads_are_kept_and_scores_are_not():
    graph = Graph("test")
    weights = ops.softmax(scores_of(graph))
    graph.output("y", weights @ graph.inputs["value"])
    graph.output("weights", weights)
    plan = planned(graph)
    (chain,) = set(plan.storage.chains.values())
    names = {value.node.op.name for value in chain.inside}
    assert "matmul" in names and "divide" not in names


def test_what_is_read_again_keeps_its_room():
    graph = Graph("test")
    scores = scores_of(graph)
    graph.output("y", (ops.softmax(scores) * scores) @ graph.inputs["value"])
    (chain,) = set(planned(graph).storage.chains.values())
    assert set(chain.rooms.values()) == {0, 1}


def test_a_mask_is_added_in_between():
    graph = Graph("test")
    scores = scores_of(graph)
    mask = graph.input("mask", TensorType("float32", (BATCH, 1, 50, 70)))
    graph.output("y", ops.softmax(scores * 0.5 + mask) @ graph.inputs["value"])
    assert chains(planned(graph)) == ["matmul multiply add max subtract exp sum divide matmul"]


def test_matrices_may_be_arranged_in_other_axes():
    graph = Graph("test")
    scores = scores_of(graph, leading=(BATCH, 2, 3))
    weights = ops.softmax(ops.reshape(scores, (BATCH, 6, 50, 70)))
    graph.output("y", ops.reshape(weights, (BATCH, 2, 3, 50, 70)) @ graph.inputs["value"])
    assert len(chains(planned(graph))) == 1


def of_few_columns(graph: Graph) -> Value:
    return attention(graph, columns=9, size=(3, 3))


def of_one_matrix(graph: Graph) -> Value:
    return attention(graph, leading=())


def turned(graph: Graph) -> Value:
    """The weights are the right matrix."""
    weights = ops.transpose(ops.softmax(scores_of(graph)), (0, 1, 3, 2))
    return ops.transpose(graph.inputs["value"], (0, 1, 3, 2)) @ weights


def with_a_step_between(graph: Graph) -> Value:
    """Sums over all rows of the scores have to be there before the first row can be scaled."""
    scores = scores_of(graph)
    scaled = ops.softmax(scores - ops.max(scores, 2, keepdims=True))
    return scaled @ graph.inputs["value"]


@pytest.mark.parametrize("function", [of_few_columns, of_one_matrix, turned, with_a_step_between])
def test_what_is_no_chain(function):
    graph = Graph("test")
    graph.output("y", function(graph))
    assert chains(planned(graph)) == []
