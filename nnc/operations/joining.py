"""Operations that join tensors to one, and part one into several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.errors import ModelError, ShapeError
from nnc.ir import Dim, Value, ops
from nnc.ir.ops.movement import normalize_axis
from nnc.operations.registry import operation
from nnc.operations.shapes import expand_dims, ravel


@operation("Concatenate", promotes=True)
def concatenate(*xs: Any, axis: int = 0) -> Value:
    """Return tensors one behind the other along an axis; they are given in one list or one by one."""
    return ops.concatenate(_listed(xs), axis)


@operation("Stack", promotes=True)
def stack(*xs: Any, axis: int = 0) -> Value:
    """Return tensors one behind the other along a new axis; they are given in one list or one by one."""
    values = [expand_dims(value, axis) for value in _listed(xs)]
    return ops.concatenate(values, axis)


@operation("Append", promotes=True)
def append(x1: Value, x2: Value, axis: int | None = None) -> Value:
    """Return x2 behind x1 along an axis; without one, all their elements in a row."""
    return ops.concatenate([ravel(x1), ravel(x2)], 0) if axis is None else ops.concatenate([x1, x2], axis)


@operation("Hstack", promotes=True)
def hstack(*xs: Any) -> Value:
    """Return tensors one behind the other along their second axis, vectors along their only one."""
    values = _listed(xs)
    return ops.concatenate(values, 0 if values[0].rank == 1 else 1)


@operation("Vstack", promotes=True)
def vstack(*xs: Any) -> Value:
    """Return tensors one behind the other along their first axis, as Keras on TensorFlow does with vectors too."""
    return ops.concatenate(_listed(xs), 0)


@operation("Dstack", promotes=True)
def dstack(*xs: Any) -> Value:
    """Return tensors one behind the other along their third axis, which vectors and matrices are given."""
    values = []
    for value in _listed(xs):
        matrix = ops.reshape(value, (1, -1)) if value.rank < 2 else value
        values.append(expand_dims(matrix, 2) if matrix.rank == 2 else matrix)
    return ops.concatenate(values, 2)


def _listed(xs: tuple[Any, ...]) -> Sequence[Value]:
    found: Sequence[Value] = xs[0] if isinstance(xs[0], list | tuple) else xs
    return found


# ---------------------------------------------------------------------- parts


@operation("Split")
def split(x: Value, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Value]:
    """Return the parts of x along an axis: so many of one length, or those between some indices."""
    return _parts("Split", x, indices_or_sections, axis)


@operation("Hsplit")
def hsplit(x: Value, indices_or_sections: int | Sequence[int]) -> list[Value]:
    """Return the parts of x along its second axis, of a vector along its only one."""
    return _parts("Hsplit", x, indices_or_sections, 0 if x.rank == 1 else 1)


@operation("Vsplit")
def vsplit(x: Value, indices_or_sections: int | Sequence[int]) -> list[Value]:
    """Return the parts of x along its first axis."""
    return _parts("Vsplit", x, indices_or_sections, 0)


@operation("Dsplit")
def dsplit(x: Value, indices_or_sections: int | Sequence[int]) -> list[Value]:
    """Return the parts of x along its third axis."""
    return _parts("Dsplit", x, indices_or_sections, 2)


def _parts(name: str, x: Value, given: int | Sequence[int], axis: int) -> list[Value]:
    """Return the parts that `Split` and its like give.

    Raises:
        ModelError: the indices descend, or are outside.
        ShapeError: the parts would not be of one length.
    """
    axis = normalize_axis(x, axis)
    length = x.shape[axis]
    if isinstance(given, int):
        if given < 1:
            raise ModelError(f"{name}: indices_or_sections must be a number from 1, or indices, got {given}")
        each = length // given
        if each * given != length:
            raise ShapeError(
                f"{name}: axis {axis} of {x.type} cannot be split into {given} parts of one length",
                unequal=(length, each * given),
            )
        return _pieces(x, axis, [each] * given)
    indices = [int(index) for index in given]
    places: list[Dim] = [0, *indices]
    ends = [*places[1:], length]
    for start, end in zip(places, ends, strict=True):
        if isinstance(start, int) and (start < 0 or (isinstance(end, int) and end < start)):
            raise ModelError(f"{name}: indices_or_sections must not descend between 0 and {length}, got {indices}")
    return [ops.take(x, axis, start, end) for start, end in zip(places, ends, strict=True)]


def _pieces(x: Value, axis: int, lengths: Sequence[Dim]) -> list[Value]:
    """Return parts of so many elements, one behind the other."""
    if len(lengths) == 1:
        return [x]
    parts = []
    start: Dim = 0
    for length in lengths:
        parts.append(ops.take(x, axis, start, start + length))
        start = start + length
    return parts


@operation("ArraySplit")
def array_split(x: Value, indices_or_sections: int, axis: int = 0) -> list[Value]:
    """Return so many parts of x along an axis, the first ones longer by one where they are not of one length.

    Raises:
        ModelError: the length is not known, or the number of parts is below 1.
    """
    place = normalize_axis(x, axis)
    length = x.shape[place]
    if not isinstance(length, int):
        raise ModelError(f"ArraySplit: the length of axis {place} must be known, got {x.type}")
    if not isinstance(indices_or_sections, int) or indices_or_sections < 1:
        raise ModelError(f"ArraySplit: indices_or_sections must be a number from 1, got {indices_or_sections}")
    each, longer = divmod(length, indices_or_sections)
    return _pieces(x, place, [each + 1] * longer + [each] * (indices_or_sections - longer))


@operation("Unstack", module="core")
def unstack(x: Value, num: int | None = None, axis: int = 0) -> list[Value]:
    """Return the elements of x along an axis, which they do not have.

    Raises:
        ModelError: their number is not known.
        ShapeError: it is another one.
    """
    place = normalize_axis(x, axis)
    length = x.shape[place]
    if num is None:
        if not isinstance(length, int):
            raise ModelError(f"Unstack: num must be given where the length of an axis is not known, got {x.type}")
        num = length
    if num != length:
        raise ShapeError(
            f"Unstack: num must be the length of axis {place} of {x.type}, got {num}", unequal=(length, num)
        )
    rest = [*x.shape[:place], *x.shape[place + 1 :]]
    return [ops.reshape(part, rest) for part in _pieces(x, place, [1] * num)]
