"""Rows taken by number, and rows added up by number."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels.movement import copy_lines, fill_lines
from nnc.backends.c.kernels.registry import Call, Unit, kernel
from nnc.backends.c.nests import indented, loop_head, write_nest
from nnc.backends.c.text import dim_text
from nnc.ir import Dim
from nnc.ops.gathering import Gather, ScatterAdd


@kernel(Gather)
def gather(call: Call) -> Sequence[str]:
    """A copy per row, after a check of the range."""
    (table, indices), result = call.operands, call.result
    names = _names(indices)
    source, target = _row(table, ["row"]), _row(result, names)
    return [
        *check_lines(call.unit, indices, table.shape[0]),
        *_each(indices, table.shape[0], copy_lines(target, source)),
    ]


@kernel(ScatterAdd)
def scatter_add(call: Call) -> Sequence[str]:
    """Zeros, then an addition per row, after a check of the range."""
    (values, indices), result = call.operands, call.result
    rows = result.shape[0]
    source, target = _row(values.wrapping, _names(indices)), _row(result, ["row"])
    add = write_nest(target.shape, [target, source], lambda element: [f"{element(target)} += {element(source)};"])
    return [*fill_lines(result, 0), *check_lines(call.unit, indices, rows), *_each(indices, rows, add)]


def check_lines(unit: Unit, indices: Array, rows: Dim) -> list[str]:
    """Return the loops that end the run where a table of so many rows lacks one of these."""
    if 0 in indices.shape:
        return []
    count = dim_text(rows)
    index = indices.at(*_names(indices))
    if indices.dtype == "uint64":  # the largest ones are not numbers from the end
        index = f"{index} > INT64_MAX ? INT64_MAX : (int64_t){index}"
    body = [
        f"const int64_t found = {index};",
        "least = found < least ? found : least;",
        "most = found > most ? found : most;",
    ]
    lines = [
        "int64_t least = INT64_MAX, most = INT64_MIN;",
        *_around(indices, body),
        f"if (least <= most && (least < -{count} || most >= {count})) {{",
        *indented(unit.linkage.fault(f"least < -{count} ? least : most", count)),
        "}",
    ]
    return ["{", *indented(lines), "}"]


def _each(indices: Array, rows: Dim, lines: Sequence[str]) -> list[str]:
    """Return lines for each index; `row` is its row."""
    found = f"const int64_t found = (int64_t){indices.at(*_names(indices))};"
    place = f"const int64_t row = found < 0 ? found + {dim_text(rows)} : found;"
    return _around(indices, [found, place, *lines])


def _names(indices: Array) -> list[str]:
    return ["0" if length == 1 else f"n{axis}" for axis, length in enumerate(indices.shape)]


def _around(indices: Array, lines: Sequence[str]) -> list[str]:
    found = list(lines)
    looped = [(name, length) for name, length in zip(_names(indices), indices.shape, strict=True) if name != "0"]
    for name, length in reversed(looped):
        found = [f"{loop_head(name, length)} {{", *indented(found), "}"]
    return found if looped else ["{", *indented(found), "}"]


def _row(array: Array, names: Sequence[str]) -> Array:
    """Return what lies at the first indices, which are a part of the pointer."""
    count = len(names)
    shape, strides = array.shape[count:], array.strides[count:]
    if array.literal is not None:
        return Array(array.pointer, array.dtype, shape, strides, 0, array.literal)
    address = array.at(*names, *["0"] * len(shape))
    return Array(f"(&{address})", array.dtype, shape, strides, 0)
