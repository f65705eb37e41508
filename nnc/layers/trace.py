"""Traces: what a layer's author wrote, as calls of operations and of layers on values that were numbered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import count
from operator import add
from typing import TYPE_CHECKING, Any

from nnc.errors import ModelError
from nnc.ir import Dim, Graph, SymbolicDim, Value, ops
from nnc.ir.ops.sizes import Size
from nnc.objects import layer_snake_case
from nnc.structure import leaves

if TYPE_CHECKING:
    from nnc.layers.variable import Variable


@dataclass(frozen=True)
class Reference:
    """A value of a trace.

    Args:
        index: its number: first the inputs, then the results of the calls, in their order.
    """

    index: int


@dataclass(frozen=True)
class Length:
    """A number that follows from the lengths of axes, such as that of the rows in a batch.

    Args:
        axes: values of the trace, by number, each with the axis whose length is a factor.
        factor: what the product is multiplied by.
        divisor: what that is divided by, rounded down.
        offset: what is added.
    """

    axes: tuple[tuple[int, int], ...]
    factor: int = 1
    divisor: int = 1
    offset: int = 0

    def of(self, length: Callable[[int, int], Dim]) -> Dim:
        """Return the number.

        Args:
            length: returns the length of an axis of a value.
        """
        found: Dim = self.factor
        for index, axis in self.axes:
            found = found * length(index, axis)
        if self.divisor != 1:
            found = found // self.divisor
        return found + self.offset


@dataclass(frozen=True)
class LengthTensor:
    """A tensor of numbers that follow from the lengths of axes.

    Args:
        numbers: its elements, in their order; those that are the same in each batch are plain numbers.
        shape: its shape.
        dtype: its element type.
    """

    numbers: tuple[Any, ...]
    shape: tuple[int, ...]
    dtype: str

    def value(self, graph: Graph, number: Callable[[Any], Dim]) -> Value:
        """Return it as a graph value.

        Args:
            graph: the graph that is being built.
            number: returns what an element is there.
        """
        found = [length_value(number(item), graph, self.dtype) for item in self.numbers]
        return ops.reshape(graph.add(ops.Pack(), *found)[0], self.shape) if self.shape else found[0]


@dataclass(frozen=True)
class FilledTensor:
    """A tensor of one number, whose shape follows from the lengths of axes.

    Args:
        number: each element.
        shape: its shape, of numbers and lengths.
        dtype: its element type.
    """

    number: Any
    shape: tuple[Any, ...]
    dtype: str


def length_value(number: Dim, graph: Graph, dtype: str) -> Value:
    """Return a number, or what follows from lengths that are only known at run time, as a scalar.

    It may be below 0, as no length is: so each product of lengths is a size by itself.
    """
    if isinstance(number, int | float):
        return graph.constant(number, dtype)
    terms = []
    for atoms, factor in number.terms:
        size = graph.add(Size((SymbolicDim(((atoms, 1),)),), dtype))[0] if atoms else None
        terms.append(graph.constant(factor, dtype) if size is None else size if factor == 1 else size * factor)
    return reduce(add, terms)


@dataclass(frozen=True)
class OwnWeight:
    """A weight of the author's layer, or of any layer around or inside it.

    Args:
        layer: whose it is.
        index: its place among the weights of that layer.
        is_own: whether only those count that are not of layers inside it.
    """

    layer: Any
    index: int
    is_own: bool = False

    @property
    def variable(self) -> Variable:
        """The weight itself."""
        found: Variable = (self.layer.own_weights if self.is_own else self.layer.weights)[self.index]
        return found


@dataclass(frozen=True)
class TracedCall:
    """One call in a trace.

    Args:
        target: the class of an operation of Keras, a layer, or a loop.
        args: its positional arguments, nested, with references, lengths and weights as leaves.
        kwargs: its keywords, likewise.
        results: number of its results, which are flat.
        place: the author's line, as ``file:line``; empty where it is not known.
    """

    target: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    results: int
    place: str = ""

    @property
    def operation(self) -> str | None:
        """The class of the operation, or the name of the function; None where it is a layer."""
        if isinstance(self.target, TracedLoop):
            return "Scan"
        return self.target if isinstance(self.target, str) else None


@dataclass(frozen=True)
class Assignment:
    """A weight that gets a new value.

    Args:
        weight: the weight.
        value: its value from here on: a value of the trace, a weight or a constant.
        place: the author's line.
        is_differentiable: whether a gradient goes from what reads it later into what the value was made of: on JAX,
            where a weight is a value, it does; elsewhere a weight is memory, and it does not.
    """

    weight: OwnWeight
    value: Any
    place: str = ""
    is_differentiable: bool = False


@dataclass(frozen=True)
class AddedLoss:
    """A value that is added to the loss."""

    value: Reference
    place: str = ""


Step = TracedCall | Assignment | AddedLoss


@dataclass(frozen=True)
class Trace:
    """What one call of an author's layer computes.

    Args:
        inputs: number of the tensors among its arguments, from left to right.
        steps: what is done, in order.
        outputs: what it returns, nested, with references as leaves.
        masks: outputs with the masks that they have.
    """

    inputs: int
    steps: tuple[Step, ...]
    outputs: Any
    masks: tuple[tuple[Any, Any], ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each step is called; empty where it is no call."""
        return step_names(
            [step.operation or step.target if isinstance(step, TracedCall) else None for step in self.steps]
        )

    @property
    def calls(self) -> list[TracedCall]:
        """The calls, also those in loops."""
        calls = [step for step in self.steps if isinstance(step, TracedCall)]
        inner = [step.target.body.calls for step in calls if isinstance(step.target, TracedLoop)]
        return [*calls, *(call for found in inner for call in found)]

    @property
    def weights(self) -> list[OwnWeight]:
        """The weights that are read or assigned, also in loops."""
        read = leaves([[*call.args, *call.kwargs.values()] for call in self.calls], OwnWeight)
        return [*read, *(step.weight for step in self.steps if isinstance(step, Assignment))]


