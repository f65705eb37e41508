"""The text form: what is printed, that it reads back, and that no text does harm."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.errors import GraphError
from nnc.ir import Graph, TensorType, interpret, ops, parse_graph, print_graph, symbol, value_names, verify
from nnc.ir.ops.arithmetic import Add, Relu
from tests.strategies import random_arrays, random_graphs

GOLDEN = """\
graph train(x: f32[batch,2], y: f32[batch,1]) {
  state @dense/kernel : f32[2,1] parameter
  state @dense/bias : f32[1] parameter
  %0 = matmul(%x, @dense/kernel) : f32[batch,1]  # dense forward
  %h = fusion.add_sigmoid(%0, @dense/bias) : f32[batch,1] {(a, b)
    %0 = add(%a, %b) : f32[batch,1]
    %h = sigmoid(%0) : f32[batch,1]
    return result=%h
  }  # dense forward
  %1 = subtract(%h, %y) : f32[batch,1]  # - loss
  %2 = sum(%1, axes=[0, 1]) : f32[]  # - loss
  %3 = size(shape=[batch]) : f32[]  # - loss
  %loss = divide(%2, %3) : f32[]  # - loss
  %slab.1, %slab = unpack(f32[5](1.0, 2.5, -0.0, 1e-05, 0.1), shapes=[[2, 1], [3]]) : f32[2,1], f32[3]
  %4 = greater(%1, f32(0.5), dtype="float32") : f32[batch,1]
  return loss=%loss, h=%h, constant=bool[2](true, false)
  update @dense/kernel = %slab.1
  update @dense/bias = f32[1](inf)
}
"""


def minimal(lines: str, inputs: str = "x: f32[2,3]") -> str:
    """A graph's text around some lines."""
    return f"graph g({inputs}) {{\n{lines}\n}}\n"


def test_golden_text_reads_back():
    graph = parse_graph(GOLDEN)
    verify(graph)
    assert print_graph(graph) == GOLDEN
    assert graph.outputs["h"].node.op.body.name == "body"
    assert graph.symbols == ("batch",)


def test_golden_text_is_what_building_prints():
    graph = Graph("g")
    x = graph.input("x", TensorType("float32", (symbol("batch"), 2)))
    with graph.scope("dense"):
        h = graph.add(Relu(), x @ graph.state("dense/kernel", TensorType("float32", (2, 3)), "parameter"), names="h")[0]
    with graph.scope(phase="loss"):
        graph.output("loss", graph.add(Add(), ops.mean(h), graph.constant(0.1, "float32"), names=["h"])[0])
    assert str(graph) == (
        "graph g(x: f32[batch,2]) {\n"
        "  state @dense/kernel : f32[2,3] parameter\n"
        "  %0 = matmul(%x, @dense/kernel) : f32[batch,3]  # dense forward\n"
        "  %h = relu(%0) : f32[batch,3]  # dense forward\n"
        "  %1 = sum(%h, axes=[0, 1]) : f32[]  # - loss\n"
        "  %2 = size(shape=[batch, 3]) : f32[]  # - loss\n"
        "  %3 = divide(%1, %2) : f32[]  # - loss\n"
        "  %h.1 = add(%3, f32(0.1)) : f32[]  # - loss\n"
        "  return loss=%h.1\n"
        "}\n"
    )


@given(random_graphs(level="any"), st.integers(1, 4))
def test_random_graphs_read_back(graph, batch):
    text = print_graph(graph)
    again = parse_graph(text)
    verify(again)
    assert print_graph(again) == text
    arrays = random_arrays(graph, batch)
    for found, expected in zip(interpret(again, *arrays), interpret(graph, *arrays), strict=True):
        numpy.testing.assert_equal(found, expected)


PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1)


@given(PRINTABLE, PRINTABLE, PRINTABLE, PRINTABLE)
def test_any_printable_name_reads_back(graph_name, label, path, hint):
    graph = Graph(graph_name)
    type = TensorType("float32", (2,))
    with graph.scope(path, "loss"):
        value = graph.input(label, type) * graph.state(label, type, "buffer")
        value = graph.add(Relu(), value, names=[hint])[0]
    graph.output(path, value)
    graph.update(label, value)
    again = parse_graph(str(graph))
    assert str(again) == str(graph)
    assert again == graph
    assert (again.name, list(again.inputs), list(again.outputs)) == (graph_name, [label], [path])
    assert {node.path for node in again.nodes if not node.is_leaf} == {path}


@pytest.mark.parametrize("name", ["f32", "inf", "nan", "true", "graph", "state", "return", "update", "0", "a b", "%x"])
def test_names_that_look_like_something_else_read_back(name):
    graph = Graph(name)
    value = graph.input(name, TensorType("float32", (2,)))
    graph.output(name, value + graph.state(name, TensorType("float32", ()), "buffer"))
    assert str(parse_graph(str(graph))) == str(graph)


