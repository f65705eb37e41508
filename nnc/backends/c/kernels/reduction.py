"""Sums, maxima and their positions along axes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nnc.backends.c.arrays import Array, Index
from nnc.backends.c.expressions import Expression, choice, infix, number, operand, variable
from nnc.backends.c.kernels.elementwise import is_nan
from nnc.backends.c.kernels.registry import KernelCall, kernel
from nnc.backends.c.nests import LANES, MANY_LANES, UNROLLED, can_vectorise, write_loops
from nnc.backends.c.statements import (
    SIMD,
    Code,
    Directive,
    Statement,
    array,
    assign,
    block,
    declare,
    declare_all,
    loop,
    when,
)
from nnc.backends.c.text import C_TYPES, SUFFIXES
from nnc.backends.c.thread_counts import PARALLEL_ROW, PARALLEL_SIZE, shared_loops
from nnc.ir import FLOATING, Dim, Layout
from nnc.ir.ops import reduction

_LOCAL_TOTALS = 1024
"""Most totals that are kept on the stack, in double precision, while rows are added."""
_LONG = 512
"""Length, where it is known, from which on a sum has many lanes."""
_BLOCK = 16
"""Columns whose totals are kept in registers while rows are added."""
_NARROW = 96
"""Most columns of rows along several axes that are added up block by block: of longer rows, blocks lie far apart."""
_WORTH_CALL = 64
"""Length, where it is known, from which on a function finds the place of the largest element."""
TERMS = 32
"""Terms that a lane adds up in float32."""
_LEAST = -variable("INFINITY")
Column = tuple[Expression, Expression]
"""An element to add up, and where the sum is stored."""


def kept_axes(x: Array, result: Array, axes: Sequence[int]) -> tuple[list[int], Array]:
    """Return the axes that stay, and the result with these axes alone."""
    kept = [axis for axis in range(x.rank) if axis not in axes]
    shape = tuple(x.shape[axis] for axis in kept)
    return kept, result.seen_as(Layout.dense(shape, result.offset))


class _Loops:
    """Names of the indices of an operand, and the loops over some of its axes."""

    def __init__(self, x: Array) -> None:
        self.x = x
        self.indices: list[Index] = [0 if length == 1 else variable(f"i{axis}") for axis, length in enumerate(x.shape)]

    @property
    def element(self) -> Expression:
        """The operand's element."""
        return self.x.at(*self.indices)

    def around(
        self,
        axes: Sequence[int],
        lines: Sequence[Code],
        inner: Directive | None = None,
        is_shared: bool = False,
        within: Sequence[Dim] = (),
    ) -> list[Code]:
        """Return loops over axes around lines.

        Args:
            axes: whose loops.
            lines: of one turn.
            inner: what the innermost loop is told.
            is_shared: whether threads may share the turns.
            within: turns of the loop that the lines are, which threads share as well.
        """
        found = list(lines)
        looped = [axis for axis in axes if self.x.shape[axis] != 1]
        for axis in reversed(looped):
            length, index = self.x.shape[axis], self.indices[axis]
            assert isinstance(index, Expression)
            directive = inner if axis == looped[-1] else None
            if is_shared and axis == looped[0]:
                lengths = [*(self.x.shape[axis] for axis in looped), *within]
                directive = shared_loops(lengths, self.x.size, PARALLEL_SIZE, PARALLEL_ROW, directive)
            found = [loop(index, length, found, directive)]
        return found if looped else [block(found)]


@kernel(reduction.Sum, reduction.Max)
def reduce(call: KernelCall) -> Sequence[Code]:
    """Along the last axis: a total per row. Along others: rows of totals."""
    (x,), op = call.operands, call.op
    kept, result = kept_axes(x, call.result, op.axes)
    reduced = [axis for axis in range(x.rank) if axis not in kept]
    is_sum = isinstance(op, reduction.Sum)
    x = x.wrapping if is_sum else x
    loops = _Loops(x)
    target = result.at(*(loops.indices[axis] for axis in kept))
    inner = [axis for axis in kept if axis > max(reduced, default=x.rank) and x.shape[axis] != 1]
    if not inner:
        element = loops.element
        lines = _sums(loops, reduced, [(element, target)]) if is_sum else _largest(loops, reduced, target)
        return loops.around(kept, lines, is_shared=True)
    width = x.shape[inner[0]]
    added = [axis for axis in reduced if x.shape[axis] != 1] or reduced
    is_narrow = is_sum and len(inner) == 1 and can_vectorise([x], added[-1], inner[0])
    if is_narrow and isinstance(width, int) and width <= UNROLLED:
        columns = []
        for column in range(width):
            indices = [column if axis == inner[0] else index for axis, index in enumerate(loops.indices)]
            columns.append((x.at(*indices), result.at(*(indices[axis] for axis in kept))))
        outer = [axis for axis in kept if axis not in inner]
        return loops.around(outer, _sums(loops, reduced, columns), is_shared=True)
    return _rows(call, loops, kept, reduced, result, is_sum)


