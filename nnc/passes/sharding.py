"""What each value of a graph is when the rows of a batch are divided among processes: which sums are parts of sums."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum
from typing import Any

from nnc.errors import DistributionError, SymbolError
from nnc.ir import Dim, Graph, Input, Node, Op, Shape, State, SymbolicDim, TensorType, Value, size_of, symbol
from nnc.ir.ops.arithmetic import Add, Divide, Multiply, Negative, Subtract
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient, ConvolutionKernelGradient
from nnc.ir.ops.gathering import AddAlongAxis, ArgSort, Gather, ScatterAdd, TakeAlongAxis
from nnc.ir.ops.matmul import MatMul
from nnc.ir.ops.movement import BroadcastTo, Concatenate, Copy, Flip, Reshape, Scatter, Slice, Transpose
from nnc.ir.ops.packing import Pack, Unpack
from nnc.ir.ops.pooling import MaxPool, MaxPoolGradient, Resize, SumPool, SumPoolGradient
from nnc.ir.ops.random import RandomUniform
from nnc.ir.ops.reduction import ArgMax, CumulativeProduct, CumulativeSum, Max, Sum
from nnc.ir.ops.scan import Scan
from nnc.ir.ops.sizes import Cast, Iota, Size
from nnc.ir.ops.sparsemax import Sparsemax
from nnc.labels import ROWS

BATCH = symbol(ROWS)


class Sharding(Enum):
    """What a process has of a value."""

    SAME = "same"
    """All of it, as every process."""
    ROWS = "rows"
    """The part of it that belongs to the rows of the process."""
    PARTIAL = "partial"
    """A summand: the value is the sum over all processes."""
    LOCAL = "local"
    """A value of its own, such as the mean over its rows where a layer normalizes rows process by process."""


class Use(Enum):
    """How an operand enters an operation."""

    AS_IS = "as is"
    REDUCED = "reduced"
    """As the sum over all processes."""
    SHARED = "shared"
    """As a summand: one process has all of it, the others zeros."""


Decision = tuple[Sharding, Sequence[Use]]
SAME, PARTIAL, LOCAL = Sharding.SAME, Sharding.PARTIAL, Sharding.LOCAL
_AS_IS, _REDUCED, _SHARED = Use.AS_IS, Use.REDUCED, Use.SHARED


class Shardings:
    """The sharding of each value of a graph, and how operands enter each node.

    Args:
        graph: the graph of one process, without fusions and composite ops.
        per_process: paths of layers that measure the rows of each process by themselves.
        inputs: shardings of the inputs of a loop's body, by label; None for a graph by itself.

    Attributes:
        of: the sharding of each value.
        outer: elements of an axis of rows in front of each row, where steps of time come before rows, 1 elsewhere.
        uses: how operands enter, by the index of the node.

    Raises:
        DistributionError: an operation compares rows with each other, so that no process can compute its part alone.
    """

    def __init__(
        self, graph: Graph, per_process: Collection[str] = (), inputs: Mapping[str, Sharding] | None = None
    ) -> None:
        self.graph, self.per_process, self.is_body = graph, frozenset(per_process), inputs is not None
        self.of: dict[Value, Sharding] = {}
        self.outer: dict[Value, Dim] = {}
        self.uses: dict[int, Sequence[Use]] = {}
        given = inputs or {}
        for label, value in graph.inputs.items():
            self.of[value] = given.get(label) or _of_type(value.type, f"input '{label}'")
        for node in graph.nodes:
            if not isinstance(node.op, Input):
                self._decide(node)

    def _decide(self, node: Node) -> None:
        results = self.graph.results(node)
        if isinstance(node.op, Scan):
            shardings, uses = _scanned(self, node)
        else:
            sharding, uses = self._decision(node)
            shardings = [sharding] * len(results)
        for value, sharding in zip(results, shardings, strict=True):
            if (_of_type(value.type, _named(node)) is Sharding.ROWS) != (sharding is Sharding.ROWS):
                raise _refusal(node)
            self.of[value] = sharding
        self.uses[node.index] = uses
        if Sharding.ROWS in (*shardings, *(self.of[operand] for operand in node.operands)):
            self._order(node)

    def _order(self, node: Node) -> None:
        """Note where rows lie along their axis; operands that are not in the same order do not go together."""
        outer = {self.outer.get(operand, 1) for operand in node.operands if self.of[operand] is Sharding.ROWS}
        if len(outer) > 1 or (isinstance(node.op, Scan) and outer - {1}):
            raise _refusal(node)
        found: Dim = outer.pop() if outer else 1
        if isinstance(node.op, Reshape):
            (x,), shape = node.operands, node.types[0].shape
            found = _outer_elements(x.shape, found, shape)
            if found == 0:
                raise _refusal(node)
        if found != 1:
            self.outer.update((value, found) for value in self.graph.results(node))

    def _decision(self, node: Node) -> Decision:
        if ROWS in _symbols(node.op) or (self.is_body and _depends_on_place(node)):
            raise _refusal(node)
        operands = [self.of[operand] for operand in node.operands]
        as_is = [_AS_IS] * len(operands)
        if isinstance(node.op, State):
            return PARTIAL if node.op.role == "metric" else SAME, as_is
        if not operands or isinstance(node.op, RandomUniform):
            return _made(node), as_is
        if set(operands) == {SAME} and not any(_has_rows(type) for type in node.types):
            return SAME, as_is
        if node.path in self.per_process:
            return self._of_each(node, operands)
        if node.op.elementwise:
            return _elementwise(node, operands)
        rule = _RULES.get(type(node.op))
        if rule is None:
            raise _refusal(node)
        return rule(node, operands)

    def _of_each(self, node: Node, operands: Sequence[Sharding]) -> Decision:
        """Return what becomes of a node of a layer that measures the rows of each process by themselves.

        What goes back from it to weights is summed over all processes, as anything else.
        """
        as_is = [_AS_IS] * len(operands)
        if any(_has_rows(type) for type in node.types):
            return Sharding.ROWS, as_is
        if node.phase == "backward" and (PARTIAL in operands or Sharding.ROWS in operands):
            return PARTIAL, as_is
        return LOCAL, as_is


_SHAPES = frozenset({"shape", "length"})
"""Attributes that are a part of the result's shape, which is looked at by itself."""


