"""A target: what a backend wants of the graphs and plans that are made for it, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnc.ir import Dim, Op, TensorType
from nnc.ir.decisions import Reason

TILE_ELEMENTS = 32 * 1024
"""Elements of one tile of an elementwise fusion: a few float32 tiles stay in a 1 MiB second-level cache."""


@dataclass(frozen=True, slots=True)
class Prepacked:
    """The packed form that a kernel reads instead of an operand that no run changes.

    Args:
        operand: position of the operand.
        type: element type and size of what is read.
        rows: of the result, perhaps with symbols.
        least: rows from which on it is read.
        workspace: what the kernel needs then, beside operands and results.
        obstacle: why the kernel takes the operand as it is all the same; empty where nothing is against.
    """

    operand: int
    type: TensorType
    rows: Dim
    least: int
    workspace: tuple[TensorType, ...] = ()
    obstacle: Reason = ()

    def is_read(self, bindings: Mapping[str, int]) -> bool:
        """Whether runs of these sizes read it."""
        rows = self.rows if isinstance(self.rows, int) else self.rows.bind(bindings)
        return rows >= self.least


class KernelNeeds:
    """The needs of a backend's kernels beside operands and results; these need nothing.

    A backend whose kernels do overrides what they ask for.
    """

    def workspace(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
        """Return the arrays that the kernel of an op needs, from the types of operands and results.

        Raises:
            MissingKernelError: the backend has no kernel for the op.
        """
        return ()

    def prepacked(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
        """Return the packed form that the kernel of an op reads instead of an operand, None where there is none."""
        return None

    def packs_for_few_rows(self, nbytes: int) -> bool:
        """Return whether runs of too few rows read packed operands too, if all of them have so many bytes."""
        return False

    def strips(self, dtype: str, inner: Dim, columns: Dim) -> Dim:
        """Return the elements that a right matrix takes in the layout in which products read it again and again.

        0 where they read it as it is.
        """
        return 0

    def recalled_source(self, plan: Any) -> Any:
        """Return the source of a plan as an earlier process has printed it; None where it is to be printed."""
        return None

    def remember(self, source: Any) -> None:
        """Keep what later processes may recall of a source that has been compiled."""

    @property
    def is_lasting(self) -> bool:
        """Whether later processes may take a plan that was made with these needs as it is."""
        return False


NOTHING = KernelNeeds()


class Unpacked(KernelNeeds):
    """Kernels that take their operands as they are, where others would pack them.

    Args:
        needs: those of the others.
        obstacle: why nothing is packed, as of `nnc.ir.decisions.decide`.
    """

    def __init__(self, needs: KernelNeeds, obstacle: Reason) -> None:
        self.needs, self.obstacle = needs, obstacle

    def workspace(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
        """Return what the kernel needs all the same."""
        return self.needs.workspace(op, operands, results)

    def prepacked(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
        """Return what would be packed, with the obstacle."""
        found = self.needs.prepacked(op, operands, results)
        return None if found is None else replace(found, obstacle=self.obstacle)

    def strips(self, dtype: str, inner: Dim, columns: Dim) -> Dim:
        """Return what the others need: such matrices are no operands that a run finds packed."""
        return self.needs.strips(dtype, inner, columns)


@dataclass(frozen=True)
class Target:
    """The wishes of a backend, for `nnc.passes.lower` and `nnc.plan.make_plan`.

    Args:
        needs: what its kernels need beside operands and results.
        tile: elements of a tile of elementwise fusions over long vectors, which run tile by tile then; None runs them
            in one piece.
        in_nests: whether elementwise steps run in loop nests that the backend prints, with what stays inside in
            registers; then nothing is tiled, and graphs are cut for such loops (passes ``sink`` and ``split``).
    """

    needs: KernelNeeds = NOTHING
    tile: int | None = TILE_ELEMENTS
    in_nests: bool = False

    def unpacked(self, obstacle: Reason) -> Target:
        """Return the target with kernels that take all operands as they are.

        Args:
            obstacle: why, as of `nnc.ir.decisions.decide`.
        """
        return replace(self, needs=Unpacked(self.needs, obstacle))

    @property
    def in_loop(self) -> Target:
        """The target of the body of a loop, whose steps are too short for tiles."""
        return replace(self, tile=None)


PLAIN = Target(tile=None)
"""The target of whoever runs step by step and whose kernels need nothing."""
