"""`differentiate`: the backward graph of a dense layer, sums over several uses, and its error messages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import pytest

from nnc.errors import GraphError, NotDifferentiableError
from nnc.ir import Graph, Op, TensorType, interpret, op, parse_graph
from nnc.ir.ops import exp
from nnc.ir.ops.elementwise import apply
from nnc.passes import GRADIENT, Differentiate, gradients, run_passes
from tests.passes.helpers import graph_text

HEAD = "graph g(x: f64[batch,2], y: f64[batch,1])"
DENSE = """
    state @kernel : f64[2,1] parameter
    state @bias : f64[1] parameter
    %0 = matmul(%x, @kernel) : f64[batch,1]  # dense forward
    %1 = add(%0, @bias) : f64[batch,1]  # dense forward
    %2 = tanh(%1) : f64[batch,1]  # dense forward
    %3 = subtract(%2, %y) : f64[batch,1]  # - loss
    %4 = square(%3) : f64[batch,1]  # - loss
    %5 = sum(%4, axes=[0, 1]) : f64[]  # - loss
"""
DENSE_GRADIENT = f"""{DENSE.rstrip()}
    %6 = reshape(f64(1.0), shape=[1, 1]) : f64[1,1]  # - backward
    %7 = broadcast_to(%6, shape=[batch, 1]) : f64[batch,1]  # - backward
    %8 = multiply(%3, f64(2.0)) : f64[batch,1]  # - backward
    %9 = multiply(%7, %8) : f64[batch,1]  # - backward
    %10 = negative(%9) : f64[batch,1]  # - backward
    %11 = square(%2) : f64[batch,1]  # dense backward
    %12 = subtract(f64(1.0), %11) : f64[batch,1]  # dense backward
    %13 = multiply(%9, %12) : f64[batch,1]  # dense backward
    %14 = sum(%13, axes=[0]) : f64[1]  # dense backward
    %15 = transpose(@kernel, axes=[1, 0]) : f64[1,2]  # dense backward
    %16 = matmul(%13, %15) : f64[batch,2]  # dense backward
    %17 = transpose(%x, axes=[1, 0]) : f64[2,batch]  # dense backward
    %18 = matmul(%17, %13) : f64[2,1]  # dense backward
    return loss=%5, gradient/kernel=%18, gradient/bias=%14
