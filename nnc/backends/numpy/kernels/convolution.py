"""Kernels of convolutions: patches are gathered band by band into a workspace, and multiplied from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy

from nnc.backends.numpy.kernels.registry import Arrays, KernelCall, kernel
from nnc.ir import Op, TensorType
from nnc.ops.convolution import Convolution, ConvolutionInputGradient, ConvolutionKernelGradient, Sliding, extent

Array = Any
BAND_ELEMENTS = 512 * 1024
"""Elements that are gathered before they are multiplied: 2 MiB of float32, about two cores' second-level caches."""
GRADIENT_ROWS = 512
"""Patches that a kernel's gradient is at least summed over in one product, so that adding up products costs little."""


# ---------------------------------------------------------------------- sizes


def _numbers(type: TensorType) -> tuple[int, ...]:
    return tuple(int(dim) for dim in type.shape)


def is_pointwise(op: Sliding, kernel: TensorType) -> bool:
    """Whether each place sees one element and each element is seen from one place: a product without gathering."""
    return prod(_numbers(kernel)[:-2]) == 1 and max(op.strides) == 1 and not is_padded(op)


def is_padded(op: Sliding) -> bool:
    """Whether there are, or may be, zeros around the input."""
    return any(dim != 0 for dim in (*op.before, *op.after))


def span(op: Sliding, kernel: Sequence[int], y: Sequence[int]) -> tuple[int, ...]:
    """Return the lengths of the padded input's axes as far as windows reach."""
    triples = zip(y[1:-1], kernel[:-2], op.strides, op.dilation, strict=True)
    return tuple((length - 1) * stride + extent(size, dilation) for length, size, stride, dilation in triples)


def whole_type(op: Sliding, x: TensorType, kernel: TensorType, y: TensorType) -> TensorType:
    """Return the type of the padded input."""
    return x.with_shape((x.shape[0], *span(op, _numbers(kernel), _numbers(y)), x.shape[-1]))


