"""The hint about dead units: those of a ReLU layer that are 0 whatever comes in, so that they learn nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy

from nnc.errors import ShapeError
from nnc.hints.delivery import Hint
from nnc.ir import Graph, Node, Value, bind_shape, interpret, solve_symbols
from nnc.ir.ops.arithmetic import Relu
from nnc.observation import Array, FirstBatch

LEAST_ROWS = 32
"""With fewer rows, a unit may be 0 for all of them by chance."""
LEAST_SHARE, LEAST_UNITS = 0.4, 16
"""Share of a layer's units that is worth a hint, and of how many units it can be told from chance: where inputs are
positive, random weights leave some ten per cent dead. A layer that is dead as a whole always is."""
MOST_OPERATIONS = 3 * 10**7
"""Floating-point operations that may be spent on looking: hundredths of a second, and of memory some megabytes."""
WRITTEN = 8
"""Operations of a product in the time in which an element is written: a lookup of words does little else."""


def dead_units(batch: FirstBatch) -> Iterator[Hint]:
    """Units of ReLU layers that are 0 for every row of a sample."""
    graph = batch.graph
    layers = [
        node for node in graph.nodes if isinstance(node.op, Relu) and node.phase == "forward" and node.types[0].rank > 1
    ]
    if not layers:
        return
    part = _part(graph, [graph.results(node)[0] for node in layers])
    try:
        rows = _affordable_rows(part, batch.arrays)
        if rows < LEAST_ROWS:
            return
        arrays = {label: batch.arrays[label][:rows] for label in part.inputs}
        with numpy.errstate(all="ignore"):
            found, _ = interpret(part, arrays, {label: batch.states[label] for label in part.states})
    except ShapeError:  # layers that keep a state for each row, and some authors' steps, want batches of their own size
        return
    for node, array in zip(layers, found.values(), strict=True):
        dead, units = int((array.reshape(-1, array.shape[-1]) == 0.0).all(0).sum()), array.shape[-1]
        if dead == units or (units >= LEAST_UNITS and dead >= LEAST_SHARE * units):
            yield Hint(
                "dead-units",
                f"{dead} of the {units} units of layer '{node.path}' ({dead / units:.0%}) are 0 for each of {rows}"
                " rows, and after a ReLU they learn nothing while that lasts; lower the learning rate, scale"
                " the inputs, or choose 'leaky_relu'",
            )


def _part(graph: Graph, values: Sequence[Value]) -> Graph:
    """Return the graph that computes some values, in their order, and no more."""
    needed = {value.index for value in values}
    for node in reversed(graph.nodes):
        if node.index in needed:
            needed.update(operand.index for operand in node.operands)
    part, copies = Graph("part"), dict[Value, Value]()
    for node in graph.nodes:
        if node.index in needed:
            results = part.copy_node(node, [copies[operand] for operand in node.operands])
            copies.update(zip(graph.results(node), results, strict=True))
    for number, value in enumerate(values):
        part.output(str(number), copies[value])
    return part


def _affordable_rows(part: Graph, arrays: Mapping[str, Array]) -> int:
    """Return how many rows of a sample can be looked at without costing much."""
    if not part.inputs:
        return 0
    sizes = solve_symbols({label: (value.shape, arrays[label].shape) for label, value in part.inputs.items()})
    rows = min(len(arrays[label]) for label in part.inputs)
    operations = sum(_operations(node, sizes) for node in part.nodes)
    return rows if operations <= MOST_OPERATIONS else rows * MOST_OPERATIONS // operations


def _operations(node: Node, sizes: Mapping[str, int]) -> int:
    """Return the floating-point operations of a step, or as many as take as long as what it writes."""
    results = [type.bind(sizes) for type in node.types]
    flops = node.op.bind(sizes).flops([value.type.bind(sizes) for value in node.operands], results)
    return max(flops, WRITTEN * sum(math.prod(bind_shape(type.shape, sizes)) for type in node.types))