"""


@pytest.fixture
def cliff():
    """An op without derivative, known for the time of one test."""

    @dataclass(frozen=True)
    class Cliff(Op, name="cliff"):
        arity = 1

        def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
            return operands

    yield Cliff()
    del op._OPS["cliff"]


def differentiate(body: str, loss: str = "loss") -> Graph:
    return run_passes(parse_graph(graph_text(body, HEAD)), [Differentiate(loss)])


def test_backward_graph_of_a_dense_layer():
    found = differentiate(DENSE + "    return loss=%5\n")
    assert str(found) == graph_text(DENSE_GRADIENT, HEAD)


def test_only_parameters_get_a_gradient():
    body = DENSE.replace("@bias : f64[1] parameter", "@bias : f64[1] frozen")
    assert list(differentiate(body + "return loss=%5").outputs) == ["loss", "gradient/kernel"]


def test_updates_and_other_outputs_stay():
    found = differentiate(DENSE + "return loss=%5, out=%2\nupdate @bias = @bias")
    assert list(found.outputs) == ["loss", "out", "gradient/kernel", "gradient/bias"]
    assert list(found.updates) == ["bias"]


def test_another_output_can_be_the_loss():
    found = differentiate(DENSE + "return error=%5", loss="error")
    assert list(found.outputs) == ["error", "gradient/kernel", "gradient/bias"]


def test_cotangents_of_several_uses_are_added():
    """The derivative of sum(s s + s) is 2 s + 1; the product reads s twice."""
    body = (
        "state @s : f64[3] parameter\n%0 = multiply(@s, @s) : f64[3]\n%1 = add(%0, @s) : f64[3]\n"
        "%2 = sum(%1, axes=[0]) : f64[]\nreturn loss=%2"
    )
    state = numpy.array([1.0, -2.0, 0.5])
    outputs, _ = interpret(differentiate(body), {"x": numpy.zeros((1, 2)), "y": numpy.zeros((1, 1))}, {"s": state})
    numpy.testing.assert_allclose(outputs[GRADIENT + "s"], 2 * state + 1)


def test_a_loss_that_is_a_parameter_has_gradient_1():
    found = differentiate("state @s : f64[] parameter\nreturn loss=@s")
    assert "return loss=@s, gradient/s=f64(1.0)" in str(found)


def test_no_seeds_give_no_cotangents():
    assert gradients({}, []) == []


def test_cotangents_stop_at_what_is_asked_for():
    """Nothing is added for nodes that do not lead to a value asked for."""
    graph = Graph("g")
    x, y = (graph.input(label, TensorType("float64", (3,))) for label in "xy")
    total = exp(x) * y
    seed = graph.constant([1.0, 1.0, 1.0], "float64")
    count = len(graph.nodes)
    (found,) = gradients({total: seed}, [y])
    assert found is not None
    assert found.node.op.name == "multiply"
    assert [node.op.name for node in graph.nodes[count:]] == ["multiply", "multiply"]  # the product rule, no exp


@pytest.mark.parametrize(
    ("body", "loss", "message"),
    [
        (
            DENSE + "return error=%5, out=%2",
            "loss",
            "graph 'g' has no output 'loss' to differentiate; it has: error, out",
        ),
        (
            "state @s : f64[] parameter",
            "loss",
            "graph 'g' has no output 'loss' to differentiate; it has: none",
        ),
        (
            DENSE + "return loss=%4",
            "loss",
            "output 'loss' must be a floating-point scalar to be differentiated, is f64[batch,1]",
        ),
        (
            'state @s : f64[] parameter\n%0 = cast(@s, dtype="int32") : i32[]\nreturn loss=%0',
            "loss",
            "output 'loss' must be a floating-point scalar to be differentiated, is i32[]",
        ),
        (
            DENSE + "state @other : f64[3] parameter\nreturn loss=%5",
            "loss",
            "output 'loss' does not depend on parameter '@other'",
        ),
        (
            "state @s : f64[3] parameter\n%0 = sign(@s) : f64[3]\n%1 = sum(%0, axes=[0]) : f64[]\nreturn loss=%1",
            "loss",
            "output 'loss' does not depend on parameter '@s'",
        ),
    ],
)
def test_messages(body, loss, message):
    with pytest.raises(GraphError) as error:
        differentiate(body, loss)
    assert str(error.value) == message


def test_an_op_without_derivative_is_named_with_its_layer(cliff):
    graph = Graph("g")
    state = graph.state("s", TensorType("float64", ()), "parameter")
    with graph.scope("encoder/edge"):
        graph.output("loss", apply(cliff, state))
    with pytest.raises(NotDifferentiableError) as error:
        Differentiate().run(graph)
    assert str(error.value) == "operation 'cliff' has no derivative (in layer 'encoder/edge')"


def test_an_op_without_derivative_does_not_matter_off_the_way(cliff):
    graph = Graph("g")
    x = graph.input("x", TensorType("float64", ()))
    state = graph.state("s", TensorType("float64", ()), "parameter")
    graph.output("loss", apply(cliff, x) * state)
    graph.output("edge", apply(cliff, state))
    assert GRADIENT + "s" in Differentiate().run(graph).outputs


def test_fusions_are_rejected():
    body = """
        state @s : f64[] parameter
        %0 = fusion.exp(@s) : f64[] {(a)
          %0 = exp(%a) : f64[]
          return result=%0
        }
        return loss=%0
        """
    with pytest.raises(GraphError, match=r"node 3 \(fusion.exp\) is not legal at this stage"):
        differentiate(body)
