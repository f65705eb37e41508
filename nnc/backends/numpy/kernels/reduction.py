"""Kernels of reductions and matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy

from nnc.backends.numpy.kernels.registry import Arrays, KernelCall, kernel
from nnc.ir import Op, TensorType
from nnc.ir.ops import reduction
from nnc.ir.ops.matmul import LaneMatMul, MatMul


@kernel(reduction.Max)
def reduce(call: KernelCall) -> Sequence[str]:
    """The ufunc's reduce method."""
    op = call.op
    assert isinstance(op, reduction.Reduction)
    function = call.function(op.ufunc.reduce, f"{op.ufunc.__name__}_reduce")
    keepdims = ", True" if op.keepdims else ""
    axes = op.axes[0] if len(op.axes) == 1 else op.axes
    return [f"{function}({call.operands[0]}, {axes}, None, {call.result}{keepdims})"]


@kernel(reduction.Sum)
def sum_(call: KernelCall) -> Sequence[str]:
    """The product with a vector of ones where the axes are the first or the last ones.

    Ten elements or a million, BLAS takes half the time of ``add.reduce`` or less, and it allocates nothing.
    """
    op, (x,), (type,) = call.op, call.operands, call.operand_types
    assert isinstance(op, reduction.Sum)
    count = len(op.axes)
    first, last = op.axes == tuple(range(count)), op.axes == tuple(range(type.rank - count, type.rank))
    kept_rank = 0 if first and last else 1
    has_shape = type.rank == 1 + kept_rank
    if not (type.is_floating and count and (first or last) and (has_shape or call.dense[0])):
        return reduce(call)
    matrix = x if has_shape else call.reshaped(x, "matrix", lambda shape: _as_matrix(shape, op.axes))
    target = call.result
    if call.result_types[0].rank != kept_rank:
        target = call.reshaped(target, "vector", lambda shape: (prod(shape),) * kept_rank)
    ones = call.derive(f"ones_{x}", lambda arrays: _ones(arrays, prod(arrays[x].shape[axis] for axis in op.axes), type))
    return [f"{ones}.dot({matrix}, {target})" if first else f"{matrix}.dot({ones}, {target})"]


def _ones(arrays: Arrays, count: int, type: TensorType) -> numpy.ndarray:
    """Return a vector of ones; all sums of a program share the longest one."""
    name = f"ones of {type.dtype}"
    if name not in arrays or len(arrays[name]) < count:
        arrays[name] = numpy.ones(count, type.dtype)
    ones: numpy.ndarray = arrays[name][:count]
    return ones


def _as_matrix(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape with the axes, which are the first or the last ones, joined to one, and the others too."""
    reduced = prod(shape[axis] for axis in axes)
    kept = prod(length for axis, length in enumerate(shape) if axis not in axes)
    if len(axes) == len(shape):
        return (reduced,)
    return (reduced, kept) if axes[0] == 0 else (kept, reduced)


def _argmax_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    assert isinstance(op, reduction.ArgMax)
    (x,) = operands
    if op.axis == x.rank - 1:
        return ()
    return (x.with_shape((*results[0].shape, x.shape[op.axis])),)


@kernel(reduction.ArgMax, workspace=_argmax_workspace)
def argmax(call: KernelCall) -> Sequence[str]:
    """The array's own method, which has less overhead than the function, over the last axis of x or of a copy."""
    op, (x,) = call.op, call.operands
    assert isinstance(op, reduction.ArgMax)
    if not call.workspace:
        return [f"{x}.argmax({op.axis}, {call.result})"]
    moved = call.derive(f"{x}_moved", lambda arrays: numpy.moveaxis(arrays[x], op.axis, -1))
    return [f"{call.workspace[0]}[...] = {moved}", f"{call.workspace[0]}.argmax(-1, {call.result})"]


@kernel(MatMul)
def matmul(call: KernelCall) -> Sequence[str]:
    """One product; BLAS reads transposed operands where they lie.

    The method has a third of the function's overhead, and takes the rows of all matrices at once.
    """
    (x, y), (first, second) = call.operands, call.operand_types
    if second.rank > 2 or not first.is_floating or (first.rank > 2 and not call.dense[0]):
        return [f"{call.function(numpy.matmul)}({x}, {y}, {call.result})"]
    if first.rank == 2:
        return [f"{x}.dot({y}, {call.result})"]
    rows = [call.reshaped(array, "rows", lambda shape: (prod(shape[:-1]), shape[-1])) for array in (x, call.result)]
    return [f"{rows[0]}.dot({y}, {rows[1]})"]


@kernel(LaneMatMul)
def lane_matmul(call: KernelCall) -> Sequence[str]:
    """One product for each lane, on views that have the lanes first."""
    x, y, result = (_lanes_first(call, array) for array in (*call.operands, call.result))
    return [f"{call.function(numpy.matmul)}({x}, {y}, {result})"]


def _lanes_first(call: KernelCall, array: str) -> str:
    rank = max(type.rank for type in call.operand_types)

    def view(arrays: Arrays) -> Any:
        moved = numpy.moveaxis(arrays[array], -1, 0)
        return moved[(slice(None), *[None] * (rank - moved.ndim))]

    return call.derive(f"{array}_by_lane", view)


@kernel(reduction.CumulativeProduct, reduction.CumulativeSum)
def accumulate(call: KernelCall) -> Sequence[str]:
    """The ufunc's accumulate method."""
    op = call.op
    assert isinstance(op, reduction.Accumulation)
    function = call.function(op.ufunc.accumulate, f"{op.ufunc.__name__}_accumulate")
    return [f"{function}({call.operands[0]}, {op.axis}, None, {call.result})"]
