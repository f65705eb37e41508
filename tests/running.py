"""Runs graphs that tests have made: by the interpreter, or in C where the battery runs in C."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy

from nnc.backends import backend_name
from nnc.ir import Graph, interpret, solve_symbols
from nnc.ir.ops.fusion import Fusion
from nnc.passes import OPTIMIZE, run_passes
from tests.backends.c.machine import CMachine

Arrays = Mapping[str, Any]


def run_graph(graph: Graph, inputs: Arrays, states: Arrays | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return outputs and updated states, as `nnc.ir.interpret` does, which is what computes them on NumPy.

    Args:
        graph: what to run; it is not added to afterwards.
        inputs: an array per input; run-time dimensions take their sizes from these.
        states: an array per state; they are not changed.
    """
    if backend_name() != "c":
        return interpret(graph, inputs, states)
    shapes = {label: (value.shape, numpy.shape(inputs[label])) for label, value in graph.inputs.items()}
    sizes = solve_symbols(shapes)
    machine = _machine(graph, tuple(sizes.items()))
    for label, array in machine.states.items():
        array[...] = (states or {})[label]
    return machine.run({label: inputs[label] for label in machine.graph.inputs}, sizes)


@lru_cache(maxsize=1)
def _machine(graph: Graph, sizes: tuple[tuple[str, int], ...]) -> CMachine:
    """Return what runs a graph; the last one is kept, for tests that run many steps."""
    is_optimized = any(isinstance(node.op, Fusion) for node in graph.nodes)
    optimized = graph if is_optimized else run_passes(graph, OPTIMIZE)
    states = {
        label: numpy.empty(value.type.bind(dict(sizes)).shape, value.dtype) for label, value in graph.states.items()
    }
    return CMachine(optimized, dict(sizes), states)
