"""Applies an op of a loop's body to all time steps at once, which moves it out of the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nnc.ir import Dim, Op, Value, size_of
from nnc.ir.ops.convolution import Convolution
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.matmul import MatMul
from nnc.ir.ops.movement import (
    BroadcastTo,
    Concatenate,
    Flip,
    Reshape,
    Scatter,
    Slice,
    Transpose,
    broadcast_to,
    reshape,
)
from nnc.ir.ops.reduction import Reduction


@dataclass(frozen=True)
class Operand:
    """An operand of a body's op, outside of the body.

    Args:
        value: the value; where it is stacked, its first axis is time.
        stacked: whether it differs from step to step.
    """

    value: Value
    stacked: bool

    @property
    def rank(self) -> int:
        """Rank in one step."""
        return self.value.rank - self.stacked


Rule = Callable[[Op, Dim, Sequence[Operand]], Value | None]


def lift(op: Op, time: Dim, operands: Sequence[Operand]) -> Value | None:
    """Return the results of all steps, stacked, or None where there is no rule for the op.

    Args:
        op: an op of the body.
        time: number of steps.
        operands: its operands; at least one is stacked.
    """
    rule = next((rule for kind, rule in RULES.items() if isinstance(op, kind)), _aligned if op.elementwise else None)
    return None if rule is None else rule(op, time, operands)


def can_lift(op: Op, same: int) -> bool:
    """Return whether `lift` has a rule for the op where the operand at position `same` is the same in each step."""
    if isinstance(op, Convolution):
        return same == 1
    return op.elementwise or isinstance(op, tuple(RULES))


def _aligned(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    """Broadcasting lines axes up from the end: a stacked operand of lower rank gets axes of length 1 behind time."""
    rank = max(operand.rank for operand in operands)
    return apply(op, *(_with_rank(operand, rank) for operand in operands))


def _with_rank(operand: Operand, rank: int) -> Value:
    value = operand.value
    if not operand.stacked or operand.rank == rank:
        return value
    return reshape(value, (value.shape[0], *(1,) * (rank - operand.rank), *value.shape[1:]))


def _matmul(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    """All rows of all steps in one product where the matrix on the right is the same."""
    x, y = operands
    if x.stacked and not y.stacked and y.rank == 2:
        rows = reshape(x.value, (size_of(x.value.shape[:-1]), x.value.shape[-1]))
        return reshape(apply(op, rows, y.value), (*x.value.shape[:-1], y.value.shape[-1]))
    return _aligned(op, time, operands)


def _reshape(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    assert isinstance(op, Reshape)
    return reshape(operands[0].value, (time, *op.shape))


def _transpose(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    assert isinstance(op, Transpose)
    return apply(Transpose((0, *(axis + 1 for axis in op.axes))), operands[0].value)


def _convolution(op: Op, time: Dim, operands: Sequence[Operand]) -> Value | None:
    """All steps of all rows in one convolution where the kernel is the same."""
    x, kernel = operands
    if kernel.stacked:
        return None
    folded = reshape(x.value, (time * x.value.shape[1], *x.value.shape[2:]))
    found = apply(op, folded, kernel.value)
    return reshape(found, (time, x.value.shape[1], *found.shape[1:]))


def _flip(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    assert isinstance(op, Flip)
    return apply(Flip(tuple(axis + 1 for axis in op.axes)), operands[0].value)


def _broadcast(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    assert isinstance(op, BroadcastTo)
    return broadcast_to(_with_rank(operands[0], len(op.shape)), (time, *op.shape))


def _slice(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    assert isinstance(op, Slice)
    return apply(replace(op, starts=(0, *op.starts), stops=(-1, *op.stops), steps=(1, *op.steps)), operands[0].value)


def _scatter(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    assert isinstance(op, Scatter)
    longer = replace(op, shape=(time, *op.shape), starts=(0, *op.starts), stops=(-1, *op.stops), steps=(1, *op.steps))
    return apply(longer, operands[0].value)


def _concatenate(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    assert isinstance(op, Concatenate)
    parts = [
        operand.value if operand.stacked else broadcast_to(operand.value, (time, *operand.value.shape))
        for operand in operands
    ]
    return apply(Concatenate(op.axis + 1), *parts)


def _reduction(op: Op, time: Dim, operands: Sequence[Operand]) -> Value:
    assert isinstance(op, Reduction)
    return apply(replace(op, axes=tuple(axis + 1 for axis in op.axes)), operands[0].value)


RULES: dict[type[Op], Rule] = {
    BroadcastTo: _broadcast,
    Concatenate: _concatenate,
    Convolution: _convolution,
    Flip: _flip,
    MatMul: _matmul,
    Reduction: _reduction,
    Reshape: _reshape,
    Scatter: _scatter,
    Slice: _slice,
    Transpose: _transpose,
}
