"""`schedule` finds an order with a lower peak, and never a worse one."""

from __future__ import annotations

from hypothesis import given

from nnc.ir import NOMINAL_SIZE, parse_graph
from nnc.passes import Schedule, run_passes
from nnc.passes.schedule import Sizes, greedy_order
from tests.passes.helpers import check_rewrite, graph_text
from tests.strategies import random_graphs

WIDE = """
    %a = broadcast_to(%b, shape=[8, 3]) : f64[8,3]
    %p = exp(%a) : f64[8,3]
    %q = tanh(%a) : f64[8,3]
    %r = sum(%p, axes=[0]) : f64[3]
    %s = sum(%q, axes=[0]) : f64[3]
    %t = add(%r, %s) : f64[3]
    return z=%t
"""
NARROW = """
    %a = broadcast_to(%b, shape=[8, 3]) : f64[8,3]
    %p = exp(%a) : f64[8,3]
    %r = sum(%p, axes=[0]) : f64[3]
    %q = tanh(%a) : f64[8,3]
    %s = sum(%q, axes=[0]) : f64[3]
    %t = add(%r, %s) : f64[3]
    return z=%t
"""


def peak(text: str) -> int:
    graph = parse_graph(text)
    return Sizes(graph).peak(list(range(len(graph.nodes))))


def test_what_frees_memory_comes_first():
    check_rewrite(graph_text(WIDE), Schedule(), graph_text(NARROW))
    assert peak(graph_text(WIDE)) == 3 * 192  # a, p and q
    assert peak(graph_text(NARROW)) == 2 * 192 + 24  # a and p with the sum of p, then a and q with it


def test_a_good_order_stays():
    check_rewrite(graph_text(NARROW), Schedule())


def test_what_states_alone_decide_waits_until_it_is_needed():
    """The tangent is not there while `p` and `q` are; the view of the state, and what leaves the graph, stay."""

    def text(body: str, early: str, late: str = "") -> str:
        lines = body.partition("return")[0]
        head = f"state @s : f64[3] slot\n%v = flip(@s, axes=[0]) : f64[3]\n{early}"
        return graph_text(f"{head}{lines}{late}%o = multiply(%t, %k) : f64[3]\nreturn z=%o, u=%u")

    tangent, sine = "%k = tanh(%v) : f64[3]\n", "%u = sin(@s) : f64[3]"
    check_rewrite(text(WIDE, tangent + sine), Schedule(), text(NARROW, sine, tangent))


def test_sizes_are_nominal():
    graph = parse_graph(graph_text("%0 = exp(%x) : f64[batch,3]\nreturn z=%0"))
    assert Sizes(graph).nbytes[graph.outputs["z"]] == NOMINAL_SIZE * 3 * 8
    assert Sizes(graph).nbytes[graph.inputs["x"]] == 0


def test_sizes_are_large_enough_for_what_is_cut_off():
    text = "graph g(x: f64[batch,time]) {\n%0 = slice(%x, starts=[0, 40], stops=[-1, -1], steps=[1, 1])"
    graph = parse_graph(text + " : f64[batch,time-40]\n%1 = exp(%0) : f64[batch,time-40]\nreturn z=%1\n}")
    assert Sizes(graph).nbytes[graph.outputs["z"]] == NOMINAL_SIZE * (64 - 40) * 8


@given(random_graphs(level="any", steps=14))
def test_order_is_a_permutation_that_is_never_worse(graph):
    found = run_passes(graph, [Schedule()])
    assert sorted(_described(found)) == sorted(_described(graph))
    assert Sizes(found).peak(list(range(len(found.nodes)))) <= Sizes(graph).peak(list(range(len(graph.nodes))))


@given(random_graphs(level="any", steps=14))
def test_greedy_order_takes_the_ready_node_that_frees_most(graph):
    sizes = Sizes(graph)
    order = greedy_order(graph, sizes)
    assert sorted(order) == list(range(len(graph.nodes)))
    remaining = {value: len(users) for value, users in graph.uses().items()}
    done: set[int] = set()
    for index in order:
        ready = [
            node
            for node in graph.nodes
            if node.index not in done and all(operand.index in done for operand in node.operands)
        ]
        assert index == min(ready, key=lambda node: (sizes.change(node, remaining), node.index)).index
        done.add(index)
        for operand in graph.nodes[index].operands:
            remaining[operand] -= 1


def _described(graph) -> list[str]:
    return [f"{node.op} {node.names} {node.path} {node.phase}" for node in graph.nodes if not node.is_leaf]
