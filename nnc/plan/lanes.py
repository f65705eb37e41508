"""Finds steps on rows of replicas that run in one loop, where what they pass on to each other stays in registers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from nnc.ir import Dim, Graph, Input, Node, Op, Shape, State, Value
from nnc.ir.ops import arithmetic, comparison
from nnc.ir.ops.matmul import LaneMatMul
from nnc.ir.ops.movement import Reshape
from nnc.ir.ops.reduction import Sum
from nnc.ir.ops.sizes import Cast
from nnc.ir.types import ITEM_SIZES
from nnc.plan.nests import Nest

MOST_SUMS = 6
"""Most sums that one loop adds up: each takes a register, of which AVX2 has 16."""
MOST_FACTORS = 8
"""Most numbers of a replica's matrix that a row is multiplied by: each is written out."""
MOST_COLUMNS = 4
"""Most numbers of a replica's row: each has a register."""
_LINE = 64
"""Bytes of the widest register; the lanes are a multiple."""
_LIGHT = (
    arithmetic.Add,
    arithmetic.Subtract,
    arithmetic.Multiply,
    arithmetic.Divide,
    arithmetic.Maximum,
    arithmetic.Minimum,
    arithmetic.Negative,
    arithmetic.Absolute,
    arithmetic.Square,
    arithmetic.Relu,
    comparison.Comparison,
    comparison.Where,
    Cast,
)
"""Elementwise ops of few instructions: a longer one is better off in a loop of its own, where registers are free."""


@dataclass(frozen=True)
class LaneLoop:
    """Steps on the rows of a batch, which have a number for each replica in the last axis, the lanes.

    One row after the other runs through all of `steps`, for as many replicas at a time as a register has lanes. These
    are elementwise steps, products of a row with a small matrix, sums over the rows, and products of columns, which are
    sums over the rows, too. What such sums are needed for runs behind the loop.

    Args:
        steps: the steps that run row by row, ascending.
        behind: steps before the last of these that need sums over the rows, ascending.
        rows: number of rows.
        lanes: number of replicas.
        sums: the steps that give sums over the rows.
    """

    steps: tuple[int, ...]
    behind: tuple[int, ...]
    rows: Dim
    lanes: int
    sums: frozenset[int]

    @property
    def span(self) -> tuple[int, ...]:
        """All steps that run together."""
        return tuple(sorted((*self.steps, *self.behind)))

    def keeps(self, step: int, readers: Collection[int]) -> bool:
        """Whether the result of a step, with these readers, needs no memory but registers."""
        return step not in self.sums and {step, *readers} <= {*self.steps}


def find_lane_loops(graph: Graph, nests: Mapping[int, Nest], constants: Collection[Value]) -> dict[int, LaneLoop]:
    """Return the loop of each step that is in one.

    A nest runs in a loop as a whole or not at all. Views may lie between the steps, and run before them.

    Args:
        graph: a flat graph.
        nests: the nests of its steps; see `nnc.plan.nests.find_nests`.
        constants: values that are not steps.
    """
    if not any(isinstance(node.op, LaneMatMul) for node in graph.nodes):
        return {}
    found: list[LaneLoop | None] = []
    current: _Growing | None = None
    for node in graph.nodes:
        if isinstance(node.op, Input | State) or all(value in constants for value in graph.results(node)):
            continue
        if type(node.op).view is not Op.view:
            if current is not None and current.is_copied(node):
                current.gives_back(node)
                found, current = [*found, current.loop()], None
            continue
        nest = nests.get(node.index)
        if nest is not None and node.index != nest.span[0]:
            continue
        nodes = [node] if nest is None else [graph.nodes[step] for step in nest.span]
        is_apart = nest is not None and (nest.rows or nest.head is not None)
        if current is not None and not is_apart and (current.takes(nodes) or current.puts_behind(nodes)):
            continue
        if current is not None:
            found.append(current.loop())
        current = None if is_apart else _begun(nodes)
    if current is not None:
        found.append(current.loop())
    return {step: loop for loop in found if loop is not None for step in loop.span}


def _begun(nodes: Sequence[Node]) -> _Growing | None:
    """Return a loop that begins with some steps, None where they fit into none."""
    first = nodes[0]
    of_rows = first.types[0].shape if first.op.elementwise else first.operands[-1].shape
    if isinstance(first.op, LaneMatMul) and not isinstance(first.types[0].shape[0], int):
        of_rows = first.types[0].shape
    if len(of_rows) < 2 or isinstance(of_rows[0], int) or not isinstance(of_rows[-1], int):
        return None
    current = _Growing(of_rows[0], of_rows[-1])
    return current if current.takes(nodes) else None


