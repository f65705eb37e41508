"""Weights side by side: how those of a model become windows on slabs of memory, one state of a program each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnc.aligned import aligned_empty
from nnc.errors import ModelError
from nnc.variable import Variable, blank_weights

if TYPE_CHECKING:
    from nnc.execution.prologue import Version

__all__ = [
    "Segment",
    "Slab",
    "Variable",
    "assign_all",
    "blank_weights",
    "make_buffer",
    "make_segments",
    "share_versions",
]

Array = Any


def assign_all(variables: Sequence[Variable], values: Any, where: str) -> None:
    """Overwrite several variables, or none of them.

    Args:
        variables: what to overwrite.
        values: an array for each.
        where: what they belong to, for messages.

    Raises:
        ModelError: a number, a shape or an element type does not fit.
    """
    if not isinstance(values, list | tuple):
        raise ModelError(f"{where} needs a list of {len(variables)} weights, got {type(values).__name__}")
    if len(values) != len(variables):
        raise ModelError(f"{where} has {len(variables)} weights, got {len(values)}")
    arrays = [variable.checked(value) for variable, value in zip(variables, values, strict=True)]
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


@dataclass(eq=False)
class Slab:
    """One vector that holds the values of several variables, one behind the other."""

    array: Array


@dataclass(frozen=True)
class Segment:
    """Neighbouring variables of a slab: one state of a program.

    Args:
        label: name of the state.
        array: the part of the slab they fill.
        variables: the variables, in the order they lie there.
    """

    label: str
    array: Array
    variables: tuple[Variable, ...]


def make_buffer(variable: Variable, label: str, dtype: str) -> Segment:
    """Return the state of a weight that layers assign, in memory of its own.

    Args:
        variable: the weight.
        label: name of the state.
        dtype: element type, where the weight holds floating-point numbers.
    """
    if variable.memory.dtype.kind == "f" and variable.dtype != dtype:
        variable.memory = variable.memory.astype(dtype)
    elif variable.version is None:
        variable.memory = variable.memory.copy()  # whoever has a window on the old array does not change the new one
    return Segment(label, variable.memory, (variable,))


def make_segments(variables: Sequence[Variable], label: str, dtype: str) -> list[Segment]:
    """Lay variables into slabs and return them as few segments.

    Variables without a slab move into a new one. Those that another model has laid out already stay where
    they are, so that models which share layers share memory.

    Args:
        variables: in the order in which they should lie.
        label: name of the first segment; further ones get a number.
        dtype: element type of new slabs.
    """
    fresh = [variable for variable in variables if variable.slab is None or variable.dtype != dtype]
    slab = Slab(aligned_empty((sum(variable.size for variable in fresh),), dtype))
    offset = 0
    for variable in fresh:
        window = slab.array[offset : offset + variable.size].reshape(variable.shape)
        window[...] = variable.memory
        variable.memory, variable.slab, variable.offset = window, slab, offset
        offset += variable.size
    runs: list[list[Variable]] = []
    for variable in variables:
        before = runs[-1][-1] if runs else None
        if before is not None and before.slab is variable.slab and before.offset + before.size == variable.offset:
            runs[-1].append(variable)
        else:
            runs.append([variable])
    segments = []
    for number, run in enumerate(runs):
        first, last = run[0], run[-1]
        assert first.slab is not None
        array = first.slab.array[first.offset : last.offset + last.size]
        segments.append(Segment(label if number == 0 else f"{label}_{number}", array, tuple(run)))
    return segments


def share_versions(variables: Iterable[Variable]) -> tuple[Version, ...]:
    """Let weights that no model has compiled before count their changes together; return the counters of all."""
    from nnc.execution.prologue import Version

    fresh = Version()
    found: dict[Version, None] = {}
    for variable in variables:
        if variable.version is None:
            variable.version = fresh
        found[variable.version] = None
    return tuple(found)
