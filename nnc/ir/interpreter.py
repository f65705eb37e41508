"""Runs a graph op by op with fresh arrays: the meaning that every plan and backend is held to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from nnc.errors import GraphError
from nnc.ir.graph import Graph, Value
from nnc.ir.leaves import Input, State


def interpret(
    graph: Graph, inputs: Mapping[str, Any], states: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a graph's outputs and the updated states, computed without plan or fusion.

    Args:
        graph: what to run.
        inputs: an array per input; its symbols take their sizes from these.
        states: an array per state; they are not changed.

    Raises:
        GraphError: an array is missing or has another shape than declared.
    """
    given = dict(states or {})
    bindings: dict[str, int] = {}
    values: dict[Value, Any] = {}
    for label, value in graph.inputs.items():
        if label not in inputs:
            raise GraphError(f"input '{label}' is missing")
        array = numpy.asarray(inputs[label])
        if array.ndim != value.rank:
            raise GraphError(f"input '{label}' must be {value.type}, got shape {array.shape}")
        for dim, length in zip(value.shape, array.shape, strict=True):
            if not isinstance(dim, int) and dim.factor == 1 and len(dim.symbols) == 1:
                bindings.setdefault(dim.symbols[0], length)
        if value.type.bind(bindings).shape != array.shape:
            raise GraphError(f"input '{label}' must be {value.type}, got shape {array.shape}")
    for node in graph.nodes:
        results = graph.results(node)
        if isinstance(node.op, Input):
            values[results[0]] = numpy.asarray(inputs[node.op.label], node.op.type.dtype)
        elif isinstance(node.op, State):
            values[results[0]] = numpy.asarray(given[node.op.label], node.op.type.dtype)
        else:
            op = node.op.bind(bindings)
            found = op.evaluate(*(values[operand] for operand in node.operands))
            arrays = found if isinstance(found, tuple) else (found,)
            for value, array in zip(results, arrays, strict=True):
                values[value] = numpy.asarray(array, value.dtype)
    outputs = {label: values[value] for label, value in graph.outputs.items()}
    updated = given | {label: values[value] for label, value in graph.updates.items()}
    return outputs, updated
