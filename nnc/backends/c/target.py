"""The target of the C backend: loop nests, and what its kernels need, which are loaded when they are first asked."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.strips import packs_for_few_rows, strips_of
from nnc.ir import Dim, Op, TensorType
from nnc.target import KernelNeeds, Prepacked, Target


class CNeeds(KernelNeeds):
    """The needs of C kernels.

    Args:
        packs: whether they read weights in a layout of their own.
    """

    def __init__(self, packs: bool = True) -> None:
        self.packs = packs

    def workspace(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
        """Return what the kernel of an op needs; see `nnc.backends.c.source.kernel_workspace`."""
        from nnc.backends.c.source import kernel_workspace

        return kernel_workspace(op, operands, results)

    def prepacked(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
        """Return what the kernel of an op reads instead of an operand that no run changes."""
        if not self.packs:
            return None
        from nnc.backends.c.source import kernel_prepack

        return kernel_prepack(op, operands, results)

    def packs_for_few_rows(self, nbytes: int) -> bool:
        """Return whether runs of too few rows read packed operands too, if all of them have so many bytes."""
        return self.packs and packs_for_few_rows(nbytes)

    def strips(self, dtype: str, inner: Dim, columns: Dim) -> Dim:
        """Return the elements of a right matrix in strips; see `nnc.backends.c.strips`."""
        return strips_of(dtype, inner, columns) if self.packs else 0


TARGET = Target(CNeeds(), in_nests=True)
WITHOUT_PACKING = Target(CNeeds(packs=False), in_nests=True)
"""The target of code that reads weights where they lie, as exported code does."""
