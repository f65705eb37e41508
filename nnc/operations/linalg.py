"""Operations of linear algebra: systems of equations, determinants and factors of matrices, by elimination.

Each is a loop over the columns, in which whatever is done to one matrix is done to all of a batch at once.
"""

from __future__ import annotations

import numpy

from nnc.errors import ModelError
from nnc.ir import Dim, Value, broadcast_shapes, ops
from nnc.ir.ops.comparison import Less
from nnc.ir.ops.elementwise import apply
from nnc.operations.registry import operation


@operation("Inv", module="linalg")
def inv(x: Value) -> Value:
    """Return the inverses of matrices; NaN or inf where there is none, where Keras on TensorFlow raises an error."""
    length = _length("Inv", x)
    return _solved(x, x.graph.constant(numpy.eye(length), x.dtype))


@operation("Solve", module="linalg", promotes=True)
def solve(a: Value, b: Value) -> Value:
    """Return x of a x = b, for one right side or, where b has as many axes as a, for one per column.

    Raises:
        ModelError: a holds no square matrices of a known size, or b has other rows.
    """
    return _for_columns("Solve", a, b)


@operation("SolveTriangular", module="linalg", promotes=True)
def solve_triangular(a: Value, b: Value, lower: bool = False) -> Value:
    """Return x of a x = b, where of a only the triangle above the diagonal, or below, counts.

    Raises:
        ModelError: a holds no square matrices of a known size, or b has other rows.
    """
    return _for_columns("SolveTriangular", _triangle("SolveTriangular", a, lower), b)


@operation("Det", module="linalg")
def det(x: Value) -> Value:
    """Return the determinants of matrices.

    The derivative of that of a singular matrix is not a number.

    Raises:
        ModelError: x holds no square matrices of a known size.
    """
    pivots, sign = _pivots("Det", x)
    return _product(sign, pivots)


@operation("Slogdet")
def slogdet(x: Value) -> tuple[Value, Value]:
    """Return the signs of the determinants of matrices, and the logarithms of their magnitudes.

    Raises:
        ModelError: x holds no square matrices of a known size.
    """
    pivots, sign = _pivots("Slogdet", x)
    return _product(sign, ops.stop_gradient(ops.sign(pivots))), ops.sum(ops.log(ops.absolute(pivots)), 0)


def _product(first: Value, others: Value) -> Value:
    """Return a value multiplied by others, which stand along a first axis."""
    (found,), _ = ops.scan(lambda carries, elements, others: ([carries[0] * elements[0]], []), [first], [others])
    return found


def _pivots(what: str, x: Value) -> tuple[Value, Value]:
    """Return the pivots of an elimination, columns first, and -1 where rows were exchanged an odd number of times."""
    length = _length(what, x)
    batch, one = x.shape[:-2], x.graph.constant(1.0, x.dtype)

    def step(carries: list[Value], elements: list[Value], others: list[Value]) -> tuple[list[Value], list[Value]]:
        (matrix, free, sign), (column,), (order,) = carries, elements, others
        row = _pivot(matrix, free, column)
        # as many exchanges as there are free rows above the pivot
        above = ops.sum(ops.cast(apply(Less(), order, ops.sum(row * order, -1, keepdims=True)), x.dtype) * free, -1)
        turned = 1.0 - 2.0 * (above - 2.0 * ops.floor(above * 0.5))
        matrix, _, pivot = _eliminated(matrix, row, column, free - row, may_be_singular=True)
        return [matrix, free - row, sign * turned], [ops.reshape(pivot, batch)]

    start = [x, ops.broadcast_to(one, x.shape[:-1]), ops.broadcast_to(one, batch)]
    order = x.graph.constant(numpy.arange(length), x.dtype)
    carries, (pivots,) = ops.scan(step, start, [_unit_rows(x, length)], [order])
    return pivots, carries[2]


