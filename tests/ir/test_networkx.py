"""Graphs as networkx graphs, there and back."""

from __future__ import annotations

import networkx
import pytest
from hypothesis import given

from nnc.errors import GraphError
from nnc.ir import Graph, TensorType, Value, ops
from tests.strategies import random_graphs

VECTOR = TensorType("float32", (3,))


@pytest.fixture
def graph() -> Graph:
    return Graph("test")


@pytest.fixture
def x(graph: Graph) -> Value:
    return graph.input("x", VECTOR)


def test_networkx_keeps_both_operands_of_a_square(graph, x):
    y = x * x
    flow = graph.nx
    assert flow is graph.nx
    assert list(flow.edges(keys=True, data="result")) == [(x.index, y.index, 0, 0), (x.index, y.index, 1, 0)]
    graph.output("y", y)
    assert graph.nx is not flow
    assert graph.nx.graph == {"name": "test", "outputs": {"y": y}, "updates": {}}


def test_networkx_view_cannot_be_changed_by_mistake(graph, x):
    with pytest.raises(networkx.NetworkXError, match="Frozen"):
        graph.nx.remove_node(x.index)


@given(random_graphs(level="any"))
def test_from_networkx_gives_the_graph_back(graph):
    assert Graph.from_nx(graph.nx) == graph
    assert Graph.from_nx(graph.nx.copy()) == graph


def _two_nodes() -> networkx.MultiDiGraph:
    graph = Graph("test")
    graph.output("y", ops.sqrt(ops.relu(graph.input("x", VECTOR))))
    return graph.nx.copy()


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (lambda flow: flow.add_edge(2, 1, key=1, result=0), "the graph has a cycle"),
        (lambda flow: flow.remove_edge(0, 1, key=0), "node 1 (relu) needs 1 operands"),
        (lambda flow: flow.add_edge(0, 2, key=1, result=0), "node 2 (sqrt) needs 1 operands"),
        (lambda flow: flow.remove_node(2), "there is no (2, 0)"),
        (lambda flow: flow.add_edge(0, 1, key=0, result=1), "there is no (0, 1)"),
        (lambda flow: flow.nodes[1].pop("node"), "there is no 'node'"),
    ],
)
def test_networkx_graphs_of_another_form_are_refused(change, fragment):
    flow = _two_nodes()
    change(flow)
    with pytest.raises(GraphError) as caught:
        Graph.from_nx(flow)
    assert fragment in str(caught.value)
