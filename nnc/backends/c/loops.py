"""Loops over time: the body of a scan in place, with windows that move."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels import Unit
from nnc.backends.c.kernels.movement import copy_lines
from nnc.backends.c.nests import indented, loop_head
from nnc.backends.c.text import dim_text, factor_text
from nnc.ir import Layout
from nnc.plan import LoopPlan

_WORD = re.compile(r"\w+")


def write_loop(
    loop: LoopPlan,
    operands: Sequence[Array],
    results: Sequence[Array],
    unit: Unit,
    body: Callable[[dict[str, Array]], list[str]],
) -> list[str]:
    """Return the loop of a scan.

    Args:
        loop: how the scan runs.
        operands: arrays of the first carries, the sequences, and what is the same in every step.
        results: arrays of the last carries and of the stacks.
        unit: where names come from.
        body: prints a step that reads and writes these windows, by label.
    """
    op, count = loop.op, len(loop.carries)
    last = count + op.sequences
    time = operands[count].shape[0]
    step, now = unit.name("step"), unit.name("now")
    before = f"{now} + 1" if op.reverse else f"{now} - 1"
    after = f"{now} - 1" if op.reverse else f"{now} + 1"
    windows: dict[str, Array] = {}
    heads: list[str] = []
    first_lines: list[str] = []
    last_lines: list[str] = []

    def pointer(label: str, like: Array, address: str, constant: bool = False) -> Array:
        name = unit.name(f"{label}_now")
        heads.append(f"{'const ' if constant else ''}{like.c_type} *const {name} = {address};")
        return replace(like, pointer=name, offset=0)

    def slot(stack: Array, index: str) -> str:
        return f"&{stack.at(index, *['0'] * (stack.rank - 1))}"

    def inner(stack: Array) -> Array:
        return replace(stack, shape=stack.shape[1:], strides=stack.strides[1:], offset=0)

    for number, operand in enumerate(operands[count:last]):
        if operand.is_uniform:
            windows[f"x{number}"] = replace(operand, shape=operand.shape[1:], strides=operand.strides[1:])
        else:
            windows[f"x{number}"] = pointer(f"x{number}", inner(operand), slot(operand, now), True)
    for number, operand in enumerate(operands[last:]):
        windows[f"w{number}"] = operand
    for number, stack in enumerate(results[count:]):
        windows[f"y{number}"] = pointer(f"y{number}", inner(stack), slot(stack, now))
    for position, carry in enumerate(loop.carries):
        start, end = operands[position], results[position]
        if carry.after is not None:
            stack = results[count + carry.after]
            if not start.is_dense:
                first_lines += copy_lines(end, start)
                start = end
            address = f"{step} == 0 ? {start.address} : {slot(stack, before)}"
            windows[carry.operand] = pointer(carry.operand, _dense(start), address, True)
            index = "0" if op.reverse else f"{dim_text(time)} - 1"
            last_lines += copy_lines(end, _element(stack, index))
            continue
        assert carry.result is not None
        if carry.before is None:
            first_lines += copy_lines(end, start)
            windows[carry.operand] = windows[carry.result] = end
            continue
        stack = results[count + carry.before]
        index = f"{dim_text(time)} - 1" if op.reverse else "0"
        first_lines += copy_lines(_element(stack, index), start)
        windows[carry.operand] = pointer(carry.operand, inner(stack), slot(stack, now))
        address = f"{step} == {dim_text(time)} - 1 ? {end.address} : {slot(stack, after)}"
        windows[carry.result] = pointer(carry.result, _dense(end), address)
    lines = body(windows)
    words = set(_WORD.findall("\n".join(lines)))
    heads = [head for head in heads if _declared(head) in words]
    if any(now in _WORD.findall(line) for line in (*heads, *lines)):
        heads.insert(0, f"const int64_t {now} = {f'{dim_text(time)} - 1 - {step}' if op.reverse else step};")
    return [
        *first_lines,
        f"{loop_head(step, time)} {{",
        *indented([*heads, *lines]),
        "}",
        *last_lines,
    ]


def _declared(head: str) -> str:
    """Return the name of the variable that a line declares."""
    return head.partition(" = ")[0].rpartition("const ")[2]


def _dense(array: Array) -> Array:
    return array.seen_as(Layout.dense(array.shape))


def _element(stack: Array, index: str) -> Array:
    """Return a step of a stack; its offset is an expression, so it is a part of the pointer."""
    return Array(
        f"({stack.pointer} + ({index}) * {factor_text(stack.strides[0])})",
        stack.dtype,
        stack.shape[1:],
        stack.strides[1:],
        stack.offset,
    )