@operation("Qr", module="linalg")
def qr(x: Value, mode: str = "reduced") -> tuple[Value, Value]:
    """Return orthogonal and upper triangular matrices whose products are x, by reflections.

    Args:
        x: matrices of a known size.
        mode: ``reduced``, or ``complete`` for square orthogonal matrices.

    Raises:
        ModelError: an argument is wrong.
    """
    if mode not in ("reduced", "complete"):
        raise ModelError(f"Qr: mode must be reduced or complete, got {mode!r}")
    if not x.type.is_floating or x.rank < 2 or not all(isinstance(dim, int) for dim in x.shape[-2:]):
        raise ModelError(f"Qr: the operand must hold matrices of floats of a known size, got {x.type}")
    rows, columns = int(x.shape[-2]), int(x.shape[-1])
    least = min(rows, columns)

    def step(carries: list[Value], elements: list[Value], others: list[Value]) -> tuple[list[Value], list[Value]]:
        (matrix, product), (column, here, below) = carries, elements
        found = ops.sum(matrix * column, -1)
        head, tail = ops.sum(found * here, -1, keepdims=True), found * below
        rest = ops.sum(ops.square(tail), -1, keepdims=True)
        is_done = ops.equal(rest, 0.0)  # then nothing is reflected
        size = ops.sqrt(ops.where(is_done, 1.0, ops.square(head) + rest))
        new = ops.where(head >= 0.0, -size, size)
        vector = here + tail / (head - new)
        share = ops.where(is_done, 0.0, (new - head) / new)
        across = _row(share * vector) @ matrix
        reflected = product @ _column(vector)
        return [matrix - _column(vector) * across, product - reflected * _row(share * vector)], []

    units = [numpy.eye(least, columns), numpy.eye(least, rows), numpy.tri(rows, least, -1).T]
    eye = ops.broadcast_to(x.graph.constant(numpy.eye(rows), x.dtype), (*x.shape[:-2], rows, rows))
    (matrix, product), _ = ops.scan(step, [x, eye], [x.graph.constant(item, x.dtype) for item in units], [])
    upper = ops.where(x.graph.constant(numpy.tri(columns, rows).T, "bool"), matrix, 0.0)
    if mode == "complete":
        return product, upper
    return ops.take(product, x.rank - 1, 0, least), ops.take(upper, x.rank - 2, 0, least)


@operation("Cholesky", module="linalg")
def cholesky(x: Value, upper: bool = False) -> Value:
    """Return the lower triangular matrices L of which x = L Lᵀ, or their transposes.

    Of x only the triangle below the diagonal counts, which also gets the whole derivative. Where x is not positive
    definite, the result is not a number; Keras on TensorFlow raises an error.

    Raises:
        ModelError: x holds no square matrices of a known size.
    """
    length = _length("Cholesky", x)

    def step(carries: list[Value], elements: list[Value], others: list[Value]) -> tuple[list[Value], list[Value]]:
        (matrix,), (unit, below) = carries, elements
        column = ops.reshape(matrix @ ops.reshape(unit, (length, 1)), x.shape[:-1])
        root = ops.sqrt(ops.sum(column * unit, -1, keepdims=True))
        column = column * below / root
        return [matrix - _column(column) * _row(column)], [column]

    below = x.graph.constant(numpy.tri(length).T, x.dtype)
    _, (columns,) = ops.scan(step, [x], [_unit_rows(x, length), below], [])
    order = tuple(range(1, x.rank))
    return ops.transpose(columns, (*order[:-1], 0, order[-1]) if upper else (*order, 0))


@operation("CholeskyInverse", module="linalg")
def cholesky_inverse(x: Value, upper: bool = False) -> Value:
    """Return the inverses of matrices whose Cholesky factors are given.

    Raises:
        ModelError: x holds no square matrices of a known size.
    """
    inverse = inv(_triangle("CholeskyInverse", x, not upper))
    first, second = (inverse, _transposed(inverse)) if upper else (_transposed(inverse), inverse)
    return first @ second


@operation("Logdet", module="math")
def logdet(x: Value) -> Value:
    """Return the logarithms of the determinants of positive definite matrices, not a number for others.

    Raises:
        ModelError: x holds no square matrices of a known size.
    """
    unit = x.graph.constant(numpy.eye(_length("Logdet", x)), x.dtype)
    diagonal = ops.sum(cholesky(x) * unit, -1)
    return 2.0 * ops.sum(ops.log(diagonal), -1)


