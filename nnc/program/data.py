"""Checks and converts the arrays that a user gives, before anything runs on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import numpy

from nnc.arrays import NUMBERS, check_whole, has_attribute, is_read_by_rows, to_array
from nnc.errors import DataError, ShapeError
from nnc.execution.spec import TEXT, ArraySpec, ProgramSpec, TargetSpec
from nnc.ir import solve_symbols
from nnc.labels import ROWS

Array = Any


def input_arrays(spec: ProgramSpec, given: Any) -> list[Array]:
    """Return an array for each input of a program's graphs, made of texts where it begins with these.

    Args:
        spec: the program's description.
        given: see `as_arrays`.

    Raises:
        DataError: there are too many or too few arrays, or one does not fit.
    """
    arrays = as_arrays(spec.taken, given, "input")
    if spec.edge is None:
        return arrays
    check_rows(arrays, [item.label for item in spec.taken])
    for item, array in zip(spec.taken, arrays, strict=True):
        if is_read_by_rows(array):
            raise DataError(f"input '{item.label}' stands beside texts, which are not read by rows; give an array")
    made = spec.edge.run(arrays)
    return [as_array(item, array, "input") for item, array in zip(spec.inputs, made, strict=True)]


def as_arrays(specs: Sequence[ArraySpec], given: Any, what: str) -> list[Array]:
    """Return one array per spec, of its element type, contiguous.

    Args:
        specs: what is expected.
        given: an array or what `nnc.arrays.to_array` takes for one, or a list or a dictionary (by label) of such.
        what: ``input`` or ``target``, for messages.

    Raises:
        DataError: there are too many or too few arrays, or one does not fit.
    """
    labels = [spec.label for spec in specs]
    if isinstance(given, Mapping):
        if set(given) != set(labels):
            raise DataError(f"expected {what}s {', '.join(labels)}, got {', '.join(map(str, given)) or 'none'}")
        arrays = [given[label] for label in labels]
    elif len(specs) == 1 and not _is_single_list(given):
        arrays = [given]
    else:
        arrays = list(given) if isinstance(given, list | tuple) else [given]
    if len(arrays) != len(specs):
        raise DataError(f"expected {len(specs)} {what}s ({', '.join(labels)}), got {len(arrays)}")
    return [as_array(spec, array, what) for spec, array in zip(specs, arrays, strict=True)]


def _is_single_list(given: Any) -> bool:
    return isinstance(given, list | tuple) and len(given) == 1 and has_attribute(given[0], "shape")


def as_array(spec: ArraySpec, given: Any, what: str) -> Array:
    """Return one array of shape (rows, *spec.shape).

    Raises:
        DataError: its rank, width or element type does not fit, or it is empty.
    """
    is_text, name = spec.dtype == TEXT, f"{what} '{spec.label}'"
    is_plain = given.__class__ is numpy.ndarray and given.dtype.kind in NUMBERS
    by_rows = not is_plain and is_read_by_rows(given)
    if by_rows and (is_text or given.dtype.kind not in NUMBERS):
        found = "texts are not" if is_text else f"elements of type {given.dtype} are not numbers that can be"
        raise DataError(f"{name}: {found} read by rows; give an array")
    if is_text:
        from nnc.text import as_text_array

        array = as_text_array(given, name)
    else:
        array = given if is_plain or by_rows else to_array(given, name, spec.dtype, partial(_on_text, what))
    array = _fit_rank(spec, array, what)
    if array.ndim != len(spec.shape) + 1 or any(
        isinstance(wanted, int) and wanted != found for wanted, found in zip(spec.shape, array.shape[1:], strict=True)
    ):
        expected = ", ".join(map(str, ("rows", *spec.shape))) + "," * (not spec.shape)
        from nnc.program.advice import on_shape

        advice = on_shape(spec, array, what)
        raise DataError(f"{what} '{spec.label}' must have shape ({expected}), got {array.shape}{advice}")
    if len(array) == 0:
        raise DataError(f"{what} '{spec.label}' is empty: it has no rows")
    if 0 in array.shape:
        raise DataError(f"{what} '{spec.label}' is empty: it has shape {array.shape}")
    if is_text:
        return array
    if by_rows:
        return array.converted(spec.dtype, name)
    if numpy.dtype(spec.dtype).kind in "iu":
        check_whole(array, spec.dtype, f"{what} '{spec.label}'")
    with numpy.errstate(over="ignore"):  # what is too large for the element type becomes infinite
        return numpy.ascontiguousarray(array, spec.dtype)


def _on_text(what: str) -> str:
    from nnc.program.advice import on_text

    return on_text(what)


def _fit_rank(spec: ArraySpec, array: Array, what: str) -> Array:
    """Add a last axis of length 1, or drop that of targets and texts, as Keras does."""
    if isinstance(spec, TargetSpec) and spec.exact:
        return array
    if array.ndim == len(spec.shape) and spec.shape[-1:] == (1,):
        return array[..., numpy.newaxis]
    is_squeezed = what == "target" or spec.dtype == TEXT
    if is_squeezed and array.ndim == len(spec.shape) + 2 and array.shape[-1] == 1:
        return array[..., 0]
    return array


def check_finite(specs: Sequence[ArraySpec], arrays: Sequence[Array], what: str, part: range) -> None:
    """Check that there is no NaN and no infinity.

    Args:
        specs: what is expected.
        arrays: an array for each.
        what: ``input`` or ``target``, for messages.
        part: the rows to look at, one behind the other.

    Raises:
        DataError: there is; the message has the first row.
    """
    for spec, whole in zip(specs, arrays, strict=True):
        if whole.dtype.kind != "f" and not is_read_by_rows(whole):  # of which whole numbers are seen when they are read
            continue
        count = 0
        first: tuple[int, Any] = (len(whole), None)
        for rows, array in _blocks(whole, part):
            is_finite = numpy.isfinite(array)
            if not is_finite.all():
                bad = ~is_finite.reshape(len(array), -1).all(axis=1)
                count += int(bad.sum())
                number, row = _first(rows, bad)
                first = min(first, (number, array[row]), key=itemgetter(0))
        if count:
            raise DataError(
                f"{what} '{spec.label}' has NaN or infinity in {count} of {len(part)} rows, first in row"
                f" {first[0]}: {numpy.array2string(first[1], threshold=8)}"
            )


def _blocks(array: Array, part: range) -> Iterable[tuple[Any, Array]]:
    """Return rows of an array with their numbers: all at once, or as many at a time as are to be read together."""
    return array.blocks(part) if is_read_by_rows(array) else [(part, array[part.start : part.stop])]


def _first(rows: Any, bad: Array) -> tuple[int, int]:
    """Return the number of the first row that has a True, and where it stands among these rows."""
    index = int(numpy.where(bad.reshape(len(bad), -1).any(axis=1), rows, max(rows) + 1).argmin())
    return int(rows[index]), index


def check_targets(specs: Sequence[TargetSpec], arrays: Sequence[Array], part: range) -> None:
    """Check that targets are what the losses can use; see `check_finite` for the arguments.

    Raises:
        DataError: a class index or a number is out of range.
    """
    for spec, whole in zip(specs, arrays, strict=True):
        low, high = (0.0, float(spec.classes - 1)) if spec.classes else (spec.low, spec.high)
        if low is None and high is None:
            continue
        first: tuple[int, Any, Any] = (len(whole), None, None)
        for rows, array in _blocks(whole, part):
            outside = numpy.zeros(array.shape, bool)
            if low is not None:
                outside |= array < low
            if high is not None:
                outside |= array > high
            if spec.ignored is not None:
                outside &= array != spec.ignored
            if outside.any():
                number, row = _first(rows, outside)
                value = array[row][outside[row]] if array.ndim > 1 else array[row]
                first = min(first, (number, value, array), key=itemgetter(0))
        if first[0] < len(whole):
            from nnc.program.advice import on_numbers

            kind = f"class indices 0 … {spec.classes - 1}" if spec.classes else f"numbers from {low:g} to {high:g}"
            raise DataError(
                f"target '{spec.label}' must hold {kind} for the loss '{spec.loss}', row {first[0]} has"
                f" {numpy.asarray(first[1]).reshape(-1)[0].item()}{on_numbers(spec, first[2])}"
            )


def known_sizes(specs: Sequence[ArraySpec], arrays: Sequence[Array]) -> dict[str, int]:
    """Return the number of rows, and the length behind each other symbol in the shapes.

    Raises:
        DataError: the arrays do not fit each other.
    """
    sizes = {ROWS: check_rows(arrays, [spec.label for spec in specs])}
    if all(isinstance(dim, int) for spec in specs for dim in spec.shape):
        return sizes
    shapes = {f"'{spec.label}'": (spec.shape, array.shape[1:]) for spec, array in zip(specs, arrays, strict=True)}
    try:
        return sizes | solve_symbols(shapes)
    except ShapeError as error:
        raise DataError(f"each row of {error}") from None


def check_rows(arrays: Sequence[Array], labels: Sequence[str]) -> int:
    """Return the common number of rows.

    Raises:
        DataError: the arrays have different numbers of rows.
    """
    counts = [len(array) for array in arrays]
    if len(set(counts)) > 1:
        listed = ", ".join(f"{label} has {count}" for label, count in zip(labels, counts, strict=True))
        raise DataError(f"all arrays must have the same number of rows: {listed}")
    return counts[0]
