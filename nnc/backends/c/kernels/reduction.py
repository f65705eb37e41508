"""Sums, maxima and their positions along axes."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels.registry import Call, kernel
from nnc.backends.c.nests import LANES, MANY_LANES, UNROLLED, can_vectorise, indented, loop_head
from nnc.backends.c.sharing import parallel_nest
from nnc.backends.c.text import C_TYPES, bare_dim_text, dim_text, number_text
from nnc.ir import FLOATING, Dim, Layout
from nnc.ops import reduction

_LOCAL_TOTALS = 1024
"""Most totals that are kept on the stack, in double precision, while rows are added."""
_LONG = 512
"""Length, where it is known, from which on a sum has many lanes."""
_TERMS = 32
"""Terms that a lane adds up in float32."""


def kept_axes(x: Array, result: Array, axes: Sequence[int]) -> tuple[list[int], Array]:
    """Return the axes that stay, and the result with these axes alone."""
    kept = [axis for axis in range(x.rank) if axis not in axes]
    shape = tuple(x.shape[axis] for axis in kept)
    return kept, result.seen_as(Layout.dense(shape, result.offset))


class _Loops:
    """Names of the indices of an operand, and the loops over some of its axes."""

    def __init__(self, x: Array) -> None:
        self.x = x
        self.indices = ["0" if length == 1 else f"i{axis}" for axis, length in enumerate(x.shape)]

    @property
    def element(self) -> str:
        """The operand's element."""
        return self.x.at(*self.indices)

    def around(self, axes: Sequence[int], lines: Sequence[str], pragma: str = "", is_shared: bool = False) -> list[str]:
        """Return loops over axes around lines; the pragma belongs to the innermost, threads may share the outermost."""
        found = list(lines)
        looped = [axis for axis in axes if self.x.shape[axis] != 1]
        for axis in reversed(looped):
            found = [f"{loop_head(self.indices[axis], self.x.shape[axis])} {{", *indented(found), "}"]
            if pragma and axis == looped[-1]:
                found = [pragma, *found]
            if is_shared and axis == looped[0]:
                found = [*parallel_nest(self.x.shape, self.x.shape[axis]), *found]
        return found if looped else ["{", *indented(found), "}"]


@kernel(reduction.Sum, reduction.Max)
def reduce(call: Call) -> Sequence[str]:
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
            indices = [str(column) if axis == inner[0] else text for axis, text in enumerate(loops.indices)]
            columns.append((x.at(*indices), result.at(*(indices[axis] for axis in kept))))
        outer = [axis for axis in kept if axis not in inner]
        return loops.around(outer, _sums(loops, reduced, columns), is_shared=True)
    return _rows(call, loops, kept, reduced, result, is_sum)


def _sums(loops: _Loops, reduced: Sequence[int], columns: Sequence[tuple[str, str]]) -> list[str]:
    """Return the statements that add elements up along axes: several sums at once, and where each is stored.

    In float32 some terms are added in lanes, and what they give in double precision.
    """
    looped = [axis for axis in reduced if loops.x.shape[axis] != 1]
    if loops.x.dtype == "float32" and looped:
        return _sums_of_parts(loops, looped, columns)
    totals = _numbered("total", len(columns))
    body = [f"{total} += {element};" for total, (element, _) in zip(totals, columns, strict=True)]
    return [
        _zeros(loops.x.c_type, totals),
        *loops.around(reduced, body, f"#pragma omp simd reduction(+:{','.join(totals)})"),
        *(f"{target} = {total};" for total, (_, target) in zip(totals, columns, strict=True)),
    ]


def _sums_of_parts(loops: _Loops, looped: Sequence[int], columns: Sequence[tuple[str, str]]) -> list[str]:
    length = loops.x.shape[looped[-1]]
    is_long = isinstance(length, int) and length >= _LONG
    lanes = MANY_LANES if is_long else LANES
    most = lanes * _TERMS
    fits = isinstance(length, int) and length <= most
    parts, index = _numbered("part", len(columns)), loops.indices[looped[-1]]
    lines = [
        _zeros("float", parts),
        f"#pragma omp simd simdlen({lanes}) reduction(+:{','.join(parts)})",
        loop_head(index, length) + " {" if fits else f"for (int64_t {index} = first; {index} < end; {index}++) {{",
        *(f"    {part} += {element};" for part, (element, _) in zip(parts, columns, strict=True)),
        "}",
    ]
    if fits and len(looped) == 1:
        return [*lines, *(f"{target} = {part};" for part, (_, target) in zip(parts, columns, strict=True))]
    totals = _numbered("total", len(columns))
    lines += [f"{total} += {part};" for total, part in zip(totals, parts, strict=True)]
    if not fits:
        end = f"const int64_t end = {dim_text(length)} - first < {most} ? {dim_text(length)} : first + {most};"
        head = f"for (int64_t first = 0; first < {bare_dim_text(length)}; first += {most}) {{"
        lines = [head, *indented([end, *lines]), "}"]
    return [
        _zeros("double", totals),
        *(loops.around(looped[:-1], lines) if len(looped) > 1 else lines),
        *(f"{target} = (float){total};" for total, (_, target) in zip(totals, columns, strict=True)),
    ]


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}_{number}" for number in range(count)]