def _length(what: str, x: Value) -> int:
    """Return the number of rows of square matrices.

    Raises:
        ModelError: x holds none, or their size is not known before the run.
    """
    if not x.type.is_floating or x.rank < 2 or x.shape[-1] != x.shape[-2] or not isinstance(x.shape[-1], int):
        raise ModelError(f"{what}: the operand must hold square matrices of floats of a known size, got {x.type}")
    return x.shape[-1]


def _triangle(what: str, x: Value, lower: bool) -> Value:
    kept = numpy.tri(_length(what, x))
    return ops.where(x.graph.constant(kept if lower else kept.T, "bool"), x, 0.0)


def _transposed(x: Value) -> Value:
    return ops.transpose(x, (*range(x.rank - 2), x.rank - 1, x.rank - 2))


def _unit_rows(x: Value, length: int) -> Value:
    return x.graph.constant(numpy.eye(length), x.dtype)


def _column(x: Value) -> Value:
    return ops.reshape(x, (*x.shape, 1))


def _row(x: Value) -> Value:
    return ops.reshape(x, (*x.shape[:-1], 1, x.shape[-1]))


def _pivot(matrix: Value, free: Value, column: Value) -> Value:
    """Return 1 for the free row that has the largest element in a column, and 0 for the others.

    Args:
        matrix: (batch…, rows, columns).
        free: 1 for rows that were no pivot, (batch…, rows).
        column: 1 for the column, (columns).
    """
    sizes = ops.absolute(ops.sum(matrix * column, -1))
    rows = int(matrix.shape[-2])
    return ops.one_hot(ops.argmax(ops.where(free > 0.5, sizes, -1.0), -1), rows, matrix.dtype)


def _eliminated(
    matrix: Value, row: Value, column: Value, changed: Value, may_be_singular: bool = False
) -> tuple[Value, Value, Value]:
    """Return matrices with zeros in a column in the rows that change, the pivot's row, and the pivot.

    Args:
        matrix: (batch…, rows, columns).
        row: 1 for the pivot's row, (batch…, rows).
        column: 1 for its column, (columns).
        changed: 1 for the rows that change, (batch…, rows).
        may_be_singular: whether nothing is subtracted where the pivot is 0; the derivative there is not a number.
    """
    pivots = ops.sum(matrix * _column(row), -2, keepdims=True)
    pivot = ops.sum(pivots * column, -1, keepdims=True)
    factors = ops.sum(matrix * column, -1, keepdims=True) * _column(changed)
    ratios = pivots / pivot
    if may_be_singular:
        is_zero = ops.broadcast_to(ops.equal(pivot, 0.0), ratios.shape)
        ratios = ops.where(is_zero, 0.0, ratios)
    return matrix - factors * ratios, pivots, pivot


def _for_columns(what: str, a: Value, b: Value) -> Value:
    length = _length(what, a)
    is_vector = b.rank == a.rank - 1
    right = _column(b) if is_vector else b
    if right.rank < 2 or right.shape[-2] != length:
        raise ModelError(f"{what}: a and b must have as many rows, got {a.type} and {b.type}")
    found = _solved(a, right)
    return ops.reshape(found, found.shape[:-1]) if is_vector else found


def _solved(a: Value, b: Value) -> Value:
    """Return x of a x = b, by elimination below and above the diagonal, with the largest pivot of each column."""
    length = int(a.shape[-1])
    batch: tuple[Dim, ...] = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    sides = [ops.broadcast_to(part, (*batch, *part.shape[-2:])) for part in (a, b)]
    whole = ops.concatenate(sides, len(batch) + 1)
    width = int(whole.shape[-1])

    def step(carries: list[Value], elements: list[Value], others: list[Value]) -> tuple[list[Value], list[Value]]:
        (matrix, free), (column,) = carries, elements
        row = _pivot(matrix, free, column)
        matrix, pivots, pivot = _eliminated(matrix, row, column, 1.0 - row)
        scaled = ops.where(_column(row) > 0.5, pivots / pivot, matrix)
        return [scaled, free - row], [row]

    columns = a.graph.constant(numpy.eye(length, width), a.dtype)
    free = ops.broadcast_to(a.graph.constant(1.0, a.dtype), (*batch, length))
    (last, _), (rows,) = ops.scan(step, [whole, free], [columns], [])
    order = ops.transpose(rows, (*range(1, rows.rank - 1), 0, rows.rank - 1))
    return order @ ops.take(last, last.rank - 1, length, width)
