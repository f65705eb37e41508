"""The derivative of a scan: a scan the other way round, and one product per weight after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nnc.ir import Constant, Graph, Input, Node, Op, Value, copy_into, gradients
from nnc.ir.ops.lifting import Operand, can_lift, lift
from nnc.ir.ops.loop import Loop, LoopOp
from nnc.ir.ops.movement import broadcast_to


def scan_cotangents(
    op: LoopOp, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
) -> Sequence[Value | None]:
    """Return the cotangents of a scan's operands, in graph code.

    The scan is written once more with what its derivative needs as further stacks; ``cse`` makes one of the two.
    """
    if all(cotangent is None for cotangent in cotangents):
        return [None] * len(operands)
    return _Derivative(op, operands, results, cotangents).pull()


@dataclass
class _Derivative:
    """One application of the rule.

    Args:
        op: the scan.
        operands: its operands.
        results: its results.
        cotangents: those of the results, None where there is none.

    Attributes:
        stacks: what the backward loop reads of the steps, by value of the body: stacked values outside.
    """

    op: LoopOp
    operands: Sequence[Value]
    results: Sequence[Value]
    cotangents: Sequence[Value | None]
    stacks: dict[Value, Value] = field(default_factory=dict)

    def pull(self) -> Sequence[Value | None]:
        carries = self.op.carries
        last = carries + self.op.sequences
        involved = {index for index in range(carries) if self.cotangents[index] is not None}
        while True:
            step = _Step(self.op, self.cotangents, involved)
            found = {index for index in range(carries) if step.found[step.inputs[index]] is not None}
            if found <= involved:
                break
            involved |= found
        self.step = step
        # what the loop must give: cotangents of sequences, and of the results of ops that read weights
        elements = [index for index in range(carries, last) if step.found[step.inputs[index]] is not None]
        uses = [use for use in step.uses if all(step.found[value] is not None for value in use.results)]
        sums = {index: value for index, value in step.sums.items() if value is not None}
        wanted = [step.found[step.inputs[index]] for index in elements]
        wanted += [step.found[use.results[0]] for use in uses]
        nexts: list[Value] = []
        for index in sorted(involved):
            pulled = step.found[step.inputs[index]]
            nexts.append(_zeros(step.joint, step.inputs[index]) if pulled is None else pulled)
        nodes = self._backward([*nexts, *(value for value in wanted if value is not None), *sums.values()])
        read = [operand for node in nodes for operand in node.operands]
        for value in (*read, *nexts, *(operand for use in uses for operand in use.node.operands)):
            self._require(value)
        self._restate()
        finals, stacked = self._loop(nodes, sorted(involved), nexts, wanted, sums)
        pulled_back: list[Value | None] = [None] * len(self.operands)
        for index, value in zip(sorted(involved), finals, strict=False):
            pulled_back[index] = value
        for index, value in zip(elements, stacked, strict=False):
            pulled_back[index] = value
        for index, value in zip(sums, finals[len(involved) :], strict=True):
            pulled_back[index] = value
        for use, cotangent in zip(uses, stacked[len(elements) :], strict=True):
            total = self._weight_cotangent(use, cotangent)
            known = pulled_back[use.operand]
            pulled_back[use.operand] = total if known is None or total is None else known + total
        return pulled_back

    # ------------------------------------------------------------------ what the backward loop reads of the steps

    def _backward(self, roots: Sequence[Value]) -> list[Node]:
        """Return the nodes of the derivative that the roots depend on."""
        step = self.step
        needed = set(roots)
        nodes = []
        for node in reversed(step.joint.nodes[step.size :]):
            if not isinstance(node.op, Input | Constant) and any(value in needed for value in step.joint.results(node)):
                needed.update(node.operands)
                nodes.append(node)
        return nodes[::-1]

    def _require(self, value: Value) -> None:
        """Note that a value of the forward step is needed in all steps."""
        step = self.step
        if value.index >= step.size or isinstance(value.node.op, Constant) or value in step.others:
            return
        if _is_view(value.node):
            self._require(value.node.operands[0])
        elif value in step.elements:
            self.stacks[value] = self.operands[step.elements[value]]
        elif value in step.outputs:
            self.stacks[value] = self.results[step.outputs[value]]
        else:
            self.stacks.setdefault(value, value)  # until the scan is written again

    def _restate(self) -> None:
        """Write the scan once more, with what is missing as further stacks."""
        step = self.step
        missing = [value for value, stack in self.stacks.items() if stack is value]
        if not missing:
            return
        body = Graph("body")
        inputs = {label: body.input(label, value.type) for label, value in self.op.body.inputs.items()}
        values: dict[Value, Value] = {}
        for label, value in copy_into(body, self.op.body, inputs, values).items():
            body.output(label, value)
        for number, value in enumerate(missing):
            body.output(f"kept{number}", values[step.originals[value]])
        scan = replace(self.op, body=body)
        with self.operands[0].graph.scope(phase="forward"):
            names = ["" for _ in self.results] + [value.name for value in missing]
            results = self.operands[0].graph.add(scan, *self.operands, names=names)
        self.stacks.update(zip(missing, results[len(self.results) :], strict=True))

    # ------------------------------------------------------------------ the backward loop

    def _loop(
        self,
        nodes: Sequence[Node],
        involved: Sequence[int],
        nexts: Sequence[Value],
        wanted: Sequence[Value | None],
        sums: dict[int, Value],
    ) -> tuple[list[Value], list[Value]]:
        step, graph = self.step, self.operands[0].graph
        starts = [(self.cotangents[index], self.operands[index]) for index in involved]
        first = [_zeros(graph, operand) if start is None else start for start, operand in starts]
        first += [_zeros(graph, self.operands[index]) for index in sums]
        given = [index for index in range(self.op.carries, len(self.results)) if index in step.seeds]
        stacks = list(self.stacks)
        sequences = [self.cotangents[index] for index in given] + [self.stacks[value] for value in stacks]
        known = [value for value in sequences if value is not None] or [self.operands[self.op.carries]]
        loop = Loop(type(self.op), graph, first, known, (), not self.op.reverse)
        values: dict[Value, Value] = dict(zip((step.seeds[index] for index in involved), loop.carries, strict=False))
        values |= dict(zip((step.seeds[index] for index in given), loop.elements, strict=False))
        values |= dict(zip(stacks, loop.elements[len(given) :], strict=False))

        def inside(value: Value) -> Value:
            if value not in values:
                if value in step.others:
                    values[value] = loop.capture(self.operands[step.others[value]])
                elif isinstance(value.node.op, Constant):
                    values[value] = loop.body.add_constant(value.node.op)
                else:
                    add(value.node)
            return values[value]

        def add(node: Node) -> None:
            results = loop.body.add(node.op, *map(inside, node.operands), names=node.names)
            values.update(zip(step.joint.results(node), results, strict=True))

        for node in nodes:
            add(node)
        totals = [
            total + inside(value) for total, value in zip(loop.carries[len(involved) :], sums.values(), strict=True)
        ]
        return loop.finish([*map(inside, nexts), *totals], [inside(value) for value in wanted if value is not None])

    # ------------------------------------------------------------------ weights

    def _weight_cotangent(self, use: _Use, cotangent: Value) -> Value | None:
        """Apply the op that reads a weight to all steps at once, and pull back from there: one product, or one sum."""
        step, apart, path = self.step, Graph("apart"), self.operands[0].graph.path
        inputs: dict[str, Value] = {}
        operands: list[Operand] = []
        weights: list[Value] = []
        for number, value in enumerate(use.node.operands):
            outer = self._outside(value)
            inner = apart.input(f"x{number}", outer.value.type)
            inputs[f"x{number}"] = outer.value
            operands.append(Operand(inner, outer.stacked))
            if step.others.get(value) == use.operand:
                weights.append(inner)
        seed = apart.input("cotangent", cotangent.type)
        with apart.scope(path, "backward"):
            lifted = lift(use.node.op, self.operands[self.op.carries].shape[0], operands)
        assert lifted is not None
        pulled = [value for value in gradients({lifted: seed}, weights) if value is not None]
        if not pulled:
            return None
        total = pulled[0]
        for other in pulled[1:]:
            total = total + other
        apart.output("total", total)
        return copy_into(cotangent.graph, apart, inputs | {"cotangent": cotangent})["total"]

    def _outside(self, value: Value) -> Operand:
        step = self.step
        if value in step.others:
            return Operand(self.operands[step.others[value]], False)
        if isinstance(value.node.op, Constant):
            return Operand(self.operands[0].graph.add_constant(value.node.op), False)
        if value in self.stacks:
            return Operand(self.stacks[value], True)
        lifted = lift(value.node.op, self.operands[self.op.carries].shape[0], [self._outside(value.node.operands[0])])
        assert lifted is not None
        return Operand(lifted, True)


@dataclass(frozen=True)
class _Use:
    """A node of the body that reads a value which is the same in every step."""

    node: Node
    results: tuple[Value, ...]
    operand: int


class _Step:
    """The body of a scan followed by its derivative.

    Attributes:
        joint: the graph of both; its first `size` nodes are the body's.
        originals: the values of the body, by their copies in it.
        inputs: the body's inputs in it.
        elements: inputs that are steps of sequences, with the operand.
        others: inputs that are the same in every step, with the operand.
        outputs: values that the body stacks, with the result.
        seeds: the cotangents the derivative starts from, by result of the scan.
        found: cotangents of the inputs, and of what `uses` give.
        uses: nodes that read floating-point values which are the same in every step.
        sums: cotangents of such values where they must be added up step by step, by operand.
    """

    def __init__(self, op: LoopOp, cotangents: Sequence[Value | None], involved: set[int]) -> None:
        self.joint = joint = Graph("body")
        labels = {label: joint.input(label, value.type) for label, value in op.body.inputs.items()}
        copies: dict[Value, Value] = {}
        outputs = list(copy_into(joint, op.body, labels, copies).values())
        self.originals = {copy: value for value, copy in copies.items()}
        self.size = len(joint.nodes)
        self.inputs = list(labels.values())
        last = op.carries + op.sequences
        self.elements = {value: index for index, value in enumerate(self.inputs) if op.carries <= index < last}
        self.others = {value: index for index, value in enumerate(self.inputs) if index >= last}
        self.outputs = {outputs[index]: index for index in range(len(outputs) - 1, op.carries - 1, -1)}
        self.seeds: dict[int, Value] = {}
        starts: dict[Value, Value] = {}
        for index, value in enumerate(outputs):
            if index in involved if index < op.carries else cotangents[index] is not None:
                self.seeds[index] = seed = joint.input(f"d{index}", value.type)
                starts[value] = starts[value] + seed if value in starts else seed
        self.uses: list[_Use] = []
        added: list[tuple[Node, int, int]] = []
        for node in joint.nodes[: self.size]:
            for position, operand in enumerate(node.operands):
                if operand in self.others and operand.type.is_floating:
                    index = self.others[operand]
                    if can_lift(node.op, position) and len(node.types) == 1:
                        use = _Use(node, joint.results(node), index)
                        self.uses += [use] if use not in self.uses else []  # the node may read it twice
                    else:
                        added.append((node, position, index))
        targets = [value for value in self.inputs[:last] if value.type.is_floating]
        targets += [value for use in self.uses for value in use.results]
        targets += [value for node, _, _ in added for value in joint.results(node)]
        self.found: dict[Value, Value | None] = dict.fromkeys(self.inputs)
        pulled = gradients(starts, targets) if targets else []
        self.found.update(zip(targets, pulled, strict=True))
        self.sums: dict[int, Value | None] = {}
        for node, position, index in added:
            given = [self.found[value] for value in joint.results(node)]
            part = node.op.vjp(node.operands, joint.results(node), given)[position]
            self._add(index, part)
        for value, index in self.others.items():
            self._add(index, starts.get(value))  # a step gives the value itself

    def _add(self, index: int, part: Value | None) -> None:
        known = self.sums.get(index)
        self.sums[index] = part if known is None else known if part is None else known + part


def _zeros(graph: Graph, like: Value) -> Value:
    return broadcast_to(graph.constant(0.0, like.dtype), like.shape)


def _is_view(node: Node) -> bool:
    return bool(node.operands) and len(node.types) == 1 and type(node.op).view is not Op.view
