"""Optimizers and learning-rate schedules of their authors', which replay traces of what they compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy

from nnc.errors import ModelError
from nnc.ir import TensorType, Value, ops
from nnc.layers.trace import Assignment, Length, OwnWeight, Reference, Trace, TracedCall, without_config
from nnc.layers.traced import replay
from nnc.layers.traced_lookups import TracedLookups
from nnc.layers.traced_state import TracedState, as_value
from nnc.optimizers import Optimizer, OptimizerState, SavedVariable
from nnc.optimizers.saved import counter_and_rate, scalar, slot_variable, vector_sizes
from nnc.optimizers.schedules import LearningRateSchedule
from nnc.optimizers.stages import ACCUMULATOR, AVERAGE
from nnc.optimizers.state import slot_label
from nnc.optimizers.windows import Window, by_runs, join
from nnc.structure import leaves

PARAMETER, COUNTER, RATE = range(3)
"""Numbers of the values that each trace may read: the weight itself, the counter of batches, the learning rate."""
_ELEMENTWISE = frozenset(
    {
        *("Abs", "Absolute", "Add", "Cast", "Ceil", "Clip", "Divide", "DivideNoNan", "Equal", "Exp", "Expm1", "Floor"),
        *("FloorDivide", "Greater", "GreaterEqual", "Less", "LessEqual", "Log", "Log1p", "LogicalAnd", "LogicalNot"),
        *("LogicalOr", "Maximum", "Minimum", "Mod", "Multiply", "Negative", "NotEqual", "Power", "Reciprocal", "Round"),
        *("Rsqrt", "Sigmoid", "Sign", "Sqrt", "Square", "Subtract", "Tanh", "TrueDivide", "Where"),
    }
)
"""Operations that do with each element what they do with it in a vector of many weights."""


@dataclass(frozen=True, eq=False)
class KeptVariable:
    """One of the variables of an optimizer, in the order in which Keras keeps them.

    Args:
        name: what it is, for messages.
        role: ``iteration``, ``learning_rate``, ``average``, ``gradient_accumulator``, ``slot``, or ``shared`` for one
            that is no slot of a weight, or of several weights.
        path: path of the weight it belongs to; empty for none.
        slot: name of the slot.
        first: its first value.
    """

    name: str
    role: str
    path: str = ""
    slot: str = ""
    first: Any = None


class TracedOptimizer(Optimizer):
    """An optimizer of its author's, as a trace of its ``update_step`` for each weight; all else is Keras's base class.

    Where all weights get the same elementwise update, it is one of whole vectors, as that of Keras's own rules.

    Args:
        author_class: name of the author's class.
        variables: the optimizer's variables, in Keras's order.
        traces: for the path of each weight what becomes of it, of its gradient and the learning rate, in the order in
            which Keras updates them.
        state: what the traces read and assign besides: first `PARAMETER`, `COUNTER` and `RATE`, then the slots by
            name, then the shared variables.
        slots: names of the slots.
        **options: arguments of `nnc.optimizers.Optimizer`.
    """

    def __init__(
        self,
        author_class: str,
        variables: Sequence[KeptVariable],
        traces: Mapping[str, Trace],
        state: TracedState,
        slots: Sequence[str],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.author_class = author_class
        self._kept, self._traces, self._state = tuple(variables), dict(traces), state
        self._slot_names = tuple(slots)
        self._shared = tuple(item for item in self._kept if item.role == "shared")
        first = RATE + 1 + len(self._slot_names)
        self._held = dict(zip(self._shared, state.weights[first:], strict=True))
        self._touched = {path: _variables_in(trace) for path, trace in self._traces.items()}

    # ------------------------------------------------------------------ the rule

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        self._check_order(state.windows)
        used = {index for window in state.windows for index in self._touched[self._path(window)]}
        slots = {name: number for number, name in enumerate(self._slot_names, RATE + 1) if number in used}
        shared = self._begin(state)
        vectors = [parameter, gradient, *(state.slot(name) for name in slots)]
        kinds = {window: self._kind(window, state) for window in state.windows}
        pieces = [by_runs(vector, state.windows, kinds.__getitem__) for vector in vectors]
        results = [self._run(run, list(slots.values()), state) for run in zip(*pieces, strict=True)]
        updated, *kept = (join(parts) for parts in zip(*results, strict=True))
        for name, value in zip(slots, kept, strict=True):
            state.assign(name, value)
        self._finish(state, shared)
        return updated

    def _run(self, run: Sequence[tuple[Any, Value]], slots: Sequence[int], state: OptimizerState) -> list[Value]:
        """Return a weight, or a vector of several with the same update, and its slots, after the step."""
        kind, values = run[0][0], [piece for _, piece in run]
        held = [self._state.weights[index] for index in (PARAMETER, *slots)]
        lookups = None
        if isinstance(kind, Trace):
            trace = kind
        else:
            trace = self._traces[kind.path]
            values = [ops.reshape(value, kind.shape) for value in values]
            lookups = TracedLookups(trace, kind, values[1], state, self._where) if kind.path in state.lookups else None
        for item, value in zip(held, (values[0], *values[2:]), strict=True):
            item.value = value
        replay(trace, [values[1], state.learning_rate], None if lookups is None else lookups.results)
        return [item.value for item in held]

    def _kind(self, window: Window, state: OptimizerState) -> Any:
        """Return the trace of a variable where it can be one of a whole vector, otherwise the variable."""
        trace = self._trace(window)
        return trace if window.path not in state.lookups and self._is_elementwise(trace) else window

    def _trace(self, window: Window) -> Trace:
        return self._traces[self._path(window)]

    def _path(self, window: Window) -> str:
        if window.path not in self._traces:
            raise ModelError(
                f"{self._where}: {self.author_class} was traced without weight '{window.path}'; compile the Keras"
                " model again, with a new optimizer"
            )
        return window.path

    def _is_elementwise(self, trace: Trace) -> bool:
        """Whether a trace does with a vector of weights what it does with each."""
        numbers = (Reference, OwnWeight, Length, numpy.ndarray)
        for step in trace.steps:
            match step:
                case TracedCall():
                    items = leaves([list(step.args), dict(step.kwargs)], numbers)
                    if step.target not in _ELEMENTWISE or any(isinstance(x, Length | numpy.ndarray) for x in items):
                        return False
                case Assignment():
                    if step.weight.index > RATE + len(self._slot_names):
                        return False
                    if not isinstance(step.value, Reference | OwnWeight):
                        return False
                case _:
                    return False
        return True

    def _check_order(self, windows: Sequence[Window]) -> None:
        """Check that what several weights change is changed in Keras's order."""
        first = RATE + 1 + len(self._slot_names)
        order = list(self._traces)
        for number, item in enumerate(self._shared, first):
            paths = [path for path, touched in self._touched.items() if number in touched]
            is_changed = any(number in _assigned(self._traces[path]) for path in paths)
            here = [order.index(window.path) for window in windows if window.path in paths]
            if is_changed and (here != sorted(here) or (len(here) < len(paths) and here)):
                raise ModelError(
                    f"{self._where}: {self.author_class} changes variable '{item.name}' with several weights, which"
                    " nnc updates in another order than Keras; give each weight a variable of its own, or take the"
                    " constraints off the weights"
                )

    def _begin(self, state: OptimizerState) -> dict[str, Value]:
        """Let the traces read what is no slot, and return the shared variables by label."""
        clock = state.clock
        touched = {index for window in state.windows for index in self._touched[window.path]}
        if COUNTER in touched:
            self._state.weights[COUNTER].value = clock.counter
        if RATE in touched:
            self._state.weights[RATE].value = clock.learning_rate
        found = {}
        for item, held in self._held.items():
            if self._state.weights.index(held) in touched:
                label = self._label(item)
                array = numpy.asarray(item.first)
                dtype = state.type.dtype if array.dtype.kind == "f" else array.dtype.name
                before = state.graph.state(label, TensorType(dtype, array.shape), "slot")
                held.value = found[label] = state.graph.updates.get(label, before)
        return found

    def _finish(self, state: OptimizerState, before: Mapping[str, Value]) -> None:
        for item, held in self._held.items():
            label = self._label(item)
            if label in before and held.value is not before[label]:
                state.graph.updates.pop(label, None)
                state.graph.update(label, state.chosen(held.value, state.graph.states[label]))

    def _label(self, item: KeptVariable) -> str:
        return slot_label("shared", item.name)

    # ------------------------------------------------------------------ live state

    def saved_variables(self, windows: Sequence[Window]) -> list[SavedVariable]:
        """Return what Keras calls ``optimizer.variables``, in its order.

        Args:
            windows: the trainable variables.
        """
        by_path = {window.path: window for window in windows}
        sizes = vector_sizes(windows)
        found: list[SavedVariable] = []
        for item in self._kept:
            if item.path and item.path not in by_path:
                continue
            match item.role:
                case "iteration":
                    found += counter_and_rate(None)
                case "learning_rate":
                    found += counter_and_rate(self.learning_rate)[1:]
                case "average":
                    found.append(slot_variable(AVERAGE, by_path[item.path], sizes))
                case "gradient_accumulator":
                    found.append(slot_variable(ACCUMULATOR, by_path[item.path], sizes))
                case "slot":
                    found.append(slot_variable(item.slot, by_path[item.path], sizes))
                case _:
                    found.append(self._shared_variable(item))
        return found

    def _shared_variable(self, item: KeptVariable) -> SavedVariable:
        array = numpy.asarray(item.first)
        dtype = "" if array.dtype.kind == "f" else array.dtype.name
        if array.ndim == 0:
            return scalar(item.name, self._label(item), array.item(), dtype)
        return SavedVariable(item.name, self._label(item), 0, 0, array.shape, 0.0, dtype)

    def initial_states(self, windows: Sequence[Window] = ()) -> dict[str, Any]:
        """Return what states start with, by label.

        Args:
            windows: the trainable variables.
        """
        found = super().initial_states(windows)
        known = {window.path for window in windows}
        kept = [item for item in self._kept if not item.path or item.path in known]
        for item, saved in zip(kept, self.saved_variables(windows), strict=True):
            if item.role == "slot":
                array = found.setdefault(saved.state, numpy.zeros(saved.state_shape))
                saved.view(array)[...] = item.first
            elif item.role == "shared":
                found[saved.state] = numpy.array(item.first)
        return found

    def saved_slots(self, windows: Sequence[Window]) -> list[SavedVariable]:
        """Return nothing: what they start with is in `initial_states`."""
        del windows
        return []

    # ------------------------------------------------------------------ configs

    def get_config(self) -> NoReturn:
        """Refuse: no config holds a trace.

        Raises:
            ModelError: always.
        """
        raise without_config(f"{self._where} ({self.author_class})")


