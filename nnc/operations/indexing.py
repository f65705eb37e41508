"""Operations that take elements by number or condition, parts of tensors and their diagonals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from types import MappingProxyType
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import FLOATING, Dim, Graph, SymbolicDim, Value, ops
from nnc.ir.leaves import Constant
from nnc.ir.ops.movement import normalize_axis
from nnc.ir.ops.sizes import Iota
from nnc.operations.registry import operation
from nnc.operations.shapes import expand_dims, moveaxis, ravel, squeeze
from nnc.structure import leaves

_WHOLE: Mapping[str, Any] = MappingProxyType({"config": {"start": None, "stop": None, "step": None}})


@operation("GetItem")
def get_item(x: Value, key: Any) -> Value:
    """Return x at an index, which is plain data as `nnc.layers.symbolic.slice_config` writes it.

    One of its items may be a tensor of whole numbers, which takes elements of an axis; its axes take that one's place.

    Raises:
        ModelError: there is no such element, or an index is none.
    """
    given = key if isinstance(key, list | tuple) else [key]
    items = [
        "..." if isinstance(item, Mapping) and item.get("class_name") == "__ellipsis__" else item for item in given
    ]
    is_ellipsis = [isinstance(item, str) and item == "..." for item in items]
    axes = sum(item is not None for item in items) - sum(is_ellipsis)
    if sum(is_ellipsis) > 1 or axes > x.rank:
        raise ModelError(f"GetItem: an index of {x.type} must have at most {x.rank} axes and one ellipsis, got {items}")
    if sum(isinstance(item, Value) for item in items) > 1:
        raise ModelError("GetItem: one item of an index may be a tensor, got several")
    if any(is_ellipsis):
        place = is_ellipsis.index(True)
        items[place : place + 1] = [_WHOLE] * (x.rank - axes)
    axis = 0
    for item in items:
        if item is None:
            x = expand_dims(x, axis)
            axis += 1
        elif isinstance(item, Mapping):
            ends = (item.get("config", item).get(name) for name in ("start", "stop", "step"))
            x = _part(x, axis, *(end if end is None or isinstance(end, SymbolicDim) else index(end) for end in ends))
            axis += 1
        elif isinstance(item, Value):
            x = _taken(x, item, axis)
            axis += item.rank
        elif isinstance(item, int | numpy.integer) and not isinstance(item, bool):
            x = _element(x, axis, int(item))
        else:
            raise ModelError(f"GetItem: an index must be whole numbers, slices, None and ..., got {item!r}")
    return x


def _element(x: Value, axis: int, number: int) -> Value:
    """Return the element of an axis with a number, counted from its end where it is below 0."""
    length = x.shape[axis]
    if isinstance(length, int) and not -length <= number < length:
        raise ModelError(f"GetItem: index {number} is out of range for axis {axis} of {x.type}")
    start = _counted(number, length)
    return squeeze(ops.take(x, axis, start, start + 1), axis)


def _part(x: Value, axis: int, start: Dim | None, stop: Dim | None, step: Dim | None) -> Value:
    """Return the part start:stop:step of an axis; one of unknown length must reach as far as the numbers do.

    Raises:
        ModelError: the step is 0 or known only at run time.
    """
    step = 1 if step is None else step
    length = x.shape[axis]
    if start in (None, 0) and step == 1 and (stop is None or stop == length):
        return x
    if isinstance(step, SymbolicDim):
        raise ModelError(f"GetItem: the step of a slice must be a known number, got {step}")
    if isinstance(start, SymbolicDim) or isinstance(stop, SymbolicDim):
        return _run_time_part(x, axis, 0 if start is None else start, stop, step)
    if step == 0:
        raise ModelError("GetItem: the step of a slice must not be 0")
    if isinstance(length, int):
        first, last, step = slice(start, stop, step).indices(length)
        if step < 0:
            return _strided(ops.flip(x, axis), axis, length - 1 - first, length - 1 - last, -step)
        return _strided(x, axis, first, last, step)
    if step < 0:
        begin = 0 if start is None else _counted(start, length, backwards=True)
        end = length if stop is None else _counted(stop, length, backwards=True)
        return _strided(ops.flip(x, axis), axis, begin, end, -step)
    begin = _counted(start or 0, length)
    return _strided(x, axis, begin, length if stop is None else _counted(stop, length), step)


def _run_time_part(x: Value, axis: int, start: Dim, stop: Dim | None, step: int) -> Value:
    """Return the part of an axis between numbers of which one is known only at run time.

    Raises:
        ModelError: it is read backwards, or may be counted from the end.
    """
    length = x.shape[axis]
    for end in (start, stop):
        if isinstance(end, SymbolicDim) and (end.is_negative or not end.grows):
            raise ModelError(f"GetItem: an end of a slice, {end}, may be below 0 at run time")
    if step < 0:
        raise ModelError("GetItem: a slice with an end that is known only at run time must have a step above 0")
    begin = _counted(start, length) if isinstance(start, int) else start
    end = length if stop is None else _counted(stop, length) if isinstance(stop, int) else stop
    return _strided(x, axis, begin, end, step)


def _counted(number: int, length: Dim, backwards: bool = False) -> Dim:
    """Return an index from the start of an axis, or from the end of one that is read backwards."""
    if backwards:
        return -1 - number if number < 0 else length - 1 - number
    return length + number if number < 0 else number


def _strided(x: Value, axis: int, start: Dim, stop: Dim, step: int) -> Value:
    if isinstance(start, int) and isinstance(stop, int):
        stop = max(start, stop)
    return ops.take(x, axis, start, stop, step)


# ---------------------------------------------------------------------- elements by number


@operation("Take")
def take(x: Value, indices: Any, axis: int | None = None) -> Value:
    """Return elements of an axis by number, of all in a row without one; below 0 they count from the end.

    Raises:
        ModelError: a number that is known is out of range, or none.
    """
    if axis is None:
        x, axis = ravel(x), 0
    return _taken(x, whole_numbers("Take", "indices", indices, x.graph), normalize_axis(x, axis))


def _taken(x: Value, indices: Value, axis: int) -> Value:
    length = x.shape[axis]
    if indices.type.is_floating or indices.dtype == "bool":
        raise ModelError(f"indices must be whole numbers, got {indices.type}")
    if isinstance(indices.node.op, Constant) and isinstance(length, int):
        array = indices.node.op.evaluate()
        wrong = array[(array < -length) | (array >= length)]
        if wrong.size:
            raise ModelError(f"index {wrong.flat[0]} is out of range for axis {axis} of {x.type}")
    found = ops.gather(moveaxis(x, axis, 0), indices)
    return moveaxis(found, range(indices.rank), range(axis, axis + indices.rank))


def whole_numbers(name: str, argument: str, given: Any, graph: Graph) -> Value:
    """Return an argument as a tensor of whole numbers: nested lists of them are a constant, or tensors side by side.

    Raises:
        ModelError: it is something else.
    """
    if isinstance(given, list | tuple) and leaves(given, Value):
        parts = [expand_dims(ops.cast(whole_numbers(name, argument, item, graph), "int32"), 0) for item in given]
        return ops.concatenate(parts, 0)
    if not isinstance(given, Value):
        try:
            array = numpy.array(given)
        except ValueError:
            array = numpy.array(0.5)
        if array.dtype.kind not in "iu":
            raise ModelError(f"{name}: {argument} must be whole numbers, got {given!r}")
        return graph.constant(array, "int32" if array.size == 0 or abs(array).max() < 2**31 else "int64")
    if given.type.is_floating or given.dtype == "bool":
        raise ModelError(f"{name}: {argument} must be whole numbers, got {given.type}")
    dtype = _WIDER.get(given.dtype, given.dtype)
    known = known_numbers(given)
    return ops.cast(given, dtype) if known is None else graph.constant(known, dtype)


_WIDER: Mapping[str, str] = MappingProxyType({"uint8": "int32", "uint32": "int64"})
"""Element types that hold the lengths of tensors as well, for those that may not."""


def known_numbers(given: Value) -> Any:
    """Return the array that a constant is, None where it is computed."""
    return given.node.op.evaluate() if isinstance(given.node.op, Constant) else None


@operation("TakeAlongAxis")
def take_along_axis(x: Value, indices: Any, axis: int | None = None) -> Value:
    """Return elements of an axis by number, for each place another one; without an axis, of all in a row.

    Raises:
        ModelError: the indices are no vector where no axis is given, or no whole numbers.
    """
    places = whole_numbers("TakeAlongAxis", "indices", indices, x.graph)
    if axis is not None:
        return ops.take_along_axis(x, places, axis)
    if places.rank != 1:
        raise ModelError(f"TakeAlongAxis: indices must be a vector where no axis is given, got {places.type}")
    return ops.gather(ravel(x), places)


@operation("Select")
def select(condlist: Sequence[Value], choicelist: Sequence[Any], default: Any = 0) -> Value:
    """Return elements of the first choice whose condition holds, or else the default.

    Element types come together by NumPy's rules, so that whole numbers and floats of 32 bits make floats of 64.

    Raises:
        ModelError: there are not as many choices as conditions.
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ModelError(f"Select: each condition must have a choice, got {len(condlist)} and {len(choicelist)}")
    graph = leaves((condlist, choicelist, default), Value)[0].graph
    kinds = [item.dtype for item in leaves((choicelist, default), Value)]
    numbers = [item for item in (*choicelist, default) if not isinstance(item, Value)]
    dtype = numpy.result_type(*kinds or ["bool"]).name
    if any(isinstance(item, float) for item in numbers):
        dtype = dtype if dtype in FLOATING else "float64"
    elif dtype == "bool" and any(not isinstance(item, bool) for item in numbers):
        dtype = "int64"
    found, *choices = (
        ops.cast(item, dtype) if isinstance(item, Value) else graph.constant(item, dtype)
        for item in (default, *choicelist)
    )
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        found = ops.where(ops.cast(condition, "bool"), choice, found)
    return found