def band_size(op: Sliding, kernel: TensorType, y: TensorType, minimum: int = 1) -> tuple[int, int]:
    """Return how many images, and how many indices of their first spatial axis, are gathered at once.

    Args:
        op: the convolution.
        kernel: type of its kernel.
        y: type of its result.
        minimum: places of the window that a band has at least, if there are as many.
    """
    batch, height, *rest = _numbers(y)[:-1]
    patch = prod(_numbers(kernel)[:-1]) * op.groups
    rows = max(1, -(-minimum // prod(rest)), BAND_ELEMENTS // (patch * prod(rest)))
    return (1, rows) if rows < height else (max(1, min(rows // height, batch)), height)


def patches_type(op: Sliding, kernel: TensorType, y: TensorType, minimum: int = 1) -> TensorType:
    """Return the type of the workspace for one band of patches."""
    places = prod(band_size(op, kernel, y, minimum)) * prod(_numbers(y)[2:-1])
    return y.with_shape((places * prod(_numbers(kernel)[:-1]) * op.groups,))


# ---------------------------------------------------------------------- views


def bound_op(call: KernelCall, arrays: Arrays) -> Sliding:
    """Return the op with numbers in the place of symbols."""
    op = call.op.bind(arrays.bindings)
    assert isinstance(op, Sliding)
    return op


def array_type(array: Array) -> TensorType:
    """Return the type of an array."""
    return TensorType(str(array.dtype), array.shape)


def inside(op: Sliding, x: Array, whole: Array) -> tuple[Array, Array]:
    """Return the part of an input that windows reach, and its place in the padded input."""
    befores = [int(before) for before in op.before]
    lengths = [
        min(length, reach - before)
        for length, reach, before in zip(x.shape[1:-1], whole.shape[1:-1], befores, strict=True)
    ]
    kept = tuple(slice(0, max(length, 0)) for length in lengths)
    place = tuple(slice(before, before + max(length, 0)) for before, length in zip(befores, lengths, strict=True))
    return x[(slice(None), *kept)], whole[(slice(None), *place)]


def borders(op: Sliding, x: Array, whole: Array) -> list[Array]:
    """Return the parts of the padded input that hold zeros."""
    _, middle = inside(op, x, whole)
    found: list[Array] = []
    taken: tuple[slice, ...] = (slice(None),)
    for axis, before in enumerate(map(int, op.before), 1):
        end = before + middle.shape[axis]
        found += [whole[(*taken, side)] for side in (slice(0, before), slice(end, None))]
        taken = (*taken, slice(before, end))
    return [border for border in found if border.size]


def split(array: Array, groups: int) -> Array:
    """Return the view (groups, …, channels of a group) of (…, channels), or the array itself for one group."""
    if groups == 1:
        return array
    *steps, step = array.strides
    length = array.shape[-1] // groups
    return numpy.lib.stride_tricks.as_strided(array, (groups, *array.shape[:-1], length), (step * length, *steps, step))


def rows_of(array: Array, groups: int) -> Array:
    """Return the view (rows, channels) of a dense (…, channels), or (groups, rows, channels of a group)."""
    return split(array.reshape(-1, array.shape[-1]), groups)


def windows_of(op: Sliding, whole: Array, window: Sequence[int], lengths: Sequence[int]) -> Array:
    """Return the view (batch, places…, window…, channels) of a padded input; elements repeat in it."""
    batch, *steps, channel = whole.strides
    moves = [step * stride for step, stride in zip(steps, op.strides, strict=True)]
    spread = [step * dilation for step, dilation in zip(steps, op.dilation, strict=True)]
    shape = (len(whole), *lengths, *window, whole.shape[-1])
    return numpy.lib.stride_tricks.as_strided(whole, shape, (batch, *moves, *spread, channel))


def cut(lengths: tuple[int, int], size: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
    """Yield the images and the indices of the first spatial axis of each band."""
    batch, height = lengths
    for image in range(0, batch, size[0]):
        for row in range(0, height, size[1]):
            yield slice(image, min(image + size[0], batch)), slice(row, min(row + size[1], height))


def bands(
    op: Sliding, whole: Array, kernel: Array, y: Array, patches: Array, minimum: int = 1
) -> list[tuple[Array, Array, Array, Array]]:
    """Return for each band where patches go, where they come from, their matrix, and the matrix of y's part.

    Args:
        op: the convolution, with numbers only.
        whole: padded input.
        kernel: kernel, for its shape.
        y: result, or its gradient.
        patches: workspace of `patches_type`.
        minimum: as for `band_size`.
    """
    windows = split(windows_of(op, whole, kernel.shape[:-2], y.shape[1:-1]), op.groups)
    groups = (slice(None),) * (op.groups > 1)
    found = []
    for images, rows in cut(y.shape[:2], band_size(op, array_type(kernel), array_type(y), minimum)):
        source = windows[(*groups, images, rows)]
        target = patches[: source.size].reshape(source.shape)
        places = source.shape[: op.rank + 1 + len(groups)]
        matrix = target.reshape(*places[: len(groups)], prod(places[len(groups) :]), -1)
        found.append((target, source, matrix, rows_of(y[images, rows], op.groups)))
    return found


# ---------------------------------------------------------------------- statements


def product(call: KernelCall, x: str, y: str, out: str) -> str:
    """Return the statement of a product of matrices, or of one per group."""
    op = call.op
    assert isinstance(op, Sliding)
    if op.groups == 1:
        return f"{x}.dot({y}, {out})"
    return f"{call.function(numpy.matmul)}({x}, {y}, {out})"


def loop(call: KernelCall, variables: Sequence[str], name: str, items: Any, body: Any) -> list[str]:
    """Return a loop over derived arrays, or over tuples of them.

    Args:
        call: the step.
        variables: what an item's parts are called.
        name: what the list is called.
        items: makes the list from the bound arrays.
        body: takes the variables' final names and returns the statements in the loop.
    """
    listed = call.derive(name, items)
    names = [call.names.unique(variable) for variable in variables]
    return [f"for {', '.join(names)} in {listed}:", *(f"    {statement}" for statement in body(*names))]


def padded(call: KernelCall, x: str, workspace: str) -> list[str]:
    """Return the statements that copy an input into zeros."""
    part = call.derive(f"{x}_part", lambda arrays: inside(bound_op(call, arrays), arrays[x], arrays[workspace])[0])
    place = call.derive(f"{x}_place", lambda arrays: inside(bound_op(call, arrays), arrays[x], arrays[workspace])[1])
    around = loop(
        call,
        (f"{x}_border",),
        f"{x}_borders",
        lambda arrays: borders(bound_op(call, arrays), arrays[x], arrays[workspace]),
        lambda border: [f"{border}.fill(0)"],
    )
    return [*around, f"{place}[...] = {part}"]


def weights(call: KernelCall, name: str, transposed: bool = False) -> str:
    """Return the kernel's matrix (window · channels, filters), transposed or not, or one per group."""

    def derive(arrays: Arrays) -> Array:
        matrix = rows_of(arrays[name], bound_op(call, arrays).groups)
        return numpy.swapaxes(matrix, -1, -2) if transposed else matrix

    return call.derive(f"{name}_matrix", derive)


def matrix(call: KernelCall, name: str) -> str:
    """Return a dense array's matrix (rows, channels), or one per group."""
    return call.derive(f"{name}_rows", lambda arrays: rows_of(arrays[name], bound_op(call, arrays).groups))


# ---------------------------------------------------------------------- kernels


def _forward_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    assert isinstance(op, Sliding)
    (x, kernel), (y,) = operands, results
    if is_pointwise(op, kernel):
        return ()
    whole = (whole_type(op, x, kernel, y),) if is_padded(op) else ()
    return (patches_type(op, kernel, y), *whole)


@kernel(Convolution, workspace=_forward_workspace)
def convolution(call: KernelCall) -> Sequence[str]:
    """The product of patches with the kernel's matrix, band by band."""
    (x, weight), y = call.operands, call.result
    if not call.workspace:
        return [product(call, matrix(call, x), weights(call, weight), matrix(call, y))]
    patches, *more = call.workspace
    whole = more[0] if more else x
    values = weights(call, weight)
    return [
        *(padded(call, x, whole) if more else ()),
        *loop(
            call,
            (f"{y}_patches", f"{y}_windows", f"{y}_patch_rows", f"{y}_rows"),
            f"{y}_bands",
            lambda arrays: bands(bound_op(call, arrays), arrays[whole], arrays[weight], arrays[y], arrays[patches]),
            lambda target, source, rows, out: [f"{target}[...] = {source}", product(call, rows, values, out)],
        ),
    ]


def _kernel_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    assert isinstance(op, Sliding)
    (x, y), (kernel,) = operands, results
    if is_pointwise(op, kernel):
        return ()
    whole = (whole_type(op, x, kernel, y),) if is_padded(op) else ()
    return (patches_type(op, kernel, y, GRADIENT_ROWS), kernel, *whole)


@kernel(ConvolutionKernelGradient, workspace=_kernel_workspace)
def convolution_kernel_gradient(call: KernelCall) -> Sequence[str]:
    """The product of transposed patches with the result's gradient, band by band, added up."""
    (x, y), result = call.operands, call.result
    if not call.workspace:
        first = call.derive(
            f"{x}_columns",
            lambda arrays: numpy.swapaxes(rows_of(arrays[x], bound_op(call, arrays).groups), -1, -2),
        )
        return [product(call, first, matrix(call, y), weights(call, result))]
    patches, part, *more = call.workspace
    whole = more[0] if more else x
    totals, parts = weights(call, result), weights(call, part)

    def derive(arrays: Arrays) -> list[tuple[Array, Array, Array, Array]]:
        found = bands(bound_op(call, arrays), arrays[whole], arrays[result], arrays[y], arrays[patches], GRADIENT_ROWS)
        return [(target, source, numpy.swapaxes(rows, -1, -2), out) for target, source, rows, out in found]

    def body(names: Sequence[str], out: str) -> list[str]:
        target, source, columns, rows = names
        return [f"{target}[...] = {source}", product(call, columns, rows, out)]

    variables = (f"{y}_patches", f"{y}_windows", f"{y}_patch_columns", f"{y}_rows")
    return [
        *(padded(call, x, whole) if more else ()),
        *loop(
            call, variables, f"{y}_first_band", lambda arrays: derive(arrays)[:1], lambda *names: body(names, totals)
        ),
        *loop(
            call,
            variables,
            f"{y}_further_bands",
            lambda arrays: derive(arrays)[1:],
            lambda *names: [*body(names, parts), f"{call.function(numpy.add)}({result}, {part}, {result})"],
        ),
    ]


def _input_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    assert isinstance(op, Sliding)
    (y, kernel), (x,) = operands, results
    if is_pointwise(op, kernel):
        return ()
    whole = (whole_type(op, x, kernel, y),) if is_padded(op) else ()
    return (patches_type(op, kernel, y), *whole)


@kernel(ConvolutionInputGradient, workspace=_input_workspace)
def convolution_input_gradient(call: KernelCall) -> Sequence[str]:
    """The product with the kernel's transposed matrix gives gradients of patches, which are added where they belong."""
    (y, weight), result = call.operands, call.result
    values = weights(call, weight, transposed=True)
    if not call.workspace:
        return [product(call, matrix(call, y), values, matrix(call, result))]
    patches, *more = call.workspace
    whole = more[0] if more else result

    def derive(arrays: Arrays) -> list[tuple[Array, Array, list[tuple[Array, Array]]]]:
        op, window = bound_op(call, arrays), arrays[weight].shape[:-2]
        found = bands(op, arrays[whole], arrays[weight], arrays[y], arrays[patches])
        at = (slice(None),) * (op.rank + 1 + (op.groups > 1))
        return [
            (rows, product, [(place[(*at, *offset)], term[(*at, *offset)]) for offset in numpy.ndindex(*window)])
            for term, place, product, rows in found
        ]

    add = call.function(numpy.add)
    place, term = (call.names.unique(f"{result}_{part}") for part in ("place", "term"))
    statements = [
        f"{whole}.fill(0)",
        *loop(
            call,
            (f"{y}_rows", f"{result}_patches", f"{result}_terms"),
            f"{result}_bands",
            derive,
            lambda rows, out, terms: [
                product(call, rows, values, out),
                f"for {place}, {term} in {terms}:",
                f"    {add}({place}, {term}, {place})",
            ],
        ),
    ]
    if more:
        op = call.op
        assert isinstance(op, Sliding)
        kept = call.derive(
            f"{result}_part", lambda arrays: inside(bound_op(call, arrays), arrays[result], arrays[whole])[0]
        )
        inner = call.derive(
            f"{whole}_part", lambda arrays: inside(bound_op(call, arrays), arrays[result], arrays[whole])[1]
        )
        statements += [f"{result}.fill(0)", f"{kept}[...] = {inner}"]
    return statements
