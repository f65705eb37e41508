"""Runs a graph op by op with fresh arrays: the meaning that every plan and backend is held to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from nnc.errors import GraphError
from nnc.ir.graph import Graph, Value
from nnc.ir.leaves import Input, State
from nnc.ir.types import Shape, solve_symbols


def interpret(
    graph: Graph,
    inputs: Mapping[str, Any],
    states: Mapping[str, Any] | None = None,
    values: dict[Value, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a graph's outputs and the updated states, computed without plan or fusion.

    Args:
        graph: what to run.
        inputs: an array per input; its symbols take their sizes from these.
        states: an array per state; they are not changed.
        values: filled with the array of each value.

    Raises:
        GraphError: an array is missing.
        ShapeError: an array has another shape than declared, or the graph has no meaning for their sizes.
    """
    given = dict(states or {})
    values = {} if values is None else values
    shapes: dict[str, tuple[Shape, tuple[int, ...]]] = {}
    for kind, declared, arrays in (("input", graph.inputs, inputs), ("state", graph.states, given)):
        for label, value in declared.items():
            if label not in arrays:
                raise GraphError(f"{kind} '{label}' is missing")
            values[value] = numpy.asarray(arrays[label], value.dtype)
            shapes[f"{kind} '{label}'"] = value.shape, values[value].shape
    bindings = solve_symbols(shapes)
    graph.check_sizes(bindings)
    for node in graph.nodes:
        results = graph.results(node)
        if not isinstance(node.op, Input | State):
            op = node.op.bind(bindings)
            found = op.evaluate(*(values[operand] for operand in node.operands))
            for value, array in zip(results, found if isinstance(found, tuple) else (found,), strict=True):
                values[value] = numpy.asarray(array, value.dtype)
    outputs = {label: values[value] for label, value in graph.outputs.items()}
    updated = given | {label: values[value] for label, value in graph.updates.items()}
    return outputs, updated
