"""Graphs: building them, arithmetic on values, networkx, rewriting, and what is refused."""

from __future__ import annotations

import operator

import numpy
import pytest

from nnc.errors import GraphError, ShapeError
from nnc.ir import Graph, TensorType, Value, ops, parse_graph, symbol
from nnc.ir.ops.arithmetic import Add, Relu

VECTOR = TensorType("float32", (3,))


@pytest.fixture
def graph() -> Graph:
    return Graph("test")


@pytest.fixture
def x(graph: Graph) -> Value:
    return graph.input("x", VECTOR)


@pytest.mark.parametrize(
    ("compute", "name", "constant_first"),
    [
        (lambda x: x + 2, "add", False),
        (lambda x: 2 + x, "add", True),
        (lambda x: x - 2, "subtract", False),
        (lambda x: 2 - x, "subtract", True),
        (lambda x: x * 2, "multiply", False),
        (lambda x: 2 * x, "multiply", True),
        (lambda x: x / 2, "divide", False),
        (lambda x: 2 / x, "divide", True),
        (lambda x: x**2, "power", False),
        (lambda x: x < 2, "less", False),
        (lambda x: x <= 2, "less_equal", False),
        (lambda x: x > 2, "greater", False),
        (lambda x: x >= 2, "greater_equal", False),
        (lambda x: numpy.float32(2) * x, "multiply", True),
        (lambda x: numpy.float64(2) - x, "subtract", True),
    ],
)
def test_arithmetic_on_values_adds_nodes(x, compute, name, constant_first):
    y = compute(x)
    constant, other = y.node.operands if constant_first else y.node.operands[::-1]
    assert y.node.op.name == name
    assert (constant.node.op.name, constant.dtype, constant.node.op.data) == ("constant", "float32", (2.0,))
    assert other == x
    assert y.shape == (3,)


def test_negative_and_product(graph, x):
    weights = graph.state("w", TensorType("float32", (3, 5)), "parameter")
    product = ops.reshape(-x, (1, 3)) @ weights
    assert product.type == TensorType("float32", (1, 5))
    assert [node.op.name for node in graph.nodes] == ["input", "state", "negative", "reshape", "matmul"]


def test_values_are_no_arrays(x):
    with pytest.raises(GraphError, match=r"no truth value; use nnc\.ops\.where"):
        bool(x > 0.0)
    with pytest.raises(GraphError, match=r"cannot be iterated over; take parts of it"):
        list(x)


def test_equality_of_values_is_identity(graph, x):
    y = ops.relu(x)
    assert graph.results(y.node) == (y,) and y != x and y != 3
    assert len({x, y, graph.results(x.node)[0]}) == 2
    assert Graph().input("x", VECTOR) != x


def test_names_path_and_phase(graph, x):
    with graph.scope("block/dense", "loss"):
        first = graph.add(Relu(), x, names=["h"])[0]
        with graph.scope(phase="backward"):
            second = ops.relu(x)
        with pytest.raises(RuntimeError), graph.scope("other"):
            raise RuntimeError
        third = ops.relu(x) + 1.0
    fourth = ops.relu(x)
    assert [first.name, second.name] == ["h", ""]
    assert [(value.node.path, value.node.phase) for value in (first, second, third, fourth)] == [
        ("block/dense", "loss"),
        ("block/dense", "backward"),
        ("block/dense", "loss"),
        ("", "forward"),
    ]
    assert third.node.operands[1].node.path == ""  # a constant belongs to no layer


def test_set_name_names_what_has_none(graph, x):
    y = ops.relu(x)
    before = graph.nx
    graph.set_name(y, "h")
    graph.set_name(y, "other")
    graph.set_name(x, "other")
    assert (x.name, y.name) == ("x", "h")
    assert before.nodes[y.index]["node"].names == ("",)
    assert graph.nx.nodes[y.index]["node"].names == ("h",)


def test_equal_constants_are_one_node(graph, x):
    first, second = x + 0.5, x * 0.5
    assert first.node.operands[1] == second.node.operands[1]
    assert graph.constant([1, 2], "float32") == graph.constant(numpy.array([1.0, 2.0]), "float32")
    assert graph.constant(1, "float32") != graph.constant(1, "int32")
    assert graph.constant(1, "float32") != graph.constant([1], "float32")
    assert graph.constant(0.0, "float32") != graph.constant(-0.0, "float32")
    assert graph.constant(float("nan"), "float32") == graph.constant(float("nan"), "float32")


@pytest.mark.parametrize(
    ("data", "dtype"), [(0.5, "int32"), (2, "bool"), (-1, "uint32"), (300, "uint8"), (numpy.nan, "int64")]
)
def test_constants_keep_their_numbers(graph, data, dtype):
    with pytest.raises(ShapeError, match=f"{data} cannot be a constant of element type {dtype}"):
        graph.constant(data, dtype)


class Broken:
    def __array__(self, *arguments, **options):
        raise RuntimeError("no numbers today")


