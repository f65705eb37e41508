"""Divides a graph among processes that have some rows of each batch, into parts between which they add up sums."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from nnc.errors import DistributionError, SymbolError
from nnc.ir import Dim, Graph, Input, Node, Shape, State, TensorType, Value, size_of
from nnc.ir.ops import cast, equal, reshape, take, where
from nnc.ir.ops.packing import Pack, Unpack
from nnc.ir.ops.random import RandomUniform
from nnc.ir.ops.sizes import Iota, Size
from nnc.labels import CROSSING, PLACEMENT, SUM, SUMMAND
from nnc.passes.differentiate import GRADIENT
from nnc.passes.sharding import BATCH, Sharding, Shardings, Use, row_axes

PLACEMENT_TYPE = TensorType("int64", (4,))
"""Number of the process, of its first row in the batch, rows of the batch in all processes, number of processes."""
_RANK, _FIRST, _ROWS, _RANKS = range(4)


def divide(graph: Graph, per_process: Collection[str] = ()) -> tuple[Graph, ...]:
    """Return the parts that processes run one after the other, each on its rows of a batch.

    A part gives its summands as outputs ``summand/DTYPE``, vectors that are to be added over all processes; the next
    one takes the sums as inputs ``sum/DTYPE``. What else it needs of an earlier part is an output there and an input
    here, ``crossing/NUMBER``. The input ``processes/placement`` says where the rows lie in the batch; see
    `PLACEMENT_TYPE`. Outputs ``gradient/NAME`` are those of the whole batch, in the last part. Updates are those of
    the whole batch as well, but for states of role ``metric``, whose sum over all processes is what they would be in
    one. What no gradient and no update needs is left out.

    Values are those of one process, but for the order of sums (Xu et al., "GSPMD: general and scalable parallelization
    for ML computation graphs", https://arxiv.org/abs/2105.04663, has the rules for any axis).

    Args:
        graph: the graph of one process, before fusion and without composite ops.
        per_process: paths of layers that measure the rows of each process by themselves.

    Raises:
        DistributionError: an operation needs rows of a batch together.
    """
    return _Divided(graph, per_process).run()


class _Divided:
    """A graph that is being divided.

    Args:
        source: the graph of one process.
        per_process: paths of layers that measure the rows of each process by themselves.
    """

    def __init__(self, source: Graph, per_process: Collection[str]) -> None:
        self.source, self.per_process = source, frozenset(per_process)
        self.shardings = Shardings(source, per_process)
        self.levels: dict[Value, int] = {}
        """The part that computes each value; -1 for what each part that needs it can compute by itself."""
        self.reduced: list[dict[Value, None]] = []
        """The values that are summed up at the end of each part."""
        self.parts: list[Graph] = []
        self.values: list[dict[Value, Value]] = []
        self.sums: list[dict[Value, Value]] = []
        self.crossings: dict[tuple[Value, int], str] = {}
        """Labels of what later parts take, by the part that has it: of a sum the one after that of its summands."""

    def run(self) -> tuple[Graph, ...]:
        for node in self.source.nodes:
            level = self._level(node)
            self.levels.update((value, level) for value in self.source.results(node))
        gradients = {label: value for label, value in self.source.outputs.items() if label.startswith(GRADIENT)}
        updates = self.source.updates
        last = max([0, *self.levels.values()])
        for label, value in updates.items():
            if not self._is_metric(label):
                last = max(last, self._sum_level(value))
        for value in gradients.values():  # behind the others: those of the last layers are finished first
            last = max(last, self._sum_level(value))
        for part in range(last + 1):
            self.parts.append(Graph(self.source.name))
            self.values.append({})
            self.sums.append(self._taken(part - 1) if part else {})
        for node in self.source.nodes:
            level = self.levels[self.source.results(node)[0]]
            if level >= 0 and not isinstance(node.op, Input):
                self._build(node, level)
        for label, value in gradients.items():
            self._here(self.source.states[label.removeprefix(GRADIENT)], last)  # which an update will be of
            self.parts[last].output(label, self._whole(value, last))
        for label, value in updates.items():
            self._update(label, value, last)
        for part in range(last):
            self._give(part)
        return tuple(self.parts)

    # ------------------------------------------------------------------ levels

    def _level(self, node: Node) -> int:
        op, shardings = node.op, self.shardings
        has_rows = any(row_axes(type.shape) for type in node.types)
        found = 0 if has_rows or isinstance(op, Input) or self._is_own_size(node) else -1
        for operand, use in zip(node.operands, shardings.uses.get(node.index, ()), strict=True):
            found = max(found, self._sum_level(operand) if use is Use.REDUCED else self.levels[operand])
        return found

    def _sum_level(self, value: Value) -> int:
        """Return the first part that has a value as the same in all processes, and note that it is summed up before."""
        sharding, level = self.shardings.of[value], self.levels[value]
        if sharding is Sharding.SAME:
            return level
        if sharding is Sharding.ROWS:
            raise DistributionError(f"a value of type {value.type} has a row for each row of a batch")
        level = max(level, 0)
        while len(self.reduced) <= level:
            self.reduced.append({})
        self.reduced[level][value] = None
        return level + 1

    def _is_own_size(self, node: Node) -> bool:
        return isinstance(node.op, Size) and node.path in self.per_process

    def _is_metric(self, label: str) -> bool:
        op = self.source.states[label].node.op
        return isinstance(op, State) and op.role == "metric"

    # ------------------------------------------------------------------ sums

    def _groups(self, part: int) -> dict[str, list[Value]]:
        """Return what is summed up at the end of a part, vector by vector: one of each element type.

        What has a length that is only known at run time is a vector by itself.
        """
        found: dict[str, list[Value]] = {}
        for value in self.reduced[part] if part < len(self.reduced) else ():
            label = f"{value.dtype}.{len(found)}" if value.type.symbols else value.dtype
            found.setdefault(label, []).append(value)
        return found

    def _taken(self, before: int) -> dict[Value, Value]:
        """Declare the sums that a part takes from the one before, and return what they stand for."""
        graph, found = self.parts[-1], {}
        for label, values in self._groups(before).items():
            total = sum((size_of(value.shape) for value in values), 0)
            vector = graph.input(f"{SUM}{label}", TensorType(values[0].dtype, (total,)))
            if len(values) == 1:
                found[values[0]] = reshape(vector, values[0].shape)
            else:
                found |= zip(values, graph.add(Unpack(tuple(value.shape for value in values)), vector), strict=True)
        return found

    def _give(self, part: int) -> None:
        """Let a part give its summands."""
        graph = self.parts[part]
        for label, values in self._groups(part).items():
            summands = [summand for value in values for summand in _parts(self._summand(value, part))]
            if len(summands) == 1:
                vector = reshape(summands[0], (size_of(summands[0].shape),))
            else:
                vector = graph.add(Pack(), *summands)[0]
            graph.output(f"{SUMMAND}{label}", vector)

    def _summand(self, value: Value, part: int) -> Value:
        found = self._here(value, part)
        if self.shardings.of[value] is not Sharding.LOCAL:
            return found
        return found / self._placement(part, _RANKS, value.dtype)  # the mean is what all go on with, as in Keras

    # ------------------------------------------------------------------ values

    def _here(self, value: Value, part: int) -> Value:
        """Return what stands for a value in a part."""
        known = self.values[part].get(value)
        if known is not None:
            return known
        node, level = value.node, self.levels[value]
        if isinstance(node.op, Input):
            self.values[part][value] = self.parts[part].input(node.op.label, node.op.type)
        elif level in (-1, part):
            self._build(node, part)
        else:
            self.values[part][value] = self._crossing(value, self._here(value, level), level, part)
        return self.values[part][value]

    def _crossing(self, value: Value, given: Value, level: int, part: int) -> Value:
        """Return what a later part knows a value by that an earlier one has as `given`."""
        label = self.crossings.setdefault((value, level), f"{CROSSING}{len(self.crossings)}")
        self.parts[level].output(label, given)
        known = self.parts[part].inputs.get(label)
        return self.parts[part].input(label, value.type) if known is None else known

    def _whole(self, value: Value, part: int) -> Value:
        """Return what all processes have of a value together."""
        if self.shardings.of[value] is Sharding.SAME:
            return self._here(value, part)
        level = max(self.levels[value], 0) + 1
        if level == part:
            return self.sums[part][value]
        return self._crossing(value, self.sums[level][value], level, part)

    def _shared(self, value: Value, part: int) -> Value:
        """Return all of a value in the first process and zeros in the others."""
        rank = self._placement(part, _RANK, "int64")
        return where(equal(rank, 0), self._here(value, part), 0.0)

    def _placement(self, part: int, item: int, dtype: str) -> Value:
        graph = self.parts[part]
        known = graph.inputs.get(PLACEMENT)
        placement = graph.input(PLACEMENT, PLACEMENT_TYPE) if known is None else known
        return cast(reshape(take(placement, 0, item, item + 1), ()), dtype)

    def _build(self, node: Node, part: int) -> None:
        results = self.source.results(node)
        if results[0] in self.values[part]:
            return
        graph = self.parts[part]
        uses = self.shardings.uses.get(node.index, ())
        entering = {Use.AS_IS: self._here, Use.REDUCED: self._whole, Use.SHARED: self._shared}
        operands = [entering[use](operand, part) for operand, use in zip(node.operands, uses, strict=True)]
        with graph.scope(node.path, node.phase):
            made = self._special(node, operands, part)
            if made is None:
                made = graph.copy_node(node, operands)
        self.values[part].update(zip(results, made, strict=True))

    def _special(self, node: Node, operands: Sequence[Value], part: int) -> Sequence[Value] | None:
        """Return the results of what depends on which rows a process has, None for all else."""
        op: Any = node.op
        if isinstance(op, Size) and row_axes(op.shape) and node.path not in self.per_process:
            others = _per_row(op.shape)
            count = self._placement(part, _ROWS, op.dtype)
            return [count if others == 1 else count * self.parts[part].add(Size((others,), op.dtype))[0]]
        if isinstance(op, Iota) and row_axes((op.length,)):
            return [self.parts[part].add(op)[0] + self._placement(part, _FIRST, op.dtype)]
        if isinstance(op, RandomUniform) and row_axes(op.shape):
            per_row = _per_row(op.shape)
            first = self._placement(part, _FIRST, "int64")
            if per_row != 1:
                first = first * self.parts[part].add(Size((per_row,), "int64"))[0]
            return self.parts[part].add(op, *operands, cast(first, "uint32"))
        return None

    # ------------------------------------------------------------------ updates

    def _update(self, label: str, value: Value, last: int) -> None:
        """Let a state be updated in the last of the parts that read it, or as soon as its value is known."""
        sharding = self.shardings.of[value]
        if self._is_metric(label):
            part = max(self.levels[value], 0)
            is_shared = sharding is Sharding.SAME
        else:
            part = last if self.levels[value] < 0 else self._sum_level(value)
            is_shared = False
        part = max([part, *(index for index, graph in enumerate(self.parts) if label in graph.states)])
        graph, op = self.parts[part], self.source.states[label].node.op
        assert isinstance(op, State)
        graph.state(label, op.type, op.role)
        if is_shared:
            new = self._shared(value, part)
        elif self._is_metric(label):
            new = self._here(value, part)
        else:
            new = self._whole(value, part)
        graph.update(label, new)


def _parts(summand: Value) -> Sequence[Value]:
    """Return what a summand is packed of, so that each is computed in its place among the summands."""
    return summand.node.operands if isinstance(summand.node.op, Pack) else [summand]


def _per_row(shape: Shape) -> Dim:
    """Return the number of elements of each row.

    Raises:
        DistributionError: it depends on how many rows there are.
    """
    try:
        found = size_of(shape) // BATCH
    except SymbolError:
        found = BATCH
    if row_axes((found,)):
        raise DistributionError(f"shape ({', '.join(map(str, shape))}) has no number of elements for each row")
    return found
