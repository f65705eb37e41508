"""`decompose` leaves only ops that backends know."""

from __future__ import annotations

import pytest

from nnc.errors import GraphError
from nnc.ir import op_class, op_names, parse_graph, verify
from nnc.passes import Decompose, run_passes
from tests.passes.helpers import check_rewrite, graph_text

LOSS = "%0 = softmax_crossentropy(%x, %y) : f64[batch]  # head loss\nreturn z=%0"


def test_sigmoid_crossentropy_is_three_ops():
    check_rewrite(
        graph_text("%loss = sigmoid_crossentropy(%x, %y) : f64[batch,3]  # head loss\nreturn z=%loss"),
        Decompose(),
        graph_text(
            """
            %0 = logaddexp(%x, f64(0.0)) : f64[batch,3]  # head loss
            %1 = multiply(%x, %y) : f64[batch,3]  # head loss
            %2 = subtract(%0, %1) : f64[batch,3]  # head loss
            return z=%2
            """
        ),
    )


def test_composites_inside_composites_are_decomposed_too():
    check_rewrite(
        graph_text(LOSS),
        Decompose(),
        graph_text(
            """
            %0 = max(%x, axes=[1], keepdims=true) : f64[batch,1]  # head loss
            %1 = subtract(%x, %0) : f64[batch,3]  # head loss
            %2 = exp(%1) : f64[batch,3]  # head loss
            %3 = sum(%2, axes=[1], keepdims=true) : f64[batch,1]  # head loss
            %4 = log(%3) : f64[batch,1]  # head loss
            %5 = subtract(%1, %4) : f64[batch,3]  # head loss
            %6 = multiply(%y, %5) : f64[batch,3]  # head loss
            %7 = sum(%6, axes=[1]) : f64[batch]  # head loss
            %8 = negative(%7) : f64[batch]  # head loss
            return z=%8
            """
        ),
    )


def test_what_a_backend_has_kernels_for_is_kept():
    check_rewrite(graph_text(LOSS), Decompose(keep=frozenset({"softmax_crossentropy"})))


def test_graph_without_composites_stays():
    check_rewrite(graph_text("%0 = exp(%x) : f64[batch,3]\nreturn z=%0"), Decompose())


def test_composites_are_illegal_afterwards():
    composites = {name for name in op_names() if op_class(name).composite}
    assert Decompose().removes == composites
    assert Decompose(keep=frozenset({"softmax"})).removes == composites - {"softmax"}
    graph = run_passes(parse_graph(graph_text(LOSS)), [Decompose()])
    verify(graph, illegal=Decompose().removes)
    with pytest.raises(GraphError, match="node 3 \\(softmax_crossentropy\\) is not legal at this stage"):
        verify(parse_graph(graph_text(LOSS)), illegal=Decompose().removes)
