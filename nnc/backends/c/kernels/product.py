"""Matrix products: small ones unrolled in place, large ones by BLAS or by the blocked product of the headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import BOTTOM, LEFT, RIGHT, TOP, over_blocks, part, product_members
from nnc.backends.c.kernels.registry import Call, Unit, kernel
from nnc.backends.c.nests import LANES, UNROLLED, Elementwise, can_vectorise, indented, loop_head
from nnc.backends.c.sharing import members, parallel_for, parallel_nest
from nnc.backends.c.text import C_TYPES, SUFFIXES, dim_text
from nnc.ir import Dim, Op, TensorType
from nnc.ops.matmul import MatMul
from nnc.target import Prepacked

_PARALLEL_WORK, _PARALLEL_KNOWN = 1 << 22, 1 << 12
"""Multiplications from which on matrices are divided among threads, in all, and apart from run-time dimensions."""
ROWS_ALONE = 3
"""Rows from which on a product may read strips; with fewer each row is computed by itself: see `product.h`."""
_STRIP = {"float32": 32, "float64": 16}
"""Columns of the widest strips, by element type."""
_WORTH_PACKING = 1 << 12
"""Elements of the right matrix from which on a run without packing is worth the question whether it has changed."""
_UNROLLED = 32
"""Most multiplications of one row, or products of one term, that are written out."""


@dataclass(frozen=True)
class Matrices:
    """A product of two matrices, C = A B or C += A B.

    Args:
        dtype: element type.
        rows: of A and C.
        inner: columns of A, rows of B.
        columns: of B and C.
        a: pointer to A.
        a_strides: elements from one row to the next, and from one column to the next.
        b: pointer to B.
        b_strides: as of A.
        c: pointer to C, whose rows lie next to each other.
        c_stride: elements from one row to the next.
        add: whether to add to C, in C.
        strips: pointer to B in strips, an empty text where it does not lie there so; then nothing is added to C.
    """

    dtype: str
    rows: Dim
    inner: Dim
    columns: Dim
    a: str
    a_strides: tuple[Dim, Dim]
    b: str
    b_strides: tuple[Dim, Dim]
    c: str
    c_stride: Dim
    add: str = "false"
    strips: str = ""


def strips_of(dtype: str, inner: Dim, columns: Dim) -> TensorType | None:
    """Return what the right matrix of a product takes in strips; None where it is too small to be worth it."""
    if dtype not in _STRIP or not isinstance(inner, int) or not isinstance(columns, int):
        return None
    if inner * columns < _WORTH_PACKING:
        return None
    wide = -(-columns // _STRIP[dtype]) * _STRIP[dtype]
    return TensorType(dtype, (inner * wide,))


def pack_strips(unit: Unit, matrix: Array, target: str) -> str:
    """Return the call that makes strips of a matrix."""
    return unit.call(
        f"nnc_pack_strips_{SUFFIXES[matrix.dtype]}", *matrix.shape, matrix.address, *matrix.strides, target
    )


def product(unit: Unit, matrices: Matrices, epilogue: Elementwise | None = None) -> list[str]:
    """Return a product and its epilogue: one call, or a loop over blocks where there is much to do."""
    m, suffix = matrices, SUFFIXES[matrices.dtype]
    strides = [*map(dim_text, m.a_strides)], [*map(dim_text, m.b_strides)]
    inner, down = dim_text(m.inner), dim_text(m.c_stride)
    count = product_members(m.rows * m.columns, m.rows, m.inner, m.columns)
    packed = f"nnc_prepacked_part_{suffix}"
    if not count:
        whole = dim_text(m.rows), inner, dim_text(m.columns)
        given = m.a, *strides[0], m.b, *strides[1], m.c, down
        if m.strips:
            call = unit.call(packed, "run", whole[0], *whole, *given, m.strips)
        else:
            call = unit.linkage.product(unit, suffix, *whole, *given, m.add)
        return [f"{call};", *(epilogue.everywhere() if epilogue else ())]
    a, b = part(m.a, (TOP, m.a_strides[0])), part(m.b, (LEFT, m.b_strides[1]))
    c = part(m.c, (TOP, m.c_stride), (LEFT, 1))
    sizes = dim_text(m.rows), f"{BOTTOM} - {TOP}", inner, f"{RIGHT} - {LEFT}"
    given = a, *strides[0], b, *strides[1], c, down
    if m.strips:
        call = unit.call(packed, "run", *sizes, *given, part(m.strips, (LEFT, m.inner)))
    else:
        call = unit.linkage.product_part(unit, suffix, *sizes, *given, m.add)
    alone = unit.linkage.alone(unit, suffix)
    return over_blocks(unit, suffix, m.rows, m.inner, m.columns, count, [f"{call};"], epilogue, alone)


def _prepack(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
    """The right matrix in strips, if all products have the same."""
    x, y = operands
    strips = strips_of(y.dtype, *y.shape) if len(y.shape) == 2 else None
    rows: Dim = 1
    for dim in x.shape[:-1]:
        rows = rows * dim
    return None if strips is None else Prepacked(1, strips, rows, ROWS_ALONE)


def _pack(call: Call, target: str) -> Sequence[str]:
    return [f"{pack_strips(call.unit, call.operands[1], target)};"]


@kernel(MatMul, prepack=_prepack, pack=_pack)
def matmul(call: Call) -> Sequence[str]:
    """One product per pair of matrices."""
    x, y = (array.wrapping for array in call.operands)
    result = call.result
    leading = result.shape[:-2]
    if y.rank == 2 and x.rank > 2 and _joins(x):  # the rows of all matrices at once
        rows: Dim = 1
        for dim in x.shape[:-1]:
            rows = rows * dim
        x = Array(x.pointer, x.dtype, (rows, x.shape[-1]), x.strides[-2:], x.offset, x.literal)
        result = Array(result.pointer, result.dtype, (rows, result.shape[-1]), result.strides[-2:], result.offset)
        leading = ()
    x, y = (array.broadcast_to((*leading, *array.shape[-2:])) for array in (x, y))
    names = [f"n{axis}" for axis in range(len(leading))]
    x_matrix, y_matrix, z_matrix = (_matrix(array, names) for array in (x, y, result))
    if not leading:
        return _product(call, x_matrix, y_matrix, z_matrix, call.epilogue)
    lines = _product(call, x_matrix, y_matrix, z_matrix, None)
    for name, length in reversed(list(zip(names, leading, strict=True))):
        lines = [f"{loop_head(name, length)} {{", *indented(lines), "}"]
    return [*_division(x, result), *lines, *(call.epilogue.everywhere() if call.epilogue else ())]


def _division(x: Array, result: Array) -> list[str]:
    """The lines that divide the matrices among threads, if there are several and much to do."""
    work: Dim = x.shape[-1]
    for dim in result.shape:
        work = work * dim
    return parallel_for(members(result.shape[0], work, _PARALLEL_WORK, _PARALLEL_KNOWN))


def _joins(x: Array) -> bool:
    """Whether all axes but the last are one."""
    return all(
        x.shape[axis] == 1 or x.strides[axis] == x.strides[axis + 1] * x.shape[axis + 1] for axis in range(x.rank - 2)
    )


def _matrix(array: Array, names: Sequence[str]) -> Array:
    """Return one of the matrices; what depends on its number is a part of the pointer."""
    if not names or array.literal is not None:
        return Array(array.pointer, array.dtype, array.shape[-2:], array.strides[-2:], array.offset, array.literal)
    zeros = [*names, "0", "0"]
    return Array(f"(&{array.at(*zeros)})", array.dtype, array.shape[-2:], array.strides[-2:], 0)


def _product(call: Call, x: Array, y: Array, result: Array, epilogue: Elementwise | None) -> list[str]:
    rows, inner = x.shape
    columns = y.shape[1]
    if isinstance(inner, int) and isinstance(columns, int) and inner * columns <= _UNROLLED:
        return _unrolled_rows(x, y, result, inner, columns, epilogue)
    if isinstance(rows, int) and isinstance(columns, int) and rows * columns <= _UNROLLED:
        return [*_unrolled_terms(x, y, result, rows, columns), *_behind(epilogue)]
    if result.dtype not in ("float32", "float64") or x.literal or y.literal:
        return [*_plain(x, y, result), *_behind(epilogue)]
    matrices = Matrices(
        result.dtype, rows, inner, columns,
        x.address, (x.strides[0], x.strides[1]), y.address, (y.strides[0], y.strides[1]),
        result.address, result.strides[0], strips=call.prepacked,
    )  # fmt: skip
    return product(call.unit, matrices, epilogue)


def _unrolled_rows(
    x: Array, y: Array, result: Array, inner: int, columns: int, epilogue: Elementwise | None
) -> list[str]:
    """A loop over rows, each written out; the compiler works on several rows at once."""
    type = C_TYPES[result.dtype]
    body = [f"const {x.c_type} x{term} = {x.at('i', str(term))};" for term in range(inner)]
    for column in range(columns):
        terms = [f"x{term} * {y.at(str(term), str(column))}" for term in range(inner)]
        body.append(f"const {type} z{column} = {' + '.join(terms) or '0'};")
    body += [f"{result.at('i', str(column))} = z{column};" for column in range(columns)]
    head = f"{loop_head('i', x.shape[0])} {{"
    simd = can_vectorise([x], 0, 1) and can_vectorise([result], 0, 1)
    pragma = ["#pragma omp simd"] if simd else []
    if epilogue is None or epilogue.head is None or not epilogue.has_rows or columns > UNROLLED:
        return [*pragma, head, *indented(body), "}", *_behind(epilogue)]
    for column in range(columns):
        body += epilogue.column(column, f"z{column}")
    simd = simd and can_vectorise(epilogue.views, 0, -1)
    shared = [line.replace(" for ", " for simd ") if simd else line for line in parallel_nest((x.shape[0], columns))]
    return [*(shared or pragma), head, *indented(body), "}"]


def _behind(epilogue: Elementwise | None) -> list[str]:
    """The steps on the whole result, once it is there."""
    return [] if epilogue is None else epilogue.everywhere()


def _unrolled_terms(x: Array, y: Array, result: Array, rows: int, columns: int) -> list[str]:
    """A loop over the terms of all sums at once, or one for each sum, with the same lanes."""
    places = [(row, column) for row in range(rows) for column in range(columns)]
    if can_vectorise([x], 1, 0) and can_vectorise([y], 0, 1):
        return _sums_of_terms(x, y, result, places)
    return [line for place in places for line in _sums_of_terms(x, y, result, [place])]


def _sums_of_terms(x: Array, y: Array, result: Array, places: Sequence[tuple[int, int]]) -> list[str]:
    names = [f"z{row}_{column}" for row, column in places]
    body = [f"z{row}_{column} += {x.at(str(row), 'k')} * {y.at('k', str(column))};" for row, column in places]
    return [
        "{",
        f"    {x.c_type} {', '.join(f'{name} = 0' for name in names)};",
        f"#pragma omp simd simdlen({LANES}) reduction(+:{','.join(names)})",
        f"    {loop_head('k', x.shape[1])} {{",
        *indented(indented(body)),
        "    }",
        *(f"    {result.at(str(row), str(column))} = z{row}_{column};" for row, column in places),
        "}",
    ]


def _plain(x: Array, y: Array, result: Array) -> list[str]:
    """Three loops, for element types that BLAS does not know."""
    return [
        f"{loop_head('i', x.shape[0])} {{",
        f"    {loop_head('j', y.shape[1])} {{",
        f"        {x.c_type} total = 0;",
        f"        {loop_head('k', x.shape[1])} {{",
        f"            total += {x.at('i', 'k')} * {y.at('k', 'j')};",
        "        }",
        f"        {result.at('i', 'j')} = total;",
        "    }",
        "}",
    ]
