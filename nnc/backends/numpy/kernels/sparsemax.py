"""The kernel of sparsemax."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.numpy.kernels.registry import KernelCall, kernel
from nnc.ir.ops.sparsemax import Sparsemax, write_sparsemax


@kernel(Sparsemax)
def sparsemax(call: KernelCall) -> Sequence[str]:
    """Sorts copies of the operand: this kernel, unlike others, allocates."""
    assert isinstance(call.op, Sparsemax)
    return [f"{call.function(write_sparsemax)}({call.operands[0]}, {call.result}, {call.op.axis})"]