def _symbols(op: Op) -> frozenset[str]:
    """Return the symbols in an op's attributes, but for those of its result's shape and of bodies."""
    left_out = _SHAPES | ({"starts", "stops"} if isinstance(op, Scatter | Slice) else set())
    values = [value for key, value in op.attributes().items() if key not in left_out]
    items = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return frozenset().union(*(item.symbols for item in items if isinstance(item, SymbolicDim)))


Rule = Callable[[Node, Sequence[Sharding]], Decision]
"""Returns what a node's results are, and how its operands enter, of the shardings of these."""


def _has_rows(type: TensorType) -> bool:
    return ROWS in type.symbols


def _of_type(type: TensorType, what: str) -> Sharding:
    """Return whether a value has rows; shapes that have them twice, or in no whole number of times, are refused."""
    axes = row_axes(type.shape)
    if not axes:
        return SAME
    dim = type.shape[axes[0]]
    try:
        whole = dim // BATCH * BATCH == dim
    except SymbolError:
        whole = False
    if len(axes) > 1 or not whole:
        raise DistributionError(f"{what} has shape {type}, which has something for several rows of a batch at once")
    return Sharding.ROWS


def row_axes(shape: Shape) -> list[int]:
    """Return the axes of a shape along which the rows of a batch lie."""
    return [axis for axis, dim in enumerate(shape) if isinstance(dim, SymbolicDim) and ROWS in dim.symbols]


def _row_axis(value: Value) -> int:
    (axis,) = row_axes(value.shape)
    return axis


def _named(node: Node) -> str:
    return f"'{node.op.title}' of layer '{node.path}'" if node.path else f"'{node.op.title}'"


def _refusal(node: Node) -> DistributionError:
    return DistributionError(
        f"{_named(node)} needs rows of a batch together, so that the batch cannot be divided among processes"
    )


def _made(node: Node) -> Sharding:
    """Return the sharding of what has no operands, or only a random key."""
    if not _has_rows(node.types[0]):
        return SAME
    if isinstance(node.op, Iota) and node.op.length == BATCH:
        return Sharding.ROWS
    if isinstance(node.op, RandomUniform) and size_of(node.op.shape[: row_axes(node.op.shape)[0]]) == 1:
        return Sharding.ROWS
    raise _refusal(node)


def _depends_on_place(node: Node) -> bool:
    """Whether a node without operands, or with a random key, depends on which rows a process has."""
    op = node.op
    if isinstance(op, Size):
        return bool(row_axes(op.shape))
    return isinstance(op, Iota | RandomUniform) and _has_rows(node.types[0])


