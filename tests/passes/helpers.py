"""What tests of passes share: a check of one rewrite, structure and numbers."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from nnc.ir import Graph, interpret, parse_graph
from nnc.passes import Pass, run_passes
from tests.strategies import random_arrays

HEAD = "graph g(x: f64[batch,3], y: f64[batch,3], b: f64[3])"
"""The graph of most cases; a case is what stands between its braces."""


def graph_text(body: str, head: str = HEAD) -> str:
    """The text of a graph with these lines."""
    lines = "".join(f"  {line.strip()}\n" for line in body.strip().splitlines())
    return f"{head} {{\n{lines}}}\n"


def check_rewrite(before: str, passes: Pass | list[Pass], after: str | None = None, tolerance: float = 1e-12) -> Graph:
    """Check that passes turn one graph's text into another, and that both compute the same numbers.

    Args:
        before: text of the graph to rewrite.
        passes: the pass, or several in order.
        after: text of the expected graph; None where the graph must stay as it is.
        tolerance: largest relative difference of the numbers.

    Returns:
        The rewritten graph.
    """
    original = parse_graph(before)
    rewritten = run_passes(original, passes if isinstance(passes, list) else [passes])
    expected = parse_graph(before if after is None else after)
    texts = f"original:\n{original}\nrewritten:\n{rewritten}\nexpected:\n{expected}"
    if str(rewritten) != str(expected):
        pytest.fail(f"the rewritten graph is not the expected one\n{texts}", pytrace=False)
    for seed in range(3):
        inputs, states = random_arrays(original, batch=4, seed=seed)
        check_same(interpret(original, inputs, states), interpret(rewritten, inputs, states), tolerance, texts)
    return rewritten


def check_same(expected: Any, found: Any, tolerance: float, *notes: object) -> None:
    """Check two pairs of outputs and updated states: names, types, shapes, numbers; notes are added to what fails."""
    try:
        for these, those in zip(expected, found, strict=True):
            assert these.keys() == those.keys()
            for label, array in these.items():
                assert (array.dtype, array.shape) == (those[label].dtype, those[label].shape), label
                scale = float(numpy.max(numpy.abs(array.astype("float64")), initial=1.0))
                numpy.testing.assert_allclose(
                    those[label], array, rtol=tolerance, atol=tolerance * scale, err_msg=label
                )
    except AssertionError as error:
        for note in notes:
            error.add_note(str(note))
        raise
