"""Lowering layers to a graph: what is known meanwhile, and how weights get their values there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from nnc.errors import ModelError
from nnc.ir import PARAMETER, Graph, Placeholder, TensorType, Value, capturing, meaning
from nnc.ir.ops import Pack, Unpack, reshape, straight_through
from nnc.ir.ops.loop import Loop
from nnc.ir.placeholder import building_graph
from nnc.layers.variable import Segment, Variable
from nnc.structure import map_leaves

if TYPE_CHECKING:
    from nnc.layers.trace import Replay

FROZEN = "frozen"
"""Role of states whose weights no optimizer changes."""
BUFFER = "buffer"
"""Role of the state of one weight that layers may assign, such as a moving mean."""
RANDOM = "random"
"""Label of the state that holds the random key."""


class LoweredCall(NamedTuple):
    """What a call of a layer, or of an operation inside an author's layer, returned.

    Args:
        path: its path.
        op: its class.
        values: what it returned.
        is_operation: whether it is an operation of `keras.ops`.
        place: the author's line, as ``file:line``; empty where it is not known.
        layer: the layer.
        given: its arguments by position and by name.
        nodes: the numbers of the nodes that it added to the graph.
    """

    path: str
    op: str
    values: tuple[Value, ...]
    is_operation: bool = False
    place: str = ""
    layer: Any = None
    given: tuple[Any, Any] = ((), {})
    nodes: range = range(0)


@dataclass(eq=False)
class Lowering:
    """The context that layers read and add to while they are lowered to one graph.

    Args:
        graph: the graph that is being built.
        training: whether layers behave as in training.
        meanings: what weights stand for.
        declares: whether weights that are made meanwhile become states of the graph.
        is_undecided: whether it is open if this is training, so that each layer goes by the default of its call.
        dtype: element type of all that is computed; None where each layer computes in its own.
        is_on_arrays: whether a layer is applied to arrays, not as part of a model.
        opens_loops: whether what is computed inside loops that an author wrote is among the results, step by step.
        is_step: whether user code around layers is recorded, which may assign whatever it likes.

    Attributes:
        masks: which elements of a value count, as Keras's masks say: for each masked value one of bool.
        built_masks: the masks that values had when the model was built, whatever has taken them off since.
        losses: what layers add to the loss.
        loop: the loop whose body is being built, or None.
        updates: new values of weights, by weight.
        per_process: paths of layers that measure the rows of each process by themselves, where several divide a batch.
        results: what each call of a layer returned, in the order in which the calls ended.
        replays: the calls of traced layers that stand in no other one, likewise.
        replay: the one that is going on, or None.
    """

    graph: Graph
    training: bool
    meanings: dict[Placeholder, Value]
    declares: bool = False
    is_undecided: bool = False
    dtype: str | None = None
    is_on_arrays: bool = False
    opens_loops: bool = False
    is_step: bool = False
    masks: dict[Value, Value] = field(default_factory=dict)
    built_masks: dict[Value, Value] = field(default_factory=dict)
    losses: list[Value] = field(default_factory=list)
    loop: Loop | None = None
    updates: dict[Variable, Value] = field(default_factory=dict)
    per_process: set[str] = field(default_factory=set)
    results: list[LoweredCall] = field(default_factory=list)
    replays: list[Replay] = field(default_factory=list)
    replay: Replay | None = None
    _labels: dict[Variable, str] = field(default_factory=dict)
    _shared: dict[Variable, tuple[str, tuple[Variable, ...]]] = field(default_factory=dict)

    def declare(self, weight: Variable, label: str, role: str | None = None) -> None:
        """Give a weight a state of its own."""
        role, base, count = role or (PARAMETER if weight.trainable else BUFFER), label, 0
        while label in self.graph.states:
            count += 1
            label = f"{base}_{count}"
        state = self.graph.state(label, TensorType(weight.dtype, weight.memory.shape), role)
        self.meanings[weight], self._labels[weight] = state, label

    @property
    def declared(self) -> tuple[Variable, ...]:
        """The weights that have states of their own."""
        return tuple(self._labels)

    def place_of(self, weight: Variable) -> tuple[str, tuple[Variable, ...]]:
        """Return the label of the state in which a weight lies, and all that lie there, in their order."""
        return self._shared.get(weight) or (self._labels[weight], (weight,))

    def share(self, weights: Sequence[Variable], label: str, values: Sequence[Value]) -> None:
        """Give weights their places in a state that they lie in side by side."""
        self.meanings.update(zip(weights, values, strict=True))
        self._shared.update(dict.fromkeys(weights, (label, tuple(weights))))

    def assign(self, weight: Variable, value: Value) -> None:
        """Let a weight have a new value, for what is lowered from now on and after the run.

        Where it is trained, what reads the new value has its gradient with respect to the weight, and the optimizer
        goes on from there; no gradient goes through the value into what it was made of.

        Raises:
            ModelError: a trained weight is assigned outside of training, or any weight in a loop.
            ShapeError: the value is of another type.
        """
        if self.loop is not None:
            raise ModelError(f"weight '{weight.path}' cannot be assigned in a cell; assign it in the layer around it")
        if weight.trainable and not self.training and not self.is_step:
            raise ModelError(
                f"weight '{weight.path}' is trained, and can be assigned while training only: `if training: ...`;"
                " those made with trainable=False can be assigned at any time"
            )
        if weight.trainable:
            value = straight_through(value, self.meanings[weight])
        self.meanings[weight] = self.updates[weight] = value

    def finish(self) -> None:
        """Turn what weights were assigned into updates of the graph, and step the random key if it was used."""
        graph = self.graph
        with graph.scope("", "update"):
            for weight, value in self.updates.items():
                if weight not in self._shared:
                    graph.updates.pop(self._labels[weight], None)
                    graph.update(self._labels[weight], value)
            for label, weights in dict.fromkeys(
                self._shared[weight] for weight in self.updates if weight in self._shared
            ):
                graph.updates.pop(label, None)  # of a step that an optimizer took before
                graph.update(label, graph.add(Pack(), *(self.meanings[weight] for weight in weights))[0])
            if RANDOM in graph.states:
                key = graph.states[RANDOM]
                graph.update(RANDOM, key + graph.constant([0, 1], key.dtype))


_LOWERING: ContextVar[Lowering | None] = ContextVar("lowering", default=None)


def current_lowering() -> Lowering:
    """Return the current lowering.

    Raises:
        ModelError: nothing is.
    """
    found = _LOWERING.get()
    if found is None:
        raise ModelError("this is only possible inside a layer's call(), while a graph is being built")
    return found


def current_graph() -> Graph:
    """Return the graph that is being built: from layers, or of a metric's variables.

    Raises:
        ModelError: none is.
    """
    found = building_graph() if _LOWERING.get() is None else current_lowering().graph
    if found is None:
        raise ModelError("this is only possible inside a layer's call(), while a graph is being built")
    return found


def is_lowering() -> bool:
    """Return whether a graph is being built from layers."""
    return _LOWERING.get() is not None


def entered(operands: Any) -> Any:
    """Return operands with values instead of arrays, where they are called on in a graph that knows its numbers.

    Values of such a graph that is finished are arrays, where no other one is being built.
    """
    context = _LOWERING.get()
    if context is None:
        return map_leaves(lambda item: item.numpy() if item.graph.is_concrete else item, operands, Value)
    if not context.graph.is_concrete:
        return operands
    graph = context.graph
    foreign = map_leaves(lambda item: item if item.graph is graph else item.numpy(), operands, Value)
    return map_leaves(graph.of_array, foreign, numpy.ndarray)


def _assign(weight: Placeholder, value: Value) -> None:
    assert isinstance(weight, Variable)
    current_lowering().assign(weight, value)


@contextmanager
def lowering(
    graph: Graph,
    training: bool | None = False,
    declares: bool = False,
    dtype: str | None = None,
    meanings: dict[Placeholder, Value] | None = None,
) -> Iterator[Lowering]:
    """Lower layers to a graph inside the block; see `Lowering`.

    Where `training` is None, it is undecided: a layer is applied to arrays.
    """
    meanings = {} if meanings is None else meanings
    context = Lowering(graph, bool(training), meanings, declares, training is None, dtype, training is None)
    token = _LOWERING.set(context)
    try:
        with meaning(meanings, _assign):
            yield context
    finally:
        _LOWERING.reset(token)


@contextmanager
def lowering_body(loop: Loop) -> Iterator[Lowering]:
    """Lower layers to the body of a loop inside the block; weights are known there as outside.

    Raises:
        ModelError: a layer adds to the loss or assigns a weight in there.
    """
    outside = current_lowering()
    context = Lowering(
        loop.body,
        outside.training,
        {},
        False,
        outside.is_undecided,
        outside.dtype,
        outside.is_on_arrays,
        outside.opens_loops,
        loop=loop,
    )
    token = _LOWERING.set(context)
    try:
        with capturing(loop.capture):
            yield context
    finally:
        _LOWERING.reset(token)
    if context.losses:
        raise ModelError("layers inside a cell cannot add to the loss; add to it in the layer around the cell")


@contextmanager
def training_mode(context: Lowering, training: bool) -> Iterator[None]:
    """Let layers behave as in training, or not, inside the block."""
    before = context.training, context.is_undecided
    context.training, context.is_undecided = training, False
    try:
        yield
    finally:
        context.training, context.is_undecided = before


@contextmanager
def computing_in(context: Lowering, dtype: str) -> Iterator[None]:
    """Let layers compute in an element type inside the block, unless all that is lowered has one."""
    before, context.dtype = context.dtype, context.dtype or dtype
    try:
        yield
    finally:
        context.dtype = before


def declare_weights(context: Lowering, paths: Mapping[Variable, str]) -> None:
    """Give each weight a state of its own, by its path."""
    for weight, path in paths.items():
        context.declare(weight, path)


def declare_segments(context: Lowering, segments: Sequence[tuple[Segment, str]], paths: Mapping[Variable, str]) -> None:
    """Declare the states of a program and unpack those that hold several weights.

    Args:
        context: where they are declared.
        segments: each with the role of its state.
        paths: unique names of the weights.
    """
    graph = context.graph
    for segment, role in segments:
        if role == BUFFER:
            context.declare(segment.variables[0], segment.label, role)
            continue
        state = graph.state(segment.label, TensorType(str(segment.array.dtype), segment.array.shape), role)
        if len(segment.variables) == 1:
            context.share(segment.variables, segment.label, [reshape(state, segment.variables[0].shape)])
            continue
        unpack = Unpack(tuple(variable.shape for variable in segment.variables))
        values = graph.add(unpack, state, names=[paths[variable] for variable in segment.variables])
        context.share(segment.variables, segment.label, values)
