"""Kernels of convolutions: patches are gathered band by band into a workspace, and multiplied from there."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy

from nnc.backends.numpy.kernels import depthwise
from nnc.backends.numpy.kernels.registry import Arrays, KernelCall, kernel
from nnc.backends.numpy.kernels.windows import (
    MINIMUM_ROWS,
    Array,
    band_elements,
    bound_op,
    cut,
    is_depthwise,
    is_padded,
    is_pointwise,
    loop,
    matrix_of,
    numbers,
    padded,
    padded_type,
    split,
    turned,
    unpadded,
    windows_of,
)
from nnc.ir import Op, TensorType
from nnc.ir.ops.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionKernelGradient,
    Sliding,
)


def bands(op: Sliding, windows: Array, out: Array, patches: Array, minimum: int = 1) -> list[tuple[Array, ...]]:
    """Return for each band where patches go, where they come from, their matrix, and the matrix of the other operand.

    Args:
        op: the convolution.
        windows: (batch, places…, window…, channels).
        out: dense (batch, places…, filters).
        patches: workspace.
        minimum: rows of a matrix, if there are as many.
    """
    rank, row = op.rank, prod(windows.shape[op.rank + 1 :])
    turns = windows.shape[-1] == 1  # patches of one channel are short: places side by side are longer runs to copy
    windows = split(windows, op.groups)
    leading = (slice(None),) * (op.groups > 1)
    found = []
    for band in cut(out.shape[:-1], row, minimum):
        source = windows[(*leading, *band)]
        lengths = source.shape[len(leading) :]
        places, columns = prod(lengths[: rank + 1]), prod(lengths[rank + 1 :])
        if turns:
            source = source.transpose(*range(rank + 1, source.ndim), *range(rank + 1))
        target = patches[: source.size].reshape(source.shape)
        shape = (*source.shape[: len(leading)], places, columns)
        matrix = target.reshape(columns, places).T if turns else target.reshape(shape)
        found.append((target, source, matrix, matrix_of(out[band], op.groups)))
    return found


def product(call: KernelCall, x: str, y: str, out: str) -> str:
    """Return the statement of a product of matrices, or of one per group."""
    assert isinstance(call.op, Sliding)
    if call.op.groups == 1:
        return f"{x}.dot({y}, {out})"
    return f"{call.function(numpy.matmul)}({x}, {y}, {out})"


def matrix(call: KernelCall, name: str, transposed: bool = False) -> str:
    """Return a dense array's matrix (rows, channels), transposed or not, or one per group."""

    def derive(arrays: Arrays) -> Array:
        found = matrix_of(arrays[name], bound_op(call, arrays).groups)
        return turned(found) if transposed else found

    return call.derive(f"{name}_{'columns' if transposed else 'rows'}", derive)


# ---------------------------------------------------------------------- forward


def _forward_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    assert isinstance(op, Sliding)
    (x, weight), (y,) = operands, results
    if is_depthwise(op, weight):
        return depthwise.forward_workspace(op, x, weight, y)
    if is_pointwise(op, weight):
        return ()
    patches = x.with_shape((band_elements(numbers(y)[:-1], prod(numbers(weight)[:-1]) * op.groups),))
    return (patches, padded_type(op, x, weight, y)) if is_padded(op) else (patches,)


@kernel(Convolution, workspace=_forward_workspace)
def convolution(call: KernelCall) -> Sequence[str]:
    """The product of patches with the kernel's matrix, band by band."""
    assert isinstance(call.op, Sliding)
    if is_depthwise(call.op, call.operand_types[1]):
        return depthwise.forward(call)
    (x, weight), y = call.operands, call.result
    if not call.workspace:
        return [product(call, matrix(call, x), matrix(call, weight), matrix(call, y))]
    patches, *more = call.workspace
    whole = more[0] if more else x
    values = matrix(call, weight)

    return [
        *(padded(call, x, whole) if more else ()),
        *_gathered_product(call, whole, weight, y, patches, values),
    ]


def _gathered_product(call: KernelCall, whole: str, kernel: str, y: str, patches: str, values: str) -> list[str]:
    """Return the loop that gathers patches of a padded input and multiplies them with a kernel's matrix.

    Args:
        call: the step.
        whole: padded input.
        kernel: array with the window as its first axes.
        y: result.
        patches: workspace.
        values: the kernel's matrix.
    """

    def items(arrays: Arrays) -> list[tuple[Array, ...]]:
        op, out = bound_op(call, arrays), arrays[y]
        windows = windows_of(arrays[whole], arrays[kernel].shape[: op.rank], out.shape[1:-1], op)
        return bands(op, windows, out, arrays[patches])

    return loop(
        call,
        (f"{y}_patches", f"{y}_windows", f"{y}_patch_rows", f"{y}_band"),
        f"{y}_bands",
        items,
        lambda target, source, rows, out: [f"{target}[...] = {source}", product(call, rows, values, out)],
    )


