"""Steps of an optimizer that user code asks for: in a graph that is being built, or at once, on arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Graph, TensorType, Value, interpret, ops
from nnc.optimizers.windows import Whole
from nnc.variable import Variable, state_label

Array = Any
Pairs = Sequence[tuple[Any, Variable]]
"""Gradients, each with its variable."""
Apply = Callable[[Any, Pairs], None]
_APPLY: ContextVar[Apply | None] = ContextVar("apply", default=None)


@contextmanager
def applying(apply: Apply) -> Iterator[None]:
    """Let optimizers that are given graph values inside the block take their step by this function."""
    token = _APPLY.set(apply)
    try:
        yield
    finally:
        _APPLY.reset(token)


def is_applying() -> bool:
    """Return whether a graph is being recorded in which optimizers take steps."""
    return _APPLY.get() is not None


class Rate(float):
    """A learning rate: a number, which can be set as a variable of Keras's is."""

    _optimizer: Any

    def of(self, optimizer: Any) -> Rate:
        """Return it as that of an optimizer."""
        self._optimizer = optimizer
        return self

    @property
    def value(self) -> Any:
        """The number as NumPy's, of the element type of Keras's variable."""
        return numpy.float32(self)

    def numpy(self) -> Any:
        """Return the number as NumPy's; see `value`."""
        return self.value

    def assign(self, value: Any) -> None:
        """Set the optimizer's learning rate.

        Args:
            value: a number above 0.

        Raises:
            ModelError: it is none, or the rate follows a schedule.
        """
        self._optimizer.learning_rate = float(value)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies are plain numbers."""
        return float, (float(self),)


def pairs_of(where: str, given: Iterable[Any]) -> list[tuple[Any, Variable]]:
    """Return gradients with their variables, without those that have none.

    Args:
        where: the optimizer, for messages.
        given: pairs of a gradient and a variable.

    Raises:
        ModelError: there is no gradient at all, a variable is none, or is given twice.
    """
    found: list[tuple[Any, Variable]] = []
    missing: list[str] = []
    for gradient, variable in given:
        if not isinstance(variable, Variable):
            raise ModelError(f"{where}: a gradient belongs to a variable, such as a weight, got {variable!r:.80}")
        if getattr(variable, "overwrite_with_gradient", False):
            raise ModelError(
                f"{where}: '{variable.path}' has overwrite_with_gradient, which is for quantized training; assign what"
                " it shall become instead"
            )
        if gradient is None:
            missing.append(variable.path)
        else:
            found.append((gradient, variable))
    if not found:
        raise ModelError(f"{where}: No gradients provided for any variable.")
    if len({id(variable) for _, variable in found}) < len(found):
        raise ModelError(f"{where}: a variable has two gradients; add them up first")
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables {missing} when minimizing the loss. If using `model.compile()`, did"
            " you forget to provide a `loss` argument?",
            stacklevel=4,
        )
    return found


def apply_pairs(optimizer: Any, pairs: Pairs) -> None:
    """Take a step: in the graph that is being built where gradients are graph values, otherwise at once.

    Raises:
        ModelError: gradients are graph values, and nothing is being built in which an optimizer can take a step.
    """
    apply = _APPLY.get()
    values = [gradient for gradient, _ in pairs if isinstance(gradient, Value)]
    if apply is None and all(value.graph.is_concrete for value in values):
        known = [(item.numpy() if isinstance(item, Value) else item, variable) for item, variable in pairs]
        optimizer.array_steps.take(known)
        return
    if apply is None:
        raise ModelError(
            "an optimizer takes steps in train_step of a model, in a function of nnc.function, or on arrays; not in"
            " call()"
        )
    apply(optimizer, pairs)


def constrained(value: Value, variable: Variable) -> Value:
    """Return what a variable's constraint makes of its new value."""
    return value if variable.constraint is None else variable.constraint(value)


class ArraySteps:
    """Steps at once, with NumPy: the state of the optimizer is kept here.

    Args:
        optimizer: the rule.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.states: dict[str, Array] = {}
        self._labels: dict[Variable, str] = {}

    def windows(self) -> list[Whole]:
        """Return the variables that it has met, as those of a program."""
        return [Whole(label, label, 0, variable.shape) for variable, label in self._labels.items()]

    def know(self, variables: Iterable[Variable]) -> None:
        """Meet variables, in this order, and keep a state for each."""
        fresh = [variable for variable in variables if variable not in self._labels]
        for variable in fresh:
            self._labels[variable] = state_label(variable)
        if fresh:
            dtype = fresh[0].dtype
            for label, first in self.optimizer.initial_states(self.windows()).items():
                array = numpy.asarray(first)
                self.states.setdefault(label, numpy.array(array, dtype if array.dtype.kind == "f" else None))
            self.optimizer.bind(self.states, self.windows())

    def state(self, label: str, type: TensorType) -> Array:
        """Return the array of a state, zeros if it is a new one."""
        if label not in self.states:
            self.states[label] = numpy.zeros([int(dim) for dim in type.shape], type.dtype)
        return self.states[label]

    def average_of(self, variable: Variable, slot: str) -> Array:
        """Return what a slot has of a variable.

        Raises:
            ModelError: no step was taken with it.
        """
        label = next((name for name in self.states if name.endswith(f"/{slot}/{self._labels.get(variable)}")), None)
        if label is None:
            raise ModelError(f"{self.optimizer.name}: no step was taken with the variable '{variable.path}'")
        return self.states[label].reshape(variable.shape)

    def take(self, pairs: Pairs) -> None:
        """Take a step.

        Args:
            pairs: arrays of the shapes of their variables, and these.

        Raises:
            ModelError: a shape is another.
        """
        self.know(variable for _, variable in pairs)
        graph, inputs, gradients = Graph("step"), {}, {}
        for gradient, variable in pairs:
            label, array = self._labels[variable], numpy.asarray(gradient, variable.dtype)
            if array.shape != variable.shape:
                raise ModelError(
                    f"the gradient of '{variable.path}' must have shape {variable.shape}, got {array.shape}"
                )
            type = TensorType(variable.dtype, variable.shape)
            graph.state(label, type, "parameter")
            gradients[label] = graph.input(f"gradient/{label}", type)
            inputs[f"gradient/{label}"] = array
        by_label = {self._labels[variable]: variable for _, variable in pairs}
        windows = [item for item in self.windows() if item.state in by_label]
        self.optimizer.locate(self._labels)
        found = self.optimizer.lower(gradients, windows)
        for label, value in found.items():
            graph.updates.pop(label, None)
            graph.update(label, constrained(ops.reshape(value, by_label[label].shape), by_label[label]))
        states = self.states | {label: variable.memory for label, variable in by_label.items()}
        for label, value in graph.states.items():
            if label not in states:
                states[label] = self.state(label, value.type)
        _, after = interpret(graph, inputs, states)
        for label, array in after.items():
            if label in by_label:
                by_label[label].assign(array)
            elif label in self.states:
                self.states[label][...] = array
        counter = self.states.setdefault("optimizer/iterations", numpy.zeros((), "int64"))
        if "optimizer/iterations" not in graph.states:
            counter += 1


class PlacedStates(Mapping[str, Array]):
    """A program's states of one of several optimizers, by the labels that they have for the only one.

    Args:
        states: all states by label.
        label_of: returns the label of one of these.
    """

    def __init__(self, states: Mapping[str, Array], label_of: Callable[[str], str]) -> None:
        self._states, self._label_of = states, label_of

    def __getitem__(self, label: str) -> Array:
        return self._states[self._label_of(label)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)