@dataclass
class _Growing:
    """A loop that steps are added to.

    Attributes:
        rows: number of rows.
        lanes: number of replicas.
        steps: the steps so far.
        elements: those that give numbers for each row.
        behind: steps that need sums over the rows.
        scattered: views of what the loop gives whose elements may lie apart.
        count: number of sums.
        is_elementwise: whether all steps are.
        begin_of_last: number of the steps before those that were added last.
    """

    rows: Dim
    lanes: int
    steps: list[int] = field(default_factory=list)
    elements: set[int] = field(default_factory=set)
    behind: list[int] = field(default_factory=list)
    scattered: set[int] = field(default_factory=set)
    count: int = 0
    is_elementwise: bool = True
    begin_of_last: int = 0

    def is_copied(self, view: Node) -> bool:
        """Whether a view of what the loop gives may be a copy in truth, which would run before the loop."""
        source = view.operands[0].index
        if source in self.scattered and isinstance(view.op, Reshape):
            return True
        inside = source in self.scattered or _base(view.operands[0]).index in (*self.steps, *self.behind)
        if inside and not isinstance(view.op, Reshape):
            self.scattered.add(view.index)
        return False

    def gives_back(self, node: Node) -> None:
        """Leave out the nest that began before a step and ends behind it."""
        if self.steps[-1] > node.index:
            del self.steps[self.begin_of_last :]

    def takes(self, nodes: Sequence[Node]) -> bool:
        """Add steps that run row by row, all or none; says whether it did."""
        given = {node.index for node in nodes}
        totals = {*self.steps, *self.behind} - self.elements
        count = 0
        for node in nodes:
            for operand in node.operands:
                base = _base(operand).index
                if base in totals or (base in self.elements | given and base != operand.index):
                    return False
            found = self._sums_of(node)
            if found is None:
                return False
            count += found
        if self.count + count > MOST_SUMS:
            return False
        self.begin_of_last = len(self.steps)
        self.steps += sorted(given)
        self.elements |= set() if count else given
        self.count += count
        self.is_elementwise = self.is_elementwise and nodes[0].op.elementwise
        return True

    def puts_behind(self, nodes: Sequence[Node]) -> bool:
        """Add steps that need sums over the rows, and nothing else of the loop; says whether it did."""
        sources = {_base(operand).index for node in nodes for operand in node.operands}
        needs_sums = not sources.isdisjoint({*self.steps, *self.behind} - self.elements)
        can_wait = nodes[0].op.elementwise or nodes[0].op.packs
        if not needs_sums or not can_wait or not sources.isdisjoint(self.elements):
            return False
        self.behind += [node.index for node in nodes]
        return True

    def loop(self) -> LaneLoop | None:
        """Return the loop, None where there is nothing that steps pass on to each other or add up together."""
        if len(self.steps) < 2 or self.is_elementwise:
            return None
        behind = tuple(step for step in self.behind if step < self.steps[-1])
        sums = frozenset(self.steps) - self.elements
        return LaneLoop(tuple(self.steps), behind, self.rows, self.lanes, sums)

    def _sums_of(self, node: Node) -> int | None:
        """Return how many sums over the rows a step adds up, None where it cannot run row by row."""
        result, *others = node.types
        if others or result.shape[-1:] != (self.lanes,):
            return None
        if node.op.elementwise:
            return 0 if isinstance(node.op, _LIGHT) and self._is_of_rows(result.shape) else None
        if result.dtype != "float32" or self.lanes * ITEM_SIZES[result.dtype] % _LINE != 0:
            return None
        if isinstance(node.op, Sum) and node.op.axes == (0,) and self._is_of_rows(node.operands[0].shape):
            return _count(result.shape[:-1], MOST_SUMS)
        if not isinstance(node.op, LaneMatMul) or any(operand.rank != 3 for operand in node.operands):
            return None
        x, y = node.operands
        if self._is_of_rows(x.shape) and y.index not in self.elements:
            return None if _count(y.shape[:-1], MOST_FACTORS) is None else 0
        if self._is_of_rows(y.shape) and x.shape[1] == self.rows and x.index not in self.elements:
            return _count(result.shape[:-1], MOST_SUMS)
        return None

    def _is_of_rows(self, shape: Shape) -> bool:
        """Whether there are a few numbers for each row and replica, or for each row alone."""
        if len(shape) < 2 or shape[0] != self.rows or shape[-1] not in (1, self.lanes):
            return False
        return _count(shape[1:-1], MOST_COLUMNS) is not None


def _base(value: Value) -> Value:
    """Return what a value is a view of."""
    while value.node.operands and type(value.node.op).view is not Op.view:
        value = value.node.operands[0]
    return value


def _count(shape: Shape, most: int) -> int | None:
    """Return the number of elements, None where it is not known or there are more than some."""
    sizes = [dim for dim in shape if isinstance(dim, int)]
    count = prod(sizes)
    return count if len(sizes) == len(shape) and count <= most else None
