"""Products in Einstein's notation are NumPy's, planned and in the backward pass as well."""

from __future__ import annotations

import numpy
import pytest

from nnc.errors import ShapeError
from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.passes import gradients
from nnc.passes.cleanup import DeadCode
from tests.backends.helpers import Machine
from tests.passes.helpers import check_same

LENGTHS = {"a": 7, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}
EQUATIONS = [
    "ab,bc->ac",
    "ab,bc->ca",
    "ab,cb->ac",
    "abc,cd->abd",
    "abc,cde->abde",
    "abc,dec->aebd",
    "abcd,cde->abe",
    "abcd,dce->abe",
    "aecd,abcd->acbe",  # scores of MultiHeadAttention
    "acbe,aecd->abcd",  # its outputs
    "abef,acef->aebc",
    "abc,bcd->acd",
    "abc,adc->a",
    "abc,cbe->ae",
    "ab,ab->ab",
    "ab,cd->acbd",
    "abc,cd->ab",
    "ab,cd->",
]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_numbers_and_gradients_are_numpys(equation):
    check(equation, equation)


@pytest.mark.parametrize(
    ("equation", "spelled", "x", "y"),
    [
        ("...x,xy->...y", "bcx,xy->bcy", (7, 3, 4), (4, 5)),
        ("...x,xy->...y", "bx,xy->by", (7, 4), (4, 5)),
        ("...x,xy->...y", "x,xy->y", (4,), (4, 5)),
        ("abc...,bd->adc...", "abcef,bd->adcef", (7, 3, 4, 2, 6), (3, 5)),
        ("a...b,...b->a...", "acdb,cdb->acd", (7, 3, 2, 4), (3, 2, 4)),
        ("ab ...,bc ->ac...", "abd,bc->acd", (7, 3, 2), (3, 4)),
    ],
)
def test_axes_without_a_letter(equation, spelled, x, y):
    graph = Graph("test")
    values = [graph.input(label, TensorType("float64", shape)) for label, shape in (("x", x), ("y", y))]
    graph.output("z", ops.einsum(equation, *values))
    generator = numpy.random.default_rng(1)
    arrays = {"x": generator.normal(size=x), "y": generator.normal(size=y)}
    found = interpret(graph, arrays)[0]["z"]
    numpy.testing.assert_allclose(found, numpy.einsum(spelled, *arrays.values()), rtol=1e-13, atol=1e-13)


def check(equation: str, oracle: str) -> None:
    texts = equation.partition("->")[0].split(",")
    shapes = [tuple(symbol("batch") if letter == "a" else LENGTHS[letter] for letter in text) for text in texts]
    graph = Graph("test")
    values = [graph.input(label, TensorType("float64", shape)) for label, shape in zip("xy", shapes, strict=True)]
    z = ops.einsum(equation, *values)
    graph.output("z", z)
    seed = graph.input("seed", z.type)
    for label, gradient in zip("xy", gradients({z: seed}, values), strict=True):
        graph.output(f"d{label}", gradient)
    assert sum(node.op.name == "matmul" for node in graph.nodes) == 3
    generator = numpy.random.default_rng(1)
    arrays = {
        label: generator.normal(size=[7 if isinstance(dim, type(symbol("a"))) else dim for dim in value.shape])
        for label, value in graph.inputs.items()
    }
    outputs, _ = interpret(graph, arrays)
    x, y, given = arrays["x"], arrays["y"], arrays["seed"]
    numpy.testing.assert_allclose(outputs["z"], numpy.einsum(oracle, x, y), rtol=1e-12, atol=1e-12)
    (first, second), result = oracle.partition("->")[0].split(","), oracle.partition("->")[2]
    for label, mine, other, array, partner in (("dx", first, second, x, y), ("dy", second, first, y, x)):
        known = "".join(letter for letter in mine if letter in result + other)
        expected = numpy.einsum(f"{result},{other}->{known}", given, partner)
        kept = [letter in known for letter in mine]
        expected = expected.reshape([n if keep else 1 for n, keep in zip(array.shape, kept, strict=True)])
        numpy.testing.assert_allclose(outputs[label], expected * numpy.ones_like(array), rtol=1e-12, atol=1e-12)
    check_same((outputs, {}), Machine(DeadCode().run(graph), 9, {}).run(arrays, 7), 1e-12, graph)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("ab", "needs an equation of two operands such as 'ab,bc->ac', got 'ab'"),
        ("ab,bc,cd->ad", "needs an equation of two operands"),
        ("ab,bc", "needs an equation of two operands"),
        ("abc,bc->a", r"'abc' does not fit f64\[7,3\]"),
        ("a,bc->abc", r"'a' does not fit f64\[7,3\]"),
        ("aa,bc->abc", "'aa' must name each axis once"),
        ("ab,ca->cb", "axis 'a' is both 7 and 4 long"),
        ("ab,bc->ad", "each axis of the result must be one axis of an operand"),
        ("ab,bc->aa", "each axis of the result must be one axis of an operand"),
        ("a.b,bc->ac", "'a.b'"),
    ],
)
def test_equations_that_do_not_fit(equation, message):
    graph = Graph("test")
    x, y = graph.input("x", TensorType("float64", (7, 3))), graph.input("y", TensorType("float64", (3, 4)))
    with pytest.raises(ShapeError, match=message):
        ops.einsum(equation, x, y)
