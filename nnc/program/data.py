"""Checks and converts the arrays that a user gives, before anything runs on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy

from nnc.arrays import NUMBERS, check_whole, first_row, has_attribute, to_array
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
    if is_text:
        from nnc.text import as_text_array

        array = as_text_array(given, name)
    else:
        array = given if is_plain else to_array(given, name, spec.dtype, partial(_on_text, what))
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
        array = whole[part.start : part.stop]
        if array.dtype.kind == "f" and not numpy.isfinite(array).all():
            bad = ~numpy.isfinite(array).reshape(len(array), -1).all(axis=1)
            row = first_row(bad)
            raise DataError(
                f"{what} '{spec.label}' has NaN or infinity in {int(bad.sum())} of {len(array)} rows, first in row"
                f" {part[row]}: {numpy.array2string(array[row], threshold=8)}"
            )


def check_targets(specs: Sequence[TargetSpec], arrays: Sequence[Array], part: range) -> None:
    """Check that targets are what the losses can use; see `check_finite` for the arguments.

    Raises:
        DataError: a class index or a number is out of range.
    """
    for spec, whole in zip(specs, arrays, strict=True):
        array = whole[part.start : part.stop]
        low, high = (0.0, float(spec.classes - 1)) if spec.classes else (spec.low, spec.high)
        outside = numpy.zeros(array.shape, bool)
        if low is not None:
            outside |= array < low
        if high is not None:
            outside |= array > high
        if spec.ignored is not None:
            outside &= array != spec.ignored
        if outside.any():
            from nnc.program.advice import on_numbers

            row = first_row(outside)
            value = array[row][outside[row]] if array.ndim > 1 else array[row]
            kind = f"class indices 0 … {spec.classes - 1}" if spec.classes else f"numbers from {low:g} to {high:g}"
            raise DataError(
                f"target '{spec.label}' must hold {kind} for the loss '{spec.loss}', row {part[row]} has"
                f" {numpy.asarray(value).reshape(-1)[0].item()}{on_numbers(spec, array)}"
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
