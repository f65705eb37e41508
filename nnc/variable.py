"""Variables: arrays with a name that graphs read and assign, such as the weights of layers and the sums of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy

from nnc import initializers
from nnc.arrays import is_array_like, to_array
from nnc.checks import check_choice
from nnc.eager_tensor import eager
from nnc.errors import DataError, GraphError, ModelError
from nnc.initializers.constant import CONSTANT_CLASSES
from nnc.initializers.random import RandomInitializer
from nnc.ir import FLOATING, Graph, Placeholder, TensorType, Value, interpret, is_building
from nnc.ir.op import op_class
from nnc.utils import random_generator

if TYPE_CHECKING:
    from nnc.execution.prologue import Version

Array = Any
_AGGREGATIONS = (None, "none", "mean", "sum", "only_first_replica")
_ARE_BLANK: ContextVar[bool] = ContextVar("are_blank", default=False)


@contextmanager
def blank_weights() -> Iterator[None]:
    """Let variables start as zeros, for which no memory is taken before they are written.

    For readers that overwrite all of them: a file may claim any shape, and this costs nothing until its arrays
    have been compared with that.
    """
    token = _ARE_BLANK.set(True)
    try:
        yield
    finally:
        _ARE_BLANK.reset(token)


class Variable(Placeholder):
    """An array that is a state: a graph value while a graph is being built, its numbers otherwise.

    Args:
        initializer: its first value, an array or a number; or an initializer (or the name of one), with a shape.
        shape: its shape, for an initializer.
        dtype: element type; by default that of the array, where that is one, or else ``float32``. As in Keras a layer
            of float32 does not cast a variable of float64. A model whose weights are all float64 computes in it; with
            weights of both, operators on both raise ShapeError: bring one to the other's by `nnc.ops.cast`.
        trainable: whether it is trained; one that is can be assigned in `call` while training only.
        autocast: accepted: a variable is of one element type.
        aggregation: accepted: one process has one value of it.
        synchronization: accepted, likewise.
        name: its name inside what has it, such as ``kernel``.

    Raises:
        ModelError: an argument is wrong, or the shape is missing.

    Attributes:
        owner: the layer (or metric) that has it, or None.
        regularizer: adds to the loss, a function of the weight; None for nothing.
        constraint: what an update is projected to, a function of the weight; None for nothing.
        is_state: whether it is what a layer remembers between runs, and none of its weights.
        memory: its value, for code that tells `version` what it writes; see `array`.
        version: counts its changes once it belongs to a compiled model, together with other weights.
        gradient: what `Layer.backward` computed, or None.
    """

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
    ) -> None:
        del autocast, synchronization
        self.name = name or "variable"
        check_choice(f"variable '{self.name}'", "aggregation", aggregation, _AGGREGATIONS)
        self.owner: Any = None
        self.trainable = trainable
        self.regularizer: Any = None
        self.constraint: Any = None
        self.is_state = False
        self.version: Version | None = None
        self.gradient: Array | None = None
        self.slab: Any = None
        self.offset = 0
        self._initializer: Any = initializer
        self._is_resolved = False
        if isinstance(initializer, Variable):
            initializer = initializer.numpy()
        if is_array_like(initializer) or isinstance(initializer, bool | int | float | list | tuple):
            self._begin_with(initializer, shape, dtype)
            return
        if shape is None:
            raise ModelError(f"variable '{self.name}': an initializer needs a shape; give shape=, or an array instead")
        self.shape = tuple(int(dim) for dim in shape)
        chosen = numpy.dtype(dtype or "float32").name
        blank = _ARE_BLANK.get()
        self.memory: Array = numpy.zeros(self.shape, chosen) if blank else self.first_value(chosen, random_generator())

    def _begin_with(self, given: Any, shape: Sequence[int] | None, dtype: Any) -> None:
        array = to_array(given, f"variable '{self.name}'")
        if dtype is None and not hasattr(given, "dtype"):  # numbers of Python's
            dtype = array.dtype if array.dtype == bool else "float32" if array.dtype.kind == "f" else "int32"
        self._initializer, self._is_resolved = None, True
        self.memory = numpy.array(array, dtype, order="C")
        self.shape = self.memory.shape
        if shape is not None and tuple(shape) != self.shape:
            raise ModelError(f"variable '{self.name}': shape is {tuple(shape)}, its first value has shape {self.shape}")

    def first_value(self, dtype: str, generator: numpy.random.Generator | None) -> Array:
        """Return what the initializer makes, drawn from a generator where it has no seed of its own."""
        initializer = self._resolved()
        if initializer is None:
            return self.memory.astype(dtype)
        return numpy.asarray(initializer(self.shape, dtype, generator), dtype, order="C")

    def first_values(self, dtype: str) -> Callable[[numpy.random.Generator], Array]:
        """Return what draws `first_value` from one generator after another, flat, for arrays of `dtype`.

        What is the same for all of them is looked at once: for a small weight it takes longer than to draw it.
        """
        initializer = self._resolved()
        if isinstance(initializer, RandomInitializer) and initializer.draws_from_caller:
            draw, shape = initializer.draw, self.shape
            return lambda generator: draw(shape, generator).reshape(-1)
        return lambda generator: self.first_value(dtype, generator).reshape(-1)

    @property
    def begins_constant(self) -> bool:
        """Whether its initializer makes the same in each call, and draws nothing."""
        return self._resolved() is None or type(self._resolved()) in CONSTANT_CLASSES

    def _resolved(self) -> Any:
        if not self._is_resolved:  # once, because it takes longer than to draw a small weight
            self._initializer, self._is_resolved = initializers.get(self._initializer), True
        return self._initializer

    @property
    def value(self) -> Any:
        """The graph value it stands for while a graph is being built; a copy of its numbers otherwise.

        Raises:
            GraphError: a graph is being built in which it has no place.
        """
        return super().value if is_building() else self.numpy()

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
        """Name with that of its owner in front, such as ``dense/kernel``."""
        return self.name if self.owner is None else f"{self.owner.name}/{self.name}"

    @property
    def dtype(self) -> str:
        """Element type."""
        return str(self.memory.dtype)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    # ------------------------------------------------------------------ assigning

    def assign(self, value: Any, dtype: Any = None) -> Any:
        """Overwrite the value, in place, and return the new one.

        While a graph is being built the new value is a graph value: the variable has it for what is added from then
        on, and keeps it after the run.

        Args:
            value: an array, a number or a graph value of its shape.
            dtype: accepted if it is the variable's.

        Raises:
            ModelError: the shape is another, there are no real numbers in it, or a trained weight is to be assigned
                in a call() that predicts.
            ShapeError: a graph value is of another type.
        """
        if dtype is not None and numpy.dtype(dtype).name != self.dtype:
            raise ModelError(f"weight '{self.path}' is {self.dtype}, and is assigned as {dtype}")
        if self.has_value and not isinstance(value, Value | Placeholder):
            graph = self.value.graph
            value = graph.constant(numpy.broadcast_to(self._array_of(value), self.shape), self.dtype)
        if isinstance(value, Value | Placeholder) and is_building():
            made: Value = value.value
            if made.dtype != self.dtype and made.type.is_floating and self.dtype in FLOATING:
                cast: Any = op_class("cast")
                made = made.graph.add(cast(self.dtype), made)[0]
            self.assign_value(made)
            return self.value
        self.memory[...] = self.checked(value)
        if self.version is not None:
            self.version.change()
        return self.memory

    def assign_add(self, value: Any) -> Any:
        """Add a value, and return the sum; see `assign`."""
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> Any:
        """Subtract a value, and return the difference; see `assign`."""
        return self.assign(self - value)

    def checked(self, value: Any) -> Array:
        """Return an array that `assign` takes.

        Raises:
            ModelError: see `assign`.
        """
        array = self._array_of(value)
        if array.shape != self.shape:
            raise ModelError(f"weight '{self.path}' has shape {self.shape}, got {array.shape}")
        return array

    def _array_of(self, value: Any) -> Array:
        try:
            return to_array(value, f"weight '{self.path}'")
        except DataError as error:
            raise ModelError(str(error)) from None

    def numpy(self) -> Array:
        """Return a copy of the value."""
        return self.memory.copy()[()]

    # ------------------------------------------------------------------ operators

    def _binary(self, name: str, other: Any, swap: bool = False) -> Any:
        if is_building():
            return super()._binary(name, other, swap)
        return self._computed(op_class(name)(), other, swap)

    def _computed(self, op: Any, other: Any, swap: bool) -> Array:
        """Return what an operation makes of the numbers of two operands."""
        graph = Graph("variable")
        own = graph.input("own", TensorType(self.dtype, self.shape))
        if isinstance(other, bool | int | float):
            given, arrays = graph.constant(other, self.dtype), {}
        else:
            array = other.memory if isinstance(other, Variable) else to_array(other, f"an operand of '{self.path}'")
            given, arrays = graph.input("other", TensorType(array.dtype.name, array.shape)), {"other": array}
        graph.output("result", graph.add(op, *((given, own) if swap else (own, given)))[0])
        return eager(interpret(graph, {"own": self.memory, **arrays})[0]["result"])

    def __neg__(self) -> Any:
        return super().__neg__() if is_building() else eager(-self.memory)

    def __getitem__(self, key: Any) -> Any:
        """Return a part: of the graph value inside a layer's call(), otherwise a copy of that of the array."""
        return self.value[key] if self.has_value else eager(numpy.array(self.memory[key]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.has_value:  # an array would be a constant of the graph, which nothing trains
            raise GraphError(f"weight '{self.path}' is a graph value here; use nnc.ops instead of NumPy functions")
        return numpy.array(self.memory, dtype) if copy or dtype is not None else self.array

    def __float__(self) -> float:
        return float(numpy.asarray(self))

    def __int__(self) -> int:
        return int(numpy.asarray(self))

    def __getstate__(self) -> dict[str, Any]:
        """A copy has memory of its own: it is a window on no slab."""
        own = {"memory": self.memory.copy(), "version": None, "gradient": None, "slab": None, "offset": 0}
        return self.__dict__ | own

    def __repr__(self) -> str:
        return f"<Variable {self.path} {self.shape} {self.dtype}>"


_STATE_LABELS: WeakKeyDictionary[Variable, str] = WeakKeyDictionary()


def state_label(variable: Variable) -> str:
    """Return a name that a variable has for good, and no other one that exists: that of its state in functions."""
    if variable not in _STATE_LABELS:
        taken, label, count = set(_STATE_LABELS.values()), variable.path, 1
        while label in taken:
            count += 1
            label = f"{variable.path}_{count}"
        _STATE_LABELS[variable] = label
    return _STATE_LABELS[variable]
