"""Loops over time: the body of a scan in place, with windows that move."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import LARGE
from nnc.backends.c.kernels import Unit
from nnc.backends.c.kernels.movement import copy_lines
from nnc.backends.c.nests import indented, loop_head
from nnc.backends.c.sharing import members, parallel_for
from nnc.backends.c.text import dim_text, symbol_text
from nnc.ir import Dim, Layout, symbol
from nnc.ops.matmul import MatMul
from nnc.plan.loops import Carry, LoopPlan

BLOCK_ROWS = 16
"""Rows that run through all steps together: their values stay in the first cache."""
_WORD = re.compile(r"\w+")


class LoopWriter:
    """Writes the loop of a scan, block of rows by block of rows where each row is computed by itself.

    Args:
        loop: how the scan runs.
        operands: arrays of the first carries, the sequences, and what is the same in every step.
        results: arrays of the last carries and of the stacks.
        unit: where names come from.
        is_shared: whether threads may share the blocks; those that count what they run are not for several.

    Attributes:
        first: variable with the first row of a block, an empty text where rows meet.
        windows: what a step reads and writes, by label.
    """

    def __init__(
        self, loop: LoopPlan, operands: Sequence[Array], results: Sequence[Array], unit: Unit, is_shared: bool = True
    ) -> None:
        self.loop, self.unit, self.is_shared, op = loop, unit, is_shared, loop.op
        count = op.carries
        last = count + op.sequences
        self.time = operands[count].shape[0]
        self.step, self.now = unit.name("step"), unit.name("now")
        self.first = unit.name("first_row") if loop.rows else ""
        self.windows: dict[str, Array] = {}
        self.heads: list[str] = []
        self.before: list[str] = []
        self.behind: list[str] = []
        for number, operand in enumerate(operands[count:last]):
            if operand.is_uniform:
                self.windows[f"x{number}"] = _step_of(operand, operand.offset)
            else:
                self._sequence(f"x{number}", operand, constant=True)
        for number, operand in enumerate(operands[last:]):
            self.windows[f"w{number}"] = self._here(operand, f"w{number}")
        for number, stack in enumerate(results[count:]):
            if f"y{number}" in loop.plan.graph.states:
                self._sequence(f"y{number}", stack)
        for position, carry in enumerate(loop.carries):
            self._carry(carry, operands[position], results[position], results[count:])

    def lines(self, body: Sequence[str], declared: Sequence[str]) -> list[str]:
        """Return the loop.

        Args:
            body: statements of a step.
            declared: declarations for all steps of a block.
        """
        loop, now = self.loop, self.now
        words = set(_WORD.findall("\n".join(body)))
        heads = [head for head in self.heads if _declared(head) in words]
        if any(now in _WORD.findall(line) for line in (*heads, *body)):
            last = f"{dim_text(self.time)} - 1 - {self.step}"
            heads.insert(0, f"const int64_t {now} = {last if loop.op.reverse else self.step};")
        if loop.rows:
            own = f"const int64_t {symbol_text(loop.rows.symbol)} = {self.first}_count;"
            body = ["{", *indented([own, *body]), "}"]
        steps = [f"{loop_head(self.step, self.time)} {{", *indented([*heads, *body]), "}"]
        if loop.rows:
            division = _division(loop, loop.rows.symbol, self.time) if self.is_shared else []
            steps = [*division, *_in_blocks(loop.rows.symbol, self.first, [*declared, *steps])]
        return [*self.before, *steps, *self.behind]

    # ------------------------------------------------------------------ windows

    def _here(self, array: Array, label: str, axis: int = 0) -> Array:
        """Return an array from the block's first row on."""
        loop = self.loop
        if not loop.rows or loop.plan.graph.states[label] not in loop.rows.values or array.is_uniform:
            return array
        return replace(array, pointer=f"({array.pointer} + {self.first} * {dim_text(array.strides[axis])})")

    def _pointer(self, label: str, like: Array, address: str, constant: bool = False) -> None:
        """Let a window be what a pointer of a step points to."""
        name = self.unit.name(f"{label}_now")
        self.heads.append(f"{'const ' if constant else ''}{like.c_type} *const {name} = {address};")
        self.windows[label] = replace(like, pointer=name, offset=0)

    def _sequence(self, label: str, stack: Array, constant: bool = False) -> None:
        """Let a window be the current step of a stack."""
        self._pointer(label, _step_of(stack), _slot(self._here(stack, label, 1), self.now), constant)

    def _carry(self, carry: Carry, start: Array, end: Array, stacks: Sequence[Array]) -> None:
        """Let windows be a carry before and after a step, and copy what comes in and what goes out."""
        label, reverse, time = carry.operand, self.loop.op.reverse, dim_text(self.time)
        if carry.after is not None:
            stack = stacks[carry.after]
            if not start.is_dense:
                self.before += copy_lines(end, start)
                start = end
            earlier = _slot(self._here(stack, label, 1), f"{self.now} {'+' if reverse else '-'} 1")
            address = f"{self.step} == 0 ? {self._here(start, label).address} : {earlier}"
            self._pointer(label, _dense(start), address, True)
            self.behind += copy_lines(end, _element(stack, "0" if reverse else f"{time} - 1"))
            return
        assert carry.result is not None
        if carry.before is None:
            self.before += copy_lines(end, start)
            self.windows[label] = self.windows[carry.result] = self._here(end, label)
            return
        stack = stacks[carry.before]
        self.before += copy_lines(_element(stack, f"{time} - 1" if reverse else "0"), start)
        self._sequence(label, stack)
        later = _slot(self._here(stack, label, 1), f"{self.now} {'-' if reverse else '+'} 1")
        address = f"{self.step} == {time} - 1 ? {self._here(end, label).address} : {later}"
        self._pointer(carry.result, _dense(end), address)