@dataclass(frozen=True, eq=False)
class TracedLoop:
    """A loop over the first axis, as the target of a call: with first states, sequences, and what each step reads.

    Args:
        body: one step: takes states, a step of each sequence, and what is the same in each; returns new states and
            outputs.
        carries: number of states.
        sequences: number of sequences.
        backwards: whether the last step comes first; outputs are in the order of the sequences.
    """

    body: Trace
    carries: int
    sequences: int
    backwards: bool = False


def step_names(targets: Sequence[Any]) -> tuple[str, ...]:
    """Return what the steps of a trace are called: layers by their names, operations by their classes, each once.

    Args:
        targets: a layer, the class of an operation by name, or None for a step that is no call.

    >>> step_names(["Matmul", None, "Softmax", "Matmul"])
    ('matmul', '', 'softmax', 'matmul_1')
    """
    taken = {target.name for target in targets if target is not None and not isinstance(target, str)}
    found = []
    for target in targets:
        if isinstance(target, str):
            base = layer_snake_case(target)
            names = (f"{base}_{number}" if number else base for number in count())
            found.append(next(name for name in names if name not in taken))
            taken.add(found[-1])
        else:
            found.append("" if target is None else target.name)
    return tuple(found)


@dataclass(eq=False)
class Replay:
    """A call of a traced layer in a graph.

    Args:
        path: path of the layer.
        trace: what is replayed.
        values: its values, by number.

    Attributes:
        nodes: for each step that is done the numbers of the nodes that it added to the graph.
        inner: the calls of traced layers inside it, by step.
    """

    path: str
    trace: Trace
    values: list[Value]
    nodes: list[range] = field(default_factory=list)
    inner: dict[int, Replay] = field(default_factory=dict)


@dataclass
class TraceValues:
    """The values of a trace while it is replayed, by number."""

    values: list[Any] = field(default_factory=list)

    @property
    def graph(self) -> Graph:
        """The graph that they are in."""
        found: Graph = self.values[0].graph
        return found

    def length(self, index: int, axis: int) -> Dim:
        """Return the length of an axis of a value."""
        found: Dim = self.values[index].type.shape[axis]
        return found

    def resolved(self, item: Any) -> Any:
        """Return an argument with values instead of what stands for them."""
        if isinstance(item, Reference):
            return self.values[item.index]
        if isinstance(item, Length):
            return item.of(self.length)
        if isinstance(item, LengthTensor):
            return item.value(self.graph, self.resolved)
        if isinstance(item, FilledTensor):
            number = self.graph.constant(item.number, item.dtype)
            return ops.broadcast_to(number, tuple(self.resolved(dim) for dim in item.shape))
        if isinstance(item, OwnWeight):
            return item.variable.value
        if isinstance(item, slice):
            return slice(*(self.resolved(part) for part in (item.start, item.stop, item.step)))
        if isinstance(item, list | tuple):
            found = [self.resolved(part) for part in item]
            return found if isinstance(item, list) else tuple(found)
        if isinstance(item, Mapping):
            return {key: self.resolved(part) for key, part in item.items()}
        return item


def without_config(what: str) -> ModelError:
    """Return the error that something has no config.

    Args:
        what: what was traced, with the name of its author's class.
    """
    return ModelError(
        f"{what} was traced from its author's code, which no config holds; save the compiled program (.nnc) instead"
    )