def _zeros(type: str, names: Sequence[str]) -> str:
    return f"{type} {', '.join(f'{name} = 0' for name in names)};"


def _largest(loops: _Loops, reduced: Sequence[int], target: str) -> list[str]:
    """Return the statements that find the largest element along axes."""
    dtype, type, element = loops.x.dtype, loops.x.c_type, loops.element
    if dtype not in FLOATING:
        body = loops.around(reduced, [f"total = {element} > total ? {element} : total;"])
        return [f"{type} total = {_lowest(dtype)};", *body, f"{target} = total;"]
    update = [f"const {type} found = {element};", *largest_update("found", "total", "seen", dtype)]
    body = loops.around(reduced, update, "#pragma omp simd reduction(max:total) reduction(|:seen)")
    return [f"{type} total = -INFINITY;", "int seen = 0;", *body, f"{target} = {largest_of('total', 'seen')};"]


def largest_update(element: str, total: str, seen: str, dtype: str) -> list[str]:
    """Return the statements that look at an element for the largest one.

    Compilers differ in what a reduction by ``max`` starts from, the lowest number or minus infinity, and whether it
    keeps NaN; so what was seen is noted beside it.
    """
    lowest = "-FLT_MAX" if dtype == "float32" else "-DBL_MAX"
    return [
        f"{total} = {element} > {total} ? {element} : {total};",
        f"{seen} |= ({element} != {element}) | (({element} >= {lowest}) << 1);",
    ]


def largest_of(total: str, seen: str) -> str:
    """Return the largest element as an expression, once all have been looked at."""
    return f"{seen} & 1 ? NAN : {seen} & 2 ? {total} : -INFINITY"


def _rows(
    call: Call, loops: _Loops, kept: Sequence[int], reduced: Sequence[int], result: Array, is_sum: bool
) -> list[str]:
    """Totals of all elements behind the last reduced axis at once."""
    x, dtype = loops.x, result.dtype
    inner = [axis for axis in kept if axis > max(reduced)]
    outer = [axis for axis in kept if axis not in inner]
    inner_shape = tuple(x.shape[axis] for axis in inner)
    size = Layout.dense((1, *inner_shape)).strides[0]
    target = result.at(*(loops.indices[axis] for axis in kept))
    local = is_sum and dtype == "float32" and isinstance(size, int) and size <= _LOCAL_TOTALS
    if local:
        name = call.unit.name("totals")
        totals = Array(name, "float64", inner_shape, Layout.dense(inner_shape).strides)
        total = totals.at(*(loops.indices[axis] for axis in inner))
        add = loops.around(inner, [f"{total} += {loops.element};"], "#pragma omp simd")
        write = loops.around(inner, [f"{target} = (float){total};"], "#pragma omp simd")
        body = [f"double {name}[{dim_text(size)}] = {{0}};", *loops.around(reduced, add), *write]
        return loops.around(outer, body, is_shared=True)
    first = number_text(0, dtype) if is_sum else _lowest(dtype)
    if is_sum:
        update = [f"{target} += {loops.element};"]
    elif dtype in FLOATING:
        type = C_TYPES[dtype]
        update = [
            f"const {type} found = {loops.element};",
            f"const {type} best = {target};",
            f"{target} = ((found > best) | (found != found)) ? found : best;",
        ]
    else:
        update = [f"{target} = {loops.element} > {target} ? {loops.element} : {target};"]
    start = loops.around(inner, [f"{target} = {first};"], "#pragma omp simd")
    body = [*start, *loops.around(reduced, loops.around(inner, update, "#pragma omp simd"))]
    return loops.around(outer, body, is_shared=True)


def _lowest(dtype: str) -> str:
    if dtype in FLOATING:
        return "-INFINITY"
    return {"int32": "INT32_MIN", "int64": "INT64_MIN"}.get(dtype, "0")


@kernel(reduction.ArgMax)
def argmax(call: Call) -> Sequence[str]:
    """The first of the largest ones; the first NaN where there is one."""
    (x,), op = call.operands, call.op
    axis = op.axis % x.rank
    kept, result = kept_axes(x, call.result, (axis,))
    loops = _Loops(x)
    length: Dim = x.shape[axis]
    type = C_TYPES[x.dtype]
    index = loops.indices[axis]
    first = x.at(*("0" if position == axis else text for position, text in enumerate(loops.indices)))
    better = "found > best" if x.dtype not in FLOATING else "found > best || (found != found && best == best)"
    body = [
        f"{type} best = {first};",
        "int64_t position = 0;",
    ]
    if length != 1:
        body += [
            f"{loop_head(index, length, '1')} {{",
            f"    const {type} found = {loops.element};",
            f"    if ({better}) {{",
            "        best = found;",
            f"        position = {index};",
            "    }",
            "}",
        ]
    body.append(f"{result.at(*(loops.indices[position] for position in kept))} = position;")
    return loops.around(kept, body)