# ---------------------------------------------------------------------- boxes


@operation("Slice", module="core")
def slice_box(inputs: Value, start_indices: Any, shape: Sequence[int]) -> Value:
    """Return the part of a shape that starts at some index; -1 in the shape is all that is left of an axis.

    A start that is computed is checked when it is known: the part has to lie inside.

    Raises:
        ModelError: the part is outside, or its length would depend on what is computed.
    """
    starts = _starts("Slice", start_indices, inputs)
    if len(shape) != inputs.rank:
        raise ModelError(f"Slice: shape must have {inputs.rank} lengths, one for each axis, got {list(shape)}")
    known = known_numbers(starts)
    for axis, length in enumerate(shape):
        if known is not None:
            start = int(known[axis])
            stop = inputs.shape[axis] if length == -1 else start + length
            if start < 0 or (isinstance(stop, int) and stop < start):
                raise ModelError(f"Slice: {start}:{stop} is no part of axis {axis} of {inputs.type}")
            inputs = inputs if start == 0 and length == -1 else ops.take(inputs, axis, start, stop)
        elif length == -1:
            raise ModelError(f"Slice: shape must be numbers from 1 where start_indices are computed, got {list(shape)}")
        else:
            start_value = ops.reshape(ops.take(starts, 0, axis, axis + 1), ())
            places = inputs.graph.add(Iota(length, starts.dtype))[0] + start_value
            inputs = moveaxis(ops.gather(moveaxis(inputs, axis, 0), without_negatives(places)), 0, axis)
    return inputs


