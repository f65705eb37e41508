"""Ops that move elements where no view is possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import number
from nnc.backends.c.kernels.registry import KernelCall, kernel
from nnc.backends.c.nests import Element, write_nest
from nnc.backends.c.statements import Code, assign
from nnc.ir import Dim, Layout
from nnc.ir.ops import movement, packing


def copy_lines(target: Array, source: Array) -> list[Code]:
    """Return the loops that copy an array into another of its shape, or repeat it there."""
    source = source.broadcast_to(target.shape)

    def copied(element: Element) -> list[Code]:
        return [assign(element(target), source.literal or element(source))]

    return write_nest(target.shape, [target] if source.literal is not None else [target, source], copied)


def fill_lines(target: Array, value: float) -> list[Code]:
    """Return the loops that write one number everywhere."""
    filling = number(value, target.dtype)
    return write_nest(target.shape, [target], lambda element: [assign(element(target), filling)])


@kernel(movement.Copy, movement.Transpose, movement.BroadcastTo)
def copy(call: KernelCall) -> Sequence[Code]:
    """A copy of the operand as the op sees it."""
    (x,) = call.operands
    if isinstance(call.op, movement.Transpose):
        x = x.transposed(call.op.axes)
    return copy_lines(call.result, x)


@kernel(movement.Reshape)
def reshape(call: KernelCall) -> Sequence[Code]:
    """A copy into the result seen in the operand's shape."""
    (x,) = call.operands
    return copy_lines(call.result.seen_as(Layout.dense(x.shape, call.result.offset)), x)


@kernel(movement.Flip)
def flip(call: KernelCall) -> Sequence[Code]:
    """A copy of the operand read backwards."""
    (x,) = call.operands
    return copy_lines(call.result, x.seen_as(x.layout.flip(call.op.axes)))


@kernel(movement.Slice)
def slice_(call: KernelCall) -> Sequence[Code]:
    """A copy of the window."""
    (x,), op = call.operands, call.op
    return copy_lines(call.result, x.seen_as(x.layout.slice(op.starts, call.result.shape, op.steps)))


@kernel(movement.Scatter)
def scatter(call: KernelCall) -> Sequence[Code]:
    """Zeros, then a copy into the window."""
    (x,), op, result = call.operands, call.op, call.result
    return [
        *fill_lines(result, 0),
        *copy_lines(result.seen_as(result.layout.slice(op.starts, x.shape, op.steps)), x),
    ]


@kernel(movement.Concatenate)
def concatenate(call: KernelCall) -> Sequence[Code]:
    """A copy of each operand into its window."""
    result, axis = call.result, call.op.axis
    lines: list[Code] = []
    start: Dim = 0
    for x in call.operands:
        offset = result.offset + start * result.strides[axis]
        lines += copy_lines(Array(result.pointer, result.dtype, x.shape, result.strides, offset), x)
        start = start + x.shape[axis]
    return lines


@kernel(packing.Pack)
def pack(call: KernelCall) -> Sequence[Code]:
    """A copy of each operand that was not computed in its place."""
    lines: list[Code] = []
    start: Dim = 0
    for position, x in enumerate(call.operands):
        if position in call.unplaced:
            window = Layout.dense(x.shape, call.result.offset + start)
            lines += copy_lines(replace(call.result, shape=(), strides=()).seen_as(window), x)
        start = start + Layout.dense((1, *x.shape)).strides[0]
    return lines
