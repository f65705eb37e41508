"""Convolutions and their gradients: which of the ways each is computed in, and the one that adds patches up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression
from nnc.backends.c.kernels import depthwise
from nnc.backends.c.kernels.direct import direct, direct_gradient, padded, padded_size, with_room
from nnc.backends.c.kernels.few_filters import has_few_filters
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.polyphase import is_polyphase, pack, polyphase, seen, strips_size
from nnc.backends.c.kernels.product import ROWS_ALONE, Matrices, fused_product, pack_strips, product
from nnc.backends.c.kernels.registry import KernelCall, Written, kernel
from nnc.backends.c.kernels.sliding import BAND, GROUP, START, Geometry, over_bands, scatter
from nnc.backends.c.kernels.winograd import is_winograd, room, transform, transformed, winograd
from nnc.backends.c.kernels.winograd_gradient import gradient_room, has_winograd_gradient, winograd_gradient
from nnc.backends.c.statements import Code, execute, loop
from nnc.backends.c.strips import prepacked_strips
from nnc.backends.c.thread_counts import known_work
from nnc.ir import Dim, Layout, Op, SymbolicDim, TensorType
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient, ConvolutionKernelGradient, Sliding
from nnc.target import Prepacked

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
    """Ask for room for the input with zeros around it and for Winograd's matrices, or for the patches of a band."""
    geometry = _geometry(op, [*operands, *results])
    if geometry.is_depthwise or geometry.is_pointwise:
        return ()
    if isinstance(op, ConvolutionInputGradient):
        patches = geometry.band * geometry.patch
        if not is_polyphase(geometry):
            return (results[0].with_shape((patches,)),)
        strips = max(strips_size(geometry), patches if _is_open(op) else 0)
        return *_space(op, seen(geometry), results[0], 0), results[0].with_shape((strips,))
    if isinstance(op, Convolution):
        weights = (results[0].with_shape((geometry.patch * geometry.filters,)),) if has_few_filters(geometry) else ()
        return *_space(op, geometry, results[0], room(geometry) if is_winograd(geometry) else 0), *weights
    return _space(op, geometry, results[0], gradient_room(geometry) if has_winograd_gradient(geometry) else 0)


def _is_open(op: Op) -> bool:
    """Whether what lies around an input, or its lengths, are known at run time only: one text is printed for all."""
    dims = [dim for value in op.attributes().values() if isinstance(value, tuple) for dim in value]
    return any(isinstance(dim, SymbolicDim) for dim in dims)


def _space(op: Op, geometry: Geometry, result: TensorType, matrices: int) -> tuple[TensorType, ...]:
    """Return the room for the input with zeros around it, or for Winograd's matrices, whichever is larger.

    What is one of Winograd's as sizes are is printed as direct where they are known at run time only.
    """
    around = with_room(geometry) if _is_open(op) else padded(geometry)
    if around is None:
        return (result.with_shape((matrices,)),) if matrices else ()
    return (result.with_shape((max(matrices, int(padded_size(around))),)),)