@given(
    st.floats(width=32),
    st.floats(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**64 - 1),
    st.booleans(),
)
def test_numbers_read_back_to_the_bit(single, double, signed, unsigned, flag):
    graph = Graph("g")
    data = {"float32": single, "float64": double, "int64": signed, "uint64": unsigned, "bool": flag}
    for dtype, number in data.items():
        graph.output(dtype, graph.constant([number], dtype))
    again = parse_graph(str(graph))
    for dtype, value in graph.outputs.items():
        found = again.outputs[dtype].node.op.evaluate()
        numpy.testing.assert_array_equal(found, value.node.op.evaluate())
        assert (numpy.signbit(found) == numpy.signbit(value.node.op.evaluate())).all() or numpy.isnan(found).all()
        assert found.dtype == dtype


def test_space_and_comments_do_not_matter():
    spaced = "# first\ngraph g ( x : f32 [ 2 ] )\n{ # second\n\n %y=relu(%x):f32[2] # third\n return y=%y }  # last\n\n"
    assert str(parse_graph(spaced)) == minimal("  %y = relu(%x) : f32[2]\n  return y=%y", "x: f32[2]")


def test_a_comment_on_another_line_is_no_path():
    graph = parse_graph(
        "graph g(x: f32[2]) {\n %y = relu(%x) : f32[2]\n # dense loss\n %z = relu(%y) : f32[2] # a b loss\n}"
    )
    assert [(node.path, node.phase) for node in graph.nodes] == [("", "forward")] * 3


def test_equal_names_are_told_apart():
    graph = Graph("g")
    x = graph.input("x", TensorType("float32", (2,)))
    for name in ("h", "h.1", "h", "h", "x", "two words", ""):
        x = graph.add(Relu(), x, names=[name])[0]
    assert list(value_names(graph).values()) == ["%x", "%h", "%h.1", "%h.2", "%h.3", "%x.1", "%0", "%1"]
    assert str(parse_graph(str(graph))) == str(graph)