def _slot(stack: Array, index: str) -> str:
    return f"&{stack.at(index, *['0'] * (stack.rank - 1))}"


def _step_of(stack: Array, offset: Dim = 0) -> Array:
    return replace(stack, shape=stack.shape[1:], strides=stack.strides[1:], offset=offset)


def _in_blocks(name: str, first: str, lines: Sequence[str]) -> list[str]:
    """Return the loop over blocks of rows."""
    rows = symbol_text(name)
    count = f"{rows} - {first} < {BLOCK_ROWS} ? {rows} - {first} : {BLOCK_ROWS}"
    return [
        f"for (int64_t {first} = 0; {first} < {rows}; {first} += {BLOCK_ROWS}) {{",
        *indented([f"const int64_t {first}_count = {count};", *lines]),
        "}",
    ]


def _division(loop: LoopPlan, rows: str, time: Dim) -> list[str]:
    """Return the line that divides blocks among threads, where there is enough to do."""
    row: Dim = 0
    for node in loop.plan.graph.nodes:
        if isinstance(node.op, MatMul):
            row = row + node.operands[1].shape[0] * node.operands[1].shape[1]
    blocks = (symbol(rows) + BLOCK_ROWS - 1) // BLOCK_ROWS
    return parallel_for(members(blocks, time * symbol(rows) * row, LARGE))


def _declared(head: str) -> str:
    """Return the name of the variable that a line declares."""
    return head.partition(" = ")[0].rpartition("const ")[2]


def _dense(array: Array) -> Array:
    return array.seen_as(Layout.dense(array.shape))


def _element(stack: Array, index: str) -> Array:
    """Return a step of a stack; its offset is an expression, so it is a part of the pointer."""
    return Array(
        f"({stack.pointer} + ({index}) * {dim_text(stack.strides[0])})",
        stack.dtype,
        stack.shape[1:],
        stack.strides[1:],
        stack.offset,
    )
