"""Random graphs of `keras.ops` predict and differentiate as Keras does on TensorFlow, with NumPy and in C."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from nnc.backends.c.toolchain import find_compiler
from nnc.ir import ops
from nnc.operations import OPERATIONS
from tests.operations.random_graphs import RandomGraph, difference, random_graphs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras = pytest.importorskip("tensorflow").keras

pytestmark = pytest.mark.filterwarnings("ignore")  # of Keras and NumPy, about numbers that a graph is not made of
WITHOUT_SHRINKING = {"phases": (Phase.generate,), "database": None, "suppress_health_check": list(HealthCheck)}
FEW, MANY = 12, 600


def check(graph: RandomGraph, backend: str) -> None:
    if graph.outputs:
        found = difference(graph, backend, keras)
        assert not found, f"{graph}\n{found}"


@settings(max_examples=FEW, **WITHOUT_SHRINKING)
@given(random_graphs(keras))
def test_a_few_graphs(graph):
    check(graph, "numpy")


@pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")
@settings(max_examples=2, **WITHOUT_SHRINKING)
@given(random_graphs(keras, steps=30))
def test_a_few_graphs_in_c(graph):
    check(graph, "c")


@pytest.mark.slow
@settings(max_examples=MANY, **WITHOUT_SHRINKING)
@given(random_graphs(keras))
def test_many_graphs(graph):
    check(graph, "numpy")


@pytest.mark.slow
@pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")
@settings(max_examples=MANY // 4, **WITHOUT_SHRINKING)
@given(random_graphs(keras))
def test_many_graphs_in_c(graph):
    check(graph, "c")


def test_a_difference_is_found(monkeypatch):
    """An operation that is not Keras's is reported, with its value and with its gradient."""
    graph = RandomGraph((("float32", (3,)),), ("v1 = weight(v0)", "v2 = ops.sin(v1)"), ("v2",), False)
    assert difference(graph, "numpy", keras) == ""
    wrong = {**OPERATIONS, "Sin": replace(OPERATIONS["Sin"], function=lambda x: ops.sin(x) * 1.001)}
    monkeypatch.setattr("nnc.layers.operation.OPERATIONS", wrong)
    assert difference(graph, "numpy", keras).startswith("v2 for 5 rows is")
    changed = replace(OPERATIONS["Sin"], function=lambda x: ops.sin(ops.stop_gradient(x)))
    monkeypatch.setattr("nnc.layers.operation.OPERATIONS", {**OPERATIONS, "Sin": changed})
    assert difference(graph, "numpy", keras).startswith("gradient of v0 is")


def test_a_graph_is_printed_as_the_program_that_shows_it_again():
    graph = RandomGraph((("float32", (3,)),), ("v1 = weight(v0)", "v2 = ops.sum(v1, axis=0)"), ("v1",), True)
    assert str(graph).splitlines()[1:] == ["v0 = Input((3,), dtype='float32')", *graph.lines, "return v1"]
