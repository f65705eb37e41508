"""Kernels of sums and products up to each element."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.numpy.kernels.registry import KernelCall, kernel
from nnc.ops.accumulation import Accumulation, CumulativeProduct, CumulativeSum


@kernel(CumulativeProduct, CumulativeSum)
def accumulate(call: KernelCall) -> Sequence[str]:
    """The ufunc's accumulate method."""
    op = call.op
    assert isinstance(op, Accumulation)
    function = call.function(op.ufunc.accumulate, f"{op.ufunc.__name__}_accumulate")
    return [f"{function}({call.operands[0]}, {op.axis}, None, {call.result})"]
