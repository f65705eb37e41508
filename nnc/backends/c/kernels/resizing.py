"""Axes with another length: rows of sums of a few neighbours, each with a weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from nnc.backends.c.arrays import Array, Index
from nnc.backends.c.expressions import Expression, chain, choice, infix, number, operand, variable
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.registry import KernelCall, kernel
from nnc.backends.c.nests import write_loops
from nnc.backends.c.statements import SIMD, Code, array, assign, block, declare, loop
from nnc.backends.c.text import C_TYPES
from nnc.ir import Dim, Layout
from nnc.ir.ops.pooling import Resize

_WRITTEN_OUT = 8
"""Most neighbours that are added up in a register; others are added to memory, row by row."""
_PLACE, _START, _NEXT, _FACTOR, _NEIGHBOUR, _COLUMN = map(
    variable, ("place", "start", "next", "factor", "neighbour", "i")
)


@dataclass(frozen=True)
class _Rows:
    """What lies along an axis: rows of the elements behind it, for each image of those before it.

    Args:
        x: the operand, in three axes.
        result: the result, in three axes.
    """

    x: Array
    result: Array

    @staticmethod
    def along(axis: int, x: Array, result: Array) -> _Rows:
        """See two dense arrays so."""
        images, after = prod(x.shape[:axis]), prod(x.shape[axis + 1 :])
        layouts = [Layout.dense((images, each.shape[axis], after), each.offset) for each in (x, result)]
        return _Rows(x.seen_as(layouts[0]), result.seen_as(layouts[1]))

    @property
    def image(self) -> Index:
        """The index of an image."""
        return 0 if self.x.shape[0] == 1 else variable("image")

    @property
    def kind(self) -> str:
        """The type of a weight."""
        return f"const {C_TYPES[self.x.dtype]}"

    def given(self, row: Expression) -> Expression:
        """Return the element of a row of the operand in the column at hand."""
        return self.x.at(self.image, row, _COLUMN)

    def wanted(self, row: Expression) -> Expression:
        """Return the element of a row of the result in the column at hand."""
        return self.result.at(self.image, row, _COLUMN)

    def columns(self, *body: Code) -> Code:
        """Return the loop over columns."""
        return loop(_COLUMN, self.x.shape[2], body, SIMD)


@kernel(Resize)
def resize(call: KernelCall) -> Sequence[Code]:
    """A row at a time; the text states weights, unless lengths are known at run time only."""
    op, rows = call.op, _Rows.along(call.op.axis, call.operands[0], call.result)
    lengths = rows.x.shape[1], rows.result.shape[1]
    if all(isinstance(length, int) for length in lengths):
        return _stated(op, rows)
    return _linear_back(rows, *lengths) if op.transposed else _linear(rows, *lengths)


def _stated(op: Resize, rows: _Rows) -> list[Code]:
    """Return the loops over rows of the result, which threads share, and tables of neighbours and weights."""
    x, result = rows.x, rows.result
    starts, weights = op.band(int(x.shape[1]), int(result.shape[1]))
    neighbours, begins, table = weights.shape[1], variable("starts"), variable("weights")
    written = min(neighbours, _WRITTEN_OUT)
    names = [variable(f"weight_{tap}") for tap in range(written)]
    total = chain("+", [weight * rows.given(_START + tap) for tap, weight in enumerate(names)])
    inside: list[Code] = [
        declare("const int64_t", _START, begins[_PLACE]),
        *(declare(rows.kind, name, table[_PLACE * neighbours + tap]) for tap, name in enumerate(names)),
        rows.columns(assign(rows.wanted(_PLACE), total)),
    ]
    if neighbours > written:
        more = assign(rows.wanted(_PLACE), _FACTOR * rows.given(_START + _NEIGHBOUR), sign="+=")
        each = [declare(rows.kind, _FACTOR, table[_PLACE * neighbours + _NEIGHBOUR]), rows.columns(more)]
        inside.append(loop(_NEIGHBOUR, neighbours, each, start=written))
    factors = [number(float(weight), x.dtype) for weight in weights.reshape(-1)]
    return [
        block(
            [
                array("static const int32_t", begins, values=[operand(int(start)) for start in starts]),
                array(f"static {rows.kind}", table, values=factors),
                *write_loops((rows.image, _PLACE), result.shape[:2], inside, result.size),
            ]
        )
    ]


def _linear(rows: _Rows, old: Dim, new: Dim) -> list[Code]:
    """Return the loops over rows of the result, which threads share, each between two rows of the operand."""
    first, second = variable("weight_0"), variable("weight_1")
    total = first * rows.given(_START) + second * rows.given(_NEXT)
    inside = [*_between(rows, old, new), rows.columns(assign(rows.wanted(_PLACE), total))]
    return write_loops((rows.image, _PLACE), rows.result.shape[:2], inside, rows.result.size)


def _linear_back(rows: _Rows, new: Dim, old: Dim) -> list[Code]:
    """Return the loops that add rows of the operand to two of the result each; threads share images."""
    added = [
        assign(rows.wanted(row), variable(weight) * rows.given(_PLACE), sign="+=")
        for row, weight in ((_START, "weight_0"), (_NEXT, "weight_1"))
    ]
    inside = [*_between(rows, old, new), *map(rows.columns, added)]
    lines = write_loops((_PLACE,), (new,), inside)
    images = write_loops((rows.image,), rows.x.shape[:1], lines, rows.x.size)
    return [*fill_lines(rows.result, 0), *images]


def _between(rows: _Rows, old: Dim, new: Dim) -> list[Code]:
    """Return the statements that find the two of `old` rows next to a place among `new`, and their weights.

    Places are counted in float32, as TensorFlow does.
    """
    at, last = variable("at"), operand(old) - 1
    step = operand(old).cast("float") / operand(new).cast("float")
    middle = ((_PLACE.cast("float") + number(0.5, "float32")).grouped * step.grouped).grouped - number(0.5, "float32")
    from_start = choice(infix("<", middle, number(0, "float32")), number(0, "float32"), middle)
    to_end = choice(infix(">", at, last.cast("float")), last.cast("float"), at)
    kind = C_TYPES[rows.x.dtype]
    return [
        declare("float", at, from_start),
        assign(at, to_end),
        declare("const int64_t", _START, at.cast("int64_t")),
        declare("const int64_t", _NEXT, choice(infix("<", _START, last), _START + 1, _START)),
        declare(rows.kind, variable("weight_1"), (at - _START.cast("float")).grouped.cast(kind)),
        declare(rows.kind, variable("weight_0"), number(1, rows.x.dtype) - variable("weight_1")),
    ]
