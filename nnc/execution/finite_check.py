"""Checks that numbers are finite: undoes a run that meets NaN or infinity, and traces where these come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy

from nnc.backends.backend import BoundRun
from nnc.errors import NonFinite, NonFiniteError, ValueRange
from nnc.execution.graphs import GraphTable
from nnc.execution.signature import Signature
from nnc.execution.state import ProgramState
from nnc.ir import Constant, Graph, Input, State, TensorType, Value, interpret, value_names
from nnc.ir.ops.scan import Scan
from nnc.labels import ITERATIONS, PROLOGUE, TRAIN, unweighted
from nnc.passes import inlined

Array = Any
Values = Mapping[Value, Array]


def checked(graphs: GraphTable, state: ProgramState, name: str, bound: BoundRun) -> BoundRun:
    """Return a run that stops at the first number that is not finite, with the program as it was before.

    Each run copies its inputs and the states that it changes, and looks through these, through what they become, and
    through the outputs. Only where one of them is not finite is the run repeated, interpreted op by op, to see where
    that begins. Several batches or epochs in one call would be seen too late, so that there are none.

    Args:
        graphs: the program's graphs.
        state: what they read and write.
        name: name of the graph.
        bound: the run.
    """
    return BoundRun(partial(_run, graphs, state, name, bound), bound.inputs, bound.outputs)


def _run(graphs: GraphTable, state: ProgramState, name: str, bound: BoundRun) -> None:
    """Run once.

    Raises:
        NonFiniteError: an input, an output or a new state is not finite; states are as before.
    """
    inputs = {label: array.copy() for label, array in bound.inputs.items()}
    step = int(state.arrays[ITERATIONS]) if unweighted(name) == TRAIN else None
    graph = graphs.graph(name)
    for label, array in inputs.items():
        if not is_finite(array):
            described = value_range(label, graph.inputs[label].type, array)
            found = NonFinite(graphs.program_name, name, "input", described, index=first_index(array), step=step)
            raise NonFiniteError(found)
    before = {label: state.arrays[label].copy() for label in (*graph.updates, ITERATIONS) if label in state.arrays}
    bound.run()
    outputs = {label: array.copy() for label, array in bound.outputs.items() if not is_finite(array)}
    updates = {
        label: state.arrays[label].copy()
        for label, array in before.items()
        if is_finite(array) and not is_finite(state.arrays[label])
    }
    if not outputs and not updates:
        return
    for label, array in before.items():
        state.arrays[label][...] = array
    state.changed()
    origin = _origin(graphs, state, name, inputs, outputs, updates)
    raise NonFiniteError(replace(origin or _unconfirmed(graphs, name, {**outputs, **updates}), step=step))


def _origin(
    graphs: GraphTable,
    state: ProgramState,
    name: str,
    inputs: Mapping[str, Array],
    outputs: Iterable[str],
    updates: Iterable[str],
) -> NonFinite | None:
    """Return where the first number comes from that makes an output or a new state not finite; None if all are finite.

    Args:
        graphs: the program's graphs.
        state: as it was before the run.
        name: name of the graph.
        inputs: arrays by label.
        outputs: labels of outputs that are not finite.
        updates: labels of states that become so.
    """
    trace = Trace.run(graphs.program_name, name, graphs.graph(name), inputs, state.all_arrays)
    graph = trace.graph
    found = trace.origin([*map(graph.outputs.__getitem__, outputs), *map(graph.updates.__getitem__, updates)])
    if found is None or found.op != "state":
        return found
    label = found.result.name
    if label in Signature.of(graph).hoisted:  # it is derived from weights, in a graph of its own
        return _origin(graphs, state, PROLOGUE, {}, (), [label]) or found
    bad = [path for path, array in state.weights_in(label).items() if not is_finite(array)]
    return replace(found, weights=tuple(bad))


def _unconfirmed(graphs: GraphTable, name: str, arrays: Mapping[str, Array]) -> NonFinite:
    """Return what is known where compiled code alone gives a number that is not finite."""
    label, array = next(iter(arrays.items()))
    graph = graphs.graph(name)
    kind, value = ("output", graph.outputs[label]) if label in graph.outputs else ("update", graph.states[label])
    described = value_range(label, value.type, array)
    return NonFinite(graphs.program_name, name, kind, described, index=first_index(array), is_confirmed=False)


def is_finite(array: Array) -> bool:
    """Whether an array has neither NaN nor infinity."""
    return array.dtype.kind != "f" or bool(numpy.isfinite(array).all())


def value_range(name: str, type: TensorType, array: Array) -> ValueRange:
    """Return the range of numbers in an array.

    Args:
        name: what it is called.
        type: its type, perhaps with symbols.
        array: its elements.
    """
    if array.dtype.kind == "f":
        finite, nans = array[numpy.isfinite(array)], int(numpy.isnan(array).sum())
    else:
        finite, nans = array, 0
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
    numeric = str(type.with_shape(array.shape))
    return ValueRange(name, numeric, low, high, nans, array.size - finite.size - nans)


def first_index(array: Array) -> tuple[int, ...]:
    """Return the place of the first element that is not finite."""
    return tuple(int(place[0]) for place in numpy.nonzero(~numpy.isfinite(array)))


@dataclass(frozen=True)
class Trace:
    """Every array of one run of a graph.

    Args:
        program: name of the program.
        name: name of the graph.
        graph: the graph without fusions, as it is planned.
        values: the array of each value.
    """

    program: str
    name: str
    graph: Graph
    values: Values

    @staticmethod
    def run(program: str, name: str, graph: Graph, inputs: Mapping[str, Array], states: Mapping[str, Array]) -> Trace:
        """Interpret a graph, whose fusions are opened."""
        flat = inlined(graph)
        values: dict[Value, Array] = {}
        with numpy.errstate(all="ignore"):
            interpret(flat, inputs, states, values)
        return Trace(program, name, flat, values)

    def origin(self, roots: Iterable[Value]) -> NonFinite | None:
        """Return where the first number comes from that makes one of some values not finite; None if all are."""
        reached = self._reached(roots)
        if not reached:
            return None
        leaf = next((value for value in reached if isinstance(value.node.op, Input | State)), None)
        if leaf is not None:
            return self._found(leaf)
        for has_origin in (self._is_first, self._is_first_nan):
            found = next((value for value in reached if has_origin(value)), None)
            if found is not None:
                return self._found(found)
        return self._found(reached[0])

    def _reached(self, roots: Iterable[Value]) -> list[Value]:
        """Return what is not finite among some values and what they come from by way of nothing finite, in order."""
        reached: set[Value] = set()
        pending = list(roots)
        while pending:
            value = pending.pop()
            if value not in reached and not is_finite(self.values[value]):
                reached.add(value)
                pending += value.node.operands
        return sorted(reached, key=lambda value: (value.index, value.result))

    def _is_first(self, value: Value) -> bool:
        """Whether a value is not finite although all it is computed of is; a constant is meant as it is."""
        node = value.node
        return not isinstance(node.op, Constant) and all(is_finite(self.values[operand]) for operand in node.operands)

    def _is_first_nan(self, value: Value) -> bool:
        """Whether a value has NaN although nothing it is computed of has, such as the difference of two infinities."""
        arrays = [self.values[operand] for operand in value.node.operands]
        has_nan = [
            array.dtype.kind == "f" and bool(numpy.isnan(array).any()) for array in (self.values[value], *arrays)
        ]
        return has_nan[0] and not any(has_nan[1:])

    def _found(self, value: Value) -> NonFinite:
        node, names = value.node, value_names(self.graph)
        if isinstance(node.op, Scan) and (inner := self._in_loop(value, node.op)) is not None:
            return inner
        array = self.values[value]
        described = partial(_described, names, self.values)
        if isinstance(node.op, Input | State):
            kind = "input" if isinstance(node.op, Input) else "state"
            result = replace(described(value), name=node.op.label)
            return NonFinite(self.program, self.name, kind, result, index=first_index(array))
        operands = tuple(described(operand) for operand in dict.fromkeys(node.operands))
        place = node.path, node.phase, first_index(array)
        return NonFinite(self.program, self.name, node.op.title, described(value), operands, *place)

    def _in_loop(self, value: Value, op: Scan) -> NonFinite | None:
        """Return where in the first step of a loop that is not finite the number comes from."""
        operands = [self.values[operand] for operand in value.node.operands]
        for time, inputs, outputs in op.steps(*operands):
            bad = [position for position in {*range(op.carries), value.result} if not is_finite(outputs[position])]
            if bad:
                trace = Trace.run(self.program, self.name, op.body, inputs, {})
                results = list(trace.graph.outputs.values())
                found = trace.origin([results[position] for position in bad])
                if found is None or found.op == "input":
                    return None  # it came in from outside
                node = value.node
                return replace(found, path=node.path, phase=node.phase, times=(time, *found.times))
        return None


def _described(names: Mapping[Value, str], values: Values, value: Value) -> ValueRange:
    name = "constant" if isinstance(value.node.op, Constant) else names[value]
    return value_range(name, value.type, values[value])
