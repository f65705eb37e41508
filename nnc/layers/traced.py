"""Layers and functions that replay what their author wrote: traces of operations and of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy

from nnc.errors import ModelError, NncError
from nnc.ir import Placeholder, SymbolicDim, Value, ops
from nnc.ir.ops.loop import Loop
from nnc.ir.ops.scan import Scan
from nnc.labels import OPERATION
from nnc.layers.base import Layer
from nnc.layers.creations import CREATIONS
from nnc.layers.draws import DRAWS
from nnc.layers.lowering import LoweredCall, current_lowering, is_lowering, lowering_body
from nnc.layers.trace import (
    AddedLoss,
    Assignment,
    Replay,
    Trace,
    TracedCall,
    TracedLoop,
    TraceValues,
    length_value,
    without_config,
)
from nnc.operations import OPERATIONS
from nnc.structure import leaves, map_leaves


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
        rows: number of rows in the batches that it takes, None for any.
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
        self.rows: int | None = None

    def add_trace(self, trace: Trace) -> int:
        """Add a trace and return its number; the layers that it calls become sublayers."""
        found = [call.target for call in trace.calls] + [weight.layer for weight in trace.weights if not weight.is_own]
        self.inner += dict.fromkeys(
            layer for layer in found if isinstance(layer, Layer) and layer not in self.inner and layer is not self
        )
        self.traces.append(trace)
        return len(self.traces) - 1

    @property
    def reads_elsewhere(self) -> bool:
        """Whether it, or a layer inside it, has to do with weights of traced layers that are not inside."""
        inside: dict[Layer, None] = {self: None}
        stack: list[Layer] = [self]
        while stack:
            layer = stack.pop()
            stack += [item for item in layer.sublayers if item not in inside]
            inside |= dict.fromkeys(layer.sublayers)
        traced = [layer for layer in inside if isinstance(layer, TracedLayer)]
        return any(weight.layer not in inside for layer in traced for trace in layer.traces for weight in trace.weights)

    def call(self, *args: Any, trace: int = 0, training: bool = False) -> Any:
        """Replay a trace.

        Args:
            args: the tensors among what the author's ``call`` got, from left to right.
            trace: number of the trace for predictions.
            training: whether the one for training is replayed in its place.
        """
        chosen = self.traces[self.training_traces.get(trace, trace) if training else trace]
        inputs = leaves(args, Value)
        return self._replayed(chosen, inputs) if self.rows is None else self._of_rows(chosen, self.rows, inputs)

    def _replayed(self, trace: Trace, inputs: list[Value]) -> Any:
        record = Replay(current_lowering().graph.path, trace, inputs)
        with _recorded(record):
            found = replay(trace, record.values, record=record)
        for value, mask in TraceValues(record.values).resolved(trace.masks):
            current_lowering().masks[value] = mask
        return found

    def _of_rows(self, trace: Trace, rows: int, inputs: list[Value]) -> Any:
        """Replay a trace of so many rows; a program that is given others refuses to be bound to their number."""
        batch = inputs[0].shape[0]
        outputs = self._replayed(trace, [ops.take(value, 0, 0, rows) for value in inputs])
        if any(value.rank == 0 or value.shape[0] != rows for value in leaves(outputs, Value)):
            raise ModelError(f"was traced with {rows} rows, and has an output of another length")
        masks = current_lowering().masks

        def taken(value: Value) -> Value:
            found = ops.take(value, 0, 0, batch)
            if value in masks:
                masks[found] = ops.take(masks[value], 0, 0, batch)
            return found

        return map_leaves(taken, outputs, Value)

    def _opened(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from nnc.layers.opened import opened

        context = self._lowered_alone(args, kwargs)[1]
        return opened(self, context.replays[0], context.graph)

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
        raise without_config(f"layer '{self.name}' ({self.author_class})")


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


def replay(
    trace: Trace,
    inputs: list[Value],
    make: Callable[[TracedCall, TraceValues], Sequence[Any]] | None = None,
    record: Replay | None = None,
) -> Any:
    """Return what a trace computes of its inputs, in the graph that is being built.

    Args:
        trace: the trace.
        inputs: its inputs.
        make: returns the results of a call, by default `results_of` it.
        record: notes what is done, and has operations be named; None for what is a part of a layer.

    Raises:
        ModelError: there is another number of inputs, or a step does not accept its operands; the message names the
            author's line.
    """
    if len(inputs) != trace.inputs:
        raise ModelError(f"was traced with {trace.inputs} tensors, and is called with {len(inputs)}")
    run = TraceValues(inputs if record is not None else list(inputs))
    with _without_masks() as masks:  # a trace has masks among its values, and says which layer gets which
        for number, step in enumerate(trace.steps):
            with at_line(step.place), nullcontext() if record is None else _step(record, number):
                match step:
                    case TracedCall():
                        run.values += (make or results_of)(step, run)
                        for known in masks:
                            known.clear()
                    case Assignment():
                        _assign(step, run.resolved(step.value))
                    case AddedLoss():
                        current_lowering().losses.append(run.resolved(step.value))
    return run.resolved(trace.outputs)


@contextmanager
def _recorded(record: Replay) -> Iterator[None]:
    """Let a call be the one that is going on inside the block."""
    context = current_lowering()
    outer, context.replay = context.replay, record
    try:
        yield
    finally:
        context.replay = outer
    if outer is None:
        context.replays.append(record)
    else:
        outer.inner[len(outer.nodes)] = record


@contextmanager
def _step(record: Replay, number: int) -> Iterator[None]:
    """Note the nodes that a step adds to the graph, which carry the name of an operation."""
    step, context = record.trace.steps[number], current_lowering()
    graph, path = context.graph, f"{record.path}/{record.trace.names[number]}{OPERATION}"
    is_operation = isinstance(step, TracedCall) and step.operation is not None
    start, known = len(graph.nodes), len(record.values)
    with graph.scope(path if is_operation else None):
        yield
    if isinstance(step, TracedCall) and step.operation is not None:
        if step.results == 1:
            graph.set_name(record.values[-1], path.removesuffix(OPERATION))
        results = tuple(record.values[known:])
        context.results.append(LoweredCall(path, step.operation, results, True, step.place))
    elif isinstance(step, TracedCall):  # the layer's own is the last
        context.results[-1] = context.results[-1]._replace(place=step.place)
    record.nodes.append(range(start, len(graph.nodes)))


def _assign(step: Assignment, value: Value) -> None:
    """Give a weight a new value."""
    variable = step.weight.variable
    passes = step.is_differentiable or variable.trainable or not value.type.is_floating
    variable.assign(value if passes else ops.stop_gradient(value))


def results_of(step: TracedCall, run: TraceValues) -> list[Value]:
    """Return the results of a call in a trace, flat."""
    args, kwargs = run.resolved(step.args), run.resolved(dict(step.kwargs))
    if isinstance(step.target, Layer):
        outputs = step.target(*args, **kwargs)
    elif isinstance(step.target, TracedLoop):
        outputs = _looped(step.target, args)
    elif step.target in _FUNCTIONS:
        outputs = _FUNCTIONS[step.target](run.graph, *args, **kwargs)
    elif step.target in OPERATIONS:
        definition = OPERATIONS[step.target]
        if not (definition.promotes or definition.floats):  # which bring arrays to the type of tensors themselves
            args = _with_constants(args)
        if definition.promotes or definition.floats:  # whose operands are tensors, lengths too
            args = map_leaves(lambda length: length_value(length, run.graph, "int32"), args, SymbolicDim)
        outputs = definition.function(*definition.operands(_with_numbers(args)), **kwargs)
    else:
        raise ModelError(f"operation {step.target} of keras.ops is not supported")
    found = leaves(outputs, Value)
    if len(found) != step.results:
        raise ModelError(f"{step.target} gave {len(found)} results, expected {step.results}")
    return found


def _looped(loop: TracedLoop, args: tuple[Any, ...]) -> list[Value]:
    """Return the last states of a loop, and its outputs side by side."""
    outside = current_lowering()
    graph = outside.graph
    values = leaves(args, Value)
    carries, others = values[: loop.carries], values[loop.carries :]
    made = Loop(Scan, graph, carries, others[: loop.sequences], (), loop.backwards)
    with lowering_body(made) as inside:
        inputs = [*made.carries, *made.elements, *map(made.capture, others[loop.sequences :])]
        outputs = _opened_body(loop, made, inputs, graph.path) if outside.opens_loops else replay(loop.body, inputs)
        found = leaves(outputs, Value)
    for before, after in zip(carries, found, strict=False):
        if before.type != after.type:
            raise ModelError(f"a loop makes {after.type} of a state of type {before.type}; states must keep their type")
    results = [value for call in inside.results for value in call.values] if outside.opens_loops else []
    states, stacks = made.finish(found[: loop.carries], [*found[loop.carries :], *results])
    stacked = iter(stacks[len(found) - loop.carries :])
    for call in inside.results if outside.opens_loops else ():
        outside.results.append(call._replace(values=tuple(next(stacked) for _ in call.values)))
    return [*states, *stacks[: len(found) - loop.carries]]


def _opened_body(loop: TracedLoop, made: Loop, inputs: list[Value], path: str) -> Any:
    """Return what a step of a loop returns, whose calls have paths behind the loop's."""
    record = Replay(path.removesuffix(OPERATION), loop.body, inputs)
    with made.body.scope(path=record.path), _recorded(record):
        return replay(loop.body, record.values, record=record)


