"""Convolutions: patches are gathered band by band into a workspace, and multiplied from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels import depthwise
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.product import product_call
from nnc.backends.c.kernels.registry import Call, kernel
from nnc.backends.c.kernels.sliding import Geometry, gather, over_bands, scatter
from nnc.backends.c.nests import indented, loop_head
from nnc.backends.c.text import dim_text
from nnc.ir import Op, TensorType
from nnc.ops.convolution import Convolution, ConvolutionInputGradient, ConvolutionKernelGradient, Sliding

Kind = TypeVar("Kind", Array, TensorType)


def _roles(op: Op, items: Sequence[Kind]) -> tuple[Kind, Kind, Kind]:
    """Return input, kernel and result of the convolution, from the operands and the result of any of the three ops."""
    first, second, third = items
    if isinstance(op, Convolution):
        return first, second, third
    return (third, second, first) if isinstance(op, ConvolutionInputGradient) else (first, third, second)


def _geometry(op: Op, items: Sequence[Kind]) -> Geometry:
    assert isinstance(op, Sliding)
    x, weight, y = _roles(op, items)
    return Geometry.of(op, x.shape, weight.shape, y.shape, x.dtype)


def _workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    """Ask for the patches of a band."""
    geometry = _geometry(op, [*operands, *results])
    if geometry.is_depthwise or geometry.is_pointwise:
        return ()
    return (results[0].with_shape((geometry.band * geometry.patch,)),)


@kernel(Convolution, ConvolutionInputGradient, ConvolutionKernelGradient, workspace=_workspace)
def convolution(call: Call) -> Sequence[str]:
    """A product with the kernel's matrix, of the elements themselves or of their patches."""
    items = [*call.operands, call.result]
    geometry = _geometry(call.op, items)
    x, weight, y = _roles(call.op, items)
    if not all(array.is_dense for array in items):
        return depthwise.plain(call.op, geometry, x, weight, y)
    if geometry.is_depthwise:
        return depthwise.depthwise(call.op, geometry, x, weight, y)
    if geometry.is_pointwise:
        lines = _products(call, geometry, x.address, y.address, weight, dim_text(geometry.total))
        return _over_groups(geometry, lines)
    (space,) = call.workspace
    group = "group" if geometry.groups > 1 else ""
    rows = y.address + f" + start * {geometry.filters}"
    lines = _products(call, geometry, space.address, rows, weight, "stop - start", geometry.patch)
    if isinstance(call.op, ConvolutionInputGradient):
        lines = [*lines, *scatter(geometry, x.address, space.address, group)]
    else:
        lines = [*gather(geometry, x.address, space.address, group), *lines]
    lines = over_bands(geometry, _over_groups(geometry, lines))
    if isinstance(call.op, ConvolutionInputGradient):
        return [*fill_lines(x, 0), *lines]
    if isinstance(call.op, ConvolutionKernelGradient) and not isinstance(geometry.total, int):
        return [f"if ({dim_text(geometry.total)} == 0) {{", *indented(fill_lines(weight, 0)), "}", *lines]
    return lines


def _over_groups(geometry: Geometry, lines: Sequence[str]) -> list[str]:
    if geometry.groups == 1:
        return list(lines)
    return [f"{loop_head('group', geometry.groups)} {{", *indented(lines), "}"]


def _products(
    call: Call, geometry: Geometry, patches: str, y: str, weight: Array, rows: str, patch: int | None = None
) -> list[str]:
    """Return the product of one group.

    Args:
        call: the step.
        geometry: of the op.
        patches: pointer to the matrix of patches.
        y: pointer to the rows of the result.
        weight: the kernel.
        rows: number of rows.
        patch: elements of a row of the patches; None where the patches are the input's own elements.
    """
    depth, filters = geometry.patch, geometry.filters // geometry.groups
    step = patch or geometry.channels
    values = weight.address
    if geometry.groups > 1:
        patches = patches if patch else f"{patches} + group * {depth}"
        y, values = (f"{text} + group * {filters}" for text in (y, values))
    down = geometry.filters
    arguments: tuple[object, ...]
    if isinstance(call.op, Convolution):
        arguments = (rows, depth, filters, patches, step, 1, values, down, 1, y, down, "false")
    elif isinstance(call.op, ConvolutionInputGradient):
        arguments = (rows, filters, depth, y, down, 1, values, 1, down, patches, step, "false")
    else:
        add = "start > 0" if patch else "false"
        arguments = (depth, rows, filters, patches, 1, step, y, down, 1, values, down, add)
    total = geometry.total if isinstance(geometry.total, int) else geometry.band
    work = (min(total, geometry.band) if patch else total, depth, filters)
    return [f"{product_call(call.unit, geometry.dtype, work, *arguments)};"]
