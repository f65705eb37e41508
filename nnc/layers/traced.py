"""Layers and functions that replay what their author wrote: traces of operations and of layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nnc import ops
from nnc.errors import ModelError, NncError
from nnc.ir import Placeholder, SymbolicDim, Value
from nnc.layers.base import Layer
from nnc.layers.creations import CREATIONS, number
from nnc.layers.draws import DRAWS
from nnc.layers.lowering import current_lowering, is_lowering
from nnc.layers.trace import AddedLoss, Assignment, OwnWeight, Trace, TracedCall, TraceValues
from nnc.layers.variable import Variable
from nnc.operations import OPERATIONS
from nnc.structure import leaves


class TracedLayer(Layer):
    """A layer of its author's, as traces of its ``call``: one for each call of it, in training and in predictions.

    Readers of live models make it. A trace is data; nothing of the author's runs.

    Args:
        author_class: name of the author's class, for pictures and messages.
        name: unique name inside the model.
        trainable: whether its weights are trained.

    Attributes:
        inner: the layers inside it, in the order in which its author's layer calls them.
        traces: by number.
        training_traces: the number of the trace for training, by that of the trace for predictions.
    """

    autocast = False
    keeps_integers = True
    supports_masking = True

    def __init__(self, author_class: str, *, name: str | None = None, trainable: bool = True) -> None:
        self.author_class = author_class
        super().__init__(name=name, trainable=trainable)
        self.inner: list[Layer] = []
        self.traces: list[Trace] = []
        self.training_traces: dict[int, int] = {}

    def add_trace(self, trace: Trace) -> int:
        """Add a trace and return its number; the layers that it calls become sublayers."""
        calls = [step for step in trace.steps if isinstance(step, TracedCall)]
        read = leaves([[*step.args, *step.kwargs.values()] for step in calls], OwnWeight)
        found = [step.target for step in calls] + [weight.layer for weight in read if not weight.is_own]
        self.inner += dict.fromkeys(
            layer for layer in found if isinstance(layer, Layer) and layer not in self.inner and layer is not self
        )
        self.traces.append(trace)
        return len(self.traces) - 1

    def call(self, *args: Any, trace: int = 0, training: bool = False) -> Any:
        """Replay a trace.

        Args:
            args: the tensors among what the author's ``call`` got, from left to right.
            trace: number of the trace for predictions.
            training: whether the one for training is replayed in its place.
        """
        return replay(self.traces[self.training_traces.get(trace, trace) if training else trace], leaves(args, Value))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: the traces say which masks there are."""
        del inputs, previous_mask

    @property
    def _class_title(self) -> str:
        return self.author_class

    @property
    def summary_class(self) -> str:
        return self.author_class

    @property
    def keras_class(self) -> tuple[str, str, str | None]:
        return "", self.author_class, None

    def get_config(self) -> dict[str, Any]:
        """Refuse: no config holds a trace.

        Raises:
            ModelError: always.
        """
        raise ModelError(
            f"layer '{self.name}' ({self.author_class}) was traced from its author's code, which no config holds;"
            " save the compiled program (.nnc) instead"
        )


class TracedCell(TracedLayer):
    """A cell of its author's, for `nnc.layers.RNN`; its first trace is for predictions, its second for training.

    Args:
        author_class: name of the author's class.
        state_size: length of its state, or lengths of its states.
        output_size: length of its output.
        name: unique name inside the model.
        trainable: whether its weights are trained.
    """

    def __init__(
        self, author_class: str, state_size: Any, output_size: Any, *, name: str | None = None, trainable: bool = True
    ) -> None:
        super().__init__(author_class, name=name, trainable=trainable)
        self.state_size, self.output_size = state_size, output_size

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:  # type: ignore[override]  # a cell's
        """Return the output of a step and the new states."""
        return replay(self.traces[int(training)], leaves((inputs, states), Value))


class TracedFunction:
    """A function of its author's, such as an activation or a loss, which replays a trace.

    Args:
        name: its name.
        trace: what it computes.
    """

    def __init__(self, name: str, trace: Trace) -> None:
        self.__name__, self.trace = name, trace

    def __call__(self, *values: Any) -> Any:
        return replay(self.trace, [value.value if isinstance(value, Placeholder) else value for value in values])


def replay(trace: Trace, inputs: list[Value]) -> Any:
    """Return what a trace computes of its inputs, in the graph that is being built.

    Raises:
        ModelError: there is another number of inputs, or a step does not accept its operands; the message names the
            author's line.
    """
    if len(inputs) != trace.inputs:
        raise ModelError(f"was traced with {trace.inputs} tensors, and is called with {len(inputs)}")
    run = TraceValues(list(inputs))
    with _without_masks() as masks:  # a trace has masks among its values, and says which layer gets which
        for step in trace.steps:
            with _at(step.place):
                match step:
                    case TracedCall():
                        run.values += _results(step, run)
                        masks.clear()
                    case Assignment():
                        _assign(step.weight.variable, run.resolved(step.value))
                    case AddedLoss():
                        current_lowering().losses.append(run.resolved(step.value))
    return run.resolved(trace.outputs)


def _assign(variable: Variable, value: Value) -> None:
    """Give a weight a new value; on TensorFlow, no gradient goes from what reads it into what the value was made of."""
    variable.assign(value if variable.trainable or not value.type.is_floating else ops.stop_gradient(value))


def _results(step: TracedCall, run: TraceValues) -> list[Value]:
    args, kwargs = run.resolved(step.args), run.resolved(dict(step.kwargs))
    if isinstance(step.target, Layer):
        outputs = step.target(*args, **kwargs)
    elif step.target in _FUNCTIONS:
        outputs = _FUNCTIONS[step.target](run.values[0].graph, *args, **kwargs)
    elif step.target in OPERATIONS:
        definition = OPERATIONS[step.target]
        outputs = definition.function(*definition.operands(_with_numbers(args)), **kwargs)
    else:
        raise ModelError(f"operation {step.target} of keras.ops is not supported")
    found = leaves(outputs, Value)
    if len(found) != step.results:
        raise ModelError(f"{step.target} gave {len(found)} results, expected {step.results}")
    return found


def _with_numbers(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return operands with values instead of lengths that are only known at run time."""
    like = next((item for item in args if isinstance(item, Value)), None)
    if like is None or not any(isinstance(item, SymbolicDim) for item in args):
        return args
    dtype = "int32" if like.dtype == "bool" else like.dtype
    return tuple(number(like.graph, item, dtype) if isinstance(item, SymbolicDim) else item for item in args)


_FUNCTIONS = {**DRAWS, **CREATIONS}
"""Functions that have no operation; they take the graph first."""


@contextmanager
def _without_masks() -> Iterator[dict[Value, Value]]:
    """Let no value have a mask inside the block; a loss or metric, which no layer lowers, has none anyway."""
    masks = current_lowering().masks if is_lowering() else {}
    before = dict(masks)
    masks.clear()
    try:
        yield masks
    finally:
        masks.clear()
        masks.update(before)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Let errors inside the block name a line of the author's, the innermost one."""
    try:
        yield
    except NncError as error:
        message = str(error)
        if place and " (at " not in message:
            raise type(error)(f"{message} (at {place})") from error
        raise
