"""Weights of layers: arrays with a name and an initializer, which become windows on a slab once a model is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy

from nnc import initializers
from nnc.arrays import to_array
from nnc.errors import DataError, GraphError, ModelError
from nnc.initializers.constant import CONSTANT_CLASSES
from nnc.ir import Placeholder, Value

if TYPE_CHECKING:
    from nnc.execution.prologue import Version

Array = Any


_ARE_BLANK: ContextVar[bool] = ContextVar("are_blank", default=False)


@contextmanager
def blank_weights() -> Iterator[None]:
    """Let weights start as zeros, for which no memory is taken before they are written.

    For readers that overwrite all of them: a file may claim any shape, and this costs nothing until its arrays
    have been compared with that.
    """
    token = _ARE_BLANK.set(True)
    try:
        yield
    finally:
        _ARE_BLANK.reset(token)


class Variable(Placeholder):
    """A weight of a layer.

    Args:
        shape: its shape.
        name: its name inside the layer, such as ``kernel``.
        owner: the layer.
        initializer: gives its first value.
        trainable: whether it is trained; one that is can be assigned in `call` while training only.
        dtype: element type.
        generator: what an initializer draws from.
        regularizer: adds to the loss, a function of the weight; None for nothing.
        constraint: what an update is projected to, a function of the weight; None for nothing.

    Attributes:
        is_state: whether it is what a layer remembers between runs, and none of its weights.
        memory: its value, for code that tells `version` what it writes; see `array`.
        version: counts its changes once it belongs to a compiled model, together with other weights.
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
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        self.shape = tuple(int(dim) for dim in shape)
        self.name = name
        self.owner = owner
        self.trainable = trainable
        self.regularizer = regularizer
        self.constraint = constraint
        self.is_state = False
        self._initializer: Any = initializer
        self._is_resolved = False
        if _ARE_BLANK.get():
            self.memory: Array = numpy.zeros(self.shape, dtype)
        else:
            self.memory = self.first_value(dtype, generator)
        self.version: Version | None = None
        self.gradient: Array | None = None
        self.slab: Slab | None = None
        self.offset = 0

    def first_value(self, dtype: str, generator: numpy.random.Generator | None) -> Array:
        """Return what the initializer makes, drawn from a generator where it has no seed of its own."""
        return numpy.asarray(self._resolved()(self.shape, dtype, generator), dtype, order="C")

    @property
    def begins_constant(self) -> bool:
        """Whether its initializer makes the same in each call, and draws nothing."""
        return type(self._resolved()) in CONSTANT_CLASSES

    def _resolved(self) -> Any:
        if not self._is_resolved:  # once, because it takes longer than to draw a small weight
            self._initializer, self._is_resolved = initializers.get(self._initializer), True
        return self._initializer

    @property
    def array(self) -> Array:
        """Its value; a window on a slab once it belongs to a compiled model.

        It can be written to. From then on predictions whose graph derives something from weights compare these with
        copies of them, which takes time: `assign` and `numpy` are better ways.
        """
        if self.version is not None:
            self.version.expose()
        return self.memory

    @array.setter
    def array(self, value: Array) -> None:
        """Take over another array, as ``variable.array += 1`` does with its own."""
        self.memory = value

    @property
    def path(self) -> str:
        """Unique name inside a model, such as ``dense/kernel``."""
        return f"{self.owner.name}/{self.name}"

    @property
    def dtype(self) -> str:
        """Element type."""
        return str(self.memory.dtype)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    def assign(self, value: Any) -> None:
        """Overwrite the value, in place.

        Inside a layer's call() the new value is a graph value: the weight has it for what is lowered from then on,
        and keeps it after the run.

        Raises:
            ModelError: the shape is another, there are no real numbers in it, or a trained weight is to be assigned
                in a call() that predicts.
            ShapeError: a graph value is of another type.
        """
        if isinstance(value, Value | Placeholder):
            self.assign_value(value.value if isinstance(value, Placeholder) else value)
            return
        self.memory[...] = self.checked(value)
        if self.version is not None:
            self.version.change()

    def checked(self, value: Any) -> Array:
        """Return an array that `assign` takes.

        Raises:
            ModelError: see `assign`.
        """
        try:
            array = to_array(value, f"weight '{self.path}'")
        except DataError as error:
            raise ModelError(str(error)) from None
        if array.shape != self.shape:
            raise ModelError(f"weight '{self.path}' has shape {self.shape}, got {array.shape}")
        return array

    def numpy(self) -> Array:
        """Return a copy of the value."""
        return self.memory.copy()

    def __getitem__(self, key: Any) -> Any:
        """Return a part: of the graph value inside a layer's call(), otherwise a copy of that of the array."""
        return self.value[key] if self.has_value else numpy.array(self.memory[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.has_value:  # an array would be a constant of the graph, which nothing trains
            raise GraphError(f"weight '{self.path}' is a graph value here; use nnc.ops instead of NumPy functions")
        return numpy.array(self.memory, dtype) if copy or dtype is not None else self.array

    def __getstate__(self) -> dict[str, Any]:
        """A copy has memory of its own: it is a window on no slab."""
        own = {"memory": self.memory.copy(), "version": None, "gradient": None, "slab": None, "offset": 0}
        return self.__dict__ | own

    def __repr__(self) -> str:
        return f"<Variable {self.path} {self.shape} {self.dtype}>"


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
    slab = Slab(numpy.empty(sum(variable.size for variable in fresh), dtype))
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
