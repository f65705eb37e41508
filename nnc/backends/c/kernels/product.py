"""Matrix products: small ones unrolled in place, large ones by BLAS or by the blocked product of the headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import BOTTOM, LEFT, RIGHT, TOP, Fusion, fusible, over_blocks, part, product_members
from nnc.backends.c.bounded_bias import bias_arguments
from nnc.backends.c.expressions import Expression, chain, infix, variable
from nnc.backends.c.kernels.registry import Fused, KernelCall, Unit, Written, kernel
from nnc.backends.c.linkage import FALSE, RUN, TRUE
from nnc.backends.c.nests import LANES, UNROLLED, Elementwise, can_vectorise
from nnc.backends.c.statements import SIMD, Code, Directive, array, assign, block, declare, declare_all, execute, loop
from nnc.backends.c.strips import prepacked_strips
from nnc.backends.c.text import C_TYPES, SUFFIXES
from nnc.backends.c.thread_counts import PARALLEL_SIZE, PARALLEL_WORK, known_work, shared_loops, shared_nest
from nnc.ir import FLOATING, Dim, Op, TensorType
from nnc.ir.ops.matmul import LaneMatMul, MatMul
from nnc.ir.types import ITEM_SIZES
from nnc.target import Prepacked

_PARALLEL_KNOWN = 1 << 12
"""Multiplications, apart from run-time dimensions, below which matrices are never divided among threads."""
ROWS_ALONE = 3
"""Rows from which on a product may read strips; with fewer each row is computed by itself: see `product.h`."""
SHALLOW = 64
"""Terms of a sum below which a core computes it sooner than it brings it from another: so it counts as in a nest."""
_UNROLLED = 32
"""Most multiplications of one row, or products of one term, that are written out."""
_UNROLLED_IN_LANES = 8
"""The same in lanes, where each takes a register."""
_LINE = 64
"""Bytes of the widest register."""
_NOTHING = Fusion()


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
        add: whether to add to C.
        strips: pointer to B in strips, None where it does not lie there so; with it nothing is added to C.
        bands: multiplications of a whole band, and of all, where the product is one of several bands.
    """

    dtype: str
    rows: Dim
    inner: Dim
    columns: Dim
    a: Expression
    a_strides: tuple[Dim, Dim]
    b: Expression
    b_strides: tuple[Dim, Dim]
    c: Expression
    c_stride: Dim
    add: Expression = FALSE
    strips: Expression | None = None
    bands: tuple[int, Dim] | None = None

    @property
    def members(self) -> Expression | None:
        """The number of threads that share the product; None where that is always one."""
        least = PARALLEL_WORK
        if isinstance(self.inner, int) and self.inner < SHALLOW:
            least = max(least, PARALLEL_SIZE * self.inner)
        return product_members(self.rows * self.columns, self.rows, self.inner, self.columns, self.bands, least)


def pack_strips(unit: Unit, matrix: Array, target: Expression) -> Expression:
    """Return the call that makes strips of a matrix."""
    return unit.call(
        f"nnc_pack_strips_{SUFFIXES[matrix.dtype]}", *matrix.shape, matrix.address, *matrix.strides, target
    )


def fused_product(unit: Unit, matrices: Matrices, epilogue: Elementwise | None) -> Written:
    """Return a product and as much of its epilogue as can be fused."""
    fusion = fusible(epilogue, in_registers=matrices.strips is not None)
    if matrices.members is None:
        fusion = replace(fusion, rows=None)  # one call, which no blocks come out of
    return fusion.written(product(unit, matrices, fusion))


