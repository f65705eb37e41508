"""The operation that reads a tensor at places between its elements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product
from operator import add, mul
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.operations.element_types import as_float, as_value
from nnc.operations.elementwise import round_to_even
from nnc.operations.registry import operation
from nnc.operations.warping import BENDS, bent


@operation("MapCoordinates", module="image")
def map_coordinates(
    x: Value, coordinates: Any, order: int = 1, fill_mode: str = "constant", fill_value: float = 0.0
) -> Value:
    """Return what is found in x at places between its elements.

    Args:
        x: a tensor whose axes all have known lengths.
        coordinates: the places, along each axis of x: (axes of x, …).
        order: 0 for the nearest element, 1 for a mean of those around.
        fill_mode: what lies outside: ``constant``, ``nearest``, ``mirror``, ``reflect`` or ``wrap``.
        fill_value: what lies outside with ``constant``.

    Raises:
        ModelError: an argument is wrong.
    """
    what = "MapCoordinates"
    coordinates = as_value(coordinates, "float32", x.graph)
    if order not in (0, 1) or fill_mode not in BENDS:
        raise ModelError(f"{what}: order must be 0 or 1, fill_mode one of {', '.join(BENDS)}, got {order}, {fill_mode}")
    if coordinates.rank < 2 or coordinates.shape[0] != x.rank or not all(isinstance(dim, int) for dim in x.shape):
        raise ModelError(f"{what}: there must be coordinates for each known axis, got {coordinates.type}, {x.type}")
    shape = coordinates.shape[1:]
    given = as_float(coordinates)
    axes: list[list[tuple[Value, Value | None]]] = []
    for axis in range(x.rank):
        place = ops.reshape(ops.take(given, 0, axis, axis + 1), shape)
        if order == 0:
            axes.append([(round_to_even(place), None)])
            continue
        lower = ops.floor(place)
        share = place - lower
        axes.append([(lower, 1.0 - share), (lower + 1.0, share)])
    flat = ops.reshape(x, (-1,))
    parts = []
    for corner in product(*axes):
        found = _element(flat, [int(dim) for dim in x.shape], [place for place, _ in corner], fill_mode, fill_value)
        shares = [share for _, share in corner if share is not None]
        parts.append(reduce(mul, shares, ops.cast(found, given.dtype)))
    total: Value = reduce(add, parts)
    return ops.cast(total if x.type.is_floating else round_to_even(total), x.dtype)


def _element(flat: Value, lengths: Sequence[int], places: Sequence[Value], fill_mode: str, fill_value: float) -> Value:
    """Return the elements at whole places, or what stands for those outside."""
    number: Value | None = None
    inside: Value | None = None
    for place, length in zip(places, lengths, strict=True):
        here = ops.logical_and(place >= 0.0, place < float(length))
        inside = here if inside is None else ops.logical_and(inside, here)
        index = ops.cast(ops.clip(bent(place, length, fill_mode), 0.0, length - 1.0), "int32")
        number = index if number is None else number * length + index
    assert number is not None and inside is not None
    found = ops.gather(flat, number)
    if fill_mode != "constant":
        return found
    return ops.where(inside, found, flat.graph.constant(fill_value, flat.dtype))
