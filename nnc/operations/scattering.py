"""Operations that put or add elements at places that whole numbers name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Dim, Value, ops, size_of
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from nnc.ir.ops.sizes import Iota, Size
from nnc.operations.indexing import known_numbers, whole_numbers, without_negatives
from nnc.operations.registry import operation
from nnc.structure import leaves


@operation("Scatter", module="core")
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Value:
    """Return zeros of a shape to which values are added at indices, whose last axis counts the axes they go along.

    Raises:
        ModelError: the values do not fit, or an index is out of range.
    """
    graph = leaves((indices, values), Value)[0].graph
    values = values if isinstance(values, Value) else graph.constant(values, "float32")
    places = whole_numbers("Scatter", "indices", indices, graph)
    rows, depth = _rows("Scatter", places, tuple(shape))
    added = ScatterAdd((size_of(shape[:depth]), *shape[depth:]))
    return ops.reshape(apply(added, _updates("Scatter", values, places, tuple(shape), depth), rows), shape)


@operation("ScatterUpdate", module="core")
def scatter_update(inputs: Value, indices: Any, updates: Any, reduction: str | None = None) -> Value:
    """Return inputs with updates at indices, whose last axis counts the axes they go along.

    Args:
        inputs: what is updated.
        indices: whole numbers from 0; where an index comes twice and there is no reduction, the last one counts.
        updates: for each index an element, or what the other axes hold.
        reduction: ``add``, ``max``, ``min`` or ``mul``, to combine updates with what is there.

    Raises:
        ModelError: the updates do not fit, an index is out of range, or indices are computed with ``max``, ``min`` or
            ``mul``.
    """
    if reduction is not None and reduction not in _REDUCTIONS:
        raise ModelError(f"ScatterUpdate: reduction must be add, max, min, mul or None, got {reduction!r}")
    graph, shape = inputs.graph, inputs.shape
    updates = ops.cast(updates, inputs.dtype) if isinstance(updates, Value) else graph.constant(updates, inputs.dtype)
    places = whole_numbers("ScatterUpdate", "indices", indices, graph)
    rows, depth = _rows("ScatterUpdate", places, shape)
    updates = _updates("ScatterUpdate", updates, places, shape, depth)
    table = ops.reshape(inputs, (size_of(shape[:depth]), *shape[depth:]))
    if reduction == "add":
        table = table + apply(ScatterAdd(table.shape), updates, rows)
    else:
        table = _combined(table, rows, updates, _REDUCTIONS.get(reduction or ""))
    return ops.reshape(table, shape)


Combine = Callable[[Value, Value], Value]
_REDUCTIONS: Mapping[str, Combine] = MappingProxyType(
    {"add": lambda x, y: x + y, "max": ops.maximum, "min": ops.minimum, "mul": lambda x, y: x * y}
)


def _combined(table: Value, rows: Value, updates: Value, combine: Combine | None) -> Value:
    """Return a table with updates instead of rows, or combined with them."""
    known, length = known_numbers(rows), table.shape[0]
    if known is None or not isinstance(length, int):
        if combine is not None:
            raise ModelError("ScatterUpdate: indices must be known where reduction is max, min or mul")
        return _replaced(table, _last_updates(rows, length), updates)
    left = list(enumerate(known.tolist()))
    while left:
        sources = numpy.full(length, -1)
        chosen = {row: number for number, row in (left if combine is None else reversed(left))}
        sources[list(chosen)] = list(chosen.values())
        now = table.graph.constant(sources, "int32")
        table = _replaced(table, now, updates, combine)
        left = [] if combine is None else [(number, row) for number, row in left if chosen[row] != number]
    return table


def _replaced(table: Value, sources: Value, updates: Value, combine: Combine | None = None) -> Value:
    """Return a table in which a row has the update that its source names, where that is not below 0."""
    new = ops.gather(updates, ops.maximum(sources, 0))
    changed = ops.reshape(sources >= 0, (*sources.shape, *[1] * (table.rank - 1)))
    return ops.where(changed, new if combine is None else combine(table, new), table)


def _last_updates(rows: Value, length: Dim) -> Value:
    """Return for each row of a table the number of the last update for it, or -1."""
    graph = rows.graph
    count = rows.shape[0]
    numbers = ops.reshape(graph.add(Iota(count, "int32"))[0], (count, 1))
    matches = ops.equal(ops.reshape(rows, (count, 1)), graph.add(Iota(length, rows.dtype))[0])
    last = ops.max(ops.where(matches, numbers, -1), 0)
    times = apply(ScatterAdd((length,)), ops.broadcast_to(graph.constant(1, "int32"), (count,)), rows)
    return ops.where(times > 0, last, -1)


def _rows(name: str, indices: Value, shape: Sequence[Dim]) -> tuple[Value, int]:
    """Return the rows of a table of the first axes together that indices name, and how many axes these are."""
    graph = indices.graph
    depth = indices.shape[-1] if indices.rank else 0
    if indices.rank < 1 or not isinstance(depth, int) or not 1 <= depth <= len(shape):
        raise ModelError(
            f"{name}: indices must have 1 to {len(shape)} numbers along their last axis, got {indices.type}"
        )
    known, lengths = known_numbers(indices), shape[:depth]
    if known is not None and all(isinstance(length, int) for length in lengths):
        numbers = known.reshape(-1, depth)
        for index in numbers:
            if (index < 0).any() or (index >= lengths).any():
                raise ModelError(f"{name}: index {index.tolist()} is out of range for axes of {list(lengths)}")
        return graph.constant(
            numpy.ravel_multi_index(tuple(numbers.T), [int(item) for item in lengths]), "int32"
        ), depth
    flat: Value | None = None
    inside: Value | None = None
    indices = ops.reshape(indices, (-1, depth))
    for axis, length in enumerate(lengths):
        index = without_negatives(ops.reshape(ops.take(indices, 1, axis, axis + 1), (-1,)))
        limit = graph.add(Size((length,), indices.dtype))[0]
        here = index < limit
        inside = here if inside is None else ops.logical_and(inside, here)
        flat = index if flat is None else flat * limit + index
    assert flat is not None and inside is not None
    return ops.where(inside, flat, int(numpy.iinfo(indices.dtype).max)), depth


def _updates(name: str, values: Value, indices: Value, shape: Sequence[Dim], depth: int) -> Value:
    """Return the values, one behind the other.

    Raises:
        ModelError: they do not fit.
    """
    expected = (*indices.shape[:-1], *shape[depth:])
    if values.shape != expected:
        wanted = ", ".join(map(str, expected))
        raise ModelError(f"{name}: one value for each index must make a shape of ({wanted}), got {values.type}")
    return ops.reshape(values, (-1, *shape[depth:]) if len(expected) > len(shape[depth:]) else (1, *shape[depth:]))
