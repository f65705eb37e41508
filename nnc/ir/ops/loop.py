"""Loops that are being built: a step becomes a body, and what need not run step by step leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nnc.ir import Constant, Dim, Graph, Input, Node, Op, State, Value
from nnc.ir.names import SIMPLE
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.lifting import Operand, lift
from nnc.ir.ops.movement import broadcast_to
from nnc.ir.ops.random import RandomUniform

if TYPE_CHECKING:
    from nnc.ir import TensorType


@dataclass(frozen=True)
class LoopOp(Op):
    """An op that runs a body once per time step; see `nnc.ir.ops.scan.Scan`.

    Args:
        body: one step.
        carries: number of carries.
        sequences: number of sequences, at least 1.
        reverse: whether the last step in time comes first.
    """

    body: Graph
    carries: int
    sequences: int
    reverse: bool = False


class Loop:
    """A body that is being built, and what its inputs stand for outside.

    Args:
        kind: the class of the op that will run it.
        graph: the graph outside.
        carries: first values of the carries.
        sequences: values whose first axis is time.
        others: what is the same in each step.
        reverse: whether the last step in time comes first.
    """

    def __init__(
        self,
        kind: type[LoopOp],
        graph: Graph,
        carries: Sequence[Value],
        sequences: Sequence[Value],
        others: Sequence[Value],
        reverse: bool,
    ) -> None:
        self.kind = kind
        self.graph = graph
        self.body = Graph("body")
        self.first = list(carries)
        self.reverse = reverse
        self.sequence = sequences[0]
        self.outside: dict[Value, Operand] = {}
        self.labels: dict[str, int] = {}
        self._captured: dict[Value, Value] = {}
        self._settled = 0
        self.carries = [self._input(self.body, value, value.type, "h") for value in carries]
        self.elements = [
            self._input(self.body, value, value.type.with_shape(value.shape[1:]), "x") for value in sequences
        ]
        self.others = [self.capture(value) for value in others]
        self.outside.update(
            (element, Operand(value, True)) for element, value in zip(self.elements, sequences, strict=True)
        )

    @property
    def time(self) -> Dim:
        """Number of steps."""
        dim: Dim = self.sequence.shape[0]
        return dim

    def capture(self, value: Value) -> Value:
        """Return what the body knows a value from outside by."""
        if value not in self._captured:
            self._captured[value] = inner = self._input(self.body, value, value.type, "w")
            self.outside[inner] = Operand(value, False)
        return self._captured[value]

    def carry(self, first: Value) -> Value:
        """Add a carry and return what it is in a step."""
        self.first.append(first)
        self.carries.append(self._input(self.body, first, first.type, "h"))
        return self.carries[-1]

    def _input(self, body: Graph, like: Value, type: TensorType, kind: str) -> Value:
        hint = like.name.rpartition("/")[2]
        name = hint if SIMPLE.fullmatch(hint) else kind
        label = name
        while label in body.inputs:
            self.labels[name] = self.labels.get(name, 0) + 1
            label = f"{name}.{self.labels[name]}"
        return body.input(label, type)

    def finish(self, carries: Sequence[Value], outputs: Sequence[Value]) -> tuple[list[Value], list[Value]]:
        """Add the scan to the graph outside and return the last carries and the stacks."""
        self.settle()
        body = self.body
        inside = [
            node
            for node in body.nodes
            if not isinstance(node.op, Input) and not any(value in self.outside for value in body.results(node))
        ]
        needed = {value for value in (*carries, *outputs) if value not in self.outside} | set(carries)
        for node in reversed(inside):
            if any(value in needed for value in self.body.results(node)):
                needed.update(node.operands)
        inside = [node for node in inside if any(value in needed for value in self.body.results(node))]
        border = dict.fromkeys(
            operand
            for operands in (*(node.operands for node in inside), carries)
            for operand in operands
            if operand in self.outside and not self._is_constant(operand)
        )
        stacked = [value for value in border if self.outside[value].stacked]
        same = [value for value in border if not self.outside[value].stacked]
        sequences = [self.outside[value].value for value in stacked] or [self.sequence]
        body = Graph("body")
        self.labels.clear()
        values = {value: self._input(body, value, value.type, "h") for value in self.carries}
        if stacked:
            values |= {value: self._input(body, value, value.type, "x") for value in stacked}
        else:
            self._input(body, self.sequence, self.sequence.type.with_shape(self.sequence.shape[1:]), "x")
        values |= {value: self._input(body, value, value.type, "w") for value in same}

        def known(value: Value) -> Value:
            if value not in values:
                constant = self.outside[value].value.node.op
                assert isinstance(constant, Constant)
                values[value] = body.add_constant(constant)
            return values[value]

        for node in inside:
            results = body.add(node.op, *map(known, node.operands), names=node.names)
            values.update(zip(self.body.results(node), results, strict=True))
        for position, value in enumerate(carries):
            body.output(f"carry{position}", known(value))
        given = list(dict.fromkeys(value for value in outputs if value not in self.outside))
        for position, value in enumerate(given):
            body.output(f"stack{position}", values[value])
        if not body.outputs:
            return [], [self._stack(self.outside[value]) for value in outputs]
        op = self.kind(body, len(carries), len(sequences), self.reverse)
        names = ["" for _ in carries] + [value.name for value in given]
        operands = (*self.first, *sequences, *(self.outside[value].value for value in same))
        results = self.graph.add(op, *operands, names=names)
        stacks = dict(zip(given, results[len(carries) :], strict=True))
        return list(results[: len(carries)]), [
            stacks[value] if value in stacks else self._stack(self.outside[value]) for value in outputs
        ]

    def _is_constant(self, value: Value) -> bool:
        """Whether a value from outside is the same number in each step, which the body can say itself."""
        operand = self.outside[value]
        return not operand.stacked and isinstance(operand.value.node.op, Constant)

    def settle(self) -> None:
        """Compute outside what the body has by now and what can be computed there."""
        for node in self.body.nodes[self._settled :]:
            self._leaves(node)
        self._settled = len(self.body.nodes)

    def _stack(self, operand: Operand) -> Value:
        value = operand.value
        return value if operand.stacked else broadcast_to(value, (self.time, *value.shape))

    def _leaves(self, node: Node) -> None:
        """Compute a node outside where that is possible; inputs are there already."""
        results = self.body.results(node)
        if isinstance(node.op, Input):
            return
        if isinstance(node.op, State):
            found = [Operand(self.graph.state(node.op.label, node.op.type, node.op.role), False)]
        elif isinstance(node.op, Constant):
            found = [Operand(self.graph.add_constant(node.op), False)]
        elif any(operand not in self.outside for operand in node.operands):
            return
        elif isinstance(node.op, RandomUniform):  # each step draws numbers of its own
            key = self.outside[node.operands[0]].value
            before = sum(other.op.name == "random_uniform" for other in self.body.nodes[: node.index])
            known = sum(other.op.name == "random_uniform" for other in self.graph.nodes)
            stream = node.op.stream - before + known
            drawn = replace(node.op, shape=(self.time, *node.op.shape), stream=stream)
            found = [Operand(apply(drawn, key), True)]
        else:
            operands = [self.outside[operand] for operand in node.operands]
            if any(operand.stacked for operand in operands):
                lifted = lift(node.op, self.time, operands)
                if lifted is None:
                    return
                found = [Operand(lifted, True)]
            else:
                values = self.graph.add(node.op, *(operand.value for operand in operands), names=node.names)
                found = [Operand(value, False) for value in values]
        self.outside.update(zip(results, found, strict=True))
