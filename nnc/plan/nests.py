"""Finds steps that can run in one loop nest, where what they pass on to each other stays in registers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from nnc.ir import FLOATING, Graph, Input, Node, Op, Shape, State, Value
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient
from nnc.ir.ops.matmul import LaneMatMul, MatMul
from nnc.ir.ops.movement import Reshape
from nnc.ir.ops.reduction import Max, Sum

PRODUCTS = (MatMul, Convolution, ConvolutionInputGradient)
"""Ops whose results an elementwise nest can go on with, block by block, while they are in the cache: its epilogue."""

SHORTEST_ROW = 8
"""Least length of a row, where it is known, that is worth loops of its own."""
LONGEST_LOCAL_ROW = 1024
"""Most elements of a row that lies on the stack between two loops over it."""
MOST_COLUMNS = 2048
"""Most columns that a nest adds up, all its sums together: their totals lie on the stack, several times."""


@dataclass(frozen=True)
class Nest:
    """Steps that run together, for one element of all after the other; or row by row where some reduce rows.

    In a nest of rows, each step over whole rows belongs to one of several loops over a row, which run one after the
    other. What a reduction gives, and steps on such numbers, come behind the loop of their number. Another nest may add
    up columns: what that gives is there when all elements are, so no step of the nest reads it.

    Args:
        steps: indices, ascending.
        loops: the loop of each step.
        shape: shape of the elements; the last axis is the row.
        rows: whether rows are reduced.
        whole: the steps over whole rows that give whole rows.
        head: the product whose epilogue the nest is; it runs together with the nest.
        columns: the steps that add up all rows.
    """

    steps: tuple[int, ...]
    loops: tuple[int, ...]
    shape: Shape
    rows: bool = False
    whole: frozenset[int] = frozenset()
    head: int | None = None
    columns: frozenset[int] = frozenset()

    @property
    def span(self) -> tuple[int, ...]:
        """All steps that run together."""
        return self.steps if self.head is None else (self.head, *self.steps)

    def loop(self, step: int) -> int:
        """Return the loop of a step."""
        return self.loops[self.steps.index(step)]

    def keeps(self, step: int, readers: Collection[int]) -> bool:
        """Whether the result of a step, with all its readers inside, needs no memory but a register or a local row."""
        if not self.rows or not self.crosses(step, readers):
            return True
        length = self.shape[-1]
        return isinstance(length, int) and length <= LONGEST_LOCAL_ROW

    def crosses(self, step: int, readers: Collection[int]) -> bool:
        """Whether a row that a step gives is read in a later loop."""
        return step in self.whole and any(self.loop(reader) != self.loop(step) for reader in readers)


def find_nests(graph: Graph, constants: Collection[Value]) -> dict[int, Nest]:
    """Return the nest of each step that is in one, heads included.

    Steps of one nest follow each other; views, constants and other steps that read nothing of the nest may lie in
    between, and run before it. What a step takes of another one in the nest it takes as it is, never by way of a view.
    A product is the head of the nest that the first step behind it begins, where the nest takes its elements.

    Args:
        graph: a flat graph.
        constants: values that are not steps.
    """
    nests: list[Nest] = []
    current: _Growing | None = None
    in_lanes = any(isinstance(node.op, LaneMatMul) for node in graph.nodes)  # loops over rows take such sums along
    tainted: set[int] = set()  # nodes that read of the current nest other than element by element
    for node in graph.nodes:
        if isinstance(node.op, Input | State) or all(value in constants for value in graph.results(node)):
            continue
        sources = {operand.index for operand in node.operands}
        reduces = _reduces_rows(node) or (_adds_columns(node) and not in_lanes)
        if not node.op.elementwise and not reduces:
            copies = isinstance(node.op, Reshape) and not tainted.isdisjoint(sources)  # perhaps: of what is not dense
            if copies or type(node.op).view is Op.view:
                nests, current, tainted = _finished(nests, current), None, set()
                if isinstance(node.op, PRODUCTS):
                    current = _Growing(node.types[0].shape, heads=[*graph.results(node)])
            elif current is not None and current.shows_head(node):
                current.heads.append(graph.results(node)[0])
            elif current is not None and not (sources.isdisjoint(current.members) and sources.isdisjoint(tainted)):
                tainted.add(node.index)
            continue
        is_tainted = not tainted.isdisjoint(sources)
        if current is None or is_tainted or not current.takes(node):
            shape = node.types[0].shape if node.op.elementwise else node.operands[0].shape
            behind = current.leave(shape) if current is not None and _reduces_rows(node) and not is_tainted else []
            nests, tainted = _finished(nests, current), tainted if behind else set()
            current = _Growing(shape)
            for each in (*behind, node):
                current.takes(each)
        if node.index in current.columns:
            tainted.add(node.index)
    return {index: nest for nest in _finished(nests, current) for index in nest.span}


def _reduces_rows(node: Node) -> bool:
    """Whether a step reduces the last of several axes, which is long enough."""
    if not isinstance(node.op, Sum | Max):
        return False
    (x,) = node.operands
    length = x.shape[-1] if x.rank else 1
    is_long = not isinstance(length, int) or length >= SHORTEST_ROW
    return x.rank > 1 and node.op.axes == (x.rank - 1,) and x.dtype in FLOATING and is_long


def _adds_columns(node: Node) -> bool:
    """Whether a step adds up all rows, of which there may be many, and which are neither too short nor too long."""
    if not isinstance(node.op, Sum):
        return False
    (x,) = node.operands
    length = x.shape[-1] if x.rank else 1
    is_fit = isinstance(length, int) and SHORTEST_ROW < length <= MOST_COLUMNS
    return x.rank > 1 and node.op.axes == tuple(range(x.rank - 1)) and x.dtype == "float32" and is_fit


def _finished(nests: list[Nest], current: _Growing | None) -> list[Nest]:
    return nests if current is None or not current.loops else [*nests, *current.finish()]


@dataclass
class _Growing:
    """A nest that steps are added to.

    Attributes:
        shape: shape of the elements.
        heads: result of the product whose epilogue this may be, and views of it with the same rows.
        nodes: the steps so far.
        loops: the loop of each.
        whole: steps that give whole rows.
        reductions: steps that reduce rows.
        columns: steps that add up columns.
        last: the last loop.
    """

    shape: Shape
    heads: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    loops: dict[int, int] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    reductions: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    last: int = 0

    @property
    def members(self) -> set[int]:
        """The steps that run together."""
        return {*self.loops, *(head.index for head in self.heads)}

    def shows_head(self, node: Node) -> bool:
        """Whether a step is another view of all elements of the head, with the same rows."""
        if self.loops or not isinstance(node.op, Reshape) or node.operands[0] not in self.heads:
            return False
        return node.types[0].rank > 1 and node.types[0].shape[-1] == self.shape[-1]

    def leave(self, shape: Shape) -> list[Node]:
        """Return the steps behind the last sum of columns, if rows of their shape follow: they go with these."""
        count = next((count for count, node in enumerate(reversed(self.nodes)) if node.index in self.columns), 0)
        behind = self.nodes[len(self.nodes) - count :] if shape == self.shape else []
        for node in behind:
            self.nodes.remove(node)
            self.whole.discard(node.index)
            del self.loops[node.index]
        return behind

    def takes(self, node: Node) -> bool:
        """Add a step if it fits; says whether it did."""
        if not node.op.elementwise and not _reduces_rows(node):
            return self._takes_columns(node)
        if self.heads and not self.loops:
            shapes = [head.shape for head in self.heads]
            if not node.op.elementwise or node.types[0].shape not in shapes:
                return False
            self.shape = node.types[0].shape
        members = [operand for operand in node.operands if operand.index in self.loops]
        numbers = [operand for operand in members if operand.index not in self.whole]
        if node.op.elementwise and node.types[0].shape == self.shape:
            if any(len(operand.shape) != len(self.shape) for operand in numbers):
                return False  # would be aligned with another axis
            self.whole.add(node.index)
        elif not node.op.elementwise:
            if node.operands[0].shape != self.shape or numbers or self.columns:
                return False
            self.reductions.add(node.index)
        elif not numbers or len(numbers) < len(members) or any(x.shape != node.types[0].shape for x in numbers):
            return False
        if node.index in self.whole or node.index in self.reductions:
            behind = [self.loops[operand.index] + (operand.index not in self.whole) for operand in members]
            self.last = max([self.last, *behind])
        self.loops[node.index] = self.last
        self.nodes.append(node)
        return True

    def _takes_columns(self, node: Node) -> bool:
        (x,) = node.operands
        length = x.shape[-1]
        assert isinstance(length, int)
        is_full = (len(self.columns) + 1) * length > MOST_COLUMNS
        if self.heads or self.reductions or is_full or x.shape != self.shape:
            return False
        self.columns.add(node.index)
        self.loops[node.index] = self.last
        self.nodes.append(node)
        return True

    def _reads_head(self) -> bool:
        """Whether a step takes the head's elements."""
        return any(head in node.operands for head in self.heads for node in self.nodes)

    def finish(self) -> list[Nest]:
        """Return the nest; without a step that gives whole rows, reductions of them are better by themselves."""
        if not self.reductions:
            head = self.heads[0].index if self._reads_head() else None
            loops, whole, columns = (0,) * len(self.loops), frozenset(self.whole), frozenset(self.columns)
            return [Nest(tuple(self.loops), loops, self.shape, False, whole, head, columns)]
        if self.whole:
            steps, loops = tuple(self.loops), tuple(self.loops.values())
            return [Nest(steps, loops, self.shape, True, frozenset(self.whole))]
        numbers = [step for step in self.loops if step not in self.reductions]
        return [Nest((step,), (0,), (), False, frozenset({step})) for step in numbers]
