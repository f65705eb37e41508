"""Replicas side by side: a graph of one network becomes one of several, whose numbers lie in lanes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from nnc.errors import ReplicationError
from nnc.ir import Graph, Input, Node, Op, State, TensorType, Value
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.gathering import Gather, ScatterAdd
from nnc.ir.ops.matmul import LaneMatMul, MatMul
from nnc.ir.ops.movement import BroadcastTo, Concatenate, Copy, Flip, Reshape, Scatter, Slice, Transpose
from nnc.ir.ops.packing import Pack, Unpack
from nnc.ir.ops.pooling import Resize
from nnc.ir.ops.random import RandomUniform
from nnc.ir.ops.reduction import ArgMax, CumulativeProduct, CumulativeSum, Max, Sum
from nnc.ir.ops.sizes import Size
from nnc.passes.base import Pass


@dataclass(frozen=True)
class Replicate(Pass, name="replicate"):
    """Gives every state, and all that is computed of states, a last axis with a number for each replica.

    Inputs are the same for all replicas and stay as they are, unless each has its own, and so does what is computed of
    them alone. Outputs and updates have the axis. What a replica's lane has is what the graph of one computes, but for
    the order of sums.

    Args:
        lanes: number of replicas.
        own_inputs: whether inputs have the axis, too.

    Raises:
        ReplicationError: an operation cannot be computed in lanes.
    """

    enters_bodies: ClassVar[bool] = False
    lanes: int
    own_inputs: bool = False

    def run(self, graph: Graph) -> Graph:
        """Return the graph of several replicas."""
        return _Replicated(graph, self.lanes, tuple(graph.inputs) if self.own_inputs else ()).run()


def obstacle_to_lanes(graph: Graph, own_inputs: bool = False) -> str:
    """Return which operation of a graph cannot be computed in lanes; nothing where all can.

    Args:
        graph: the graph of one.
        own_inputs: whether inputs differ from replica to replica.
    """
    try:
        Replicate(2, own_inputs).run(graph)
    except ReplicationError as error:
        return str(error)
    return ""


class _Replicated:
    """A graph that is being replicated.

    Args:
        source: the graph of one.
        lanes: number of replicas.
        in_lanes: labels of the inputs that have the axis.
    """

    def __init__(self, source: Graph, lanes: int, in_lanes: Collection[str]) -> None:
        self.source, self.lanes, self.in_lanes = source, lanes, in_lanes
        self.graph = Graph(source.name)
        self.values: dict[Value, Value] = {}
        self.with_lanes: set[Value] = set()
        """Values of the source that have the axis in the new graph."""

    def run(self) -> Graph:
        source, graph = self.source, self.graph
        for label, value in source.inputs.items():
            is_one_each = label in self.in_lanes
            self.values[value] = graph.input(label, self.type(value.type) if is_one_each else value.type)
            if is_one_each:
                self.with_lanes.add(value)
        for label, value in source.states.items():
            assert isinstance(value.node.op, State)
            self.values[value] = graph.state(label, self.type(value.type), value.node.op.role)
            self.with_lanes.add(value)
        for node in source.nodes:
            if not isinstance(node.op, Input | State):
                with graph.scope(node.path, node.phase):
                    self._add(node)
        for label, value in source.outputs.items():
            graph.output(label, self.everywhere(value))
        for label, value in source.updates.items():
            graph.update(label, self.everywhere(value))
        return graph

    def type(self, type: TensorType) -> TensorType:
        """Return a type with the axis."""
        return type.with_shape((*type.shape, self.lanes))

    def everywhere(self, value: Value) -> Value:
        """Return what stands for a value, with the axis, along which it is repeated if it is the same for all."""
        if value in self.with_lanes:
            return self.values[value]
        return self.graph.add(BroadcastTo(self.type(value.type).shape), self.aligned(value))[0]

    def aligned(self, value: Value) -> Value:
        """Return what stands for a value, with the axis, which has length 1 if it is the same for all."""
        new = self.values[value]
        if value in self.with_lanes:
            return new
        return self.graph.add(Reshape((*value.shape, 1)), new)[0]

    def shared(self, value: Value) -> Value:
        """Return what stands for a value that must be the same for all.

        Raises:
            ReplicationError: it has the axis.
        """
        if value in self.with_lanes:
            raise ReplicationError("which rows, of a table or of random numbers, are read differs by replica")
        return self.values[value]

    def _add(self, node: Node) -> None:
        results = self.source.results(node)
        if self.with_lanes.isdisjoint(node.operands):
            made = self.graph.copy_node(node, [self.values[operand] for operand in node.operands])
        else:
            rule = _elementwise if node.op.elementwise else _RULES.get(type(node.op))
            if rule is None:
                raise ReplicationError(f"'{node.op.title}' has no form in lanes")
            made = tuple(rule(self, node.op, node.operands))
            self.with_lanes.update(results)
            for name, value in zip(node.names, made, strict=True):
                if name:
                    self.graph.set_name(value, name)
        self.values.update(zip(results, made, strict=True))


Rule = Callable[[_Replicated, Any, Sequence[Value]], Sequence[Value]]
"""Adds what computes an op's results in lanes, of an op and its operands in the source, one of which is in lanes."""


