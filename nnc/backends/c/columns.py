"""Sums of columns, of what elementwise steps give on the way: some rows at a time, which threads share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.backends.c.arrays import Array, Index
from nnc.backends.c.expressions import Expression, Operand, choice, infix, operand, variable
from nnc.backends.c.kernels.reduction import TERMS
from nnc.backends.c.kernels.registry import Unit
from nnc.backends.c.nests import Elementwise, can_vectorise
from nnc.backends.c.statements import SIMD, Code, array, assign, block, declare, loop, pointer
from nnc.backends.c.thread_counts import PARALLEL_ROW, PARALLEL_SIZE, members, members_of, shared
from nnc.ir import Shape

PIECES = 8
"""Most pieces that the rows come in, whatever the number of threads: each has totals of its own on the stack."""
PIECE_ROWS = 128
"""Rows that are worth a piece, where all axes in front of the columns are one."""

_COLUMN = variable("column")


@dataclass(frozen=True)
class ColumnSum:
    """What is added up.

    Args:
        addend: an array, broadcast to the shape of the steps, or what one of these gives.
        result: an element for each column, perhaps behind axes of length 1.
    """

    addend: Array | Expression
    result: Array


def write_column_sums(elementwise: Elementwise, sums: Sequence[ColumnSum], unit: Unit) -> list[Code]:
    """Return loops over all elements that add up the columns, in float32 for some rows and what these give in double.

    Args:
        elementwise: the steps, and all arrays that they or the sums read or write, broadcast to the shape.
        sums: what is added up behind the steps of an element.
        unit: where names come from.
    """
    return _Writer(elementwise, sums, unit).lines()


class _Writer:
    def __init__(self, elementwise: Elementwise, sums: Sequence[ColumnSum], unit: Unit) -> None:
        self.elementwise, self.sums = elementwise, sums
        self.views, rows = elementwise.views, elementwise.rows.shape
        self.rows: Shape = rows or (1,)
        self.names = [variable(f"i{axis}") for axis in range(len(rows))]
        width = elementwise.shape[-1]
        assert isinstance(width, int)
        self.width = width
        self.totals, self.own, self.pieces, self.piece = (
            variable(unit.name(name)) for name in ("totals", "own_totals", "pieces", "piece")
        )
        self.parts = [variable(unit.name("parts")) for _ in sums]

    def lines(self) -> list[Code]:
        """Return the loops."""
        pieces, count = self._count(), len(self.sums) * self.width
        work = self.rows[0]
        for length in (*self.rows[1:], self.width):
            work = work * length
        is_divided = pieces != 1 and members(PIECES, work, PARALLEL_SIZE, PARALLEL_ROW) is not None
        threads = members_of(pieces, work, PARALLEL_SIZE) if is_divided else None
        first = operand(self.rows[0])
        begin, end = ((first * number / operand(pieces)) for number in (self.piece, (self.piece + 1).grouped))
        own = [
            pointer("double", self.own, self.totals + self.piece * count),
            loop(_COLUMN, count, [assign(self.own[_COLUMN], 0)], SIMD),
        ]
        declared = [] if isinstance(pieces, int) else [declare("const int64_t", self.pieces, self._pieces_of(first))]
        most = pieces if isinstance(pieces, int) else PIECES
        work_of_piece = [*own, *self._rows(begin, end)]
        return [
            block(
                [
                    *declared,
                    array("double", self.totals, most * count),
                    loop(self.piece, pieces, work_of_piece, shared(threads)),
                    *self._results(pieces, count),
                ]
            )
        ]

    def _count(self) -> Expression | int:
        """Return the number of pieces, which depends on the number of rows and nothing else."""
        length, least = self.rows[0], self._least
        if isinstance(length, int):
            return max(1, min(PIECES, (length + least - 1) // least))
        return self.pieces

    @property
    def _least(self) -> int:
        return PIECE_ROWS if len(self.rows) == 1 else 1

    def _pieces_of(self, length: Expression) -> Expression:
        least = self._least
        few = length if least == 1 else (length + (least - 1)).grouped / least
        return choice(infix("<", length, PIECES * least), few, PIECES)

    def _rows(self, begin: Expression, end: Expression) -> list[Code]:
        """Return the loops over the rows of a piece: all around some rows, and the columns of each."""
        start, last = variable("start"), variable("end")
        names, lengths = self.names, self.rows
        if not names:
            return self._some([], start, last, 0, 1)
        if len(names) == 1:
            return self._some(names, start, last, begin, end)
        lines = self._some(names, start, last, 0, lengths[-1])
        for axis in reversed(range(1, len(names) - 1)):
            lines = [loop(names[axis], lengths[axis], lines)]
        return [loop(names[0], end, lines, start=begin)]

    def _some(
        self, names: Sequence[Expression], start: Expression, last: Expression, begin: Operand, end: Operand
    ) -> list[Code]:
        """Return the loop over rows of the innermost axis, so many at a time as are added up in float32."""
        zeros = [array("float", part, self.width, values=[0]) for part in self.parts]
        views = {id(array): view for array, view in zip(self.elementwise.arrays, self.views, strict=True)}
        indices: list[Index] = [*names, _COLUMN]

        def element(array: Array) -> Expression:
            return views[id(array)].at(*indices)

        before: list[Code] = []
        behind: list[Code] = []
        for part, each in zip(self.parts, self.sums, strict=True):
            if isinstance(each.addend, Array):  # which a step may overwrite
                before.append(assign(part[_COLUMN], element(each.addend), sign="+="))
            else:
                behind.append(assign(part[_COLUMN], each.addend, sign="+="))
        body = [*before, *self.elementwise.body(element), *behind]
        columns = loop(_COLUMN, self.width, body, SIMD if can_vectorise(self.views, -1) else None)
        places = [self.own[_COLUMN + number * self.width] for number in range(len(self.parts))]
        added = [assign(place, part[_COLUMN], sign="+=") for place, part in zip(places, self.parts, strict=True)]
        kept = loop(_COLUMN, self.width, added, SIMD)
        if not names:
            return [*zeros, columns, kept]
        until = declare("const int64_t", last, choice(infix("<", operand(end) - start, TERMS), end, start + TERMS))
        rows = loop(names[-1], last, [columns], start=start)
        return [loop(start, end, [until, *zeros, rows, kept], start=begin, step=TERMS)]

    def _results(self, pieces: Operand, count: int) -> list[Code]:
        """Return the loops that add up what the pieces give, in their order."""
        total, found = variable("total"), list[Code]()
        for number, each in enumerate(self.sums):
            place = _COLUMN + number * self.width
            added = assign(total, self.totals[self.piece * count + place], sign="+=")
            lines: list[Code] = [declare("double", total, 0), loop(self.piece, pieces, [added])]
            target = each.result.at(*[0] * (each.result.rank - 1), _COLUMN)
            found.append(loop(_COLUMN, self.width, [*lines, assign(target, total.cast("float"))]))
        return found