# ---------------------------------------------------------------------- gradient of the kernel


def _kernel_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    assert isinstance(op, Sliding)
    (x, y), (weight,) = operands, results
    if is_depthwise(op, weight):
        return depthwise.kernel_workspace(op, x, weight, y)
    if is_pointwise(op, weight):
        return ()
    patches = x.with_shape((band_elements(numbers(y)[:-1], prod(numbers(weight)[:-1]) * op.groups, MINIMUM_ROWS),))
    return (patches, weight, padded_type(op, x, weight, y)) if is_padded(op) else (patches, weight)


@kernel(ConvolutionKernelGradient, workspace=_kernel_workspace)
def convolution_kernel_gradient(call: KernelCall) -> Sequence[str]:
    """The product of transposed patches with the result's gradient, band by band, added up."""
    assert isinstance(call.op, Sliding)
    if is_depthwise(call.op, call.result_types[0]):
        return depthwise.kernel_gradient(call)
    (x, y), result = call.operands, call.result
    if not call.workspace:
        return [product(call, matrix(call, x, transposed=True), matrix(call, y), matrix(call, result))]
    patches, part, *more = call.workspace
    whole = more[0] if more else x
    totals, parts = matrix(call, result), matrix(call, part)

    def items(arrays: Arrays) -> list[tuple[Array, ...]]:
        op, out = bound_op(call, arrays), arrays[y]
        windows = windows_of(arrays[whole], arrays[result].shape[:-2], out.shape[1:-1], op)
        found = bands(op, windows, out, arrays[patches], MINIMUM_ROWS)
        return [(target, source, turned(rows), other) for target, source, rows, other in found]

    def body(names: Sequence[str], out: str) -> list[str]:
        target, source, columns, rows = names
        return [f"{target}[...] = {source}", product(call, columns, rows, out)]

    variables = (f"{y}_patches", f"{y}_windows", f"{y}_patch_columns", f"{y}_band")
    return [
        *(padded(call, x, whole) if more else ()),
        *loop(call, variables, f"{y}_first_band", lambda arrays: items(arrays)[:1], lambda *names: body(names, totals)),
        *loop(
            call,
            variables,
            f"{y}_further_bands",
            lambda arrays: items(arrays)[1:],
            lambda *names: [*body(names, parts), f"{call.function(numpy.add)}({result}, {part}, {result})"],
        ),
    ]


# ---------------------------------------------------------------------- gradient of the input


def _input_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    assert isinstance(op, ConvolutionInputGradient)
    (y, weight), (x,) = operands, results
    if is_depthwise(op, weight):
        return depthwise.input_workspace(op, x, weight, y)
    if is_pointwise(op, weight):
        return ()
    terms = x.with_shape((band_elements(numbers(y)[:-1], numbers(x)[-1], MINIMUM_ROWS),))
    return (terms, padded_type(op, x, weight, y)) if is_padded(op) else (terms,)


@kernel(ConvolutionInputGradient, workspace=_input_workspace)
def convolution_input_gradient(call: KernelCall) -> Sequence[str]:
    """A product per element of the window, added where it belongs."""
    assert isinstance(call.op, Sliding)
    if is_depthwise(call.op, call.operand_types[1]):
        return depthwise.input_gradient(call)
    (y, weight), result = call.operands, call.result
    if not call.workspace:
        return [product(call, matrix(call, y), matrix(call, weight, transposed=True), matrix(call, result))]
    terms, *more = call.workspace
    whole = more[0] if more else result

    def items(arrays: Arrays) -> list[tuple[Any, ...]]:
        op, gradient, kernel = bound_op(call, arrays), arrays[y], arrays[weight]
        x = arrays[whole]
        window, channels = kernel.shape[:-2], x.shape[-1]
        windows = windows_of(x, window, gradient.shape[1:-1], op)
        found = []
        for band in cut(gradient.shape[:-1], channels, MINIMUM_ROWS):
            part = gradient[band]
            term = arrays[terms][: part.size // part.shape[-1] * channels].reshape(*part.shape[:-1], channels)
            steps = [
                (turned(split(kernel[offset], op.groups)), windows[(*band, *offset)])
                for offset in numpy.ndindex(*window)
            ]
            found.append((matrix_of(part, op.groups), matrix_of(term, op.groups), term, steps))
        return found

    add = call.function(numpy.add)
    values, place = (call.names.unique(name) for name in (f"{weight}_element", f"{result}_place"))
    return [
        f"{whole}.fill(0)",
        *loop(
            call,
            (f"{y}_band", f"{result}_rows", f"{result}_term", f"{result}_steps"),
            f"{result}_bands",
            items,
            lambda rows, out, term, steps: [
                f"for {values}, {place} in {steps}:",
                f"    {product(call, rows, values, out)}",
                f"    {add}({place}, {term}, {place})",
            ],
        ),
        *(unpadded(call, result, whole) if more else ()),
    ]
