"""The state of an update rule besides the parameter: the learning rate, its slots and the step number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from nnc.ir import Graph, Shape, TensorType, Value, ops
from nnc.labels import ITERATIONS, LEARNING_RATE
from nnc.optimizers.lookups import Lookups, of_parts, of_table
from nnc.optimizers.windows import Whole, Window


class Clock:
    """The counter of batches in a graph, and what follows from it: the step, its learning rate, whether it is taken.

    Args:
        graph: a training graph.
        dtype: element type to compute in.
        every: batches per step; the gradients of the others are only added up.
        schedule: gives the learning rate from the number of batches before this one; None where it is a state.
    """

    def __init__(
        self, graph: Graph, dtype: str, every: int = 1, schedule: Callable[[Value], Value] | None = None
    ) -> None:
        self.graph = graph
        self.dtype = dtype
        self.every = every
        self.schedule = schedule

    @property
    def counter(self) -> Value:
        """The number of batches before this one, an int64 scalar; using it makes them counted."""
        done = self.graph.state(ITERATIONS, TensorType("int64", ()), "counter")
        if ITERATIONS not in self.graph.updates:
            self.graph.update(ITERATIONS, done + 1)
        return done

    @property
    def learning_rate(self) -> Value:
        """The learning rate, a scalar."""
        if self.schedule is None:
            return self.graph.state(LEARNING_RATE, TensorType(self.dtype, ()), "hyperparameter")
        return ops.cast(self.schedule(ops.cast(self.counter, self.dtype)), self.dtype)

    @property
    def step(self) -> Value:
        """The number of this step, from 1, a scalar."""
        if self.every == 1:
            _ = self.counter
            return ops.cast(self.graph.updates[ITERATIONS], self.dtype)
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
        return self.graph.state(slot_label(name, variable or self.label), type, "slot")

    def assign(self, name: str, value: Value, variable: str = "") -> Value:
        """Store a value in a slot for the next step, and return it."""
        before = self.slot(name, variable, value.shape)
        self.graph.update(slot_label(name, variable or self.label), self.chosen(value, before))
        return value

    def shared(self, name: str, make: Callable[[Value], Value]) -> Value:
        """Return a number that all parameters share, after this step.

        Args:
            name: name of its state.
            make: returns the new number from that before; it is called once.
        """
        label = f"optimizer/{name}"
        before = self.graph.state(label, self.type.with_shape(()), "slot")
        after = make(before)
        if label not in self.graph.updates:
            self.graph.update(label, self.chosen(after, before))
        return after

    def chosen(self, value: Value, before: Value) -> Value:
        """Return the new value where this batch ends a step, otherwise that before."""
        due = self.clock.is_due
        return value if due is None else ops.where(due, value, before)


def slot_label(name: str, owner: str) -> str:
    """Return the label of the state that is a slot of a parameter or of a variable."""
    return f"optimizer/{name}/{owner}"