def product(unit: Unit, matrices: Matrices, fusion: Fusion = _NOTHING) -> list[Code]:
    """Return a product and what is fused with it: one call, or a loop over blocks where there is much to do."""
    m, suffix, count = matrices, SUFFIXES[matrices.dtype], matrices.members
    packed = f"nnc_prepacked_part_{suffix}"
    if count is None:
        sizes = m.rows, m.inner, m.columns
        given = m.a, *m.a_strides, m.b, *m.b_strides, m.c, m.c_stride
        if m.strips is not None:
            call = unit.call(packed, RUN, m.rows, *sizes, *given, m.strips, *bias_arguments(fusion.bias))
        else:
            call = unit.linkage.product(unit.call, suffix, *sizes, *given, m.add)
        return [execute(call)]
    a, b = part(m.a, (TOP, m.a_strides[0])), part(m.b, (LEFT, m.b_strides[1]))
    c = part(m.c, (TOP, m.c_stride), (LEFT, 1))
    block_sizes = m.rows, BOTTOM - TOP, m.inner, RIGHT - LEFT
    block_given = a, *m.a_strides, b, *m.b_strides, c, m.c_stride
    if m.strips is not None:
        call = unit.call(
            packed, RUN, *block_sizes, *block_given, part(m.strips, (LEFT, m.inner)), *bias_arguments(fusion.bias, LEFT)
        )
    else:
        call = unit.linkage.product_part(unit.call, suffix, *block_sizes, *block_given, m.add)
    alone = unit.linkage.alone(unit.call, suffix)
    sizes, is_turned = (m.rows, m.inner, m.columns), m.a_strides[0] == 1 and m.a_strides[1] != 1
    return over_blocks(unit, suffix, *sizes, count, [execute(call)], fusion.rows, alone, is_turned=is_turned)


