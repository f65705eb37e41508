"""Operands that no run changes, in the layout that a kernel reads best: made once for each change of the states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nnc.ir import Dim, Op, TensorType
from nnc.ir.decisions import Reason
from nnc.plan.allocate import ALIGNMENT

if TYPE_CHECKING:
    from nnc.plan.plan import Plan


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


Prepack = Callable[[Op, Sequence[TensorType], Sequence[TensorType]], Prepacked | None]
"""The packed form that a backend's kernel reads instead of an operand, from the types of operands and results."""
Position = tuple[tuple[int, ...], int]
"""A step: the scans that it lies in, and its number in the innermost plan."""


def no_prepack(*_: object) -> None:
    """Return nothing, for kernels that take their operands as they are."""


def without_packing(prepack: Prepack, obstacle: Reason) -> Prepack:
    """Return a rule by which kernels take their operands as they are where they would not by another one.

    Args:
        prepack: the other rule.
        obstacle: why, as of `nnc.ir.decisions.decide`.
    """

    def refused(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
        found = prepack(op, operands, results)
        return None if found is None else replace(found, obstacle=obstacle)

    return refused


def prepacked_steps(plan: Plan, path: tuple[int, ...] = ()) -> Iterator[tuple[Position, Prepacked]]:
    """Yield the steps that read such a thing, those in the bodies of scans too."""
    for index, found in plan.storage.prepacked.items():
        yield (path, index), found
    for index, loop in plan.storage.loops.items():
        yield from prepacked_steps(loop.plan, (*path, index))


def prepacked_offsets(plan: Plan) -> tuple[dict[Position, int], int]:
    """Return at which byte of their own memory each of these things begins, and the bytes of all together."""
    offsets: dict[Position, int] = {}
    end = 0
    for position, found in prepacked_steps(plan):
        offsets[position] = end
        end += -(-found.type.nbytes // ALIGNMENT) * ALIGNMENT
    return offsets, end
