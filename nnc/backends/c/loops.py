"""Loops over time: the body of a scan in place, with windows that move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, choice, infix, operand, variable
from nnc.backends.c.kernels import Unit
from nnc.backends.c.kernels.movement import copy_lines
from nnc.backends.c.statements import Code, Directive, Facts, Statement, block, declare, loop, pointer
from nnc.backends.c.text import symbol_text
from nnc.backends.c.thread_counts import PARALLEL_WORK, members, shared
from nnc.ir import Dim, Layout, symbol
from nnc.ir.ops.matmul import MatMul
from nnc.plan.loops import Carry
from nnc.plan.plan import LoopPlan

BLOCK_ROWS = 16
"""Rows that run through all steps together: their values stay in the first cache."""


class LoopWriter:
    """Writes the loop of a scan, block of rows by block of rows where each row is computed by itself.

    Args:
        loop: how the scan runs.
        operands: arrays of the first carries, the sequences, and what is the same in every step.
        results: arrays of the last carries and of the stacks.
        unit: where names come from.
        is_shared: whether threads may share the blocks; those that count what they run are not for several.

    Attributes:
        first: variable with the first row of a block, None where rows meet.
        windows: what a step reads and writes, by label.
    """

    def __init__(
        self, loop: LoopPlan, operands: Sequence[Array], results: Sequence[Array], unit: Unit, is_shared: bool = True
    ) -> None:
        self.loop, self.unit, self.is_shared, op = loop, unit, is_shared, loop.op
        count = op.carries
        last = count + op.sequences
        self.time = operands[count].shape[0]
        self.step, self.now = variable(unit.name("step")), variable(unit.name("now"))
        self.first = variable(unit.name("first_row")) if loop.rows else None
        self.windows: dict[str, Array] = {}
        self.heads: list[Statement] = []
        self.before: list[Code] = []
        self.behind: list[Code] = []
        for number, sequence in enumerate(operands[count:last]):
            if sequence.is_uniform:
                self.windows[f"x{number}"] = _step_of(sequence, sequence.offset)
            else:
                self._sequence(f"x{number}", sequence, constant=True)
        for number, same in enumerate(operands[last:]):
            self.windows[f"w{number}"] = self._here(same, f"w{number}")
        for number, stack in enumerate(results[count:]):
            if f"y{number}" in loop.plan.graph.states:
                self._sequence(f"y{number}", stack)
        for position, carry in enumerate(loop.carries):
            self._carry(carry, operands[position], results[position], results[count:])

    def lines(self, body: Sequence[Code], declared: Sequence[Code]) -> list[Code]:
        """Return the loop.

        Args:
            body: statements of a step.
            declared: declarations for all steps of a block.
        """
        rows = self.loop.rows
        uses = Facts.of(body).uses
        heads = [head for head in self.heads if head.declares in uses]
        if self.now.text in Facts.of(heads).uses | uses:
            last = operand(self.time) - 1 - self.step
            heads.insert(0, declare("const int64_t", self.now, last if self.loop.op.reverse else self.step))
        if rows is None or self.first is None:
            return [*self.before, loop(self.step, self.time, [*heads, *body]), *self.behind]
        count = variable(f"{self.first.text}_count")
        own = declare("const int64_t", variable(symbol_text(rows.symbol)), count)
        steps = loop(self.step, self.time, [*heads, block([own, *body])])
        division = _division(self.loop, rows.symbol, self.time) if self.is_shared else None
        blocks = _in_blocks(variable(symbol_text(rows.symbol)), self.first, count, [*declared, steps], division)
        return [*self.before, blocks, *self.behind]

    # ------------------------------------------------------------------ windows

    def _here(self, array: Array, label: str, axis: int = 0) -> Array:
        """Return an array from the block's first row on."""
        loop = self.loop
        if self.first is None or not loop.rows or loop.plan.graph.states[label] not in loop.rows.values:
            return array
        if array.is_uniform:
            return array
        return replace(array, pointer=(array.pointer + self.first * array.strides[axis]).grouped)

    def _pointer(self, label: str, like: Array, address: Expression, constant: bool = False) -> None:
        """Let a window be what a pointer of a step points to."""
        name = variable(self.unit.name(f"{label}_now"))
        self.heads.append(pointer(f"{'const ' if constant else ''}{like.memory_type}", name, address))
        self.windows[label] = replace(like, pointer=name, offset=0)

    def _sequence(self, label: str, stack: Array, constant: bool = False) -> None:
        """Let a window be the current step of a stack."""
        self._pointer(label, _step_of(stack), _slot(self._here(stack, label, 1), self.now), constant)

    def _carry(self, carry: Carry, start: Array, end: Array, stacks: Sequence[Array]) -> None:
        """Let windows be a carry before and after a step, and copy what comes in and what goes out."""
        label, reverse, last = carry.operand, self.loop.op.reverse, operand(self.time) - 1
        earlier, later = (self.now + 1, self.now - 1) if reverse else (self.now - 1, self.now + 1)
        if carry.after is not None:
            stack = stacks[carry.after]
            if not start.is_dense:
                self.before += copy_lines(end, start)
                start = end
            before = _slot(self._here(stack, label, 1), earlier)
            address = choice(infix("==", self.step, 0), self._here(start, label).address, before)
            self._pointer(label, _dense(start), address, True)
            self.behind += copy_lines(end, _element(stack, operand(0) if reverse else last))
            return
        assert carry.result is not None
        if carry.before is None:
            self.before += copy_lines(end, start)
            self.windows[label] = self.windows[carry.result] = self._here(end, label)
            return
        stack = stacks[carry.before]
        self.before += copy_lines(_element(stack, last if reverse else operand(0)), start)
        self._sequence(label, stack)
        behind = _slot(self._here(stack, label, 1), later)
        address = choice(infix("==", self.step, last), self._here(end, label).address, behind)
        self._pointer(carry.result, _dense(end), address)


def _slot(stack: Array, index: Expression) -> Expression:
    return stack.at(index, *[0] * (stack.rank - 1)).reference


def _step_of(stack: Array, offset: Dim = 0) -> Array:
    return replace(stack, shape=stack.shape[1:], strides=stack.strides[1:], offset=offset)


def _in_blocks(
    rows: Expression, first: Expression, count: Expression, lines: Sequence[Code], directive: Directive | None
) -> Code:
    """Return the loop over blocks of rows."""
    size = choice(infix("<", rows - first, BLOCK_ROWS), rows - first, BLOCK_ROWS)
    return loop(first, rows, [declare("const int64_t", count, size), *lines], directive, step=BLOCK_ROWS)


def _division(loop: LoopPlan, rows: str, time: Dim) -> Directive | None:
    """Return what divides blocks among threads, where there is enough to do."""
    row: Dim = 0
    for node in loop.plan.graph.nodes:
        if isinstance(node.op, MatMul):
            row = row + node.operands[1].shape[0] * node.operands[1].shape[1]
    blocks = (symbol(rows) + BLOCK_ROWS - 1) // BLOCK_ROWS
    return shared(members(blocks, time * symbol(rows) * row, PARALLEL_WORK))


def _dense(array: Array) -> Array:
    return array.seen_as(Layout.dense(array.shape))


def _element(stack: Array, index: Expression) -> Array:
    """Return a step of a stack; its offset is an expression, so it is a part of the pointer."""
    return Array(
        (stack.pointer + index.grouped * stack.strides[0]).grouped,
        stack.dtype,
        stack.shape[1:],
        stack.strides[1:],
        stack.offset,
    )