@pytest.mark.parametrize(
    ("operand", "message"),
    [
        (Broken(), "an operand of class Broken is not an array: no numbers today"),
        ("two", "an operand must be a value of the graph or numbers, got str"),
        (1j, "an operand must be a value of the graph or numbers, got complex"),
        ([1, "a"], "an operand must be a value of the graph or numbers, got list"),
        ([[1, 2], [3]], "an operand of class list is not an array: .*"),
    ],
)
def test_operands_are_numbers(graph, operand, message):
    with pytest.raises(GraphError, match=f"^{message}$"):
        graph.input("x", VECTOR) + operand


def test_a_fraction_does_not_vanish_in_whole_numbers(graph):
    step = graph.state("step", TensorType("int64"), "counter")
    assert (step + 1).dtype == "int64"
    with pytest.raises(ShapeError, match=r"0\.5 cannot be a constant of element type int64"):
        step * 0.5


def test_state_is_declared_once(graph):
    first = graph.state("w", VECTOR, "parameter")
    assert graph.state("w", VECTOR, "parameter") == first
    with pytest.raises(GraphError, match="state '@w' is declared twice"):
        graph.state("w", VECTOR, "buffer")


def _foreign(graph: Graph, x: Value) -> object:
    return ops.relu(x) + Graph("other").input("x", VECTOR)


def _second_output(graph: Graph, x: Value) -> None:
    graph.output("y", x)
    graph.output("y", x)  # the same once more changes nothing
    graph.output("y", ops.relu(x))


def _second_update(graph: Graph, x: Value) -> None:
    state = graph.state("w", VECTOR, "parameter")
    graph.update("w", state)
    graph.update("w", x)


@pytest.mark.parametrize(
    ("build", "error", "fragment"),
    [
        (_foreign, GraphError, "operand of 'add' belongs to graph 'other', not 'test'"),
        (_second_output, GraphError, "graph 'test' already has an output named 'y'"),
        (_second_update, GraphError, "graph 'test' already has an update of state '@w'"),
        (lambda graph, x: graph.input("x", VECTOR), GraphError, "graph 'test' already has an input named 'x'"),
        (
            lambda graph, x: graph.output("y", Graph("other").input("x", VECTOR)),
            GraphError,
            "graph 'other', not 'test'",
        ),
        (lambda graph, x: graph.update("w", x), GraphError, "graph 'test' has no state '@w' to update"),
        (lambda graph, x: graph.add(Add(), x), ShapeError, "'add' takes 2 operands, got 1"),
        (
            lambda graph, x: graph.add(Relu(), x, names=("a", "b")),
            GraphError,
            "'relu' has 1 results, got 2 names: a, b",
        ),
        (lambda graph, x: graph.state("w", VECTOR, "weight"), ShapeError, "state 'w' has unknown role 'weight'"),
        (
            lambda graph, x: graph.state("w", TensorType("float32", (symbol("batch"),)), "buffer"),
            ShapeError,
            "state 'w' needs a numeric shape, got f32[batch]",
        ),
        (
            lambda graph, x: graph.constant([1.0, 2.0], "float32", (3,)),
            ShapeError,
            "a constant of type f32[3] cannot hold 2 numbers",
        ),
        (lambda graph, x: graph.input("a\nb", VECTOR), GraphError, "the name of an input must be printable text"),
        (lambda graph, x: graph.state("", VECTOR, "buffer"), GraphError, "the name of a state must be printable text"),
        (lambda graph, x: graph.output("a\rb", x), GraphError, "the name of an output must be printable text"),
        (lambda graph, x: Graph("\x0c"), GraphError, "the name of a graph must be printable text on one line"),
        (
            lambda graph, x: graph.scope("a\u2028b").__enter__(),
            GraphError,
            "the name of a layer must be printable text",
        ),
    ],
)
def test_what_is_refused(graph, x, build, error, fragment):
    with pytest.raises(error) as caught:
        build(graph, x)
    assert fragment in str(caught.value)


def test_updates_must_have_the_states_type(graph, x):
    graph.state("w", VECTOR, "parameter")
    with pytest.raises(ShapeError, match=r"state '@w' is f32\[3\] and cannot become f32\[\]"):
        graph.update("w", ops.sum(x))
    with pytest.raises(GraphError, match="belongs to graph 'other', not 'test'"):
        graph.update("w", Graph("other").input("x", VECTOR))
    graph.update("w", x)
    assert graph.roots == (x,)


def test_uses_counts_each_operand(graph, x):
    y = x * x
    z = y + x
    assert {value: [node.index for node in nodes] for value, nodes in graph.uses().items()} == {
        x: [y.index, y.index, z.index],
        y: [z.index],
    }


def test_graphs_compare_by_their_text(graph, x):
    other = Graph("test")
    other.input("x", VECTOR)
    assert other == graph and hash(other) == hash(graph)
    graph.output("y", x)
    assert other != graph
    assert operator.ne(graph, "graph")
    assert repr(graph) == "<Graph 'test': 1 nodes, inputs ['x'], outputs ['y']>"


def test_binding_gives_an_op_of_the_same_operands_other_types():
    graph = parse_graph(
        "graph g() {\n  %0 = broadcast_to(f32(0.0), shape=[batch, 4]) : f32[batch,4]\n  return y=%0\n}\n"
    )
    assert graph.bind({"batch": 8}).outputs["y"].shape == (8, 4)
