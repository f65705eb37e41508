"""Operations that make regular tensors of their operands: equal steps, powers, grids, blocks, coordinates."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import FLOATING, Value, broadcast_shapes, ops
from nnc.operations.element_types import as_float, result_type
from nnc.operations.registry import operation
from nnc.operations.shapes import expand_dims
from nnc.settings import SETTINGS
from nnc.structure import leaves


@operation("Linspace")
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: str | None = None,
    axis: int = 0,
) -> Value:
    """Return so many numbers in equal steps from start to stop along a new axis; whole numbers are rounded down.

    Raises:
        ModelError: no numbers are asked for, or the steps, which Keras does not give between layers either.
    """
    if retstep or num < 1:
        raise ModelError(f"Linspace: retstep must be False and num at least 1, got {retstep} and {num}")
    return _linspace(start, stop, num, endpoint, dtype, axis)


def _linspace(start: Any, stop: Any, num: int, endpoint: bool, dtype: str | None, axis: int) -> Value:
    graph = leaves((start, stop), Value)[0].graph
    kinds = {item.dtype for item in (start, stop) if isinstance(item, Value)}
    kind = dtype or result_type(*kinds, *([] if FLOATING & kinds else [SETTINGS.floatx]))
    ends = [ops.cast(item, kind) if isinstance(item, Value) else graph.constant(item, kind) for item in (start, stop)]
    first, last = ends if kind in FLOATING else (ops.cast(end, "float64") for end in ends)
    found = _spaced(first, last, num, endpoint, axis)
    return found if kind in FLOATING else ops.cast(ops.floor(found), kind)


def _spaced(start: Value, stop: Value, num: int, endpoint: bool, axis: int) -> Value:
    """Return numbers in equal steps, of which the ends are exactly what was given, as TensorFlow computes them."""
    shape = broadcast_shapes(start.shape, stop.shape)
    rank = len(shape) + 1
    if not -rank <= axis < rank:
        raise ModelError(f"axis must be from {-rank} to {rank - 1} for numbers in equal steps, got {axis}")
    place = axis % rank
    first, last = (expand_dims(ops.broadcast_to(item, shape), place) for item in (start, stop))
    if num == 1:
        return first
    if not endpoint:
        last = last - (last - first) / float(num)
    step = (last - first) / float(num - 1)
    numbers = numpy.arange(1, num - 1).reshape([-1 if item == place else 1 for item in range(rank)])
    between = [first + step * start.graph.constant(numbers, start.dtype)] if num > 2 else []
    return ops.concatenate([first, *between, last], place)


@operation("Logspace")
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: str | None = None,
    axis: int = 0,
) -> Value:
    """Return powers of a base, whose exponents are so many numbers in equal steps, along a new axis.

    Raises:
        ModelError: no numbers are asked for, or whole ones, or the base is not above 0.
    """
    _check_powers("Logspace", num, dtype)
    if not isinstance(base, int | float) or not base > 0:
        raise ModelError(f"Logspace: base must be a number above 0, got {base}")
    exponents = _linspace(start, stop, num, endpoint, dtype, axis)
    return exponents.graph.constant(float(base), exponents.dtype) ** exponents


@operation("Geomspace")
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: str | None = None, axis: int = 0
) -> Value:
    """Return so many numbers from start to stop, each the last one times a factor, along a new axis.

    They have the sign of start, as in Keras, and other than there it goes along with any axis.

    Raises:
        ModelError: no numbers are asked for, or whole ones.
    """
    _check_powers("Geomspace", num, dtype)
    graph = leaves((start, stop), Value)[0].graph
    kind = dtype or SETTINGS.floatx
    ends = [ops.cast(item, kind) if isinstance(item, Value) else graph.constant(item, kind) for item in (start, stop)]
    first, last = (ops.log(ops.absolute(end)) for end in ends)
    found = ops.exp(_spaced(first, last, num, endpoint, axis))
    shape = broadcast_shapes(first.shape, last.shape)
    return found * expand_dims(ops.broadcast_to(ops.sign(ends[0]), shape), axis)


def _check_powers(name: str, num: int, dtype: str | None) -> None:
    if num < 1 or dtype not in (None, *FLOATING):
        raise ModelError(f"{name}: num must be at least 1 and dtype one of floating-point numbers, got {num}, {dtype}")


@operation("Vander")
def vander(x: Value, N: int | None = None, increasing: bool = False) -> Value:  # noqa: N803  (Keras's name)
    """Return the powers of a vector's numbers from 0 as columns, the largest first.

    Raises:
        ModelError: x is no vector, or how many powers there are is not known.
    """
    count = x.shape[0] if N is None and x.rank == 1 else N
    if x.rank != 1 or not isinstance(count, int) or count < 1:
        raise ModelError(f"Vander: x must be a vector and N at least 1, got {x.type} and {N}")
    base = as_float(x)
    powers = [ops.broadcast_to(x.graph.constant(1, base.dtype), x.shape)]
    while len(powers) < count:
        powers.append(powers[-1] * base)
    columns = [expand_dims(power, 1) for power in (powers if increasing else reversed(powers))]
    return ops.cast(ops.concatenate(columns, 1), x.dtype)


@operation("Meshgrid")
def meshgrid(*x: Value, indexing: str = "xy") -> list[Value]:
    """Return the coordinates of a grid, whose axes have the elements of each tensor.

    Raises:
        ModelError: the order of axes is unknown, or the element types differ.
    """
    if indexing not in ("xy", "ij"):
        raise ModelError(f"Meshgrid: indexing must be xy or ij, got {indexing!r}")
    if len({value.dtype for value in x}) > 1:
        raise ModelError(f"Meshgrid: all tensors must have one element type, got {[value.dtype for value in x]}")
    rows = [ops.reshape(value, (-1,)) for value in x]
    places = list(range(len(x)))
    if indexing == "xy" and len(x) > 1:
        places[:2] = 1, 0
    shape = [rows[places.index(axis)].shape[0] for axis in range(len(x))]
    aligned = [
        ops.reshape(row, [row.shape[0] if axis == place else 1 for axis in range(len(x))])
        for row, place in zip(rows, places, strict=True)
    ]
    return [ops.broadcast_to(row, shape) for row in aligned]


@operation("UnravelIndex")
def unravel_index(indices: Value, shape: Any) -> list[Value]:
    """Return the coordinates in a shape of elements that are counted in a row.

    For other than vectors, Keras on TensorFlow counts along the first axis first, and gives the last coordinate first;
    so does this.

    Raises:
        ModelError: the indices are not whole numbers, or the shape has lengths that are not known.
    """
    lengths = [shape] if isinstance(shape, int) else list(shape)
    if not lengths or not all(isinstance(length, int) and length > 0 for length in lengths):
        raise ModelError(f"UnravelIndex: shape must be whole numbers from 1, got {shape}")
    if indices.type.is_floating or indices.dtype in ("bool", "int64", "uint64"):
        raise ModelError(f"UnravelIndex: indices must be whole numbers of at most 32 bits, got {indices.type}")
    coordinates = []
    for length in reversed(lengths) if indices.rank == 1 else lengths:
        above = ops.cast(ops.floor(ops.cast(indices, "float64") / float(length)), indices.dtype)
        coordinates.append(indices - above * length)
        indices = above
    return coordinates[::-1]
