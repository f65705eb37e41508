"""Weights of layers: arrays with a name and an initializer, which become windows on a slab once a model is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy

from nnc import initializers
from nnc.errors import ModelError
from nnc.ir import Placeholder

Array = Any


class Variable(Placeholder):
    """A weight of a layer.

    Args:
        shape: its shape.
        name: its name inside the layer, such as ``kernel``.
        owner: name of the layer, or a function that returns it.
        initializer: gives its first value.
        trainable: whether training may change it.
        dtype: element type.

    Attributes:
        array: its value; a window on a slab once it belongs to a compiled model.
        gradient: what `Layer.backward` computed, or None.
    """

    def __init__(
        self,
        shape: Sequence[int],
        name: str,
        owner: Any,
        initializer: Any,
        trainable: bool = True,
        dtype: str = "float32",
        generator: numpy.random.Generator | None = None,
    ) -> None:
        self.shape = tuple(int(dim) for dim in shape)
        self.name = name
        self.owner = owner
        self.trainable = trainable
        self.initializer = initializers.get(initializer)
        self.array: Array = numpy.ascontiguousarray(self.initializer(self.shape, dtype, generator), dtype)
        self.gradient: Array | None = None
        self.slab: Slab | None = None
        self.offset = 0

    @property
    def path(self) -> str:
        """Unique name inside a model, such as ``dense/kernel``."""
        return f"{self.owner.name}/{self.name}"

    @property
    def dtype(self) -> str:
        """Element type."""
        return str(self.array.dtype)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    def assign(self, value: Any) -> None:
        """Overwrite the value, in place.

        Raises:
            ModelError: the shape is another.
        """
        array = numpy.asarray(value)
        if array.shape != self.shape:
            raise ModelError(f"weight '{self.path}' has shape {self.shape}, got an array of shape {array.shape}")
        self.array[...] = array

    def numpy(self) -> Array:
        """Return a copy of the value."""
        return self.array.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return numpy.array(self.array, dtype) if copy or dtype is not None else self.array

    def __repr__(self) -> str:
        return f"<Variable {self.path} {self.shape} {self.dtype}>"


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
    slab = Slab(numpy.empty(sum(variable.size for variable in fresh), dtype))
    offset = 0
    for variable in fresh:
        window = slab.array[offset : offset + variable.size].reshape(variable.shape)
        window[...] = variable.array
        variable.array, variable.slab, variable.offset = window, slab, offset
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