@pytest.mark.parametrize(
    ("lines", "line", "fragment"),
    [
        ("  %y = reluu(%x) : f32[2,3]", 2, "unknown operation 'reluu'. Did you mean 'relu'?"),
        ("\n\n  %y = relu(%z) : f32[2,3]", 4, "%z is used before it is defined"),
        ("  %y = relu(@w) : f32[2,3]", 2, "@w is used before it is defined"),
        ("  %y = relu(%x) : f32[3,2]", 2, "'relu' gives f32[2,3], the text says f32[3,2]"),
        ("  %y = relu(%x) : f32[2,3], f32[2,3]", 2, "'relu' gives f32[2,3], the text says f32[2,3], f32[2,3]"),
        ("  %a, %b = relu(%x) : f32[2,3]", 2, "'relu' has 1 results, got 2 names: a, b"),
        ("  %0, %1 = relu(%x) : f32[2,3]", 2, "'relu' has 1 results, got 2 names"),
        ("  %x = relu(%x) : f32[2,3]", 2, "%x is defined twice"),
        ("  @y = relu(%x) : f32[2,3]", 2, "expected a value such as %name, found '@y'"),
        ("  %y = matmul(%x, %x) : f32[2,2]", 2, "inner dimensions 3 and 2 differ"),
        ("  %y = add(%x) : f32[2,3]", 2, "'add' takes 2 operands, got 1"),
        ("  %y = sum(%x) : f32[]", 2, "operation 'sum' lacks attribute 'axes'"),
        ("  %y = sum(%x, axis=[0]) : f32[]", 2, "operation 'sum' has no attribute 'axis'. Did you mean 'axes'?"),
        ("  %y = sum(%x, axes=0) : f32[]", 2, "attribute 'axes' of operation 'sum' must be tuple[int, ...], got 0"),
        ("  %y = sum(%x, axes=[0], axes=[1]) : f32[]", 2, "attribute 'axes' is given twice"),
        ("  %y = sum(%x, axes=[0], keepdims=1) : f32[]", 2, "'keepdims' of operation 'sum' must be bool, got 1"),
        ("  %y = random_uniform(%x) : f32[]", 2, "operation 'random_uniform' lacks attribute 'shape'"),
        ("  %y = cast(%x, dtype=f32) : f32[]", 2, "attribute 'dtype' of operation 'cast' must be str, got f32[]"),
        ('  %y = cast(%x, dtype="a\\q") : f32[]', 2, "Invalid \\escape"),
        ('  %y = cast(%x, dtype="f4) : f32[]', 2, "cannot read '\"f4) : f32[]'"),
        ("  %y = relu(%x %x) : f32[2,3]", 2, "expected ',', found '%x'"),
        ("  %y = relu(%x) : f16[2,3]", 2, "unknown element type 'f16'; known are f32, f64"),
        ("  %y = relu(%x) : f32[2,-3]", 2, "a dimension must be an int of at least 0 or a symbol, got -3"),
        ("  %y = relu(%x) : f32[2,1.5]", 2, "'1.5' is not a dimension: cannot read '.5'"),
        ("  %y = relu(%x) : f32[2,true]", 2, "a symbol needs a name of letters"),
        ("  %y = relu(%x) : f32[2 3]", 2, "expected ',', found '3'"),
        ("  %y = relu(u8(300)) : u8[]", 2, "Python integer 300 out of bounds for uint8"),
        ("  %y = relu(i32(1.5)) : i32[]", 2, "invalid literal for int() with base 10: '1.5'"),
        ("  %y = relu(f32(1e50)) : f32[]", 2, "1e50 is too large for float32"),
        ("  %y = relu(f32(true)) : f32[]", 2, "expected a number, found 'true'"),
        ("  %y = relu(bool(2)) : bool[]", 2, "expected true or false, found '2'"),
        ("  %y = relu(f32[2](1.0)) : f32[2]", 2, "a constant of type f32[2] cannot hold 1 numbers"),
        ("  %y = relu(f32[batch](1.0)) : f32[2]", 2, "a constant of type f32[batch] cannot hold 1 numbers"),
        ('  %y = input(label="z", type=f32[2]) : f32[2]', 2, "'input' is not an operation to apply"),
        ('  %y = state(label="z", type=f32[2], role="buffer") : f32[2]', 2, "'state' is not an operation to apply"),
        ("  %y = constant(type=f32[1], data=[1.0]) : f32[1]", 2, "'constant' is not an operation to apply"),
        ("  state %w : f32[2] parameter", 2, "expected a state such as @name, found '%w'"),
        ("  state @w : f32[2] weight", 2, "state 'w' has unknown role 'weight'"),
        ("  state @w : f32[2] slot\n  state @w : f32[3] slot", 3, "state '@w' is declared twice"),
        ("  state @w : f32[batch] slot", 2, "state 'w' needs a numeric shape, got f32[batch]"),
        ("  update @w = %x", 2, "graph 'g' has no state '@w' to update"),
        ("  state @w : f32[2] slot\n  update @w = %x", 3, "state '@w' is f32[2] and cannot become f32[2,3]"),
        ("  return y=%x, y=f32(1.0)", 2, "graph 'g' already has an output named 'y'"),
        ("  return y=%x z=%x", 2, "expected a value such as %name, found 'z'"),
        ('  return "a\\nb"=%x', 2, "the name of an output must be printable text on one line, got 'a\\nb'"),
        ("  %y = fusion.k(%x, body=3) : f32[2,3]", 2, "attribute 'body' of operation 'fusion' must be Graph, got 3"),
        ("  %y = fusion.k(%x) : f32[2,3]", 2, "operation 'fusion' lacks attribute 'body'"),
        ("  %y = fusion(%x) : f32[2,3] {(a)\n return r=%a }", 3, "operation 'fusion' lacks attribute 'kind'"),
        ("  %y = fusion.k(%x) : f32[2,3] {(a)\n }", 3, "the body of 'fusion.k' has no outputs"),
        ("  %y = fusion.k(%x) : f32[2,3] {(a, b)\n return r=%a }", 2, "the body has 2 inputs for 1 operands"),
        ("  %y = fusion.k(%x) : f32[2,3] {(a)\n state @w : f32[] slot }", 3, "a body cannot have state of its own"),
        ("  %y = fusion.k(%x) : f32[2,3] {(a)\n return r=%x }", 3, "%x is used before it is defined"),
        ("  %y = relu(%x) : f32[2,3] {(a)\n return r=%a }", 3, "operation 'relu' has no attribute 'body'"),
        ("  ;", 2, "cannot read ';'"),
        ("\n\n\n   ;  \n", 5, "cannot read ';  '"),
        ("  1 = relu(%x)", 2, "expected a value such as %name, found '1'"),
        ("} }", 2, "expected the end of the text, found '}'"),
        ("  %y = relu(%x) : f32[2,3] # \n %z = relu(%y) : f32[1]", 3, "'relu' gives f32[2,3], the text says f32[1]"),
        ("  %z = add(%x, f32[2](0.0, 1.0)) : f32[2,3]  # dense loss\n", 2, "do not broadcast: axis -1 is 3 and 2"),
    ],
)
def test_errors_have_source_line_and_reason(lines, line, fragment):
    with pytest.raises(GraphError) as caught:
        parse_graph(minimal(lines), "model.nnc")
    assert str(caught.value).startswith(f"model.nnc line {line}: ")
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "graph line 1: expected 'graph', found 'end of text'"),
        ("graph", "expected the graph's name, found 'end of text'"),
        ("graph g(x: f32[2]) {\n\n", "graph line 3: expected a value such as %name, found 'end of text'"),
        ("graph g(x: f32[2], x: f32[2]) {}", "graph 'g' already has an input named 'x'"),
        ("graph g(x: f32[2] y: f32[2]) {}", "expected ',', found 'y'"),
        ("graph g(x: f32[3*-1*batch]) {}", "a dimension must be an int of at least 0 or a symbol, got -3*batch"),
    ],
)
def test_errors_outside_of_the_braces(text, fragment):
    with pytest.raises(GraphError) as caught:
        parse_graph(text)
    assert fragment in str(caught.value)
