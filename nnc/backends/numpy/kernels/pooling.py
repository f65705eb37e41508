"""Kernels of pooling: one pass over shifted views per position inside a window, which no copies of windows need.

Resizing is one pass per neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy

from nnc.backends.numpy.kernels.registry import Arrays, KernelCall, kernel
from nnc.ir import Op, TensorType
from nnc.ir.ops.pooling import MaxPool, MaxPoolGradient, Resize, SumPool, SumPoolGradient, WindowOp

Array = Any
Band = tuple[Array, Array, Sequence[tuple[Array, ...]], Sequence[Array]]
"""Some rows: a workspace like the cotangent, the cotangent, the positions in the windows, and the last position.

For each position the elements there, and for the windows that have it inside the maxima, the remaining cotangents, two
workspaces of bool and float, and the elements of the result. At a last position that all windows have inside, the
elements of the result: what no other position has taken is theirs.
"""
BAND_ELEMENTS = 64 * 1024
"""Elements of a workspace of one band."""


def combine(function: numpy.ufunc, result: Array, whole: Sequence[Array], parts: Sequence[tuple[Array, Array]]) -> None:
    """Write a ufunc over positions of windows into `result`.

    Args:
        function: maximum or add.
        result: one element per window.
        whole: for each position that lies inside in every window, the elements there; none where there are no windows.
        parts: for each other position the windows of the result that have it inside, and the elements there.
    """
    if len(whole) == 1:
        numpy.copyto(result, whole[0])
    elif whole:
        function(whole[0], whole[1], out=result)
    for elements in whole[2:]:
        function(result, elements, out=result)
    for windows, elements in parts:
        function(windows, elements, out=windows)


def _combination(call: KernelCall, function: numpy.ufunc) -> Sequence[str]:
    op, operand, result = call.op, call.operands[0], call.result
    assert isinstance(op, WindowOp)

    def split(arrays: Arrays) -> tuple[list[Array], list[tuple[Array, Array]]]:
        x, pooled = arrays[operand], arrays[result]
        pairs = [(pooled[windows], x[inside]) for inside, windows in op.parts(x.shape)]
        whole = [elements for windows, elements in pairs if windows.shape == pooled.shape]
        return whole, [(windows, elements) for windows, elements in pairs if windows.shape != pooled.shape]

    whole = call.derive(f"{operand}_windows", lambda arrays: split(arrays)[0])
    parts = call.derive(f"{operand}_edges", lambda arrays: split(arrays)[1])
    return [f"{call.function(combine)}({call.function(function)}, {result}, {whole}, {parts})"]


@kernel(MaxPool)
def max_pool(call: KernelCall) -> Sequence[str]:
    """Maxima of shifted views."""
    return _combination(call, numpy.maximum)


@kernel(SumPool)
def sum_pool(call: KernelCall) -> Sequence[str]:
    """Sums of shifted views."""
    return _combination(call, numpy.add)


def give_to_maxima(bands: Sequence[Band], add: bool) -> None:
    """Give each window's cotangent to its first largest element, band after band.

    What an element has taken is subtracted from its window's remaining cotangent, so that equal ones get nothing.

    Args:
        bands: some rows of the batch at a time, few enough to stay in the cache.
        add: whether windows overlap, so that the result is added to.
    """
    for remaining, cotangent, parts, last in bands:
        numpy.copyto(remaining, cotangent)
        for elements, maxima, left, chosen, share, target in parts:
            numpy.equal(elements, maxima, out=chosen)
            numpy.copyto(share, chosen)  # ufuncs would convert piece by piece, more slowly
            numpy.multiply(share, left, out=share)
            if add:
                numpy.add(target, share, out=target)
            else:
                numpy.copyto(target, share)
            numpy.subtract(left, share, out=left)
        for target in last:
            if add:
                numpy.add(target, remaining, out=target)
            else:
                numpy.copyto(target, remaining)


def _maxima_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    assert isinstance(op, MaxPoolGradient)
    pooled = operands[1]
    rows, *others = pooled.shape
    if _has_rows(op) and all(isinstance(dim, int) for dim in others):
        fitting = max(1, BAND_ELEMENTS // max(1, prod(int(dim) for dim in others)))
        rows = min(rows, fitting) if isinstance(rows, int) else fitting
    band = pooled.with_shape((rows, *others))
    return band, band, band.with_dtype("bool")


@kernel(MaxPoolGradient, workspace=_maxima_workspace)
def max_pool_gradient(call: KernelCall) -> Sequence[str]:
    """Comparisons of shifted views with the maxima, without indices of the largest elements."""
    op = call.op
    assert isinstance(op, MaxPoolGradient)

    def bands(arrays: Arrays) -> list[Band]:
        wanted = [arrays[name] for name in (*call.operands, call.result)]
        spaces = [arrays[name] for name in call.workspace]
        total, rows = len(wanted[2]), max(1, len(spaces[0]))
        if not _has_rows(op):
            return [_band(op, wanted, spaces)]
        return [
            _band(op, [array[start : start + rows] for array in wanted], [space[: total - start] for space in spaces])
            for start in range(0, total, rows)
        ]

    found = call.derive(f"bands_of_{call.result}", bands)
    return [
        *_clear(call, op, call.result_types[0]),
        f"{call.function(give_to_maxima)}({found}, {_overlaps(op)})",
    ]


def _has_rows(op: WindowOp) -> bool:
    """Whether windows lie within rows, so that some rows may be computed at a time."""
    return op.window[0] == op.strides[0] == 1


def _band(op: WindowOp, arrays: Sequence[Array], spaces: Sequence[Array]) -> Band:
    """Return what `give_to_maxima` needs for the rows of operand, maxima, cotangent and result, and of workspaces."""
    x, maxima, cotangent, result = arrays
    remaining, share, chosen = spaces
    places = list(op.parts(x.shape))
    last = []
    if places and cotangent[places[-1][1]].shape == cotangent.shape:
        last.append(result[places.pop()[0]])
    parts = [
        (x[inside], *(array[windows] for array in (maxima, remaining, chosen, share)), result[inside])
        for inside, windows in places
    ]
    return remaining, cotangent, parts, last


def give_to_all(parts: Sequence[tuple[Array, Array]], add: bool) -> None:
    """Give each window's cotangent to all its elements.

    Args:
        parts: for each position in the windows the elements of the result there, and the windows' cotangents.
        add: whether windows overlap, so that the result is added to.
    """
    for target, cotangents in parts:
        if add:
            numpy.add(target, cotangents, out=target)
        else:
            numpy.copyto(target, cotangents)


@kernel(SumPoolGradient)
def sum_pool_gradient(call: KernelCall) -> Sequence[str]:
    """Copies to shifted views of the result."""
    op, (cotangent,), result = call.op, call.operands, call.result
    assert isinstance(op, SumPoolGradient)

    def parts(arrays: Arrays) -> list[tuple[Array, Array]]:
        target = arrays[result]
        return [(target[inside], arrays[cotangent][windows]) for inside, windows in op.parts(target.shape)]

    windows = call.derive(f"{result}_windows", parts)
    return [
        *_clear(call, op, call.result_types[0]),
        f"{call.function(give_to_all)}({windows}, {_overlaps(op)})",
    ]


def _overlaps(op: WindowOp) -> bool:
    return any(window > stride for window, stride in zip(op.window, op.strides, strict=True))


def _clear(call: KernelCall, op: WindowOp, type: TensorType) -> Sequence[str]:
    """Zeros first, unless every element is in exactly one window, whatever the run-time dimensions are."""
    once = op.window == op.strides and all(
        window == 1 or op.padding == "same" or (isinstance(length, int) and length % window == 0)
        for length, window in zip(type.shape, op.window, strict=True)
    )
    return [] if once else [f"{call.result}.fill(0)"]


Neighbours = tuple[int, Sequence[tuple[Array, Array]], Sequence[Array]]
"""An axis; for each neighbour the places along it, and the weights; and what the axis is multiplied by, where it is.

