"""Runs the parts of a divided graph as several processes would, one after another, in the interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from nnc.execution.distribution import rows_of
from nnc.ir import Graph, interpret
from nnc.labels import PLACEMENT, ROWS, SUM, SUMMAND


def run_processes(
    parts: Sequence[Graph],
    inputs: Mapping[str, Any],
    states: Mapping[str, Any],
    size: int,
    sizes: Mapping[str, int],
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return what each of several processes ends with: the outputs of all parts, and the states.

    Args:
        parts: of `nnc.passes.distribute.divide`.
        inputs: arrays of all rows by label.
        states: arrays by label, from which all processes begin; metrics begin in the first one.
        size: number of processes.
        sizes: of the run-time dimensions, with the rows of the whole batch.
    """
    rows = sizes[ROWS]
    found: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, dict(states)) for _ in range(size)]
    metrics = {label for part in parts for label, value in part.states.items() if value.node.op.role == "metric"}
    for rank in range(1, size):
        found[rank][1].update({label: numpy.zeros_like(states[label]) for label in metrics})
    sums: dict[str, Any] = {}
    for part in parts:
        summands: list[dict[str, Any]] = []
        for rank, (known, own) in enumerate(found):
            place = rows_of(rank, size, rows)
            given = {PLACEMENT: numpy.array([rank, place.start, rows, size])} | known | sums
            for label, array in inputs.items():
                given[label] = _rows(array, part, label, place)
            bound = part.bind({**sizes, ROWS: len(place)})
            arrays = {label: given[label] for label in part.inputs}
            outputs, updates = interpret(bound, arrays, {label: own[label] for label in part.states})
            known.update(outputs)
            own.update(updates)
            summands.append({label: array for label, array in outputs.items() if label.startswith(SUMMAND)})
        sums = {
            SUM + label.removeprefix(SUMMAND): numpy.sum([own[label] for own in summands], 0, summands[0][label].dtype)
            for label in summands[0]
        }
    return found


def _rows(array: Any, part: Graph, label: str, place: range) -> Any:
    """Return this process's rows of an array, whichever axis they lie along."""
    value = part.inputs.get(label)
    if value is None or ROWS not in value.type.symbols:
        return array
    (axis,) = [axis for axis, dim in enumerate(value.shape) if ROWS in value.type.with_shape((dim,)).symbols]
    count = array.shape[axis] // place_rows(array, value, axis)
    return numpy.take(array, range(place.start * count, place.stop * count), axis)


def place_rows(array: Any, value: Any, axis: int) -> int:
    """Return the number of rows along an axis whose length is a multiple of them."""
    others = dict.fromkeys(value.type.symbols, 1) | {ROWS: 1}
    factor = value.type.with_shape((value.shape[axis],)).bind(others).shape[0]
    return int(array.shape[axis]) // int(factor)
