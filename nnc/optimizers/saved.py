"""Optimizer state in the form in which Keras keeps it: one array per variable and slot, in Keras's order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.labels import ITERATIONS, LEARNING_RATE
from nnc.optimizers.state import slot_label
from nnc.optimizers.windows import Window

Array = Any


@dataclass(frozen=True)
class SavedVariable:
    """One of Keras's ``optimizer.variables``: a window on a state of a program.

    Args:
        name: what it is, for messages.
        state: label of the state; empty for a number that Keras keeps and nothing uses.
        size: elements of the state, 0 where it is a scalar.
        offset: its first element there.
        shape: its shape.
        first: what it starts with.
        dtype: element type, that of the weights by default.
    """

    name: str
    state: str
    size: int
    offset: int
    shape: tuple[int, ...]
    first: float = 0.0
    dtype: str = ""

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Shape of the state."""
        return (self.size,) if self.size else ()

    def view(self, array: Array) -> Array:
        """Return the variable as a view of its state's array."""
        return array.reshape(-1)[self.offset : self.offset + prod(self.shape)].reshape(self.shape)


def scalar(name: str, state: str, first: float = 0.0, dtype: str = "") -> SavedVariable:
    """Return a number that belongs to the optimizer as a whole."""
    return SavedVariable(name, state, 0, 0, (), first, dtype)


def vector_sizes(windows: Iterable[Window]) -> dict[str, int]:
    """Return the elements of each state that variables lie in, by label."""
    sizes: dict[str, int] = {}
    for window in windows:
        sizes[window.state] = sizes.get(window.state, 0) + prod(window.shape)
    return sizes


def slot_variable(slot: str, window: Window, sizes: Mapping[str, int], first: float = 0.0) -> SavedVariable:
    """Return a slot of the shape of a variable, which lies in its vector as the variable does in the parameters.

    Args:
        slot: name of the slot.
        window: the variable.
        sizes: of all variables, see `vector_sizes`.
        first: what it starts with.
    """
    label = slot_label(slot, window.state)
    return SavedVariable(f"{window.path}/{slot}", label, sizes[window.state], window.offset, window.shape, first)


def own_variable(slot: str, window: Window, shape: tuple[int, ...]) -> SavedVariable:
    """Return a slot that is a state of its own, of any shape."""
    return SavedVariable(f"{window.path}/{slot}", slot_label(slot, window.path), prod(shape), 0, shape)


def copies(variables: Sequence[SavedVariable], windows: Sequence[Window], states: Mapping[str, Array]) -> list[Array]:
    """Return copies of an optimizer's variables from states of a program; one that is missing has its first value.

    Args:
        variables: what is copied.
        windows: the trainable variables.
        states: the program's arrays by label.
    """
    kind = _weights_dtype(windows, states)
    arrays = []
    for item in variables:
        found = states.get(item.state)
        if found is None:
            arrays.append(numpy.full(item.shape, item.first, item.dtype or kind))
        else:
            arrays.append(item.view(found).copy())
    return arrays


def assign_all(
    where: str,
    variables: Sequence[SavedVariable],
    windows: Sequence[Window],
    states: MutableMapping[str, Array],
    arrays: Sequence[Any],
) -> None:
    """Overwrite an optimizer's variables in states of a program, all of them or, where one does not fit, none.

    Args:
        where: the optimizer, for messages.
        variables: what is overwritten.
        windows: the trainable variables.
        states: the program's arrays by label; they are written in place, missing ones are added.
        arrays: one for each of the variables.

    Raises:
        ModelError: the number or the shape of arrays is another.
    """
    if len(arrays) != len(variables):
        names = ", ".join(item.name for item in variables[:6])
        raise ModelError(
            f"{where} has {len(variables)} variables ({names}{', …' if len(variables) > 6 else ''}), got {len(arrays)}"
        )
    given = [numpy.asarray(array) for array in arrays]
    for item, array in zip(variables, given, strict=True):
        if array.shape != item.shape:
            raise ModelError(f"{where}: variable '{item.name}' has shape {item.shape}, got {array.shape}")
        if array.dtype.kind not in "fiu":
            raise ModelError(f"{where}: variable '{item.name}' must hold numbers, got elements of type {array.dtype}")
    kind = _weights_dtype(windows, states)
    for item, array in zip(variables, given, strict=True):
        if item.state:
            if item.state not in states:
                states[item.state] = numpy.full(item.state_shape, item.first, item.dtype or kind)
            item.view(states[item.state])[...] = array


def _weights_dtype(windows: Sequence[Window], states: Mapping[str, Array]) -> str:
    return next((str(states[window.state].dtype) for window in windows if window.state in states), "float32")


def counter_and_rate(rate: float | None) -> list[SavedVariable]:
    """Return the counter of batches and, where the learning rate is a number, that."""
    rates = [] if rate is None else [scalar("learning_rate", LEARNING_RATE, rate)]
    return [scalar("iteration", ITERATIONS, 0, "int64"), *rates]