def _elementwise(new: _Replicated, op: Op, operands: Sequence[Value]) -> Sequence[Value]:
    """The op itself; a number that is the same for all needs no axis."""
    return new.graph.add(op, *(new.aligned(operand) if operand.rank else new.values[operand] for operand in operands))


def _same(new: _Replicated, op: Op, operands: Sequence[Value]) -> Sequence[Value]:
    """The op itself, where all its axes come before the new one."""
    return new.graph.add(op, *map(new.aligned, operands))


def _joined(new: _Replicated, op: Op, operands: Sequence[Value]) -> Sequence[Value]:
    return new.graph.add(op, *map(new.everywhere, operands))


def _of_shape(new: _Replicated, op: Reshape | BroadcastTo, operands: Sequence[Value]) -> Sequence[Value]:
    return new.graph.add(replace(op, shape=(*op.shape, new.lanes)), *map(new.aligned, operands))


def _transposed(new: _Replicated, op: Transpose, operands: Sequence[Value]) -> Sequence[Value]:
    return new.graph.add(Transpose((*op.axes, len(op.axes))), *map(new.aligned, operands))


def _part(new: _Replicated, op: Slice, operands: Sequence[Value]) -> Sequence[Value]:
    part = Slice((*op.starts, 0), (*op.stops, -1), (*op.steps, 1))
    return new.graph.add(part, *map(new.aligned, operands))


def _scattered(new: _Replicated, op: Scatter, operands: Sequence[Value]) -> Sequence[Value]:
    larger = Scatter((*op.shape, new.lanes), (*op.starts, 0), (*op.stops, -1), (*op.steps, 1))
    return new.graph.add(larger, *map(new.everywhere, operands))


def _packed(new: _Replicated, op: Pack, operands: Sequence[Value]) -> Sequence[Value]:
    (slab,) = new.graph.add(op, *map(new.everywhere, operands))
    return new.graph.add(Reshape((slab.type.size // new.lanes, new.lanes)), slab)


def _unpacked(new: _Replicated, op: Unpack, operands: Sequence[Value]) -> Sequence[Value]:
    (slab,) = new.graph.add(Reshape((operands[0].type.size * new.lanes,)), *map(new.everywhere, operands))
    return new.graph.add(Unpack(tuple((*shape, new.lanes) for shape in op.shapes)), slab)


def _product(new: _Replicated, op: MatMul, operands: Sequence[Value]) -> Sequence[Value]:
    return new.graph.add(LaneMatMul(), *map(new.aligned, operands))


def _gathered(new: _Replicated, op: Gather, operands: Sequence[Value]) -> Sequence[Value]:
    """Rows of tables in lanes, which have the same numbers in all of them."""
    return new.graph.add(op, new.everywhere(operands[0]), new.shared(operands[1]))


def _scatter_added(new: _Replicated, op: ScatterAdd, operands: Sequence[Value]) -> Sequence[Value]:
    sums = ScatterAdd((*op.shape, new.lanes))
    return new.graph.add(sums, new.everywhere(operands[0]), new.shared(operands[1]))


def _drawn(new: _Replicated, op: RandomUniform, operands: Sequence[Value]) -> Sequence[Value]:
    """What each lane's key draws, as that of a network by itself."""
    keys, starts = new.everywhere(operands[0]), [new.shared(start) for start in operands[1:]]
    parts: list[Value] = []
    for lane in range(new.lanes):
        (key,) = new.graph.add(Slice((0, lane), (-1, lane + 1), (1, 1)), keys)
        (drawn,) = new.graph.add(op, *new.graph.add(Reshape((2,)), key), *starts)
        parts += new.graph.add(Reshape((*op.shape, 1)), drawn)
    return new.graph.add(Concatenate(len(op.shape)), *parts)


def _fused(new: _Replicated, op: Fusion, operands: Sequence[Value]) -> Sequence[Value]:
    labels = [label for label, operand in zip(op.body.inputs, operands, strict=True) if operand in new.with_lanes]
    body = _Replicated(op.body, new.lanes, labels).run()
    return new.graph.add(Fusion(op.kind, body), *(new.values[operand] for operand in operands))


_RULES: dict[type[Op], Rule] = {
    ArgMax: _same,
    BroadcastTo: _of_shape,
    Concatenate: _joined,
    Copy: _same,
    CumulativeProduct: _same,
    CumulativeSum: _same,
    Flip: _same,
    Fusion: _fused,
    Gather: _gathered,
    MatMul: _product,
    Max: _same,
    Pack: _packed,
    RandomUniform: _drawn,
    Reshape: _of_shape,
    Resize: _same,
    Scatter: _scattered,
    ScatterAdd: _scatter_added,
    Size: _same,
    Slice: _part,
    Sum: _same,
    Transpose: _transposed,
    Unpack: _unpacked,
}
"""The rule of each op that is not elementwise; one without keeps its graph from being computed in lanes."""