def without_negatives(places: Value) -> Value:
    """Return indices in which those below 0 are ones that no axis has, so that they do not count from its end."""
    return ops.where(places < 0, int(numpy.iinfo(places.dtype).max), places)


@operation("SliceUpdate", module="core")
def slice_update(inputs: Value, start_indices: Any, updates: Value) -> Value:
    """Return inputs with updates in place of the part that starts at some index, moved so far that it lies inside.

    Raises:
        ModelError: the updates are larger than the inputs.
    """
    starts = _starts("SliceUpdate", start_indices, inputs)
    if 0 in updates.shape:
        return inputs
    updates = ops.cast(updates, inputs.dtype)
    if updates.rank != inputs.rank or any(
        isinstance(dim, int) and isinstance(whole, int) and dim > whole
        for dim, whole in zip(updates.shape, inputs.shape, strict=True)
    ):
        raise ModelError(f"SliceUpdate: updates must fit into {inputs.type}, got {updates.type}")
    inside: Value | None = None
    known = known_numbers(starts)
    for axis, (length, whole) in enumerate(zip(updates.shape, inputs.shape, strict=True)):
        if length == whole:
            continue
        start = _clamped_start(starts, None if known is None else int(known[axis]), axis, whole, length)
        places = inputs.graph.add(Iota(whole, "int32"))[0] - start
        last = ops.size(updates, [axis], "int32") - 1
        here = ops.logical_and(places >= 0, places <= last)
        here = ops.reshape(here, [whole if place == axis else 1 for place in range(inputs.rank)])
        inside = here if inside is None else ops.logical_and(inside, here)
        updates = _taken(updates, ops.minimum(ops.maximum(places, 0), last), axis)
    return updates if inside is None else ops.where(inside, updates, inputs)


