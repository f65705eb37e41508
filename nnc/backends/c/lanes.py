"""Loops over rows of replicas: each row runs through all steps, for as many replicas as a register has lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from nnc.backends.c.arrays import Array, Index
from nnc.backends.c.expressions import Expression, choice, infix, operand, variable
from nnc.backends.c.kernels import EXPRESSIONS, Unit
from nnc.backends.c.kernels.reduction import TERMS
from nnc.backends.c.statements import SIMD, Code, array, assign, declare, loop
from nnc.backends.c.text import C_TYPES, MEMORY_TYPES, value_text
from nnc.ir import Node, Shape, Value
from nnc.ir.ops.matmul import LaneMatMul
from nnc.ir.types import ITEM_SIZES
from nnc.plan import Plan
from nnc.plan.lanes import LaneLoop

Place = tuple[int, ...]
"""Indices of a number among those that a row, or a sum over the rows, has for each replica."""
_ROW, _FIRST, _LANE = map(variable, ("i", "first", "lane"))
_START, _END = map(variable, ("start", "end"))
_WIDTH = infix("/", variable("NNC_REGISTER_BYTES"), ITEM_SIZES["float32"])


class LaneLoopPrinter:
    """Prints a loop over rows of replicas.

    A sum of numbers adds up some rows in float32, and what they give in double precision; one of products adds up all
    rows in float32, as products do everywhere.

    Args:
        plan: the plan that the loop is a part of.
        lane_loop: the loop.
        place: where a value lies that is in memory.
        unit: where names and functions come from.
    """

    def __init__(self, plan: Plan, lane_loop: LaneLoop, place: Callable[[Value], Array], unit: Unit) -> None:
        self.plan, self.lane_loop, self.place, self.unit = plan, lane_loop, place, unit
        self.computed: dict[Value, dict[Place, Expression]] = {}
        self.known: dict[str, Expression] = {}
        self.arrays: list[Array] = []
        self.body: list[Code] = []
        self.sums: list[Expression] = []
        self.totals: list[tuple[Expression, Expression]] = []
        self.stores: list[Code] = []

    def lines(self) -> list[Code]:
        """Return the loops."""
        for index in self.lane_loop.steps:
            node = self.plan.graph.nodes[index]
            if node.op.elementwise:
                self._elementwise(node)
            elif not isinstance(node.op, LaneMatMul):
                self._sum(node)
            elif index in self.lane_loop.sums:
                self._sums_of_products(node)
            else:
                self._product(node)
        rows = operand(self.lane_loop.rows)
        is_dense = all(found.strides[-1] in (0, 1) for found in self.arrays)
        simd = SIMD if is_dense else None

        def lanes(lines: Sequence[Code]) -> Code:
            return loop(_LANE, _WIDTH, lines, simd)

        work: list[Code] = [loop(_ROW, rows, [lanes(self.body)])]
        if self.totals:
            size = choice(infix("<", rows - _START, TERMS), rows, _START + TERMS)
            parts = [array("float", part, _WIDTH, values=[0]) for part, _ in self.totals]
            added = [assign(total[_LANE], part[_LANE], sign="+=") for part, total in self.totals]
            some: list[Code] = [declare("const int64_t", _END, size), *parts]
            some += [loop(_ROW, _END, [lanes(self.body)], start=_START), lanes(added)]
            work = [loop(_START, rows, some, step=TERMS)]
        zeros = [array("double", total, _WIDTH, values=[0]) for _, total in self.totals]
        zeros += [array("float", name, _WIDTH, values=[0]) for name in self.sums]
        stores = [lanes(self.stores)] if self.stores else []
        return [loop(_FIRST, self.lane_loop.lanes, [*zeros, *work, *stores], step=_WIDTH)]

    # ------------------------------------------------------------------ steps

    def _elementwise(self, node: Node) -> None:
        (result,) = self.plan.graph.results(node)
        types = [value.dtype for value in node.operands]
        for place in _places(result.shape[1:-1]):
            given = [self._number(value, result.shape, place) for value in node.operands]
            element = EXPRESSIONS[type(node.op)](node.op, given, types, result.dtype, self.unit)
            name = self._named(result, place)
            self.body.append(declare(f"const {C_TYPES[result.dtype]}", name, element))
            self._keep(result, place, name)

    def _product(self, node: Node) -> None:
        """Numbers of a row, each of them a sum that is written out."""
        (result,) = self.plan.graph.results(node)
        x, y = node.operands
        for (column,) in _places(result.shape[1:-1]):
            terms = [
                self._number(x, self._in_lanes(x), (term,)) * self._read(y, term, column)
                for (term,) in _places(x.shape[1:-1])
            ]
            name = self._named(result, (column,))
            self.body.append(declare(C_TYPES[result.dtype], name, 0))
            self.body += [assign(name, term, sign="+=") for term in terms]
            self._keep(result, (column,), name)

    def _sum(self, node: Node) -> None:
        (result,) = self.plan.graph.results(node)
        (x,) = node.operands
        for place in _places(result.shape[:-1]):
            name = self._named(result, place)
            part, total = (variable(self.unit.name(f"{name.text}_{kind}")) for kind in ("part", "total"))
            self.totals.append((part, total))
            self.body.append(assign(part[_LANE], self._number(x, x.shape, place), sign="+="))
            self._store(result, place, total[_LANE].cast("float"))

    def _sums_of_products(self, node: Node) -> None:
        """Products of a column of the rows' numbers with another."""
        (result,) = self.plan.graph.results(node)
        x, y = node.operands
        for row, column in _places(result.shape[:-1]):
            name = self._named(result, (row, column))
            self.sums.append(name)
            term = self._read(x, row, _ROW) * self._number(y, self._in_lanes(y), (column,))
            self.body.append(assign(name[_LANE], term, sign="+="))
            self._store(result, (row, column), name[_LANE])

    # ------------------------------------------------------------------ numbers

    def _number(self, value: Value, shape: Shape, place: Place) -> Expression:
        """Return a number of the row, of a value that is repeated to a shape."""
        if value in self.computed:
            columns = value.shape[1:-1]
            return self.computed[value][tuple(0 if dim == 1 else at for dim, at in zip(columns, place, strict=True))]
        return self._read(value, _ROW, *place, shape=shape)

    def _read(self, value: Value, *indices: Index, shape: Shape = ()) -> Expression:
        """Return an element in memory for each lane, which is read once for all steps."""
        found = self.place(value)
        if found.literal is not None:
            return found.literal
        found = found.broadcast_to(shape or self._in_lanes(value))
        self.arrays.append(found)
        element = found.at(*indices, _FIRST + _LANE)
        if element.text not in self.known:
            name = self._named(value, tuple(index for index in indices if isinstance(index, int)))
            self.known[element.text] = name
            self.body.append(declare(f"const {MEMORY_TYPES[value.dtype]}", name, element))
        return self.known[element.text]

    def _keep(self, result: Value, place: Place, name: Expression) -> None:
        """Note where a number of the row is, and store it where that is needed."""
        self.computed.setdefault(result, {})[place] = name
        if not self.plan.storage.homes[result].register:
            self.body.append(assign(self._stored(result, _ROW, *place), name))

    def _store(self, result: Value, place: Place, number: Expression) -> None:
        """Store a sum over the rows behind the loop."""
        self.stores.append(assign(self._stored(result, *place), number))

    def _stored(self, result: Value, *indices: Index) -> Expression:
        found = self.place(result)
        self.arrays.append(found)
        return found.at(*indices, _FIRST + _LANE)

    def _in_lanes(self, value: Value) -> Shape:
        return (*value.shape[:-1], self.lane_loop.lanes)

    def _named(self, value: Value, place: Place) -> Expression:
        """Return a new variable for a number of a value."""
        numbers = map(str, place) if any(dim != 1 for dim in value.shape[1:-1]) else ()
        return variable(self.unit.name("_".join([value_text(value, self.plan.names), *numbers])))


def _places(shape: Shape) -> list[Place]:
    """Return all indices of a small shape."""
    return list(product(*[range(dim) for dim in shape if isinstance(dim, int)]))