class TracedSchedule(LearningRateSchedule):
    """A learning-rate schedule of its author's, which replays a trace.

    Args:
        author_class: name of the author's class.
        trace: the learning rate, of the number of batches done.
        dtype: element type of that number in Keras.
    """

    def __init__(self, author_class: str, trace: Trace, dtype: str) -> None:
        self.author_class, self.trace, self.dtype = author_class, trace, dtype

    def __call__(self, step: Value) -> Value:
        """Return the learning rate as graph arithmetic."""
        found = replay(self.trace, [ops.cast(step, self.dtype)])
        return as_value(found, step.graph, step.dtype)

    def get_config(self) -> NoReturn:
        """Refuse: no config holds a trace.

        Raises:
            ModelError: always.
        """
        raise without_config(f"learning-rate schedule {self.author_class}")

    def __repr__(self) -> str:
        return f"<traced {self.author_class}>"


def _variables_in(trace: Trace) -> frozenset[int]:
    """Return the numbers of what a trace reads or assigns besides its inputs."""
    read = [[list(step.args), dict(step.kwargs)] for step in trace.steps if isinstance(step, TracedCall)]
    values = [step.value for step in trace.steps if isinstance(step, Assignment)]
    return frozenset(item.index for item in leaves([read, values], OwnWeight)) | _assigned(trace)


def _assigned(trace: Trace) -> frozenset[int]:
    return frozenset(step.weight.index for step in trace.steps if isinstance(step, Assignment))
