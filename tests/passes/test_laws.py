"""What holds for every pass on every graph: the numbers stay, a second time changes nothing, texts read back."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnc.ir import interpret, ops, parse_graph
from nnc.passes import (
    GRADIENT,
    OPTIMIZE,
    CommonSubexpressions,
    DeadCode,
    Decompose,
    FoldBatchNorm,
    FoldConstants,
    Fuse,
    Hoist,
    Prologue,
    Schedule,
    Simplify,
    gradients,
    run_passes,
)
from tests.passes.helpers import check_same
from tests.strategies import MAXIMUM_BATCH, random_arrays, random_graphs

PASSES = [
    Simplify(),
    CommonSubexpressions(),
    DeadCode(),
    FoldConstants(),
    FoldBatchNorm(),
    Decompose(),
    Fuse(),
    Schedule(),
]
RETURNING = (Simplify, CommonSubexpressions, DeadCode, Decompose)
"""Passes that return the graph itself where they change nothing."""
BATCHES = st.integers(1, MAXIMUM_BATCH)
DIFFERENCE = 1e-5
"""Step of the central differences."""


@settings(max_examples=30)
@pytest.mark.parametrize("item", PASSES, ids=lambda item: item.name)
@given(graph=random_graphs(level="any"), batch=BATCHES)
@pytest.mark.sampled(3)
def test_pass_keeps_numbers_and_its_result_is_a_fixed_point(item, graph, batch):
    inputs, states = random_arrays(graph, batch)
    found = run_passes(graph, [item])
    check_same(interpret(graph, inputs, states), interpret(found, inputs, states), 1e-9, graph, found)
    assert str(parse_graph(str(found))) == str(found)
    if item.name not in type(item).rejects and not isinstance(item, Fuse):
        again = run_passes(found, [item])
        assert str(again) == str(found)
        assert again is found or not isinstance(item, RETURNING)


@given(random_graphs(level="any", steps=14), BATCHES)
def test_a_prologue_and_the_rest_are_the_whole(graph, batch):
    inputs, states = random_arrays(graph, batch)
    prologue, rest = run_passes(graph, [Prologue()]), run_passes(graph, [Hoist()])
    derived = {label: numpy.zeros(prologue.states[label].shape) for label in prologue.updates}
    assert derived.keys() == rest.states.keys() - graph.states.keys()
    assert not prologue.inputs and not prologue.outputs
    _, updated = interpret(prologue, {}, states | derived)
    outputs, after = interpret(rest, inputs, updated)
    expected = interpret(graph, inputs, states)
    check_same(expected, (outputs, {label: after[label] for label in states}), 0, graph, prologue, rest)
    assert str(run_passes(rest, [Hoist()])) == str(rest)


@given(random_graphs(level="any", steps=14), BATCHES)
def test_pipeline_keeps_numbers_and_is_deterministic(graph, batch):
    inputs, states = random_arrays(graph, batch)
    found = run_passes(graph, OPTIMIZE)
    check_same(interpret(graph, inputs, states), interpret(found, inputs, states), 1e-9, graph, found)
    assert str(parse_graph(str(found))) == str(found) == str(run_passes(graph, OPTIMIZE))


@given(random_graphs(level="smooth", updates=False), BATCHES)
def test_gradient_is_the_finite_difference(graph, batch):
    """Along a random direction in which all inputs and states move."""
    graph = run_passes(graph, [Schedule()])  # a copy, to be added to
    graph.output("loss", ops.mean(ops.tanh(graph.outputs["last"])))
    arrays, directions = (random_arrays(graph, batch, seed) for seed in (0, 1))

    def moved(step: float) -> float:
        pairs = zip(arrays, directions, strict=True)
        inputs, states = ({k: array + step * way[k] for k, array in kind.items()} for kind, way in pairs)
        return float(interpret(graph, inputs, states)[0]["loss"])

    expected = (moved(DIFFERENCE) - moved(-DIFFERENCE)) / (2 * DIFFERENCE)
    values = {**graph.inputs, **graph.states}
    seed = graph.constant(1.0, "float64")
    for label, cotangent in zip(values, gradients({graph.outputs["loss"]: seed}, list(values.values())), strict=True):
        if cotangent is not None:
            graph.output(GRADIENT + label, cotangent)
    for derived in (graph, run_passes(graph, OPTIMIZE)):
        outputs, _ = interpret(derived, *arrays)
        slope = sum(
            float(numpy.sum(outputs[GRADIENT + label] * way))
            for label, way in {**directions[0], **directions[1]}.items()
            if GRADIENT + label in outputs
        )
        numpy.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-7, err_msg=str(derived))
