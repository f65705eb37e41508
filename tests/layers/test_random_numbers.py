"""Random numbers of layers' graphs follow the distributions they are said to."""

from __future__ import annotations

from math import factorial

import numpy
import pytest
import scipy.stats

from nnc.ir import Graph, TensorType
from nnc.layers.random_numbers import Draws, draw_beta, draw_log_gamma, draw_order, draw_uniform, repeating
from tests.running import run_graph

COUNT = 20_000


def drawn(function, *shape: int, key: int = 0, dtype: str = "float64"):
    """Return what a function draws for rows of this shape."""
    graph = Graph("drawing")
    graph.output("y", function(graph.input("x", TensorType(dtype, shape or (1,)))))
    given = {"x": numpy.zeros(shape or (1,), dtype)}
    return run_graph(graph, given, {"random": numpy.array([key, 0], "uint32")})[0]["y"]


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 3.5])
def test_gamma(alpha):
    found = drawn(lambda x: draw_log_gamma(x, (COUNT,), alpha))
    assert scipy.stats.kstest(found, scipy.stats.loggamma(alpha).cdf).pvalue > 1e-3


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 3.5])
def test_beta(alpha):
    found = drawn(lambda x: draw_beta(x, (COUNT,), x.graph.constant(alpha, x.dtype)), key=1)
    low = found[found < 0.5]  # near 1 floating-point numbers are too far apart for small parameters
    assert scipy.stats.kstest(low, lambda x: 2.0 * scipy.stats.beta(alpha, alpha).cdf(x)).pvalue > 1e-3
    assert scipy.stats.binomtest(len(low), COUNT).pvalue > 1e-3


def test_beta_of_tiny_parameters_is_0_or_1():
    found = drawn(lambda x: draw_beta(x, (COUNT,), 1e-6), dtype="float32")
    assert numpy.isfinite(found).all() and (found.min(), found.max()) == (0.0, 1.0)
    assert 0.48 < found.mean() < 0.52
    assert ((found < 1e-3) | (found > 1 - 1e-3)).mean() > 0.999


@pytest.mark.slow
def test_all_orders_are_equally_likely():
    rows, runs = 4, 2400
    orders = [tuple(drawn(draw_order, rows, 2, key=key)) for key in range(runs)]
    assert all(sorted(order) == list(range(rows)) for order in orders)
    _, counts = numpy.unique(orders, axis=0, return_counts=True)
    assert len(counts) == factorial(rows)
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_a_block_can_draw_the_same_again():
    draws = Draws()
    graph = Graph("drawing")
    x = graph.input("x", TensorType("float64", (1,)))
    for block in "ab":
        with repeating(draws):
            for number in range(2):
                graph.output(f"{block}{number}", draw_uniform(x, (3,)))
    graph.output("c", draw_uniform(x, (3,)))
    found, _ = run_graph(graph, {"x": numpy.zeros(1)}, {"random": numpy.array([0, 0], "uint32")})
    for number in range(2):
        numpy.testing.assert_array_equal(found[f"a{number}"], found[f"b{number}"])
    assert len({array.tobytes() for array in found.values()}) == 3
