"""Kernels of random numbers and of other ops with a helper of their own."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.numpy.kernels.registry import Arrays, KernelCall, kernel
from nnc.ir import Op, TensorType
from nnc.ir.ops.random import RandomUniform, element_counters, fill_uniform


def _uniform_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    words = TensorType("uint32", (results[0].size,))
    return words, words


@kernel(RandomUniform, workspace=_uniform_workspace)
def random_uniform(call: KernelCall) -> Sequence[str]:
    """Scrambles the element numbers with the key."""
    op, result = call.op, call.result
    assert isinstance(op, RandomUniform)

    def flat(arrays: Arrays) -> object:
        return arrays[result].reshape(-1)

    vector = call.derive(f"{result}_flat", flat)
    counters = call.derive(f"{result}_counters", lambda arrays: element_counters(arrays[result].size))
    arguments = [call.operands[0], str(op.stream), counters, *call.workspace, vector, *call.operands[1:]]
    return [f"{call.function(fill_uniform)}({', '.join(arguments)})"]