def _elementwise(node: Node, operands: Sequence[Sharding]) -> Decision:
    if Sharding.ROWS in operands:
        return Sharding.ROWS, _reduced(operands)
    if isinstance(node.op, Add | Subtract):
        return _added(operands)
    if isinstance(node.op, Negative) or (isinstance(node.op, Cast) and _is_exact(node)):
        return operands[0], [_AS_IS]
    if isinstance(node.op, Multiply) and list(operands).count(PARTIAL) == 1:
        return PARTIAL, [_AS_IS, _AS_IS]
    if isinstance(node.op, Divide) and operands[1] is not PARTIAL:
        return operands[0] if operands[0] is PARTIAL else LOCAL, [_AS_IS, _AS_IS]
    return LOCAL if LOCAL in operands else SAME, _reduced(operands)


def _is_exact(node: Node) -> bool:
    """Whether a cast adds up as its operand does."""
    return node.operands[0].type.is_floating and node.types[0].is_floating


def _reduced(operands: Sequence[Sharding]) -> Sequence[Use]:
    return [_REDUCED if operand is PARTIAL else _AS_IS for operand in operands]


def _added(operands: Sequence[Sharding]) -> Decision:
    """Sums, and whatever else puts operands side by side: one summand makes all of them summands."""
    if PARTIAL in operands:
        return PARTIAL, [_SHARED if operand is SAME else _AS_IS for operand in operands]
    return LOCAL if LOCAL in operands else SAME, [_AS_IS] * len(operands)


def _moved(node: Node, operands: Sequence[Sharding]) -> Decision:
    """An operation that leaves the axis of the rows as it is, and is linear."""
    (operand,) = operands
    if operand is Sharding.ROWS:
        (x,), shape = node.operands, node.types[0].shape
        axes = row_axes(shape)
        if not axes or not _keeps_rows(node.op, x, shape, axes[0]):
            raise _refusal(node)
    return operand, [_AS_IS]


def _outer_elements(before: Shape, outer: Dim, after: Shape) -> Dim:
    """Return the elements in front of each row along its axis after a reshape; 0 where this takes rows apart.

    Args:
        before: the shape that rows are in.
        outer: elements in front of each row along their axis in it.
        after: the new shape.
    """
    (old,), (new,) = row_axes(before), row_axes(after)
    in_front, others = size_of(before[:old]) * outer, size_of(after[:new])
    try:
        found = in_front // others
        inside = after[new] // (found * BATCH)
    except (SymbolError, ZeroDivisionError):
        return 0
    return found if found * others == in_front and found * inside * BATCH == after[new] else 0


def _keeps_rows(op: Op, x: Value, shape: Shape, after: int) -> bool:
    before = _row_axis(x)
    match op:
        case Flip():
            return before not in op.axes
        case Slice():
            whole: tuple[Dim, ...] = (0, -1, 1)
            part = op.starts[before], op.stops[before], op.steps[before]
            others = [*op.starts[:before], *op.stops[:before], *op.starts[before + 1 :], *op.stops[before + 1 :]]
            return part in (whole, (0, x.shape[before], 1)) and not row_axes(tuple(others))
        case Scatter():
            return bool(x.shape[before] == shape[after]) and len(row_axes(op.shape)) == 1
    return True


def _broadcast(node: Node, operands: Sequence[Sharding]) -> Decision:
    if _has_rows(node.types[0]):
        return Sharding.ROWS, _reduced(operands)
    return operands[0], [_AS_IS]


def _joined(node: Node, operands: Sequence[Sharding]) -> Decision:
    if Sharding.ROWS not in operands:
        return _added(operands)
    axis = node.op.axis if isinstance(node.op, Concatenate) else -1
    if row_axes(node.types[0].shape) in ([], [axis]):
        raise _refusal(node)
    return Sharding.ROWS, _reduced(operands)


def _summed(node: Node, operands: Sequence[Sharding]) -> Decision:
    assert isinstance(node.op, Sum)
    if operands[0] is Sharding.ROWS and _row_axis(node.operands[0]) in node.op.axes:
        return PARTIAL, [_AS_IS]
    return operands[0], [_AS_IS]


def _along(node: Node, operands: Sequence[Sharding]) -> Decision:
    """An operation along one axis, or several, that is not that of the rows."""
    op: Any = node.op
    for operand, sharding in zip(node.operands, operands, strict=True):
        last = operand.rank - 1
        axes = op.axes if isinstance(op, Max) else (last if isinstance(op, ArgSort) else op.axis,)
        if sharding is Sharding.ROWS and _row_axis(operand) in axes:
            raise _refusal(node)
    return _by_row(node, operands)


def _by_row(node: Node, operands: Sequence[Sharding]) -> Decision:
    """An operation that treats rows one by one, and is not linear."""
    if Sharding.ROWS in operands:
        return Sharding.ROWS, _reduced(operands)
    return LOCAL if LOCAL in operands else SAME, _reduced(operands)


