"""Records what Python code does with variables, optimizers and metrics as one graph: a training step, a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import PARAMETER, Graph, Placeholder, TensorType, Value
from nnc.ir.ops import Pack, cast, equal, reshape, where
from nnc.labels import ITERATIONS, sums_label
from nnc.layers.lowering import BUFFER, Lowering, lowering
from nnc.layers.variable import Variable
from nnc.metrics import Metric
from nnc.metrics.recording import MetricResult, adding_up_in
from nnc.optimizers import Optimizer
from nnc.optimizers.applying import Pairs, applying, constrained
from nnc.optimizers.state import PLACE, placed
from nnc.optimizers.windows import Whole, split
from nnc.variable import state_label

Array = Any
METRIC = "metric"
"""Role of the states in which metrics add up."""


@dataclass(frozen=True)
class Step:
    """A step that an optimizer takes in a recording.

    Args:
        optimizer: the optimizer.
        place: what the labels of its states begin with.
        variables: what it changes, in the order of the gradients.
    """

    optimizer: Optimizer
    place: str
    variables: tuple[Variable, ...]


@dataclass(frozen=True)
class MeasuredState:
    """The state in which a metric adds up.

    Args:
        label: its label.
        shapes: the shapes of the sums in it.
    """

    label: str
    shapes: tuple[tuple[int, ...], ...]


class Meanings(dict[Placeholder, Value]):
    """What variables stand for; one that is met for the first time gets a state."""

    def __init__(self, declare: Callable[[Variable], None]) -> None:
        super().__init__()
        self._declare = declare

    def __contains__(self, item: object) -> bool:
        if not super().__contains__(item) and isinstance(item, Variable):
            self._declare(item)
        return super().__contains__(item)

    def __missing__(self, item: Placeholder) -> Value:
        if item in self:
            return self[item]
        raise KeyError(item)


class Recording:
    """One graph, and what user code that adds to it means by variables, optimizers and metrics.

    A variable has the state that it was declared with; one that nobody has declared gets a state of its own.

    Args:
        graph: the graph.
        paths: unique names of variables, for those that get states of their own.
        places: what the labels of optimizers' states begin with.
        resets: whether metrics start afresh before the first run, their variables with what ``reset_state`` gives them.

    Attributes:
        context: what layers are lowered in.
        steps: the steps of optimizers, in their order.
        found: variables that got states of their own, by label.
        measured: the states of metrics that add up sums.
        marks: labels of the states that say whether a metric's variables were assigned.
    """

    def __init__(
        self,
        graph: Graph,
        paths: Mapping[Variable, str] | None = None,
        places: Mapping[Optimizer, str] | None = None,
        resets: bool = False,
    ) -> None:
        self.graph, self.resets = graph, resets
        self.marks: list[str] = []
        self.paths = dict(paths or {})
        self.steps: list[Step] = []
        self.found: dict[str, Variable] = {}
        self.measured: dict[Metric, MeasuredState] = {}
        self._places = dict(places or {})
        self.context: Lowering

    @contextmanager
    def running(self, training: bool | None = None, dtype: str | None = None) -> Iterator[Lowering]:
        """Record what is done inside the block.

        Args:
            training: whether layers behave as in training if a call does not say; None where each goes by its default.
            dtype: element type of all that is computed; None where each layer computes in its own.
        """
        with ExitStack() as stack:
            meanings = Meanings(self._declare_found)
            self.context = stack.enter_context(lowering(self.graph, training, dtype=dtype, meanings=meanings))
            self.context.is_step, self.context.is_on_arrays = True, False
            stack.enter_context(applying(self.apply))
            stack.enter_context(adding_up_in(self))
            token = _RECORDING.set(self)
            stack.callback(_RECORDING.reset, token)
            yield self.context
            self.context.finish()

    # ------------------------------------------------------------------ variables

    def _declare_found(self, variable: Variable) -> None:
        label = self.paths.get(variable) or label_of(variable)
        if label in self.graph.states:
            label = f"{label}_{len(self.found)}"
        role = METRIC if isinstance(variable.owner, Metric) else PARAMETER if variable.trainable else BUFFER
        self.found[label] = variable
        with self.graph.scope(path="", phase="forward"):
            self.context.declare(variable, label, role)
            if role == METRIC and self.resets:
                self._begin(variable, label)

    def _begin(self, variable: Variable, label: str) -> None:
        """Let a metric's variable begin with what ``reset_state`` gives it, in a state that begins with zeros."""
        variable.owner.reset_state()
        first = variable.numpy()
        if not numpy.any(first):
            return
        graph, context, mark = self.graph, self.context, f"{label}/is_begun"
        is_begun = graph.state(mark, TensorType("float32", ()), METRIC)
        graph.update(mark, graph.constant(1.0, "float32"))
        self.marks.append(mark)
        state = graph.states[label]
        value = where(equal(is_begun, 0.0), graph.constant(first, state.dtype), state)
        context.meanings[variable] = context.updates[variable] = value

    # ------------------------------------------------------------------ optimizers

    def place_of(self, optimizer: Optimizer) -> str:
        """Return what the labels of an optimizer's states begin with."""
        if optimizer not in self._places:
            taken, number = set(self._places.values()), 2
            while f"{PLACE}_{number}" in taken:
                number += 1
            self._places[optimizer] = f"{PLACE}_{number}" if taken else PLACE
        return self._places[optimizer]

    def apply(self, optimizer: Optimizer, pairs: Pairs) -> None:
        """Let an optimizer take a step: variables stand for their new values from then on."""
        step = Step(optimizer, self.place_of(optimizer), tuple(variable for _, variable in pairs))
        self.steps.append(step)
        counted = self.graph.updates.get(placed(ITERATIONS, step.place))
        context, graph = self.context, self.graph
        gradients, windows, vectors = {}, [], {}
        given = {variable: self._gradient(gradient, variable) for gradient, variable in pairs}
        optimizer.locate({variable: self.paths.get(variable, variable.path) for variable in step.variables})
        with graph.scope("optimizer", "update"):
            for label, members in self._members(step.variables).items():
                offset = 0
                for member in members:
                    path = self.paths.get(member, member.path)
                    windows.append(Whole(path, label, offset, member.shape))
                    offset += member.size
                type = graph.states[label].type
                gradients[label] = _joined([given[member] for member in members], type)
                vectors[label] = members
                if any(member in context.updates for member in members):
                    graph.updates.pop(label, None)
                    graph.update(label, _joined([context.meanings[member] for member in members], type))
            for label, stepped in optimizer.lower(gradients, windows, step.place).items():
                parts = split(stepped, [member.shape for member in vectors[label]])
                is_constrained = any(member.constraint is not None for member in vectors[label])
                if is_constrained:
                    parts = [constrained(part, item) for part, item in zip(parts, vectors[label], strict=True)]
                graph.updates.pop(label, None)
                graph.update(label, _joined(parts, stepped.type) if is_constrained else stepped)
                for member, part in zip(vectors[label], parts, strict=True):
                    context.meanings[member] = part
                    context.updates.pop(member, None)
            self._count(placed(ITERATIONS, step.place), counted)

    def _count(self, label: str, before: Value | None) -> None:
        """Count a step of an optimizer whose rule does not need the number, so does not count by itself."""
        graph = self.graph
        if graph.updates.get(label) is before:
            state = graph.state(label, TensorType("int64", ()), "counter")
            graph.updates.pop(label, None)
            graph.update(label, (state if before is None else before) + 1)

    def _members(self, variables: Sequence[Variable]) -> dict[str, tuple[Variable, ...]]:
        """Return the states that variables lie in, with all that lies there.

        Raises:
            ModelError: a state has variables that are not changed.
        """
        found = {}
        for variable in variables:
            _ = variable.value  # which declares it
            label, members = self.context.place_of(variable)
            found[label] = members
        changed = set(variables)
        for label, members in found.items():
            if not changed.issuperset(members):
                raise ModelError(
                    f"an optimizer changes a part of the weights in '{label}' this time, and others before"
                )
        return found

    def _gradient(self, gradient: Any, variable: Variable) -> Value:
        if not isinstance(gradient, Value):
            gradient = self.graph.constant(numpy.asarray(gradient), variable.dtype)
        if tuple(gradient.shape) != variable.shape:
            raise ModelError(f"the gradient of '{variable.path}' must have shape {variable.shape}, got {gradient.type}")
        return cast(gradient, variable.dtype)

    # ------------------------------------------------------------------ metrics

    def change(self, metric: Any, type: TensorType, shapes: Any, following: Callable[[Value], Value]) -> None:
        """Let the state of a metric become what follows from what it was."""
        if metric not in self.measured:
            self.measured[metric] = MeasuredState(self._sums_label(metric), tuple(map(tuple, shapes)))
        label = self.measured[metric].label
        with self.graph.scope("", "metrics"):
            state = self.graph.state(label, type, METRIC)
            value = following(self.graph.updates.pop(label, state))
            self.graph.update(label, value)

    def _sums_label(self, metric: Metric) -> str:
        taken = {item.label for item in self.measured.values()}
        label, count = sums_label(metric.name), 1
        while label in taken:
            count += 1
            label = sums_label(f"{metric.name}_{count}")
        return label

    def sums(self, metric: Any) -> list[Value]:
        """Return what a metric has added up so far.

        Raises:
            ModelError: it was given nothing in this recording.
        """
        found = self.measured.get(metric)
        if found is None:
            raise ModelError(f"metric '{metric.name}' has no result here: call its update_state before")
        vector = self.graph.updates.get(found.label, self.graph.states[found.label])
        return split(vector, found.shapes)

    def result_of(self, item: Any) -> MeasuredState | None:
        """Return the state of a metric whose result stands for itself, None for other values."""
        return self.measured.get(item.metric) if isinstance(item, MetricResult) else None


_RECORDING: ContextVar[Recording | None] = ContextVar("recording", default=None)


def current_recording() -> Recording | None:
    """Return the recording that goes on, None where there is none."""
    return _RECORDING.get()


def label_of(variable: Variable) -> str:
    """Return the label of a state of a variable's own."""
    label = state_label(variable)
    return f"metrics/{label}" if isinstance(variable.owner, Metric) else label


def _joined(parts: Sequence[Value], type: TensorType) -> Value:
    """Return values of variables as that of the state that they lie in."""
    if len(parts) == 1:
        return reshape(parts[0], tuple(int(dim) for dim in type.shape))
    return parts[0].graph.add(Pack(), *parts)[0]
