"""Folds factors and summands that depend on states alone into the product before them, as batch normalisation has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from nnc.ir import Dim, Graph, Node, Op, Rewriter, Value
from nnc.ir.decisions import Reason, decide, uses_text
from nnc.ir.ops.arithmetic import Add, Divide, Multiply, Negative, Subtract
from nnc.ir.ops.movement import Reshape, Transpose, reshape
from nnc.passes.base import Pass
from nnc.passes.hoist import static_values


@dataclass(frozen=True)
class FoldBatchNorm(Pass, name="fold-batch-norm"):
    """Computes ``(x · kernel + a) · s + b`` as ``x · (kernel · s) + (a · s + b)``.

    It holds for products whose kernel depends on states alone, as do s, a and b, which may differ from channel to
    channel (Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", 2018, section 3.2). The new kernel and the new bias are then for `Hoist` to take out. What lies between
    may be read by nothing else. Reshapes and transposes stay behind the product; behind one that splits the
    channels, s and b must be single numbers.
    """

    enters_bodies: ClassVar[bool] = False

    def run(self, graph: Graph) -> Graph:
        """Return the graph with scaled kernels."""
        chains = {chain.last.index: chain for chain in find_chains(graph)}
        dropped = {index for chain in chains.values() for index in chain.nodes} - set(chains)
        rewriter = Rewriter(graph)
        for node in graph.nodes:
            if node.index in chains:
                chain, count = chains[node.index], len(rewriter.graph.nodes)
                rewriter.replace(node, (_folded(chain, rewriter),))
                _note_folded(chain, rewriter, rewriter.graph.nodes[count:])
            elif node.index not in dropped:
                rewriter.keep(node)
        return rewriter.finish()


SPLIT = -1
"""Stands for the axis of the channels where a reshape has split or joined it: then only single numbers can follow."""


@dataclass
class Chain:
    """A product and the steps behind it.

    Attributes:
        product: the product.
        steps: what is applied to its result, one node after the other.
    """

    product: Node
    steps: list[Node] = field(default_factory=list)

    @property
    def last(self) -> Node:
        """The node whose result is that of the chain."""
        return self.steps[-1] if self.steps else self.product

    @property
    def nodes(self) -> list[int]:
        """Indices of all its nodes."""
        return [self.product.index, *(step.index for step in self.steps)]


def find_chains(graph: Graph) -> list[Chain]:
    """Return the products with a factor, or with several summands, behind them."""
    static = static_values(graph)
    uses = graph.uses()
    roots = set(graph.roots)
    chains = []
    for node in graph.nodes:
        if node.op.kernel is None or static.issuperset(graph.results(node)):
            continue
        position, axis = node.op.kernel
        kernel = node.operands[position]
        if kernel not in static:
            continue
        chain = Chain(node)
        (value,) = graph.results(node)
        if kernel.shape[axis] != node.types[0].shape[-1]:
            _note_missed(chain, value, uses, static, ("each filter of {} sees a part of the channels", kernel))
            continue
        axis = value.rank - 1
        while True:
            obstacle = _obstacle(value, uses, roots)
            found = None if obstacle else _axis_behind(uses[value][0], value, axis, static)
            if found is None:
                _note_missed(chain, value, uses, static, obstacle or ("it is not one factor per channel",))
                break
            axis = found
            chain.steps.append(uses[value][0])
            (value,) = graph.results(chain.steps[-1])
        while chain.steps and isinstance(chain.steps[-1].op, Reshape | Transpose):
            chain.steps.pop()
        kinds = [type(step.op) for step in chain.steps if not isinstance(step.op, Reshape | Transpose)]
        if len(kinds) > 1 or (kinds and kinds[0] in (Multiply, Divide, Negative)):
            chains.append(chain)
    return chains


def _obstacle(value: Value, uses: Mapping[Value, Sequence[Node]], roots: set[Value]) -> Reason:
    """Say why a value cannot be left out."""
    if value in roots:
        return "{} leaves the graph", value
    count = len(uses.get(value, ()))
    return () if count == 1 else (f"{{}} has {uses_text(count)}", value)


def _note_folded(chain: Chain, rewriter: Rewriter, added: Sequence[Node]) -> None:
    source = rewriter.source
    gone = [source.nodes[index] for index in chain.nodes]
    before = [value for step in gone for value in source.results(step)]
    after = rewriter[before[-1]]
    decide("folded", gone[0], "{} → {}", gone, after.node, before=before, after=[after], gone=gone, added=added)


def _note_missed(
    chain: Chain, value: Value, uses: Mapping[Value, Sequence[Node]], static: set[Value], reason: Reason
) -> None:
    """Note that a factor of a value, which states alone decide, stays where it is."""
    for step in uses.get(value, ()):
        divides = isinstance(step.op, Divide) and step.operands[0] == value
        factors = [operand for operand in step.operands if operand != value]
        scales = (divides or isinstance(step.op, Multiply)) and factors and static.issuperset(factors)
        if scales or isinstance(step.op, Negative):
            before = (value, *value.graph.results(step))
            decide("folded", step, "{} into {}", step, chain.product, reason=reason, before=before)


def _axis_behind(step: Node, value: Value, axis: int, static: set[Value]) -> int | None:
    """Return the axis of the channels behind a step, `SPLIT` where they are not an axis, or None to end the chain."""
    if isinstance(step.op, Transpose):
        return axis if axis == SPLIT else step.op.axes.index(axis)
    if isinstance(step.op, Reshape):
        shape = step.op.shape
        stays = axis == value.rank - 1 and len(shape) > 0 and shape[-1] == value.shape[axis]
        return len(shape) - 1 if stays else SPLIT
    if isinstance(step.op, Negative):
        return axis
    if not isinstance(step.op, Add | Subtract | Multiply | Divide) or step.types[0] != value.type:
        return None
    first, second = step.operands
    other = second if first == value else first
    if other not in static or (isinstance(step.op, Divide) and second == value):
        return None
    if axis == SPLIT:
        return SPLIT if other.type.size == 1 else None
    channels = (1,) * axis + (value.shape[axis],) + (1,) * (value.rank - axis - 1)
    fits = all(dim in (1, channels[value.rank - other.rank + position]) for position, dim in enumerate(other.shape))
    return axis if fits else None


def _folded(chain: Chain, rewriter: Rewriter) -> Value:
    """Add the product with the new kernel and return what stands for the end of the chain."""
    node, graph = chain.product, rewriter.graph
    assert node.op.kernel is not None
    position, axis = node.op.kernel
    (value,) = rewriter.source.results(node)
    channels = value.shape[-1]
    with graph.scope(node.path, node.phase):
        behind = Affine(graph, value.dtype)
        movements = []
        for step in chain.steps:
            if isinstance(step.op, Reshape | Transpose):
                movements.append(step.op)
            else:
                others = [rewriter[operand] for operand in step.operands if operand != value]
                behind.append(step.op, step.operands[0] == value, [_vector(other, channels) for other in others])
            (value,) = rewriter.source.results(step)
        operands = list(rewriter.operands(node))
        if behind.scale is not None:
            trailing = (1,) * (-1 - axis) if behind.scale.rank else ()
            operands[position] = operands[position] * reshape(behind.scale, (*behind.scale.shape, *trailing))
            graph.set_name(operands[position], f"{node.path}/kernel" if node.path else "kernel")
        result = graph.add(node.op, *operands)[0]
        if behind.shift is not None:
            graph.set_name(behind.shift, f"{node.path}/bias" if node.path else "bias")
            result = result + behind.shift
        for op in movements:
            result = graph.add(op, result)[0]
    if value.name:
        graph.set_name(result, value.name)
    return result


def _vector(value: Value, channels: Dim) -> Value:
    """Return a value with an axis of channels and other axes of length 1 as a vector, one for all as a scalar."""
    return reshape(value, () if value.type.size == 1 and channels != 1 else (channels,))


@dataclass
class Affine:
    """The function x · scale + shift, as graph code; None stands for 1 and 0."""

    graph: Graph
    dtype: str
    scale: Value | None = None
    shift: Value | None = None

    def append(self, op: Op, is_first: bool, others: Sequence[Value]) -> None:
        """Apply one more op to the function's result, which is its first operand or its second."""
        if isinstance(op, Negative):
            self.multiply(self.graph.constant(-1.0, self.dtype))
        elif isinstance(op, Add):
            self.add(others[0])
        elif isinstance(op, Subtract) and is_first:
            self.subtract(others[0])
        elif isinstance(op, Subtract):
            self.multiply(self.graph.constant(-1.0, self.dtype))
            self.add(others[0])
        else:
            self.multiply(1.0 / others[0] if isinstance(op, Divide) else others[0])

    def add(self, other: Value) -> None:
        """Add to the result."""
        self.shift = other if self.shift is None else self.shift + other

    def subtract(self, other: Value) -> None:
        """Subtract from the result."""
        self.shift = -other if self.shift is None else self.shift - other

    def multiply(self, other: Value) -> None:
        """Multiply the result."""
        self.scale = other if self.scale is None else self.scale * other
        self.shift = None if self.shift is None else self.shift * other