def _prepack(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
    """The kernel as Winograd's matrices, or as a matrix in strips."""
    geometry = _geometry(op, [*operands, *results])
    if isinstance(op, ConvolutionInputGradient) and is_polyphase(geometry):
        inner, work = geometry.window * geometry.filters, known_work(geometry.total)
        strips = prepacked_strips(geometry.dtype, inner, geometry.channels, work)
        is_known = not any(type.symbols for type in results)
        around = _space(op, seen(geometry), results[0], 0) if is_known else ()
        return None if strips is None else Prepacked(1, strips, geometry.total, 1, around)
    if not isinstance(op, Convolution) or geometry.is_depthwise or geometry.groups > 1:
        return None
    if not geometry.is_pointwise and has_few_filters(geometry):
        return None  # a kernel that is turned in no time
    space: tuple[TensorType, ...] = ()
    if not geometry.is_pointwise and not any(type.symbols for type in results):
        space = _space(op, geometry, results[0], room(geometry, prepacked=True) if is_winograd(geometry) else 0)
    if is_winograd(geometry):
        return Prepacked(1, operands[1].with_shape((transformed(geometry),)), geometry.total, 1, space)
    strips = prepacked_strips(geometry.dtype, geometry.patch, geometry.filters, known_work(geometry.total))
    return None if strips is None else Prepacked(1, strips, geometry.total, ROWS_ALONE, space)


def _pack(call: KernelCall, target: Expression) -> Sequence[Code]:
    geometry, weight = _geometry(call.op, [*call.operands, call.result]), call.operands[1]
    if isinstance(call.op, ConvolutionInputGradient):
        return pack(call.unit, geometry, weight.address, target)
    if is_winograd(geometry):
        return [execute(transform(call.unit, geometry, weight, target))]
    matrix = weight.seen_as(Layout((geometry.patch, geometry.filters), (geometry.filters, 1), weight.offset))
    return [execute(pack_strips(call.unit, matrix, target))]


@kernel(
    Convolution,
    ConvolutionInputGradient,
    ConvolutionKernelGradient,
    workspace=_workspace,
    prepack=_prepack,
    pack=_pack,
)
def convolution(call: KernelCall) -> Written:
    """A product with the kernel's matrix: of elements as they lie, of Winograd's tiles, or one that makes patches."""
    items = [*call.operands, call.result]
    geometry = _geometry(call.op, items)
    x, weight, y = _roles(call.op, items)
    if not all(array.is_dense for array in items):
        return depthwise.plain(call.op, geometry, x, weight, y)
    if geometry.is_depthwise:
        return depthwise.depthwise(call, geometry, x, weight, y)
    if geometry.is_pointwise:
        matrices = _matrices(call.op, geometry, x.address, y.address, weight.address)
        if geometry.groups == 1:
            return fused_product(call.unit, replace(matrices, strips=call.prepacked), call.epilogue)
        return _over_groups(geometry, product(call.unit, matrices))
    if isinstance(call.op, Convolution):
        return (winograd if is_winograd(geometry) else direct)(call, geometry, x, weight, y)
    if isinstance(call.op, ConvolutionKernelGradient):
        write = winograd_gradient if has_winograd_gradient(geometry) else direct_gradient
        return write(call, geometry, x, weight, y)
    if is_polyphase(geometry):
        return polyphase(call, geometry, x, weight, y)
    space = call.workspace[-1]
    patches = _matrices(call.op, geometry, space.address, y.address + START * geometry.filters, weight.address, BAND)
    lines = [*product(call.unit, patches), scatter(geometry, x.address, space.address)]
    return [*fill_lines(x, 0), *over_bands(geometry, _over_groups(geometry, lines))]


def _over_groups(geometry: Geometry, lines: Sequence[Code]) -> list[Code]:
    return list(lines) if geometry.groups == 1 else [loop(GROUP, geometry.groups, lines)]


def _matrices(
    op: Op, geometry: Geometry, patches: Expression, y: Expression, weight: Expression, band: Dim | None = None
) -> Matrices:
    """Return the product of one group.

    Args:
        op: any of the three.
        geometry: of the op.
        patches: pointer to the matrix of patches, or to the input where a patch is an element.
        y: pointer to the rows of the result.
        weight: pointer to the kernel.
        band: number of rows of a band of patches, for the gradient of the input; None where the patches are the input's
            own elements.
    """
    dtype, depth, filters, down = geometry.dtype, geometry.patch, geometry.filters // geometry.groups, geometry.filters
    rows, step = (geometry.total, geometry.channels) if band is None else (band, depth)
    if geometry.groups > 1:
        patches = patches if band is not None else patches + GROUP * depth
        y, weight = (pointer + GROUP * filters for pointer in (y, weight))
    if isinstance(op, Convolution):
        return Matrices(dtype, rows, depth, filters, patches, (step, 1), weight, (down, 1), y, down)
    if isinstance(op, ConvolutionKernelGradient):
        return Matrices(dtype, depth, rows, filters, patches, (1, step), y, (down, 1), weight, down)
    bands = None if band is None else (geometry.band * depth * filters, geometry.total * (depth * filters))
    return Matrices(dtype, rows, filters, depth, y, (down, 1), weight, (1, down), patches, step, bands=bands)
