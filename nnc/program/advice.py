"""Advice about arrays that do not fit a model: the likely slip, judged by the shapes and a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from nnc.execution.spec import ArraySpec, TargetSpec

Array = Any
SPARSE = "sparse_categorical_crossentropy"
ONE_HOT = "categorical_crossentropy"
_LOOKED_AT = 1024
"""Rows that are looked at."""


def on_shape(spec: ArraySpec, array: Array, what: str) -> str:
    """Return advice about an array of the wrong shape, beginning with a semicolon; nothing where there is none.

    Args:
        spec: what is expected.
        array: what was given.
        what: ``input`` or ``target``.
    """
    wanted, found = spec.shape, array.shape[1:]
    advice = _on_target_shape(spec, array) if what == "target" else _on_input_shape(wanted, array)  # type: ignore[arg-type]
    if not advice and _matches(wanted, array.shape):
        advice = "that is a single row: put it into an array of rows, x[None]"
    elif not advice and sorted(map(str, wanted)) == sorted(map(str, found)) and len(found) > 1:
        order = ", ".join(str(axis) for axis in (0, *_order(wanted, found)))
        advice = f"the axes are in another order: x.transpose({order})"
    elif not advice and all(isinstance(dim, int) for dim in wanted) and prod(wanted) == prod(found):
        advice = f"as many numbers are in each row: x.reshape({', '.join(map(str, ('len(x)', *wanted)))})"
    return f"; {advice}" if advice else ""


def _on_input_shape(wanted: Sequence[Any], array: Array) -> str:
    if len(wanted) == 1 and array.ndim == 2 and isinstance(wanted[0], int) and array.shape[1] == wanted[0] + 1:
        return "that is a column too many: is the target, or an index, still among the inputs?"
    return ""


def _on_target_shape(spec: TargetSpec, array: Array) -> str:
    wanted, found = spec.shape, array.shape[1:]
    classes = spec.classes or (wanted[-1] if wanted and isinstance(wanted[-1], int) else 0)
    if spec.classes and found[:-1] == wanted and found[-1:] == (spec.classes,):
        return (
            f"the loss '{spec.loss}' takes class indices: give y.argmax(-1), or take the loss '{spec.loss[7:]}'"
            if spec.loss.startswith("sparse_")
            else "give class indices: y.argmax(-1)"
        )
    if wanted == (1,) and len(found) == 1 and _is_one_hot(array):
        return f"a row has a column per class: give the last layer {found[0]} units and take the loss '{ONE_HOT}'" + (
            ", or give y[:, 1:]" if found[0] == 2 else ""
        )
    if spec.loss == ONE_HOT and found in (wanted[:-1], (*wanted[:-1], 1)) and _is_whole(array):
        return (
            f"these look like class indices: take the loss '{SPARSE}', or give nnc.utils.to_categorical(y, {classes})"
        )
    return ""


def on_text(what: str) -> str:
    """Return advice about texts instead of numbers.

    Args:
        what: ``input`` or ``target``.
    """
    if what == "target":
        return "number the classes first: names, y = numpy.unique(y, return_inverse=True)"
    return "number the categories first: names, x = numpy.unique(x, return_inverse=True)"


def on_numbers(spec: TargetSpec, array: Array) -> str:
    """Return advice about targets that are out of range, beginning with a semicolon; nothing where there is none."""
    low, high = float(array.min()), float(array.max())
    if spec.classes and low >= 1 and high == spec.classes:
        return "; classes are numbered from 0: give y - 1"
    if spec.classes and high >= spec.classes:
        return f"; for classes up to {high:g} the last layer needs {high + 1:g} units"
    if spec.loss.startswith("binary") and low >= 0 and 1 < high < _LOOKED_AT and _is_whole(array):
        return f"; for {high + 1:g} classes give the last layer {high + 1:g} units and take the loss '{SPARSE}'"
    if spec.loss.startswith("binary") and {*numpy.unique(array[:_LOOKED_AT]).tolist()} <= {-1.0, 1.0}:
        return "; give (y + 1) / 2"
    return ""


def _matches(wanted: Sequence[Any], found: Sequence[int]) -> bool:
    return len(wanted) == len(found) > 0 and all(
        not isinstance(dim, int) or dim == size for dim, size in zip(wanted, found, strict=True)
    )


def _order(wanted: Sequence[Any], found: Sequence[int]) -> list[int]:
    """Return from which axis of an array, rows being axis 0, each wanted one is taken."""
    left = list(enumerate(found, 1))
    order = []
    for dim in wanted:
        axis = next(item for item in left if item[1] == dim)
        left.remove(axis)
        order.append(axis[0])
    return order


def _is_whole(array: Array) -> bool:
    rows = numpy.asarray(array[:_LOOKED_AT])
    return bool((rows == numpy.floor(rows)).all())


def _is_one_hot(array: Array) -> bool:
    rows = numpy.asarray(array[:_LOOKED_AT])
    return bool(((rows == 0) | (rows == 1)).all() and (rows.sum(axis=-1) == 1).all())
