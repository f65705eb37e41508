"""The state of an update rule besides the parameter: the learning rate, its slots and the step number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from nnc.ir import Graph, Shape, TensorType, Value, ops
from nnc.labels import ITERATIONS, LEARNING_RATE
from nnc.optimizers.lookups import Lookups, of_parts, of_table
from nnc.optimizers.windows import Whole, Window

PLACE = "optimizer"
"""What the labels of states begin with that belong to the only optimizer of a program, or to the first one."""


class Clock:
    """The counter of batches in a graph, and what follows from it: the step, its learning rate, whether it is taken.

    Args:
        graph: a training graph.
        dtype: element type to compute in.
        every: batches per step; the gradients of the others are only added up.
        schedule: gives the learning rate from the number of batches before this one; None where it is a state.
        place: what the labels of the optimizer's states begin with.
    """

    def __init__(
        self,
        graph: Graph,
        dtype: str,
        every: int = 1,
        schedule: Callable[[Value], Value] | None = None,
        place: str = PLACE,
    ) -> None:
        self.graph = graph
        self.dtype = dtype
        self.every = every
        self.schedule = schedule
        self.place = place
        self._before: dict[str, Value] = {}
        self._assigned: set[str] = set()

    def before(self, label: str, type: TensorType, role: str) -> Value:
        """Return a state as it was before this application of the rule, which may not be the first one of the step."""
        if label not in self._before:
            state = self.graph.state(label, type, role)
            self._before[label] = self.graph.updates.get(label, state)
        return self._before[label]

    def assign(self, label: str, value: Value) -> None:
        """Let a state have a value after this application of the rule, once."""
        if label not in self._assigned:
            self._assigned.add(label)
            self.graph.updates.pop(label, None)
        self.graph.update(label, value)

    def is_assigned(self, label: str) -> bool:
        """Return whether a state has its value after this application."""
        return label in self._assigned

    @property
    def _iterations(self) -> str:
        return placed(ITERATIONS, self.place)

    @property
    def counter(self) -> Value:
        """The number of batches before this one, an int64 scalar; using it makes them counted."""
        done = self.before(self._iterations, TensorType("int64", ()), "counter")
        if not self.is_assigned(self._iterations):
            self.assign(self._iterations, done + 1)
        return done

    @property
    def learning_rate(self) -> Value:
        """The learning rate, a scalar."""
        if self.schedule is None:
            label = placed(LEARNING_RATE, self.place)
            return self.graph.state(label, TensorType(self.dtype, ()), "hyperparameter")
        return ops.cast(self.schedule(ops.cast(self.counter, self.dtype)), self.dtype)

    @property
    def step(self) -> Value:
        """The number of this step, from 1, a scalar."""
        if self.every == 1:
            _ = self.counter
            return ops.cast(self.graph.updates[self._iterations], self.dtype)
        return self.steps_done + 1.0

    @property
    def steps_done(self) -> Value:
        """The number of steps before this batch, a scalar."""
        if self.every == 1:
            return ops.cast(self.counter, self.dtype)
        return ops.cast(ops.floor(ops.cast(self.counter, "float64") / self.every), self.dtype)

    @property
    def is_due(self) -> Value | None:
        """Whether this batch ends a step, a bool scalar; None where every batch does."""
        return None if self.every == 1 else is_multiple(ops.cast(self.counter, "float64") + 1.0, self.every)


def is_multiple(number: Value, divisor: int) -> Value:
    """Return whether a whole number, given as float, is a multiple of another, as bool."""
    return ops.equal(ops.floor(number / divisor) * divisor, number)


class OptimizerState:
    """The optimizer's state in a graph, for one parameter.

    Args:
        label: label of the parameter's state.
        parameter: the parameter before the update.
        windows: the variables that lie in the parameter, in their order; one by default.
        clock: counts batches; by default each is a step.
        lookups: the look-ups that make the gradients of tables, by path; see `nnc.optimizers.lookups`.
    """

    def __init__(
        self,
        label: str,
        parameter: Value,
        windows: Sequence[Window] = (),
        clock: Clock | None = None,
        lookups: Mapping[str, tuple[Lookups, ...]] = MappingProxyType({}),
    ) -> None:
        self.label = label
        self.type = parameter.type
        self.graph = parameter.graph
        self.windows = tuple(windows) or (Whole(label, label, 0, tuple(int(dim) for dim in parameter.shape)),)
        self.clock = clock or Clock(parameter.graph, parameter.dtype)
        self.lookups = lookups

    @property
    def learning_rate(self) -> Value:
        """The learning rate, a scalar of the parameter's element type."""
        return self.clock.learning_rate

    @property
    def step(self) -> Value:
        """The number of this step, from 1, a scalar of the parameter's element type; using it makes steps counted."""
        return self.clock.step

    def of_parts(self, function: Callable[..., Value], gradient: Value, *others: Value) -> Value:
        """Return an elementwise function of the gradient as Keras on TensorFlow computes it: ``square``, ``absolute``.

        A table that is only looked up has a gradient of parts there, one for each look-up. Their sum is taken of the
        function's values, so that the square of a word's gradient depends on how often the word occurs in a batch.

        Args:
            function: is given a part of the gradient and the same part of the others; it is 0 where the gradient is.
            gradient: what `Optimizer.update_step` was given.
            others: values of the same type.
        """
        return of_parts(function, (gradient, *others), self.windows, self.lookups)

    def of_variable(self, window: Window, function: Callable[..., Value], gradient: Value, *others: Value) -> Value:
        """Return what `of_parts` does for one variable, whose part of the gradient and of the others is given."""
        lookups = self.lookups.get(window.path)
        return of_table(function, others, window.shape, lookups) if lookups else function(gradient, *others)

    def slot(self, name: str, variable: str = "", shape: Shape | None = None) -> Value:
        """Return what `assign` stored in the step before, zeros at first, or what the rule's `slots` say.

        Args:
            name: name of the slot.
            variable: path of the variable it belongs to; without, it belongs to the whole parameter.
            shape: its shape, that of the parameter by default.
        """
        type = self.type if shape is None else self.type.with_shape(shape)
        return self.clock.before(self.slot_label(name, variable), type, "slot")

    def slot_label(self, name: str, variable: str = "") -> str:
        """Return the label of the state that is a slot of the parameter, or of one of its variables."""
        return placed(slot_label(name, variable or self.label), self.clock.place)

    def assign(self, name: str, value: Value, variable: str = "") -> Value:
        """Store a value in a slot for the next step, and return it."""
        before = self.slot(name, variable, value.shape)
        self.clock.assign(self.slot_label(name, variable), self.chosen(value, before))
        return value

    def shared(self, name: str, make: Callable[[Value], Value]) -> Value:
        """Return a number that all parameters share, after this step.

        Args:
            name: name of its state.
            make: returns the new number from that before; it is called once.
        """
        label = f"{self.clock.place}/{name}"
        before = self.clock.before(label, self.type.with_shape(()), "slot")
        after = make(before)
        if not self.clock.is_assigned(label):
            self.clock.assign(label, self.chosen(after, before))
        return after

    def chosen(self, value: Value, before: Value) -> Value:
        """Return the new value where this batch ends a step, otherwise that before."""
        due = self.clock.is_due
        return value if due is None else ops.where(due, value, before)


def slot_label(name: str, owner: str) -> str:
    """Return the label of the state that is a slot of a parameter or of a variable."""
    return f"{PLACE}/{name}/{owner}"


def placed(label: str, place: str) -> str:
    """Return the label of a state of the optimizer that has a place, given that of the only one.

    >>> placed("optimizer/iterations", "critic_optimizer")
    'critic_optimizer/iterations'
    """
    return place + label.removeprefix(PLACE)
