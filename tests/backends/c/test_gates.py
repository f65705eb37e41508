"""Gates of recurrent layers, half of tanh x and 0.5, which one function computes where nothing else reads the tanh."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.ir import Graph, TensorType, interpret, symbol
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.exponential import HyperbolicTangent
from tests.backends.c.machine import CMachine

pytestmark = pytest.mark.usefixtures("compiler")
BATCH = symbol("batch")


def tangent(graph, dtype="float32"):
    return apply(HyperbolicTangent(), graph.input("x", TensorType(dtype, (BATCH, 24))))


def gate(graph):
    graph.output("y", tangent(graph) * 0.5 + 0.5)


def gate_of_doubles(graph):
    graph.output("y", tangent(graph, "float64") * 0.5 + 0.5)


def turned(graph):
    graph.output("y", 0.5 + 0.5 * tangent(graph))


def two(graph):
    y = tangent(graph) * 0.5 + 0.5
    graph.output("y", y * (apply(HyperbolicTangent(), y) * 0.5 + 0.5))


def other_factor(graph):
    graph.output("y", tangent(graph) * 0.25 + 0.5)


def other_term(graph):
    graph.output("y", tangent(graph) * 0.5 + 1.0)


def of_no_number(graph):
    graph.output("y", tangent(graph) * 0.5 + graph.input("term", TensorType("float32", (24,))))


def tangent_twice(graph):
    y = tangent(graph)
    graph.output("y", (y * 0.5 + 0.5) * y)


def half_twice(graph):
    half = tangent(graph) * 0.5
    graph.output("y", (half + 0.5) * half)


def tangent_is_a_result(graph):
    y = tangent(graph)
    graph.output("tanh", y)
    graph.output("y", y * 0.5 + 0.5)


GATES = {gate: 1, gate_of_doubles: 1, turned: 1, two: 2}
OTHERS = (other_factor, other_term, of_no_number, tangent_twice, half_twice, tangent_is_a_result)


@pytest.mark.parametrize("build", [*GATES, *OTHERS], ids=lambda build: build.__name__)
def test_gates_against_the_interpreter(build):
    graph = Graph("test")
    build(graph)
    dtype = graph.inputs["x"].dtype
    machine = CMachine(graph, {"batch": 9}, {})
    body = machine.source.text.partition("nnc_test_once(")[2]
    assert (body.count("nnc_gate_"), "nnc_tanh_" not in body) == (GATES.get(build, 0), build in GATES)
    x = numpy.random.default_rng(1).uniform(-12, 12, (9, 24)).astype(dtype)
    x[0, :8] = 0, -0.0, numpy.inf, -numpy.inf, numpy.nan, 1e30, -1e30, 1e-30
    inputs = {"x": x, "term": numpy.linspace(-1, 1, 24, dtype="float32")}
    inputs = {label: inputs[label] for label in graph.inputs}
    expected = interpret(graph, inputs)[0]
    found = machine.run(inputs, {"batch": 9})[0]
    for label, values in expected.items():
        numpy.testing.assert_allclose(found[label], values, rtol=0, atol=1.5 * numpy.finfo(dtype).eps, err_msg=label)


@pytest.mark.parametrize(("layer", "gates"), [(layers.LSTM, 3), (layers.GRU, 2)])
def test_recurrent_layers_have_gates(layer, gates):
    program = nnc.compile(nnc.Sequential([nnc.Input((5, 4)), layer(16)]), backend="c")
    assert program.source("predict").count("= nnc_gate_f32(") == gates
