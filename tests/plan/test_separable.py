"""Which scans compute each row by itself, and that blocks of rows do not share memory."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nnc.ir import Graph, TensorType, ops, symbol
from nnc.passes import OPTIMIZE, run_passes
from tests.plan.helpers import NESTS, plan_of

BATCH, TIME = symbol("batch"), symbol("time")


def scanned(step, width: object = 8, batch: object = BATCH, weights: tuple[object, object] = (8, 8)):
    """The plan of a scan, and how its body runs."""
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (TIME, batch, width)))
    h = graph.input("h", TensorType("float32", (batch, width)))
    w = graph.input("w", TensorType("float32", weights))
    finals, stacks = ops.scan(step, [h], [x], [w])
    for index, value in enumerate([*finals, *stacks]):
        graph.output(f"y{index}", value)
    bindings = dict.fromkeys(graph.symbols, 4)
    plan = plan_of(run_passes(graph, OPTIMIZE), bindings, NESTS)
    (loop,) = plan.loops.values()
    return loop


def gated(carries, elements, others):
    """A step of several values, each with the rows of the batch."""
    hidden = carries[0] @ others[0] + elements[0]
    gates = ops.concatenate([ops.tanh(hidden), ops.exp(hidden)], 1)
    total = ops.sum(gates, 1, keepdims=True)
    return [ops.take(gates, 1, 0, 8) / total], [ops.reshape(gates, (BATCH, 4, 4))]


def test_a_gated_step_is_separable():
    loop = scanned(gated)
    assert loop.rows is not None
    assert loop.rows.symbol == "batch"
    assert {label for label, value in loop.plan.graph.states.items() if value not in loop.rows.values} == {"w0"}


def test_values_of_blocks_share_no_memory():
    plan = scanned(gated).plan
    places = sorted((plan.offsets[buffer.index], buffer.nbytes) for buffer in plan.storage.buffers if buffer.nbytes)
    assert len(places) > 1
    assert all(start + size <= after for (start, size), (after, _) in pairwise(places))


@pytest.mark.parametrize(
    "step",
    [
        lambda carries, elements, others: ([carries[0] - ops.sum(carries[0], 0)], [elements[0]]),
        lambda carries, elements, others: ([ops.flip(carries[0], 0) + elements[0]], []),
        lambda carries, elements, others: (
            [carries[0] @ (ops.transpose(elements[0], (1, 0)) @ carries[0])],
            [],
        ),
    ],
    ids=["sum over rows", "flip of rows", "product over rows"],
)
def test_a_step_in_which_rows_meet_is_not(step):
    assert scanned(step).rows is None


def test_a_batch_of_known_size_is_not():
    assert scanned(lambda c, x, w: ([ops.tanh(c[0] @ w[0] + x[0])], []), batch=4).rows is None


def test_a_large_matrix_is_read_once_for_all_rows():
    for width, separable in ((256, True), (512, False)):
        loop = scanned(lambda c, x, w: ([ops.tanh(c[0] @ w[0] + x[0])], []), width, weights=(width, width))
        assert (loop.rows is not None) == separable
