"""The bytes that a graph of a program needs, and which values need most of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy

from nnc.execution.spec import ProgramSpec, VariableSpec
from nnc.ir import Value
from nnc.ir.cost import layer_of
from nnc.ir.types import ITEM_SIZES
from nnc.plan import Buffer, Home, Plan, is_step
from nnc.quantities import bytes_text

Array = Any
SHOWN = 3
"""Values that a refusal names."""


@dataclass(frozen=True)
class Footprint:
    """The bytes that a thread needs to run one graph.

    What counts is what is planned. Beside it there are the data, what a backend binds once for each size (vectors of
    ones, tables of indices, pointers), the arenas of other graphs and threads, Python and NumPy.

    Args:
        graph: name of the graph.
        batch: rows of the largest batch.
        arena: bytes of the arena; of predictions with that of their prologue.
        states: bytes of all states of the program: weights, what the optimizer keeps, counters, metrics.
        derived: bytes of what is derived from the weights once for all predictions: states, and operands in a layout of
            the kernels'.
        constants: bytes of the constants that steps read, each as an array of its own.
    """

    graph: str
    batch: int
    arena: int
    states: int
    derived: int
    constants: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.arena + self.states + self.derived + self.constants


@dataclass(frozen=True)
class Contributor:
    """A value, and the bytes it needs when most are needed.

    Args:
        layer: path of the layer it comes from, or what else it belongs to.
        value: its name in the plan.
        nbytes: bytes.
    """

    layer: str
    value: str
    nbytes: int


def constant_bytes(plan: Plan) -> int:
    """Return the bytes of the constants that the steps of a plan, and of the loops in it, read."""
    storage, graph = plan.storage, plan.graph
    read = {value for node in graph.nodes if is_step(plan, node.index) for value in node.operands}
    read |= set(graph.roots)
    own = sum(value.type.bind(plan.bindings).nbytes for value in read if storage.homes[value].constant)
    return own + sum(constant_bytes(loop.plan) for loop in plan.loops.values())


def fullest_step(plan: Plan) -> int:
    """Return the step at which most bytes of the arena are in use, the first of several; -1 is before all others."""
    starts = sorted({buffer.start for buffer in plan.storage.buffers})
    return max(starts, key=lambda step: (sum(nbytes for _, nbytes in _alive(plan, step)), -step), default=-1)


def in_arena(plan: Plan, step: int) -> Iterator[Contributor]:
    """Yield what lies in the arena at a step."""
    for buffer, nbytes in _alive(plan, step):
        values = plan.storage.inhabitants.get(Home(buffer=buffer.index), [])
        if values:
            value = _latest(values, step)
            yield Contributor(layer_of(value.node), plan.names[value], nbytes)
        else:
            yield Contributor(layer_of(plan.graph.nodes[buffer.start]), buffer.name, nbytes)


def _alive(plan: Plan, step: int) -> Iterator[tuple[Buffer, int]]:
    """Yield the buffers in use at a step, each with its bytes; those of a pack without its parts."""
    buffers = plan.storage.buffers
    parts: dict[int, int] = {}
    for buffer in buffers:
        if buffer.inside is not None:
            parts[buffer.inside[0]] = parts.get(buffer.inside[0], 0) + buffer.nbytes
    for buffer in buffers:
        nbytes = buffer.nbytes - parts.get(buffer.index, 0)
        if nbytes > 0 and buffer.start <= step <= buffer.end:
            yield buffer, nbytes


def _latest(values: Sequence[Value], step: int) -> Value:
    """Return what was computed last of the values that a buffer holds one after the other."""
    done = [value for value in values if value.index <= step] or list(values)
    return max(done, key=lambda value: value.index)


def in_states(states: dict[str, Array], variables: Sequence[VariableSpec]) -> Iterator[Contributor]:
    """Yield the weights, by their paths, and all other states."""
    for variable in variables:
        nbytes = prod(variable.shape) * ITEM_SIZES[str(states[variable.state].dtype)]
        yield Contributor(variable.path.rpartition("/")[0], f"@{variable.path}", nbytes)
    holding = {variable.state for variable in variables}
    for label, array in states.items():
        if label not in holding:
            yield Contributor(label.partition("/")[0], f"@{label}", numpy.asarray(array).nbytes)


def refusal(
    spec: ProgramSpec, states: dict[str, Array], plan: Plan, found: Footprint, limit: int, fitting: int | None
) -> str:
    """Return why a graph is not run.

    Args:
        spec: of the program.
        states: arrays of the program.
        plan: of the graph.
        found: what the graph needs.
        limit: what it may need.
        fitting: rows of the largest batch that fits, None where not even one row does.
    """
    step = fullest_step(plan)
    values = [*in_arena(plan, step), *in_states(states, spec.variables)]
    largest = sorted(values, key=lambda item: (-item.nbytes, item.value))[:SHOWN]
    sizes = ", ".join(f"{symbol} = {size}" for symbol, size in plan.bindings.items()) or "any data"
    parts = {"arena": found.arena, "states": found.states, "derived": found.derived, "constants": found.constants}
    listed = ", ".join(f"{part} {bytes_text(nbytes)}" for part, nbytes in parts.items() if nbytes)
    widest = max(len(item.value) for item in largest)
    return "\n  ".join(
        [
            f"program '{spec.name}': graph '{found.graph}' with {sizes} needs {bytes_text(found.total)}, more than"
            f" max_bytes = {bytes_text(limit)}",
            f"that is {listed}; at the fullest step, {_step_text(plan, step)}, the largest are",
            *(f"  {item.value:<{widest}}  {bytes_text(item.nbytes)}, of {item.layer}" for item in largest),
            "not even one row would fit" if fitting is None else f"batches of up to {fitting:,} rows would fit",
        ]
    )


def _step_text(plan: Plan, step: int) -> str:
    if step < 0:
        return "where the inputs are"
    node = plan.graph.nodes[step]
    return f"{node.index} {node.op.name} → {plan.names[plan.graph.results(node)[0]]}"