def _prepack(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
    """The right matrix in strips, if all products have the same."""
    x, y = operands
    if len(y.shape) != 2:
        return None
    rows: Dim = 1
    for dim in x.shape[:-1]:
        rows = rows * dim
    inner, columns = y.shape
    strips = prepacked_strips(y.dtype, inner, columns, known_work(rows)) if _is_called(inner, columns) else None
    return None if strips is None else Prepacked(1, strips, rows, ROWS_ALONE)


def _is_called(inner: Dim, columns: Dim) -> bool:
    """Whether a function computes the rows of a product, which are not written out."""
    return not isinstance(inner, int) or not isinstance(columns, int) or inner * columns > _UNROLLED


def _pack(call: KernelCall, target: Expression) -> Sequence[Code]:
    return [execute(pack_strips(call.unit, call.operands[1], target))]


@kernel(MatMul, prepack=_prepack, pack=_pack)
def matmul(call: KernelCall) -> Written:
    """One product per pair of matrices."""
    x, y = (array.wrapping for array in call.operands)
    result = call.result
    leading = result.shape[:-2]
    stride = _row_stride(x) if y.rank == 2 and x.rank > 2 else None
    if stride is not None:  # the rows of all matrices at once
        rows: Dim = 1
        for dim in x.shape[:-1]:
            rows = rows * dim
        x = Array(x.pointer, x.dtype, (rows, x.shape[-1]), (stride, x.strides[-1]), x.offset, x.literal)
        result = Array(result.pointer, result.dtype, (rows, result.shape[-1]), result.strides[-2:], result.offset)
        leading = ()
    x, y = (array.broadcast_to((*leading, *array.shape[-2:])) for array in (x, y))
    names = [variable(f"n{axis}") for axis in range(len(leading))]
    x_matrix, y_matrix, z_matrix = (array.behind(*names) if names else array for array in (x, y, result))
    if not leading:
        return _product(call, x_matrix, y_matrix, z_matrix, call.epilogue)
    lines = _product(call, x_matrix, y_matrix, z_matrix, None)
    assert not isinstance(lines, Fused)  # there is nothing to fuse
    for name, length in reversed(list(zip(names, leading, strict=True))):
        directive = _division(x, result) if name is names[0] else None
        lines = [loop(name, length, lines, directive)]
    return lines


@kernel(LaneMatMul)
def lane_matmul(call: KernelCall) -> Sequence[Code]:
    """One product in all lanes for each pair of matrices."""
    x, y = (array.wrapping for array in call.operands)
    result = call.result
    leading, lanes = result.shape[:-3], result.shape[-1]
    x, y = (array.broadcast_to((*leading, *array.shape[-3:-1], lanes)) for array in (x, y))
    names = [variable(f"n{axis}") for axis in range(len(leading))]
    a, b, c = (array.behind(*names) if names else array for array in (x, y, result))
    is_vector = result.dtype in FLOATING and all(_has_lanes_together(array) for array in (a, b, c))
    lines = _lanes_at_once(call.unit, a, b, c) if is_vector else _lane_by_lane(a, b, c)
    for name, length in reversed(list(zip(names, leading, strict=True))):
        lines = [loop(name, length, lines)]
    return lines


def _has_lanes_together(array: Array) -> bool:
    """Whether the lanes of an array lie next to each other, or are one number for all, in memory."""
    return array.literal is None and array.strides[-1] in (0, 1)


def _lanes_at_once(unit: Unit, a: Array, b: Array, c: Array) -> list[Code]:
    """The lanes in a register; small products are written out, which compilers read in a fraction of the time."""
    (rows, inner, lanes), columns = (*a.shape[:2], c.shape[2]), b.shape[1]
    if isinstance(inner, int) and isinstance(columns, int) and inner * columns <= _UNROLLED_IN_LANES:
        return [_unrolled_rows_in_lanes(a, b, c, inner, columns)]
    if isinstance(rows, int) and isinstance(columns, int) and rows * columns <= _UNROLLED_IN_LANES:
        size = ITEM_SIZES[c.dtype]
        if isinstance(lanes, int) and lanes * size % _LINE == 0:
            return [_unrolled_terms_in_lanes(a, b, c, [(i, j) for i in range(rows) for j in range(columns)])]
    function = f"nnc_lane_product_{SUFFIXES[c.dtype]}"
    shared = [TRUE if each.strides[2] == 0 else FALSE for each in (a, b)]
    factors = [(each.address, *each.strides[:2], is_shared) for each, is_shared in zip((a, b), shared, strict=True)]
    sizes = (*a.shape[:2], b.shape[1], c.shape[2])
    return [execute(unit.call(function, *sizes, *factors[0], *factors[1], c.address, *c.strides[:2]))]


def _unrolled_rows_in_lanes(a: Array, b: Array, c: Array, inner: int, columns: int) -> Code:
    """A loop over rows, each written out for all lanes."""
    i, lane = variable("i"), variable("lane")
    terms = [variable(f"x{term}") for term in range(inner)]
    sums = [variable(f"z{column}") for column in range(columns)]
    body: list[Code] = [declare(f"const {a.c_type}", name, a.at(i, term, lane)) for term, name in enumerate(terms)]
    for column, name in enumerate(sums):
        body.append(declare(c.c_type, name, 0))
        body += [assign(name, x * b.at(term, column, lane), sign="+=") for term, x in enumerate(terms)]
    body += [assign(c.at(i, column, lane), name) for column, name in enumerate(sums)]
    return loop(i, a.shape[0], [loop(lane, c.shape[2], body, SIMD)])


def _unrolled_terms_in_lanes(a: Array, b: Array, c: Array, places: Sequence[tuple[int, int]]) -> Code:
    """A loop over the terms of all sums at once, for as many lanes as a register has: each sum stays in one."""
    k, first, lane = variable("k"), variable("first"), variable("lane")
    width = infix("/", variable("NNC_REGISTER_BYTES"), ITEM_SIZES[c.dtype])
    sums = {place: variable(f"z{place[0]}_{place[1]}") for place in places}
    add = [
        assign(name[lane], a.at(row, k, first + lane) * b.at(k, column, first + lane), sign="+=")
        for (row, column), name in sums.items()
    ]
    store = [assign(c.at(row, column, first + lane), name[lane]) for (row, column), name in sums.items()]
    body: list[Code] = [array(c.c_type, name, width, values=[0]) for name in sums.values()]
    body += [loop(k, a.shape[1], [loop(lane, width, add, SIMD)]), loop(lane, width, store, SIMD)]
    return loop(first, c.shape[2], body, step=width)


def _lane_by_lane(a: Array, b: Array, c: Array) -> list[Code]:
    """Four loops."""
    i, j, k, lane, total = map(variable, ("i", "j", "k", "lane", "total"))
    element = [
        declare(a.c_type, total, 0),
        loop(k, a.shape[1], [assign(total, a.at(i, k, lane) * b.at(k, j, lane), sign="+=")]),
        assign(c.at(i, j, lane), total),
    ]
    return [loop(i, a.shape[0], [loop(j, b.shape[1], [loop(lane, c.shape[2], element)])])]


def _division(x: Array, result: Array) -> Directive | None:
    """Return what divides the matrices among threads, if there are several and much to do."""
    work: Dim = x.shape[-1]
    for dim in result.shape:
        work = work * dim
    return shared_loops(result.shape[:-2], work, PARALLEL_WORK, _PARALLEL_KNOWN)


def _row_stride(x: Array) -> Dim | None:
    """Return the elements from one row to the next where all axes but the last are one; None where they are not."""
    axes = [axis for axis in range(x.rank - 1) if x.shape[axis] != 1]
    if any(x.strides[axis] != x.strides[inner] * x.shape[inner] for axis, inner in pairwise(axes)):
        return None
    return x.strides[axes[-1] if axes else -2]


def _product(call: KernelCall, x: Array, y: Array, result: Array, epilogue: Elementwise | None) -> Written:
    rows, inner = x.shape
    columns = y.shape[1]
    if isinstance(inner, int) and isinstance(columns, int) and inner * columns <= _UNROLLED:
        return _unrolled_rows(x, y, result, inner, columns, epilogue)
    if isinstance(rows, int) and isinstance(columns, int) and rows * columns <= _UNROLLED:
        return _unrolled_terms(x, y, result, rows, columns)
    if result.dtype not in FLOATING or x.literal is not None or y.literal is not None:
        return _plain(x, y, result)
    matrices = Matrices(
        result.dtype, rows, inner, columns,
        x.address, (x.strides[0], x.strides[1]), y.address, (y.strides[0], y.strides[1]),
        result.address, result.strides[0], strips=call.prepacked,
    )  # fmt: skip
    return fused_product(call.unit, matrices, epilogue)


def _unrolled_rows(
    x: Array, y: Array, result: Array, inner: int, columns: int, epilogue: Elementwise | None
) -> Written:
    """A loop over rows, each written out; the compiler works on several rows at once."""
    type, i = C_TYPES[result.dtype], variable("i")
    terms = [variable(f"x{term}") for term in range(inner)]
    sums = [variable(f"z{column}") for column in range(columns)]
    body: list[Code] = [declare(f"const {x.c_type}", name, x.at(i, term)) for term, name in enumerate(terms)]
    for column, name in enumerate(sums):
        products = [factor * y.at(term, column) for term, factor in enumerate(terms)]
        body.append(declare(f"const {type}", name, chain("+", products or [0])))
    body += [assign(result.at(i, column), name) for column, name in enumerate(sums)]
    is_simd = can_vectorise([x], 0, 1) and can_vectorise([result], 0, 1)
    directive = SIMD if is_simd else None
    if epilogue is None or epilogue.head is None or not epilogue.has_rows or columns > UNROLLED:
        return [loop(i, x.shape[0], body, directive)]
    body += [epilogue.column(column, name) for column, name in enumerate(sums)]
    divided = shared_nest((x.shape[0], columns))
    if divided is not None and is_simd:
        divided = replace(divided, is_simd=can_vectorise(epilogue.views, 0, -1))
    return Fused([loop(i, x.shape[0], body, divided or directive)])


def _unrolled_terms(x: Array, y: Array, result: Array, rows: int, columns: int) -> list[Code]:
    """A loop over the terms of all sums at once, or one for each sum, with the same lanes."""
    places = [(row, column) for row in range(rows) for column in range(columns)]
    if can_vectorise([x], 1, 0) and can_vectorise([y], 0, 1):
        return [_sums_of_terms(x, y, result, places)]
    return [_sums_of_terms(x, y, result, [place]) for place in places]


def _sums_of_terms(x: Array, y: Array, result: Array, places: Sequence[tuple[int, int]]) -> Code:
    k = variable("k")
    sums = {place: variable(f"z{place[0]}_{place[1]}") for place in places}
    body = [assign(name, x.at(row, k) * y.at(k, column), sign="+=") for (row, column), name in sums.items()]
    directive = Directive(is_simd=True, lanes=LANES, reductions={"+": [*sums.values()]})
    return block(
        [
            declare_all(x.c_type, *((name, 0) for name in sums.values())),
            loop(k, x.shape[1], body, directive),
            *(assign(result.at(row, column), name) for (row, column), name in sums.items()),
        ]
    )


def _plain(x: Array, y: Array, result: Array) -> list[Code]:
    """Three loops, for element types that BLAS does not know."""
    i, j, k, total = map(variable, ("i", "j", "k", "total"))
    element = [
        declare(x.c_type, total, 0),
        loop(k, x.shape[1], [assign(total, x.at(i, k) * y.at(k, j), sign="+=")]),
        assign(result.at(i, j), total),
    ]
    return [loop(i, x.shape[0], [loop(j, y.shape[1], element)])]