def _clamped_start(starts: Value, known: int | None, axis: int, whole: Dim, length: Dim) -> Any:
    """Return where the updates of `SliceUpdate` start along an axis."""
    graph = starts.graph
    room = whole - length
    if known is not None and isinstance(room, int):
        return min(max(known, 0), room)
    start = ops.reshape(ops.cast(ops.take(starts, 0, axis, axis + 1), "int32"), ())
    sizes = [ops.size(graph.add(Iota(dim, "int32"))[0], None, "int32") for dim in (whole, length)]
    return ops.maximum(ops.minimum(start, sizes[0] - sizes[1]), 0)


def _starts(name: str, given: Any, inputs: Value) -> Value:
    """Return where a part starts, a whole number for each axis."""
    starts = whole_numbers(name, "start_indices", given, inputs.graph)
    if starts.shape != (inputs.rank,):
        raise ModelError(f"{name}: start_indices must be {inputs.rank} whole numbers, one for each axis, got {given}")
    return starts


# ---------------------------------------------------------------------- diagonals


@operation("Diagonal")
def diagonal(x: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """Return the diagonals of the matrices that two axes make, as the last axis.

    Raises:
        ModelError: the axes are one, their lengths are not known, or the diagonal is empty.
    """
    return _diagonal("Diagonal", x, offset, axis1, axis2)


def _diagonal(name: str, x: Value, offset: int, axis1: int, axis2: int) -> Value:
    if normalize_axis(x, axis1) == normalize_axis(x, axis2):
        raise ModelError(f"{name}: axis1 and axis2 must be two axes, got {axis1} and {axis2}")
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise ModelError(f"{name}: the lengths of both axes must be known, got {rows} and {columns}")
    first = max(offset, -offset * columns)
    count = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
    if count < 1:
        raise ModelError(f"{name}: matrices of {rows} x {columns} have no diagonal {offset}")
    flat = ops.reshape(x, (*x.shape[:-2], rows * columns))
    return ops.take(flat, -1, first, first + (count - 1) * (columns + 1) + 1, columns + 1)


@operation("Diag")
def diag(x: Value, k: int = 0) -> Value:
    """Return the matrix with a vector on a diagonal, or the diagonal of a matrix.

    Raises:
        ModelError: x is neither.
    """
    if x.rank == 2:
        return _diagonal("Diag", x, k, 0, 1)
    if x.rank != 1:
        raise ModelError(f"Diag: x must be a vector or a matrix, got {x.type}")
    numbers = x.graph.add(Iota(x.shape[0], "int32"))[0]
    square = ops.where(ops.equal(expand_dims(numbers, 1), numbers), x, x.graph.constant(0, x.dtype))
    return ops.pad(square, [(max(-k, 0), max(k, 0)), (max(k, 0), max(-k, 0))])


@operation("Diagflat")
def diagflat(x: Value, k: int = 0) -> Value:
    """Return the matrix with all elements of x on a diagonal."""
    return diag(ravel(x), k)


@operation("Trace")
def trace(x: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """Return the sums of the diagonals of the matrices that two axes make; of bytes and truth values in 32 bits.

    Where Keras on TensorFlow fails for other offsets than 0, this is what NumPy gives.
    """
    dtype = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
    return ops.sum(_diagonal("Trace", ops.cast(x, dtype.get(x.dtype, x.dtype)), offset, axis1, axis2), -1)