That is a matrix and all numbers as matrices, in the order of the factors, the product, and all numbers as a vector.
"""
_SHORT = 64
"""Elements of an axis, for each neighbour, up to which a product with all of them is faster."""


def add_neighbours(x: Array, neighbours: Neighbours, spare: Array, out: Array) -> None:
    """Write the sums of neighbours along an axis into `out`; `spare` is another array like it."""
    axis, tables, matrices = neighbours
    if matrices:
        first, second, product, numbers = matrices
        if numpy.isfinite(numbers.dot(numbers)):  # others would spread along the axis, times zeros of the matrix
            numpy.matmul(first, second, product)
            return
    for number, (places, weights) in enumerate(tables):
        target = spare if number else out
        x.take(places, axis, target, "clip")
        numpy.multiply(target, weights, target)
        if number:
            numpy.add(out, target, out)


def _resize_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    return results


@kernel(Resize, workspace=_resize_workspace)
def resize(call: KernelCall) -> Sequence[str]:
    """A product with the matrix where the axis is short, else all first neighbours times their weights, and so on."""
    op, (x,), result, (spare,) = call.op, call.operands, call.result, call.workspace
    assert isinstance(op, Resize)
    axis = op.axis

    def neighbours(arrays: Arrays) -> Neighbours:
        given, out = arrays[x], arrays[result]
        old, new, after = given.shape[axis], out.shape[axis], given.shape[axis + 1 :]
        starts, weights = op.band(old, new)
        columns = weights.T.astype(out.dtype)
        tables = [(starts + place, column.reshape(-1, *[1] * len(after))) for place, column in enumerate(columns)]
        if old > _SHORT * len(columns):
            return axis, tables, ()
        matrix = numpy.zeros((new, old), out.dtype)
        numpy.put_along_axis(matrix, starts[:, None] + numpy.arange(len(columns)), weights, 1)
        before, inner = prod(given.shape[:axis]), [prod(after)] if after else []
        seen, product = given.reshape(before, old, *inner), out.reshape(before, new, *inner)
        factors = (matrix, seen) if after else (seen, matrix.T)
        return axis, tables, (*factors, product, given.reshape(-1))

    known = call.derive(f"{result}_neighbours", neighbours)
    return [f"{call.function(add_neighbours)}({x}, {known}, {spare}, {result})"]