def _sums(loops: _Loops, reduced: Sequence[int], columns: Sequence[Column]) -> list[Code]:
    """Return the statements that add elements up along axes: several sums at once, and where each is stored.

    In float32 some terms are added in lanes, and what they give in double precision.
    """
    looped = [axis for axis in reduced if loops.x.shape[axis] != 1]
    if loops.x.dtype == "float32" and looped:
        return _sums_of_parts(loops, looped, columns)
    totals = _numbered("total", len(columns))
    body = [assign(total, element, sign="+=") for total, (element, _) in zip(totals, columns, strict=True)]
    return [
        _zeros(loops.x.c_type, totals),
        *loops.around(reduced, body, _added(totals)),
        *(assign(target, total) for total, (_, target) in zip(totals, columns, strict=True)),
    ]


def _sums_of_parts(loops: _Loops, looped: Sequence[int], columns: Sequence[Column]) -> list[Code]:
    length = loops.x.shape[looped[-1]]
    is_long = isinstance(length, int) and length >= _LONG
    lanes = MANY_LANES if is_long else LANES
    most = lanes * TERMS
    fits = isinstance(length, int) and length <= most
    parts, index = _numbered("part", len(columns)), loops.indices[looped[-1]]
    assert isinstance(index, Expression)
    first, end = variable("first"), variable("end")
    body = [assign(part, element, sign="+=") for part, (element, _) in zip(parts, columns, strict=True)]
    added = _added(parts, lanes)
    lines = [
        _zeros("float", parts),
        loop(index, length, body, added) if fits else loop(index, end, body, added, start=first),
    ]
    if fits and len(looped) == 1:
        return [*lines, *(assign(target, part) for part, (_, target) in zip(parts, columns, strict=True))]
    totals = _numbered("total", len(columns))
    lines += [assign(total, part, sign="+=") for total, part in zip(totals, parts, strict=True)]
    if not fits:
        last = choice(infix("<", operand(length) - first, most), length, first + most)
        lines = [loop(first, length, [declare("const int64_t", end, last), *lines], step=most)]
    return [
        _zeros("double", totals),
        *(loops.around(looped[:-1], lines) if len(looped) > 1 else lines),
        *(assign(target, total.cast("float")) for total, (_, target) in zip(totals, columns, strict=True)),
    ]


def _numbered(name: str, count: int) -> list[Expression]:
    return [variable(name)] if count == 1 else [variable(f"{name}_{number}") for number in range(count)]


def _zeros(type: str, names: Sequence[Expression]) -> Statement:
    return declare_all(type, *((name, 0) for name in names))


def _added(names: Sequence[Expression], lanes: int = 0) -> Directive:
    return Directive(is_simd=True, lanes=lanes, reductions={"+": names})


def _largest(loops: _Loops, reduced: Sequence[int], target: Expression) -> list[Code]:
    """Return the statements that find the largest element along axes."""
    dtype, type, element = loops.x.dtype, loops.x.memory_type, loops.element
    total, seen, found = variable("total"), variable("seen"), variable("found")
    start = declare(type, total, _lowest(dtype))
    if dtype not in FLOATING:
        larger = choice(infix(">", element, total), element, total)
        return [start, *loops.around(reduced, [assign(total, larger)]), assign(target, total)]
    update = [declare(f"const {type}", found, element), *largest_update(found, total, seen, dtype)]
    directive = Directive(is_simd=True, reductions={"max": [total], "|": [seen]})
    body = loops.around(reduced, update, directive)
    return [start, declare("int", seen, 0), *body, assign(target, largest_of(total, seen))]


def largest_update(element: Expression, total: Expression, seen: Expression, dtype: str) -> list[Code]:
    """Return the statements that look at an element for the largest one.

    Compilers differ in what a reduction by ``max`` starts from, the lowest number or minus infinity, and whether it
    keeps NaN; so what was seen is noted beside it.
    """
    lowest = -variable("FLT_MAX" if dtype == "float32" else "DBL_MAX")
    is_number = infix("<<", infix(">=", element, lowest), 1)
    return [
        assign(total, choice(infix(">", element, total), element, total)),
        assign(seen, infix("|", is_nan(element), is_number.grouped), sign="|="),
    ]


