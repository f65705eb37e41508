"""Which steps on rows of replicas run in one loop, and which memory that saves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nnc.ir import Graph, TensorType, Value, ops, symbol
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.exponential import Sigmoid
from nnc.ir.ops.matmul import LaneMatMul
from nnc.plan.lanes import MOST_COLUMNS, MOST_FACTORS, MOST_SUMS
from tests.plan.helpers import NESTS, plan_of

BATCH = symbol("batch")
LANES = 16


class Network:
    """Values of a graph in lanes, which inputs and states are made for."""

    def __init__(self, lanes: int = LANES) -> None:
        self.graph, self.lanes = Graph("test"), lanes

    def rows(self, columns: int = 2, rows: object = BATCH, dtype: str = "float32") -> Value:
        return self.graph.input(f"x{len(self.graph.inputs)}", TensorType(dtype, (rows, columns, self.lanes)))

    def matrix(self, rows: int = 2, columns: int = 2, dtype: str = "float32") -> Value:
        type = TensorType(dtype, (rows, columns, self.lanes))
        return self.graph.state(f"w{len(self.graph.states)}", type, "slot")

    def product(self, x: Value, columns: int = 2) -> Value:
        return apply(LaneMatMul(), x, self.matrix(int(x.shape[1]), columns, x.dtype))

    def loops(self, *outputs: Value) -> list[str]:
        """Return the steps of each loop, what runs behind it in brackets, and what is in registers with a star."""
        for number, value in enumerate(outputs):
            self.graph.output(f"y{number}", value)
        plan = plan_of(self.graph, {"batch": 8}, NESTS)
        found = []
        for loop in dict.fromkeys(plan.storage.lane_loops.values()):
            words = []
            for step in loop.span:
                node = plan.graph.nodes[step]
                star = "*" if plan.storage.homes[plan.graph.results(node)[0]].register else ""
                words.append(f"({node.op.name})" if step in loop.behind else f"{node.op.name}{star}")
            found.append(" ".join(words))
        return found


def columns_of(x: Value, y: Value) -> Value:
    """Return the products of the columns of x with those of y, as a kernel's gradient has them."""
    return apply(LaneMatMul(), ops.transpose(x, (1, 0, 2)), y)


def test_a_backward_pass_is_one_loop():
    network = Network()
    x, hidden, error = network.rows(), network.rows(), network.rows(1)
    cotangent = (error * network.product(hidden, 1) - error) * 0.5
    bias = ops.sum(cotangent, 0)
    given = apply(LaneMatMul(), cotangent, network.matrix(1, 2)) * (1.0 - hidden)
    found = network.loops(bias, columns_of(hidden, cotangent), ops.sum(given, 0), columns_of(x, given))
    assert found == ["lane_matmul* multiply* subtract* multiply* sum lane_matmul* subtract* multiply lane_matmul sum"]


def test_what_needs_a_sum_runs_behind_the_loop():
    network = Network()
    x = network.product(network.rows())
    mean = ops.sum(x, 0) * 0.125
    assert network.loops(mean, ops.sum(x * x, 0)) == ["lane_matmul* sum (multiply) multiply* sum"]


def test_a_step_that_needs_a_sum_and_rows_ends_the_loop():
    network = Network()
    x = network.product(network.rows())
    centred = x - ops.sum(x, 0)
    assert network.loops(ops.sum(centred * centred, 0)) == ["lane_matmul sum", "subtract* multiply* sum"]


def test_steps_of_many_instructions_have_loops_of_their_own():
    network = Network()
    x = apply(Sigmoid(), network.product(network.rows()) + 1.0)
    assert network.loops(ops.sum(network.product(x), 0)) == ["lane_matmul* sum"]


def transposed(network: Network) -> list[Value]:
    x = network.product(network.rows())
    return [columns_of(x, network.rows(1))]


def many_sums(network: Network) -> list[Value]:
    x = network.rows()
    return [ops.sum(network.product(x), 0), *(columns_of(network.rows(), x) for _ in range(2))]


NOT_TOGETHER: dict[str, Callable[[Network], list[Value]]] = {
    "rows of known number": lambda network: [ops.sum(network.product(network.rows(rows=8)), 0)],
    "double precision": lambda network: [ops.sum(network.product(network.rows(dtype="float64")), 0)],
    "wide rows": lambda network: [ops.sum(network.rows(MOST_COLUMNS + 1), 0), network.product(network.rows())],
    "many factors": lambda network: [ops.sum(network.product(network.rows(3), MOST_FACTORS // 3 + 1), 0)],
    "a view of what the loop gives": transposed,
    "elementwise steps alone": lambda network: [network.product(network.rows(5)), (network.rows() + 1.0) * 2.0],
}


@pytest.mark.parametrize("name", NOT_TOGETHER)
def test_what_does_not_run_together(name):
    network = Network()
    assert network.loops(*NOT_TOGETHER[name](network)) == []


def test_lanes_are_whole_lines():
    network = Network(lanes=24)
    assert network.loops(ops.sum(network.product(network.rows()), 0)) == []


def test_no_loop_has_more_sums_than_registers():
    network = Network()
    found = network.loops(*many_sums(network))
    assert found == ["lane_matmul* sum lane_matmul"]
    assert 2 + 4 <= MOST_SUMS < 2 + 4 + 4


def test_a_step_with_several_results_ends_the_loop():
    network = Network()
    x = network.rows()
    hidden = network.product(x)
    steps = network.graph.input("steps", TensorType("float32", (3, BATCH, 2, LANES)))
    finals, stacks = ops.scan(lambda carries, items, _: ([carries[0] + items[0]], [carries[0]]), [hidden], [steps])
    assert network.loops(ops.sum(hidden, 0), *finals, *stacks, network.product(x)) == ["sum lane_matmul"]
