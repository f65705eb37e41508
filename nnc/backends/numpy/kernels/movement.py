"""Kernels of ops that move elements where no view is possible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy

from nnc.backends.numpy.kernels.registry import Arrays, Derivation, KernelCall, kernel
from nnc.ir.ops import movement, packing


@kernel(movement.Copy, movement.Transpose, movement.BroadcastTo)
def copy(call: KernelCall) -> Sequence[str]:
    """A plain copy; transposes and repetitions are views, and copied only by name."""
    return [f"{call.result}[...] = {call.operands[0]}"]


@kernel(movement.Reshape)
def reshape(call: KernelCall) -> Sequence[str]:
    """A copy into the result seen in the operand's shape."""
    operand, result = call.operands[0], call.result
    window = call.derive(f"{result}_reshaped", lambda arrays: arrays[result].reshape(arrays[operand].shape))
    return [f"{window}[...] = {operand}"]


@kernel(movement.Slice)
def slice_(call: KernelCall) -> Sequence[str]:
    """A copy of the window."""
    op, operand = call.op, call.operands[0]
    assert isinstance(op, movement.Slice)
    window = call.derive(f"{operand}_part", lambda arrays: op.bind(arrays.bindings).evaluate(arrays[operand]))
    return [f"{call.result}[...] = {window}"]


@kernel(movement.Scatter)
def scatter(call: KernelCall) -> Sequence[str]:
    """Zeros, then a copy into the window."""
    op, result = call.op, call.result
    assert isinstance(op, movement.Scatter)
    part = movement.Slice(op.starts, op.stops, op.steps)
    window = call.derive(f"{result}_part", lambda arrays: part.bind(arrays.bindings).evaluate(arrays[result]))
    return [f"{result}.fill(0)", f"{window}[...] = {call.operands[0]}"]


@kernel(movement.Concatenate)
def concatenate(call: KernelCall) -> Sequence[str]:
    """A copy of each operand into its window."""
    op, result = call.op, call.result
    assert isinstance(op, movement.Concatenate)
    if len(call.operands) == 1:
        return copy(call)
    statements = []
    for position, operand in enumerate(call.operands):
        window = call.derive(f"{result}_part", _joined(result, call.operands[: position + 1], op.axis))
        statements.append(f"{window}[...] = {operand}")
    return statements


@kernel(packing.Pack)
def pack(call: KernelCall) -> Sequence[str]:
    """A copy of each operand that was not computed in its place."""
    sizes = [int(type.size) for type in call.operand_types]
    starts = [0, *accumulate(sizes)]
    statements = []
    for position in call.unplaced:
        shape = tuple(int(dim) for dim in call.operand_types[position].shape)
        window = call.derive(f"{call.result}_part", _packed(call.result, starts[position], sizes[position], shape))
        statements.append(f"{window}[...] = {call.operands[position]}")
    return statements


def _joined(name: str, operands: Sequence[str], axis: int) -> Derivation:
    """Return the window on an array in which the last of the operands lies behind the others."""

    def derive(arrays: Arrays) -> numpy.ndarray:
        *starts, stop = accumulate(arrays[operand].shape[axis] for operand in operands)
        part: numpy.ndarray = arrays[name][(slice(None),) * axis + (slice(starts[-1] if starts else 0, stop),)]
        return part

    return derive


def _packed(name: str, start: int, size: int, shape: tuple[int, ...]) -> Derivation:
    def derive(arrays: Arrays) -> numpy.ndarray:
        part: numpy.ndarray = arrays[name][start : start + size].reshape(shape)
        return part

    return derive