def largest_of(total: Expression, seen: Expression) -> Expression:
    """Return the largest element as an expression, once all have been looked at."""
    otherwise = choice(infix("&", seen, 2), total, _LEAST)
    return choice(infix("&", seen, 1), variable("NAN"), otherwise)


def _rows(
    call: KernelCall, loops: _Loops, kept: Sequence[int], reduced: Sequence[int], result: Array, is_sum: bool
) -> list[Code]:
    """Totals of all elements behind the last reduced axis at once."""
    x, dtype = loops.x, result.dtype
    inner = [axis for axis in kept if axis > max(reduced)]
    outer = [axis for axis in kept if axis not in inner]
    inner_shape = tuple(x.shape[axis] for axis in inner)
    size = Layout.dense((1, *inner_shape)).strides[0]
    target = result.at(*(loops.indices[axis] for axis in kept))
    local = is_sum and dtype == "float32" and isinstance(size, int) and size <= _LOCAL_TOTALS
    looped = [axis for axis in reduced if x.shape[axis] != 1]
    is_one = len(looped) == 1 or (isinstance(size, int) and size <= _NARROW and _is_one(x, looped))
    if local and is_one and _is_block(x, inner) and isinstance(size, int) and size % _BLOCK == 0:
        return _blocks(call, loops, looped, outer, size, result)
    if local:
        name = variable(call.unit.name("totals"))
        totals = Array(name, "float64", inner_shape, Layout.dense(inner_shape).strides)
        total = totals.at(*(loops.indices[axis] for axis in inner))
        add = loops.around(inner, [assign(total, loops.element, sign="+=")], SIMD)
        write = loops.around(inner, [assign(target, total.cast("float"))], SIMD)
        zeros = array("double", name, size, values=[0])
        return loops.around(outer, [zeros, *loops.around(reduced, add), *write], is_shared=True)
    found, best = variable("found"), variable("best")
    update: list[Code]
    if is_sum:
        update = [assign(target, loops.element, sign="+=")]
    elif dtype in FLOATING:
        kind = f"const {C_TYPES[dtype]}"
        is_better = infix("|", infix(">", found, best), is_nan(found)).grouped
        update = [
            declare(kind, found, loops.element),
            declare(kind, best, target),
            assign(target, choice(is_better, found, best)),
        ]
    else:
        update = [assign(target, choice(infix(">", loops.element, target), loops.element, target))]
    start = loops.around(inner, [assign(target, number(0, dtype) if is_sum else _lowest(dtype))], SIMD)
    body = [*start, *loops.around(reduced, loops.around(inner, update, SIMD))]
    return loops.around(outer, body, is_shared=True)


def _is_block(x: Array, axes: Sequence[int]) -> bool:
    """Whether the elements along axes lie one behind the other."""
    layout = Layout.dense(tuple(x.shape[axis] for axis in axes))
    return x.literal is None and tuple(x.strides[axis] for axis in axes) == layout.strides


def _is_one(x: Array, axes: Sequence[int]) -> bool:
    """Whether stepping through axes is stepping through one."""
    return bool(axes) and all(
        axis + 1 == following and x.strides[axis] == x.strides[following] * x.shape[following]
        for axis, following in pairwise(axes)
    )


def _blocks(
    call: KernelCall, loops: _Loops, reduced: Sequence[int], outer: Sequence[int], size: int, result: Array
) -> list[Code]:
    """Totals of as many columns at once as registers hold: some terms in float32, and what these give in double.

    The reduced axes are one, as `_is_one` says; threads share the columns, too.
    """
    x, unit, before = loops.x, call.unit, loops.x.rank - result.rank + len(outer)
    columns = Array(x.pointer, x.dtype, (*x.shape[:before], size), (*x.strides[:before], 1), x.offset)
    sums = result.seen_as(Layout.dense((*result.shape[: len(outer)], size), result.offset))
    totals, parts = (variable(unit.name(name)) for name in ("totals", "parts"))
    first, start, end, column = map(variable, ("first", "start", "end", "column"))
    row, length = loops.indices[reduced[-1]], Layout.dense((1, *(x.shape[axis] for axis in reduced))).strides[0]
    assert isinstance(row, Expression)
    indices = [0 if axis in reduced[:-1] else loops.indices[axis] for axis in range(before)]
    element = columns.at(*indices, first + column)
    total = sums.at(*(loops.indices[axis] for axis in outer), first + column)
    added = loop(column, _BLOCK, [assign(parts[column], element, sign="+=")], SIMD)
    zeros = array("float", parts, _BLOCK, values=[0])

    def around(lines: Sequence[Code]) -> list[Code]:
        count, is_outermost = size // _BLOCK, all(x.shape[axis] == 1 for axis in outer)
        divided = shared_loops([count], x.size, PARALLEL_SIZE, PARALLEL_ROW) if is_outermost else None
        return loops.around(outer, [loop(first, size, lines, divided, step=_BLOCK)], is_shared=True, within=[count])

    if isinstance(length, int) and length <= TERMS:
        write = loop(column, _BLOCK, [assign(total, parts[column])], SIMD)
        return around([zeros, loop(row, length, [added]), write])
    some = [
        declare("const int64_t", end, choice(infix("<", operand(length) - start, TERMS), length, start + TERMS)),
        zeros,
        loop(row, end, [added], start=start),
        loop(column, _BLOCK, [assign(totals[column], parts[column], sign="+=")], SIMD),
    ]
    body = [
        array("double", totals, _BLOCK, values=[0]),
        loop(start, length, some, step=TERMS),
        loop(column, _BLOCK, [assign(total, totals[column].cast("float"))], SIMD),
    ]
    return around(body)


