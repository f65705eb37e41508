"""Scans over what is known before the run."""

from __future__ import annotations

import numpy

from nnc.ir import Graph, TensorType, ops
from nnc.ir.interpreter import interpret


def test_a_step_sees_its_element_of_a_constant():
    graph = Graph()
    x = graph.input("x", TensorType("float64", (2, 3)))
    rows = graph.constant(numpy.eye(3), "float64")
    (last,), (stack,) = ops.scan(lambda h, x, w: ([h[0] + x[0] * 2.0], [h[0] * x[0]]), [x], [rows])
    graph.output("last", last)
    graph.output("stack", stack)
    given = numpy.arange(6.0).reshape(2, 3)
    outputs = interpret(graph, {"x": given})[0]
    sums = given + 2.0 * numpy.tri(3)[:, None]
    assert numpy.array_equal(outputs["last"], given + 2.0)
    assert numpy.array_equal(outputs["stack"][1:], sums[:-1] * numpy.eye(3)[1:, None])
