"""The kernel of orders."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.numpy.kernels.registry import KernelCall, kernel
from nnc.ops.ordering import ArgSort, write_order


@kernel(ArgSort)
def argsort(call: KernelCall) -> Sequence[str]:
    """NumPy's own, which has no place for its result: this kernel, unlike others, allocates."""
    assert isinstance(call.op, ArgSort)
    return [f"{call.function(write_order)}({call.operands[0]}, {call.result}, {call.op.descending})"]
