"""Kernels of reductions and matrix products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from nnc.backends.numpy.kernels.registry import KernelCall, kernel
from nnc.ops import reduction
from nnc.ops.matmul import MatMul


@kernel(reduction.Sum, reduction.Max)
def reduce(call: KernelCall) -> Sequence[str]:
    """The ufunc's reduce method."""
    op = call.op
    assert isinstance(op, reduction.Reduction)
    function = call.function(op.ufunc.reduce, f"{op.ufunc.__name__}_reduce")
    keepdims = ", True" if op.keepdims else ""
    axes = op.axes[0] if len(op.axes) == 1 else op.axes
    return [f"{function}({call.operands[0]}, {axes}, None, {call.result}{keepdims})"]


@kernel(reduction.ArgMax)
def argmax(call: KernelCall) -> Sequence[str]:
    """The array's own method, which has less overhead than the function."""
    assert isinstance(call.op, reduction.ArgMax)
    return [f"{call.operands[0]}.argmax({call.op.axis}, {call.result})"]


@kernel(MatMul)
def matmul(call: KernelCall) -> Sequence[str]:
    """One product; BLAS reads transposed operands where they lie."""
    return [f"{call.function(numpy.matmul)}({', '.join(call.operands)}, {call.result})"]