def _lowest(dtype: str) -> Expression:
    if dtype in FLOATING:
        return _LEAST
    return {"int32": variable("INT32_MIN"), "int64": variable("INT64_MIN")}.get(dtype, operand(0))


@kernel(reduction.ArgMax)
def argmax(call: KernelCall) -> Sequence[Code]:
    """The first of the largest ones; the first NaN where there is one."""
    (x,), op = call.operands, call.op
    axis = op.axis % x.rank
    kept, result = kept_axes(x, call.result, (axis,))
    loops = _Loops(x)
    length: Dim = x.shape[axis]
    index = loops.indices[axis]
    best, found, place = variable("best"), variable("found"), variable("position")
    first = x.at(*(0 if position == axis else other for position, other in enumerate(loops.indices)))
    target = result.at(*(loops.indices[position] for position in kept))
    is_block = x.dtype in FLOATING and _is_block(x, (axis,))
    if is_block and isinstance(length, int) and length >= _WORTH_CALL:
        largest = call.unit.call(f"nnc_largest_{SUFFIXES[x.dtype]}", length, first.reference)
        return loops.around(kept, [assign(target, largest)], is_shared=True)
    body: list[Code] = [declare(x.c_type, best, first), declare("int64_t", place, 0)]
    if isinstance(index, Expression):
        better = infix(">", found, best)
        if x.dtype in FLOATING:
            is_first_nan = infix("&&", is_nan(found), infix("==", best, best))
            better = infix("||", better, is_first_nan)
        look = [
            declare(f"const {x.c_type}", found, loops.element),
            when(better, [assign(best, found), assign(place, index)]),
        ]
        body.append(loop(index, length, look, start=1))
    return loops.around(kept, [*body, assign(target, place)], is_shared=True)


_TOTAL, _BEFORE = variable("total"), variable("before")


@kernel(reduction.CumulativeProduct, reduction.CumulativeSum)
def accumulate(call: KernelCall) -> Sequence[Code]:
    """Along the last axis: a running total. Along others: each row from the one before it."""
    (x,), result, axis = call.operands, call.result, call.op.axis
    sign, start = ("*", 1) if isinstance(call.op, reduction.CumulativeProduct) else ("+", 0)
    x = x.wrapping
    places = [variable(f"i{position}") for position in range(x.rank)]
    indices: list[Index] = [0 if length == 1 else place for place, length in zip(places, x.shape, strict=True)]
    inner = [position for position in range(axis + 1, x.rank) if x.shape[position] != 1]
    outer = [position for position in range(axis) if x.shape[position] != 1]
    element, target = x.at(*indices), result.at(*indices)
    if inner:
        previous = result.wrapping.at(*indices[:axis], places[axis] - 1, *indices[axis + 1 :])
        neutral = number(start, x.dtype)
        before = declare(f"const {x.c_type}", _BEFORE, choice(infix(">", places[axis], 0), previous, neutral))
        lines: list[Code] = [before, assign(target, infix(sign, _BEFORE, element).cast(result.c_type))]
        for position in reversed(inner):
            lines = [loop(places[position], x.shape[position], lines)]
        lines = [loop(places[axis], x.shape[axis], lines)]
    else:
        body = [assign(_TOTAL, element, sign=f"{sign}="), assign(target, _TOTAL.cast(result.c_type))]
        lines = [declare(x.c_type, _TOTAL, number(start, x.dtype)), loop(places[axis], x.shape[axis], body)]
    lengths = tuple(x.shape[position] for position in outer)
    return write_loops([places[position] for position in outer], lengths, lines, x.size)
