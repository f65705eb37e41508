"""Moves cheap elementwise work on whole sequences into the steps of the only loop that reads it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from nnc.ir import Constant, Graph, Input, Node, Op, Rewriter, Shape, Value
from nnc.ir.decisions import decide
from nnc.ir.ops.arithmetic import Add, Multiply, Negative, Square, Subtract
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.movement import Slice
from nnc.ir.ops.scan import Scan
from nnc.passes.base import Pass

CHEAP = (Add, Subtract, Multiply, Negative, Square)
"""Elementwise ops that cost so little that threads need not share them: what they read costs more."""


@dataclass(frozen=True)
class Sink(Pass, name="sink"):
    """Computes slices and cheap elementwise nodes that only one loop reads, step by step, in the steps of that loop.

    Nothing is computed twice, and what comes between the nodes needs memory for one step at a time. `Lift` goes the
    other way, which costs fewer calls; so this is for targets whose loops call nothing for an element.
    """

    enters_bodies: ClassVar[bool] = False  # the bodies come last, with what has moved into them

    def run(self, graph: Graph) -> Graph:
        """Return the graph with larger loops; the same graph where there are none."""
        if not any(isinstance(node.op, Scan) for node in graph.nodes):
            return graph
        from nnc.passes.scans import change_bodies  # a program without loops starts without it

        loops = nodes_in_steps(graph)
        return change_bodies(_with_larger_loops(graph, loops) if loops else graph, self.run)


def _with_larger_loops(graph: Graph, loops: Mapping[int, int]) -> Graph:
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        if node.index in loops:
            continue
        moved = [index for index, loop in loops.items() if loop == node.index]
        if isinstance(node.op, Scan) and moved:
            op, operands = with_steps(node, node.op, moved)
            with rewriter.graph.scope(node.path, node.phase):
                results = rewriter.graph.add(op, *(rewriter[operand] for operand in operands), names=node.names)
            rewriter.replace(node, results)
            _note(graph, moved, results[0])
        else:
            rewriter.keep(node)
    return rewriter.finish()


def _note(graph: Graph, moved: Sequence[int], loop: Value) -> None:
    """Note which nodes a loop computes now."""
    for index in moved:
        node = graph.nodes[index]
        decide("sunk", node, "{} into the steps of {}", node, loop.node, before=graph.results(node), after=[loop])


def nodes_in_steps(graph: Graph) -> dict[int, int]:
    """Return the indices of the nodes that need not run before the loop that reads them, each with that of its loop.

    These are slices and cheap elementwise nodes over all steps, whose every reader is one loop, which goes through them
    step by step, or another such node for the same loop. So nothing is computed twice, and what comes between the nodes
    needs memory for one step at a time.

    Args:
        graph: may have fusions.
    """
    uses, roots = graph.uses(), set(graph.roots)
    loops: dict[int, int] = {}
    for node in reversed(graph.nodes):
        results = graph.results(node)
        if len(results) != 1 or results[0] in roots or not _is_by_steps(node):
            continue
        readers = [_loop_of(reader, results[0], loops) for reader in uses.get(results[0], ())]
        loop = readers[0] if len(set(readers)) == 1 else None
        if loop is not None:
            loops[node.index] = loop
    return loops


def with_steps(node: Node, op: Scan, inside: Collection[int]) -> tuple[Scan, list[Value]]:
    """Return a loop that computes some of its sequences step by step, and its operands.

    Args:
        node: the loop in the graph.
        op: its op.
        inside: indices of the nodes that it shall compute; see `nodes_in_steps`.
    """
    return _Body(node, op, inside).finish()


def _is_by_steps(node: Node) -> bool:
    """Whether each step of the result depends only on the same step of all operands with as many axes."""
    whole = node.types[0]
    if not node.operands or whole.rank < 2:
        return False
    if isinstance(node.op, Slice):
        return (node.op.starts[0], node.op.stops[0], node.op.steps[0]) == (0, -1, 1)
    nodes = node.op.body.nodes if isinstance(node.op, Fusion) else [node]
    steps = [inner for inner in nodes if not isinstance(inner.op, Input | Constant)]
    leaves = [*node.operands, *[value for inner in nodes for value in inner.operands]]
    return all(isinstance(step.op, CHEAP) and step.types[0].shape == whole.shape for step in steps) and all(
        leaf.rank < whole.rank or (leaf.shape == whole.shape and not isinstance(leaf.node.op, Constant))
        for leaf in leaves
    )


def _loop_of(reader: Node, value: Value, loops: Mapping[int, int]) -> int | None:
    """Return the loop that a reader of a value is, or runs in."""
    if not isinstance(reader.op, Scan):
        return loops.get(reader.index) if value.rank == reader.types[0].rank else None
    first, last = reader.op.carries, reader.op.carries + reader.op.sequences
    is_only_sequence = value not in (*reader.operands[:first], *reader.operands[last:])
    return reader.index if is_only_sequence else None


class _Body:
    """The body of a loop that grows by what its steps compute.

    Args:
        node: the loop.
        op: its op.
        inside: indices of the nodes that it computes.
    """

    def __init__(self, node: Node, op: Scan, inside: Collection[int]) -> None:
        self.op = op
        first, last = op.carries, op.carries + op.sequences
        inputs = list(op.body.inputs.items())
        self.carries = list(node.operands[:first])
        self.graph = Graph(op.body.name)
        self.values = {value: self.graph.input(label, value.type) for label, value in inputs[:first]}
        self.outside = {value: given for (_, value), given in zip(inputs, node.operands, strict=True)}
        self.steps: dict[Value, Value] = {}
        self.others: dict[Value, Value] = {}
        sequences: dict[Value, None] = {}
        others = dict.fromkeys(node.operands[last:])
        pending, seen = list(node.operands[first:last]), set()
        while pending:
            whole = pending.pop(0)
            if whole in seen:
                continue
            seen.add(whole)
            if whole.node.index not in inside:
                sequences[whole] = None
                continue
            for operand in whole.node.operands:
                if operand.rank == whole.rank:
                    pending.append(operand)
                elif not isinstance(operand.node.op, Constant):
                    others[operand] = None
        for given in sequences:
            self.steps[given] = self._input("x", given, given.shape[1:])
        for given in others:
            self.others[given] = self._input("w", given, given.shape)
        self.sequences = list(sequences)
        self.values |= {
            value: self.others[given] for (_, value), given in zip(inputs[last:], node.operands[last:], strict=True)
        }

    def _input(self, prefix: str, given: Value, shape: Shape) -> Value:
        labels = (f"{prefix}{number}" for number in itertools.count())
        free = next(label for label in labels if label not in self.graph.inputs)
        return self.graph.input(free, given.type.with_shape(shape))

    def _step(self, whole: Value) -> Value:
        """Return one step of a sequence outside."""
        if whole not in self.steps:
            node = whole.node
            given = [self._operand(operand, whole) for operand in node.operands]
            with self.graph.scope(node.path, node.phase):
                self.steps[whole] = self._computed(node.op, given)
        return self.steps[whole]

    def _operand(self, operand: Value, whole: Value) -> Value:
        if isinstance(operand.node.op, Constant):
            return self.graph.add_constant(operand.node.op)
        return self._step(operand) if operand.rank == whole.rank else self.others[operand]

    def _computed(self, op: Op, operands: Sequence[Value]) -> Value:
        """Return what a node gives for one step of its operands."""
        if isinstance(op, Slice):
            return self.graph.add(Slice(op.starts[1:], op.stops[1:], op.steps[1:]), *operands)[0]
        if not isinstance(op, Fusion):
            return self.graph.add(op, *operands)[0]
        values = dict(zip(op.body.inputs.values(), operands, strict=True))
        for node in op.body.nodes:
            (result,) = op.body.results(node)
            if isinstance(node.op, Constant):
                values[result] = self.graph.add_constant(node.op)
            elif not isinstance(node.op, Input):
                (values[result],) = self.graph.add(node.op, *[values[operand] for operand in node.operands])
        (result,) = op.body.outputs.values()
        return values[result]

    def _value(self, value: Value) -> Value:
        """Return what stands for a value of the old body, computed when it is first needed."""
        if value not in self.values:
            self.values[value] = self._step(self.outside[value])
        return self.values[value]

    def finish(self) -> tuple[Scan, list[Value]]:
        """Return the loop and its operands."""
        body = self.op.body
        for node in body.nodes:
            if not isinstance(node.op, Input):
                results = self.graph.copy_node(node, [self._value(operand) for operand in node.operands])
                self.values.update(zip(body.results(node), results, strict=True))
        for label, value in body.outputs.items():
            self.graph.output(label, self._value(value))
        op = replace(self.op, body=self.graph, sequences=len(self.sequences))
        return op, [*self.carries, *self.sequences, *self.others]
