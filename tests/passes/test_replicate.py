"""Replicas in lanes: each lane has the numbers of the graph of one, in random graphs and in what users train."""

from __future__ import annotations

import numpy
import pytest

from nnc.errors import NncError, ReplicationError
from nnc.ir import Graph, TensorType, interpret, symbol, verify
from nnc.ir.ops import matmul, reshape
from nnc.passes import run_passes
from nnc.passes.replicate import Replicate, obstacle_to_lanes
from tests.graphs.subject import equal, make_subject, outcome


@pytest.mark.parametrize("seeds", [range(200), pytest.param(range(200, 2000), marks=pytest.mark.slow)], ids=str)
def test_each_lane_of_a_random_graph_is_the_graph_of_one(seeds):
    tried = 0
    for seed in seeds:
        subject = make_subject(seed)
        if len(subject.trials) < 2 or not subject.graph.states or obstacle_to_lanes(subject.graph):
            continue
        inputs, lanes = subject.trials[0].inputs, [trial.states for trial in subject.trials]
        alone = [outcome(lambda: interpret(subject.graph, inputs, states)) for states in lanes]  # noqa: B023
        if any(isinstance(found, NncError) for found in alone):
            continue
        replicated = run_passes(subject.graph, [Replicate(len(lanes))])
        stacked = {label: numpy.stack([states[label] for states in lanes], -1) for label in lanes[0]}
        with numpy.errstate(all="ignore"):
            found = interpret(replicated, inputs, stacked)
        for kind in (0, 1):
            for label, array in found[kind].items():
                for lane, own in enumerate(alone):
                    known = subject.known.get(label)
                    if known is not None or kind == 0:
                        assert array[..., lane].shape == own[kind][label].shape, subject.text
                        assert equal(own[kind][label], array[..., lane], known), f"{label} of {subject.text}"
        tried += 1
    assert tried > len(seeds) // 10  # others have no states, or ops without a form in lanes


def test_what_does_not_depend_on_states_is_computed_once():
    graph = Graph("g")
    x = graph.input("x", TensorType("float32", (symbol("batch"), 3)))
    kernel = graph.state("w", TensorType("float32", (3, 2)), "parameter")
    graph.output("y", matmul(x * x, kernel))
    found = Replicate(16).run(graph)
    verify(found)
    shapes = {node.op.name: node.types[0].shape for node in found.nodes if not node.is_leaf}
    assert shapes["multiply"] == (symbol("batch"), 3)
    assert shapes["lane_matmul"] == (symbol("batch"), 2, 16)


def test_an_operation_without_a_form_in_lanes_is_named():
    graph = Graph("g")
    values = graph.state("w", TensorType("float32", (3, 4)), "parameter")
    from nnc.ir.ops import sparsemax

    graph.output("y", sparsemax(reshape(values, (4, 3))))
    with pytest.raises(ReplicationError, match="'sparsemax' has no form in lanes"):
        Replicate(4).run(graph)
    assert "sparsemax" in obstacle_to_lanes(graph)
