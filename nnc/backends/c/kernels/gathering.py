"""Elements and rows taken by number, those added up by number, and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array, Index
from nnc.backends.c.expressions import Expression, choice, infix, operand, variable
from nnc.backends.c.kernels.movement import copy_lines, fill_lines
from nnc.backends.c.kernels.registry import KernelCall, Unit, kernel
from nnc.backends.c.nests import Axes, write_loops, write_nest
from nnc.backends.c.statements import Code, Facts, assign, block, declare, declare_all, execute, loop, when
from nnc.backends.c.text import SUFFIXES, UNSIGNED
from nnc.backends.c.thread_counts import PARALLEL_ROW, PARALLEL_SIZE, members, shared
from nnc.ir import FLOATING, Dim, Layout, Op, TensorType
from nnc.ir.ops.gathering import AddAlongAxis, ArgSort, Gather, ScatterAdd, TakeAlongAxis

_LONG_ROW = 256
"""Elements of a row below which adding it takes no longer than finding out which thread has it."""
_LARGEST, _SMALLEST = variable("INT64_MAX"), variable("INT64_MIN")
_LEAST, _MOST, _FOUND, _ROW = map(variable, ("least", "most", "found", "row"))


@kernel(Gather)
def gather(call: KernelCall) -> Sequence[Code]:
    """A copy per row, after a check of the range."""
    (table, indices), result = call.operands, call.result
    indices, result = _joined(indices, result)
    copy = copy_lines(result.behind(*_names(indices)), table.behind(_ROW))
    is_shared = not Facts.of(copy).is_parallel
    return [
        *check_lines(call.unit, indices, table.shape[0]),
        *_each(indices, table.shape[0], copy, result.size if is_shared else None),
    ]


@kernel(ScatterAdd)
def scatter_add(call: KernelCall) -> Sequence[Code]:
    """Zeros, then an addition per row, after a check of the range.

    Threads divide the rows of the result, so that each is added up in the order of the indices.
    """
    (values, indices), result = call.operands, call.result
    rows, work = result.shape[0], values.size
    indices, values = _joined(indices, values.wrapping)
    source, target = values.behind(*_names(indices)), result.behind(_ROW)
    add = write_nest(
        target.shape, [target, source], lambda element: [assign(element(target), element(source), sign="+=")]
    )
    lines = [*fill_lines(result, 0), *check_lines(call.unit, indices, rows)]
    count = members(rows, work, PARALLEL_SIZE, PARALLEL_ROW)
    is_short = isinstance(target.size, int) and target.size < _LONG_ROW
    if count is None or is_short or Facts.of(add).is_parallel:
        return [*lines, *_each(indices, rows, add)]
    team, member, begin, end = map(variable, ("team", "member", "begin", "end"))
    first, last = (operand(rows) * number / team for number in (member, (member + 1).grouped))
    own = when(infix("&&", infix(">=", _ROW, begin), infix("<", _ROW, end)), add)
    part = [
        declare("const int64_t", begin, first),
        declare("const int64_t", end, last),
        *_each(indices, rows, [own]),
    ]
    return [*lines, block([declare("const int", team, count), loop(member, team, part, shared(team))])]


@kernel(TakeAlongAxis)
def take_along_axis(call: KernelCall) -> Sequence[Code]:
    """A copy per element, after a check of the range."""
    (x, indices), result, axis = call.operands, call.result, call.op.axis
    names, length = _names(indices), x.shape[axis]
    copy = assign(result.at(*names), x.at(*names[:axis], _ROW, *names[axis + 1 :]))
    lines = write_loops(names[-1:], indices.shape[-1:], [*_row(indices, length), copy])
    lines = write_loops(names[:-1], indices.shape[:-1], lines, indices.size)
    return [*check_lines(call.unit, indices, length), *lines]


@kernel(AddAlongAxis)
def add_along_axis(call: KernelCall) -> Sequence[Code]:
    """Zeros, then an addition per element, after a check of the range."""
    (values, indices), result, axis = call.operands, call.result, call.op.axis
    names, length = _names(indices), result.shape[axis]
    target = result.at(*names[:axis], _ROW, *names[axis + 1 :])
    add = assign(target, values.wrapping.at(*names), sign="+=")
    each = write_loops(names[axis:], indices.shape[axis:], [*_row(indices, length), add])
    lines = write_loops(names[:axis], indices.shape[:axis], each, indices.size)
    return [*fill_lines(result, 0), *check_lines(call.unit, indices, length), *lines]


def _joined(indices: Array, rows: Array) -> tuple[Array, Array]:
    """Return indices, and an array with a row for each, with those axes of the indices as one that are one for both."""
    outer = replace(rows, shape=rows.shape[: indices.rank], strides=rows.strides[: indices.rank])
    axes = Axes.joined(indices.shape, [indices, outer])
    inner, steps = rows.shape[indices.rank :], rows.strides[indices.rank :]
    layout = Layout((*axes.shape, *inner), (*axes.strides[1], *steps), rows.offset)
    return indices.seen_as(Layout(axes.shape, axes.strides[0], indices.offset)), rows.seen_as(layout)


def check_lines(unit: Unit, indices: Array, rows: Dim) -> list[Code]:
    """Return the loops that end the run where a table of so many rows lacks one of these."""
    if 0 in indices.shape:
        return []
    count = operand(rows)
    index = indices.at(*_names(indices))
    if indices.dtype == "uint64":  # the largest ones are not numbers from the end
        index = choice(infix(">", index, _LARGEST), _LARGEST, index.cast("int64_t"))
    body = [
        declare("const int64_t", _FOUND, index),
        assign(_LEAST, choice(infix("<", _FOUND, _LEAST), _FOUND, _LEAST)),
        assign(_MOST, choice(infix(">", _FOUND, _MOST), _FOUND, _MOST)),
    ]
    is_low = infix("<", _LEAST, -count)
    is_outside = infix("||", is_low, infix(">=", _MOST, count))
    lines = [
        declare_all("int64_t", (_LEAST, _LARGEST), (_MOST, _SMALLEST)),
        *write_loops(_names(indices), indices.shape, body),
        when(
            infix("&&", infix("<=", _LEAST, _MOST), is_outside),
            unit.linkage.fault(choice(is_low, _LEAST, _MOST), count),
        ),
    ]
    return [block(lines)]


def _each(indices: Array, rows: Dim, lines: Sequence[Code], work: Dim | None = None) -> list[Code]:
    """Return lines for each index; `row` is its row, and threads share so much work."""
    return write_loops(_names(indices), indices.shape, [*_row(indices, rows), *lines], work)


def _row(indices: Array, rows: Dim) -> list[Code]:
    """Return the statements that find the row of an index."""
    found = declare("const int64_t", _FOUND, indices.at(*_names(indices)).cast("int64_t"))
    return [found, declare("const int64_t", _ROW, choice(infix("<", _FOUND, 0), _FOUND + rows, _FOUND))]


def _names(indices: Array) -> list[Index]:
    return [0 if length == 1 else variable(f"n{axis}") for axis, length in enumerate(indices.shape)]


def _workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    length = operands[0].shape[-1:]
    return TensorType("uint64", length), TensorType("int64", length)


@kernel(ArgSort, workspace=_workspace)
def argsort(call: KernelCall) -> Sequence[Code]:
    """A key per element, whole numbers without sign in the order of the elements; then a merge sort per row."""
    (x,), result, (keys, spare) = call.operands, call.result, call.workspace
    names = [variable(f"i{axis}") for axis in range(x.rank)]
    *outer, last = names
    key = _key(call.unit, x.at(*names), x.dtype, call.op.descending)
    order = result.behind(*outer).address
    lines: list[Code] = [
        loop(last, x.shape[-1], [assign(keys.at(last), key)]),
        execute(call.unit.call("nnc_order_u64", keys.address, order, spare.address, x.shape[-1])),
    ]
    for name, length in reversed(list(zip(outer, x.shape[:-1], strict=True))):
        lines = [loop(name, length, lines)]
    return lines if outer else [block(lines)]


def _key(unit: Unit, element: Expression, dtype: str, descending: bool) -> Expression:
    if dtype in FLOATING:
        return unit.call(f"nnc_key_{SUFFIXES[dtype]}", -element if descending else element)
    key = element.cast("uint64_t")
    if dtype in UNSIGNED:
        key = infix("^", element.cast("int64_t").cast("uint64_t"), variable("INT64_MIN").cast("uint64_t"))
    return infix("-", variable("UINT64_MAX"), key) if descending else key