def _with_constants(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return operands with values instead of arrays of floating-point numbers, in the type of a tensor beside them."""
    like = next((item for item in leaves(args, Value) if item.type.is_floating), None)
    if like is None:
        return args

    def constant(array: numpy.ndarray) -> Any:
        return like.graph.constant(array, like.dtype) if array.dtype.kind == "f" else array

    found: tuple[Any, ...] = map_leaves(constant, args, numpy.ndarray)
    return found


def _with_numbers(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return operands with values instead of lengths that are only known at run time."""
    like = next((item for item in args if isinstance(item, Value)), None)
    if like is None or not any(isinstance(item, SymbolicDim) for item in args):
        return args
    dtype = "int32" if like.dtype == "bool" else like.dtype
    return tuple(length_value(item, like.graph, dtype) if isinstance(item, SymbolicDim) else item for item in args)


_FUNCTIONS = {**DRAWS, **CREATIONS}
"""Functions that have no operation; they take the graph first."""


@contextmanager
def _without_masks() -> Iterator[list[dict[Value, Value]]]:
    """Let no value have a mask inside the block; a loss or metric, which no layer lowers, has none anyway."""
    kinds: list[dict[Value, Value]] = [{}, {}]
    if is_lowering():
        kinds = [current_lowering().masks, current_lowering().built_masks]
    before = [dict(masks) for masks in kinds]
    for masks in kinds:
        masks.clear()
    try:
        yield kinds
    finally:
        for masks, those in zip(kinds, before, strict=True):
            masks.clear()
            masks.update(those)


@contextmanager
def at_line(place: str) -> Iterator[None]:
    """Let errors inside the block name a line of the author's, the innermost one."""
    try:
        yield
    except NncError as error:
        message = str(error)
        if place and " (at " not in message:
            raise type(error)(f"{message} (at {place})") from error
        raise
