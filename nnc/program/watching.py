"""Runs steps that are undone where they meet NaN or infinity, and says where these come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from nnc.backends.backend import BoundRun
from nnc.errors import NonFinite, NonFiniteError
from nnc.program.live import ITERATIONS
from nnc.program.names import PROLOGUE, TRAIN
from nnc.program.program import hoisted_states
from nnc.program.tracing import Trace, first_index, is_finite, value_range
from nnc.program.weights import unweighted

if TYPE_CHECKING:
    from nnc.program.program import Program

Array = Any


def watched(program: Program, name: str, bound: BoundRun) -> BoundRun:
    """Return a run that stops at the first number that is not finite, with the program as it was before.

    Each run copies its inputs and the states that it changes, and looks through these, through what they become, and
    through the outputs. Only where one of them is not finite is the run repeated, interpreted op by op, to see where
    that begins. Several batches or epochs in one call would be seen too late, so that there are none.

    Args:
        program: the program.
        name: name of the graph.
        bound: the run.
    """
    return BoundRun(partial(_run, program, name, bound), bound.inputs, bound.outputs)


def _run(program: Program, name: str, bound: BoundRun) -> None:
    """Run once.

    Raises:
        NonFiniteError: an input, an output or a new state is not finite; states are as before.
    """
    inputs = {label: array.copy() for label, array in bound.inputs.items()}
    step = int(program.states[ITERATIONS]) if unweighted(name) == TRAIN else None
    graph = program.graph(name)
    for label, array in inputs.items():
        if not is_finite(array):
            described = value_range(label, graph.inputs[label].type, array)
            raise NonFiniteError(NonFinite(program.name, name, "input", described, index=first_index(array), step=step))
    before = {label: program.states[label].copy() for label in (*graph.updates, ITERATIONS) if label in program.states}
    bound.run()
    outputs = {label: array.copy() for label, array in bound.outputs.items() if not is_finite(array)}
    updates = {
        label: program.states[label].copy()
        for label, array in before.items()
        if is_finite(array) and not is_finite(program.states[label])
    }
    if not outputs and not updates:
        return
    for label, array in before.items():
        program.states[label][...] = array
    program.changed()
    found = _origin(program, name, inputs, outputs, updates) or _unconfirmed(program, name, {**outputs, **updates})
    raise NonFiniteError(replace(found, step=step))


def _origin(
    program: Program, name: str, inputs: Mapping[str, Array], outputs: Iterable[str], updates: Iterable[str]
) -> NonFinite | None:
    """Return where the first number comes from that makes an output or a new state not finite; None if all are finite.

    Args:
        program: the program, with the states before the run.
        name: name of the graph.
        inputs: arrays by label.
        outputs: labels of outputs that are not finite.
        updates: labels of states that become so.
    """
    trace = Trace.run(program.name, name, program.graph(name), inputs, program.all_states)
    graph = trace.graph
    found = trace.origin([*map(graph.outputs.__getitem__, outputs), *map(graph.updates.__getitem__, updates)])
    if found is None or found.op != "state":
        return found
    label = found.result.name
    if label in hoisted_states(graph):  # it is derived from weights, in a graph of its own
        return _origin(program, PROLOGUE, {}, (), [label]) or found
    bad = [path for path, array in program.weights_in(label).items() if not is_finite(array)]
    return replace(found, weights=tuple(bad))


def _unconfirmed(program: Program, name: str, arrays: Mapping[str, Array]) -> NonFinite:
    """Return what is known where compiled code alone gives a number that is not finite."""
    label, array = next(iter(arrays.items()))
    graph = program.graph(name)
    kind, value = ("output", graph.outputs[label]) if label in graph.outputs else ("update", graph.states[label])
    described = value_range(label, value.type, array)
    return NonFinite(program.name, name, kind, described, index=first_index(array), is_confirmed=False)
