"""Hints about data: inputs that are not scaled, targets that no output can reach."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import numpy

from nnc.hints.bounds import MOVING, PROBABILITY, Bounds, bounds
from nnc.hints.delivery import Hint
from nnc.ir import Graph, Input, Node, Value
from nnc.ir.ops.arithmetic import Subtract
from nnc.ir.ops.movement import Concatenate
from nnc.ir.ops.pooling import MaxPool, SumPool
from nnc.ir.ops.sizes import Cast
from nnc.observation import Array, FirstBatch

LARGE = 1e3
"""Inputs beyond this are not scaled."""
BYTE = 255
"""The largest number of a picture in bytes."""
FEWEST_PIXELS = 64
"""Numbers of a row from which on whole ones up to `BYTE` are taken for a picture's."""
FEWEST_ROWS = 8
"""Rows in which a column that is equal to the targets is not so by chance."""
TOLERANCE = 1e-3
"""The distance that targets may lie outside the bounds of an output, relative to these."""
KEEPING_SCALE = MOVING | Cast | Concatenate | MaxPool | SumPool
"""Ops whose results are about as large as their operands."""
ONE_HOT_LOSSES = frozenset({"categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence"})
"""Names of losses whose targets are probabilities, which they do not check."""


def unscaled_inputs(batch: FirstBatch) -> Iterator[Hint]:
    """Inputs beyond 1000, or pictures in bytes, that meet weights as they are."""
    for label in batch.inputs:
        array = batch.arrays[label]
        if array.dtype.kind not in "fu" or not array.size:
            continue
        low, high = float(array.min()), float(array.max())
        if max(-low, high) <= LARGE:
            if _is_in_bytes(array, low, high) and (reader := _first_product(batch.graph, batch.graph.inputs[label])):
                yield Hint(
                    "unscaled-inputs",
                    f"input '{label}' has whole numbers up to {high:g}, as pictures in bytes have, which layer"
                    f" '{reader.path}' multiplies by its weights unscaled; give x / 255, or put a Rescaling(1 / 255)"
                    " layer in front",
                )
            continue
        reader = _first_product(batch.graph, batch.graph.inputs[label])
        if reader is not None:
            size, place = _largest(array)
            yield Hint(
                "unscaled-inputs",
                f"input '{label}' has numbers such as {size:,.6g}{place}, which layer '{reader.path}' multiplies by its"
                " weights as they are; scale inputs to about -1 … 1, for example with a Normalization layer in front",
            )


def _is_in_bytes(array: Array, low: float, high: float) -> bool:
    """Whether these, from the lowest to the highest, look like pictures whose colours are numbers from 0 to 255."""
    return bool(
        BYTE // 2 < high <= BYTE and low >= 0 and array[0].size >= FEWEST_PIXELS and (array == numpy.floor(array)).all()
    )


def targets_among_inputs(batch: FirstBatch) -> Iterator[Hint]:
    """A column of the inputs that is equal to the targets."""
    for target in batch.targets:
        wanted = batch.arrays[target.label].reshape(len(batch.arrays[target.label]), -1)
        if wanted.shape[1] != 1 or len(wanted) < FEWEST_ROWS or (wanted == wanted[0]).all():
            continue
        for label in batch.inputs:
            array = batch.arrays[label]
            if array.ndim != 2 or array.shape[1] < 2 or len(array) != len(wanted):
                continue
            columns = numpy.flatnonzero((array[:FEWEST_ROWS] == wanted[:FEWEST_ROWS]).all(axis=0))  # mostly none
            for column in columns[(array[:, columns] == wanted).all(axis=0)].tolist():
                yield Hint(
                    "targets-among-inputs",
                    f"column {column} of input '{label}' is equal to target '{target.label}' in all rows, so there"
                    " is nothing to learn; leave the column out of the inputs",
                )


def _largest(array: Array) -> tuple[float, str]:
    """Return the number farthest from 0, and in which column it is where rows are vectors."""
    index = numpy.unravel_index(int(numpy.abs(array).argmax()), array.shape)
    return float(array[index]), f" in column {index[1]}" if array.ndim == 2 and array.shape[1] > 1 else ""


def _first_product(graph: Graph, value: Value) -> Node | None:
    """Return a product of a value with weights before which nothing has changed its scale."""
    uses, pending, seen = graph.uses(), [value], {value}
    while pending:
        found = pending.pop(0)
        for node in uses.get(found, ()):
            if node.op.kernel is not None and node.operands[node.op.kernel[0]] != found:
                return node
            if isinstance(node.op, KEEPING_SCALE):
                new = [result for result in graph.results(node) if result not in seen]
                seen.update(new)
                pending += new
    return None


def labels_out_of_range(batch: FirstBatch) -> Iterator[Hint]:
    """Targets outside of what the output can reach, or outside 0 … 1 where they are probabilities."""
    for target in batch.targets:
        array = batch.arrays[target.label]
        if target.is_checked or not array.size:
            continue
        low, high = float(array.min()), float(array.max())
        if target.loss in ONE_HOT_LOSSES and _is_outside(low, high, PROBABILITY):
            yield Hint(
                "labels-out-of-range",
                f"target '{target.label}' has numbers from {low:g} to {high:g}, but the loss '{target.loss}' takes them"
                " for probabilities from 0 to 1; give one-hot targets, or class indices to the sparse loss",
            )
        output = _compared_with(batch.graph, target.label)
        limits = bounds(output) if output is not None else (-inf, inf)
        if output is not None and _is_outside(low, high, limits):
            layer = _layer_of(output)
            yield Hint(
                "labels-out-of-range",
                f"target '{target.label}' has numbers from {low:g} to {high:g}, but the output of layer '{layer}' lies"
                f" between {limits[0]:g} and {limits[1]:g}; scale the targets, or give that layer another activation",
            )


def _is_outside(low: float, high: float, limits: Bounds) -> bool:
    return any(
        abs(limit) < inf and over > TOLERANCE * max(1.0, abs(limit))
        for limit, over in ((limits[0], limits[0] - low), (limits[1], high - limits[1]))
    )


def _compared_with(graph: Graph, label: str) -> Value | None:
    """Return the value that the loss subtracts targets from, or from targets."""
    uses, pending = graph.uses(), [graph.inputs[label]]
    while pending:
        value = pending.pop(0)
        for node in uses.get(value, ()):
            if node.phase == "loss" and isinstance(node.op, Subtract):
                first, second = node.operands
                other = second if first == value else first
                return None if isinstance(other.node.op, Input) else other
            if isinstance(node.op, MOVING):
                pending += graph.results(node)
    return None


def _layer_of(value: Value) -> str:
    """Return the layer that a value comes from, itself or before it was reshaped."""
    while not value.node.path and isinstance(value.node.op, MOVING):
        value = value.node.operands[0]
    return value.node.path