def _multiplied(node: Node, operands: Sequence[Sharding]) -> Decision:
    x, y = node.operands
    if Sharding.ROWS not in operands:
        linear = list(operands).count(PARTIAL) == 1
        return (PARTIAL, [_AS_IS, _AS_IS]) if linear else _by_row(node, operands)
    inner = [row_axes(x.shape) == [x.rank - 1], row_axes(y.shape) == [y.rank - 2]]
    if all(inner) and set(operands) == {Sharding.ROWS}:
        return PARTIAL, [_AS_IS, _AS_IS]
    if any(inner):
        raise _refusal(node)
    return Sharding.ROWS, _reduced(operands)


def _convolved(node: Node, operands: Sequence[Sharding]) -> Decision:
    """Convolutions and their derivatives, whose rows are the first axis."""
    if any(sharding is Sharding.ROWS and _row_axis(x) for x, sharding in zip(node.operands, operands, strict=True)):
        raise _refusal(node)
    if not isinstance(node.op, ConvolutionKernelGradient) or Sharding.ROWS not in operands:
        return _by_row(node, operands)
    if set(operands) != {Sharding.ROWS}:
        raise _refusal(node)
    return PARTIAL, [_AS_IS, _AS_IS]


def _pooled(node: Node, operands: Sequence[Sharding]) -> Decision:
    """Windows that have one row each."""
    op: Any = node.op
    for operand, sharding in zip(node.operands, operands, strict=True):
        if sharding is Sharding.ROWS and (op.window[_row_axis(operand)], op.strides[_row_axis(operand)]) != (1, 1):
            raise _refusal(node)
    return _by_row(node, operands)


def _gathered(node: Node, operands: Sequence[Sharding]) -> Decision:
    if operands[0] is Sharding.ROWS:
        raise _refusal(node)
    return _by_row(node, operands)


def _scatter_added(node: Node, operands: Sequence[Sharding]) -> Decision:
    values, indices = node.operands
    if Sharding.ROWS not in operands:
        return _by_row(node, operands)
    if _has_rows(node.types[0]) or set(operands) != {Sharding.ROWS} or _row_axis(values) >= indices.rank:
        raise _refusal(node)
    return PARTIAL, [_AS_IS, _AS_IS]


def _scanned(outer: Shardings, node: Node) -> tuple[list[Sharding], Sequence[Use]]:
    """Return the shardings of a loop's results; in its body nothing can be summed over processes."""
    op = node.op
    assert isinstance(op, Scan)
    operands = [outer.of[operand] for operand in node.operands]
    first = [SAME if operand is PARTIAL else operand for operand in operands]
    sequences = node.operands[op.carries : op.carries + op.sequences]
    if any(ROWS in TensorType("int32", value.shape[:1]).symbols for value in sequences):
        raise _refusal(node)
    body = op.body
    while True:
        found = Shardings(body, (), dict(zip(body.inputs, first, strict=True)))
        results = [found.of[value] for value in body.outputs.values()]
        grown = [
            PARTIAL if result is PARTIAL else known
            for known, result in zip(first[: op.carries], results[: op.carries], strict=True)
        ]
        if grown == first[: op.carries]:
            break
        first[: op.carries] = grown
    if any(use is not _AS_IS for uses in found.uses.values() for use in uses):
        raise _refusal(node)
    carries = first[: op.carries]
    uses = [
        (_SHARED if operand is SAME else _AS_IS) if carry is PARTIAL else _REDUCED if operand is PARTIAL else _AS_IS
        for operand, carry in zip(operands, [*carries, *[SAME] * (len(operands) - op.carries)], strict=True)
    ]
    return [*carries, *results[op.carries :]], uses


_RULES: dict[type[Op], Rule] = {
    AddAlongAxis: _along,
    ArgMax: _along,
    ArgSort: _along,
    BroadcastTo: _broadcast,
    Concatenate: _joined,
    Convolution: _convolved,
    ConvolutionInputGradient: _convolved,
    ConvolutionKernelGradient: _convolved,
    Copy: _moved,
    CumulativeProduct: _along,
    CumulativeSum: _along,
    Flip: _moved,
    Gather: _gathered,
    MatMul: _multiplied,
    Max: _along,
    MaxPool: _pooled,
    MaxPoolGradient: _pooled,
    Pack: _joined,
    Reshape: _moved,
    Resize: _along,
    Scatter: _moved,
    ScatterAdd: _scatter_added,
    Slice: _moved,
    Sparsemax: _along,
    Sum: _summed,
    SumPool: _pooled,
    SumPoolGradient: _pooled,
    TakeAlongAxis: _along,
    Transpose: _moved,
    Unpack: _moved,
}
"""The rule of each op that is not elementwise; one without is refused where rows, or summands, meet it."""
