"""Kernels of convolutions whose filters see one channel each: sums over windows, with long inner loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from nnc.backends.numpy.kernels.registry import Arrays, KernelCall
from nnc.backends.numpy.kernels.windows import (
    Array,
    bound_op,
    is_padded,
    loop,
    numbers,
    padded,
    padded_type,
    spread,
    spread_type,
    unpadded,
    windows_of,
)
from nnc.ir import TensorType
from nnc.ir.ops.convolution import Sliding


@dataclass(frozen=True)
class Letters:
    """The subscripts of a sum over windows.

    Where windows lie at every element of the last spatial axis, that axis and the channels are one long axis ``c`` of
    rows, and the kernel is repeated along it.

    Args:
        rank: number of spatial axes.
        joined: whether the last spatial axis and the channels are one.
        several: whether there are several filters per channel.
    """

    rank: int
    joined: bool
    several: bool

    @property
    def places(self) -> str:
        """Spatial axes."""
        return "xyz"[: self.rank - self.joined]

    @property
    def window(self) -> str:
        """Axes of the window."""
        return "ijk"[: self.rank]

    @property
    def filters(self) -> str:
        """Channels and their filters."""
        return "cm" if self.several else "c"

    def rows(self, array: Array, lengths: Sequence[int], channels: int) -> Array:
        """Return a dense (batch, lengths…, channels · filters) with the axes of a result."""
        return self._with_filters(array, (len(array), *lengths), channels)

    def kernel(self, array: Array, window: Sequence[int], width: int, channels: int) -> Array:
        """Return a dense (window…, width, channels · filters) with the axes of a kernel."""
        return self._with_filters(array, (*window, width) if self.joined else tuple(window), channels)

    def _with_filters(self, array: Array, lengths: tuple[int, ...], channels: int) -> Array:
        filters = (array.shape[-1] // channels,) if self.several else ()
        if self.joined:
            return array.reshape(*lengths[:-1], lengths[-1] * channels, *filters)
        return array.reshape(*lengths, channels, *filters)

    def windows(self, whole: Array, window: Sequence[int], lengths: Sequence[int], op: Sliding, strided: bool) -> Array:
        """Return windows on a padded (batch, …, channels), or (batch, …, channels, filters), with their axes."""
        several = whole.ndim == op.rank + 3
        found = windows_of(whole[..., 0] if several else whole, window, lengths, op, strided)
        shape, strides = list(found.shape), list(found.strides)
        if self.joined:
            shape[-1] *= shape.pop(op.rank)
            strides.pop(op.rank)
        if several:
            shape.append(whole.shape[-1])
            strides.append(whole.strides[-1])
        return numpy.lib.stride_tricks.as_strided(whole, shape, strides)


def by_channel(array: Array, channels: int) -> Array:
    """Return (…, channels · filters) as (…, channels, filters)."""
    return array.reshape(*array.shape[:-1], channels, array.shape[-1] // channels)


def _letters(op: Sliding, filters: int, strides: Sequence[int]) -> Letters:
    return Letters(op.rank, strides[-1] == 1, filters != op.groups)


def _repeated_type(kernel: TensorType, width: int) -> TensorType:
    *window, _, filters = numbers(kernel)
    return kernel.with_shape((*window, width, filters))


def _sum(call: KernelCall, subscripts: str, first: str, second: str, out: str) -> str:
    return f'{call.function(numpy.einsum)}("{subscripts}", {first}, {second}, out={out})'


# ---------------------------------------------------------------------- forward


def forward_workspace(op: Sliding, x: TensorType, kernel: TensorType, y: TensorType) -> Sequence[TensorType]:
    """Return the types of the kernel repeated along rows, and of the padded input."""
    joined = _letters(op, numbers(y)[-1], op.strides).joined
    repeated = (_repeated_type(kernel, numbers(y)[-2]),) if joined else ()
    return (*repeated, padded_type(op, x, kernel, y)) if is_padded(op) else repeated


def forward(call: KernelCall) -> Sequence[str]:
    """The sum over each window."""
    op, (x, kernel), y = call.op, call.operands, call.result
    assert isinstance(op, Sliding)
    letters = _letters(op, numbers(call.operand_types[1])[-1], op.strides)
    spaces = list(call.workspace)
    repeated = spaces.pop(0) if letters.joined else kernel
    whole = spaces[0] if spaces else x

    def windows(arrays: Arrays) -> Array:
        window, lengths = arrays[kernel].shape[:-2], arrays[y].shape[1:-1]
        return letters.windows(arrays[whole], window, lengths, bound_op(call, arrays), strided=True)

    seen = call.derive(f"{x}_windows", windows)
    rows = call.derive(f"{y}_rows", lambda arrays: letters.rows(arrays[y], arrays[y].shape[1:-1], op.groups))
    subscripts = (
        f"n{letters.places}{letters.window}c,{letters.window}{letters.filters}->n{letters.places}{letters.filters}"
    )
    return [
        *(padded(call, x, whole) if spaces else ()),
        *([f"{repeated}[...] = {kernel}"] if letters.joined else ()),
        _sum(call, subscripts, seen, _kernel_view(call, letters, kernel, repeated, y), rows),
    ]


def _kernel_view(call: KernelCall, letters: Letters, kernel: str, repeated: str, y: str) -> str:
    def derive(arrays: Arrays) -> Array:
        window, groups = arrays[kernel].shape[:-2], bound_op(call, arrays).groups
        return letters.kernel(arrays[repeated], window, arrays[y].shape[-2], groups)

    return call.derive(f"{repeated}_values", derive)


# ---------------------------------------------------------------------- gradient of the kernel


def kernel_workspace(op: Sliding, x: TensorType, kernel: TensorType, y: TensorType) -> Sequence[TensorType]:
    """Return the types of the gradient of the kernel repeated along rows, and of the padded input."""
    return forward_workspace(op, x, kernel, y)


def kernel_gradient(call: KernelCall) -> Sequence[str]:
    """The sum over all places, with one sum per column first where rows are long axes."""
    op, (x, y), result = call.op, call.operands, call.result
    assert isinstance(op, Sliding)
    letters = _letters(op, numbers(call.result_types[0])[-1], op.strides)
    spaces = list(call.workspace)
    sums = spaces.pop(0) if letters.joined else result
    whole = spaces[0] if spaces else x

    def windows(arrays: Arrays) -> Array:
        window, lengths = arrays[result].shape[:-2], arrays[y].shape[1:-1]
        return letters.windows(arrays[whole], window, lengths, bound_op(call, arrays), strided=True)

    seen = call.derive(f"{x}_windows", windows)
    rows = call.derive(f"{y}_rows", lambda arrays: letters.rows(arrays[y], arrays[y].shape[1:-1], op.groups))
    subscripts = (
        f"n{letters.places}{letters.window}c,n{letters.places}{letters.filters}->{letters.window}{letters.filters}"
    )
    statements = [
        *(padded(call, x, whole) if spaces else ()),
        _sum(call, subscripts, seen, rows, _kernel_view(call, letters, result, sums, y)),
    ]
    if letters.joined:
        reduce = call.function(numpy.add.reduce, "add_reduce")
        total = call.derive(f"{result}_total", lambda arrays: arrays[result][..., 0, :])
        statements.append(f"{reduce}({sums}, {op.rank}, None, {total})")
    return statements


# ---------------------------------------------------------------------- gradient of the input


def input_workspace(op: Sliding, x: TensorType, kernel: TensorType, y: TensorType) -> Sequence[TensorType]:
    """Return the types of the turned kernel and the spread gradient, or of one term and the padded input."""
    if max(op.strides) == 1:
        return _repeated_type(kernel, numbers(x)[-2]), spread_type(op, x, kernel, y)
    term = y.with_shape((*y.shape[:-1], x.shape[-1]))
    return (term, padded_type(op, x, kernel, y)) if is_padded(op) else (term,)


def input_gradient(call: KernelCall) -> Sequence[str]:
    """A sum over windows with the turned kernel; with strides, a product per element of the window, added up."""
    op = call.op
    assert isinstance(op, Sliding)
    return _turned(call, op) if max(op.strides) == 1 else _added(call, op)


def _turned(call: KernelCall, op: Sliding) -> Sequence[str]:
    (y, kernel), result = call.operands, call.result
    repeated, whole = call.workspace
    letters = _letters(op, numbers(call.operand_types[1])[-1], op.strides)

    def windows(arrays: Arrays) -> Array:
        gradient, window = arrays[whole], arrays[kernel].shape[:-2]
        gradient = by_channel(gradient, op.groups) if letters.several else gradient
        return letters.windows(gradient, window, arrays[result].shape[1:-1], bound_op(call, arrays), strided=False)

    seen = call.derive(f"{y}_windows", windows)
    turned = call.derive(f"{kernel}_turned", lambda arrays: numpy.flip(arrays[kernel], tuple(range(op.rank))))
    single = Letters(op.rank, letters.joined, False)
    rows = call.derive(f"{result}_rows", lambda a: single.rows(a[result], a[result].shape[1:-1], op.groups))
    subscripts = (
        f"n{letters.places}{letters.window}{letters.filters},{letters.window}{letters.filters}->n{letters.places}c"
    )
    return [
        *spread(call, y, kernel, whole),
        f"{repeated}[...] = {turned}",
        _sum(call, subscripts, seen, _kernel_view(call, letters, kernel, repeated, result), rows),
    ]


def _added(call: KernelCall, op: Sliding) -> Sequence[str]:
    (y, kernel), result = call.operands, call.result
    term, *more = call.workspace
    whole = more[0] if more else result

    def items(arrays: Arrays) -> list[tuple[Array, Array]]:
        values = by_channel(arrays[kernel][..., 0, :], op.groups)
        windows = windows_of(arrays[whole], values.shape[:-2], arrays[y].shape[1:-1], bound_op(call, arrays))
        at = (slice(None),) * (op.rank + 1)
        return [(values[offset], windows[(*at, *offset)]) for offset in numpy.ndindex(*values.shape[:-2])]

    gradient = call.derive(f"{y}_filters", lambda arrays: by_channel(arrays[y], op.groups))
    return [
        f"{whole}.fill(0)",
        *loop(
            call,
            (f"{kernel}_element", f"{result}_place"),
            f"{result}_places",
            items,
            lambda values, place: [
                _sum(call, "...cm,cm->...c", gradient, values, term),
                f"{call.function(numpy.add)}({place}, {term}, {place})",
            ],
        ),
        *(unpadded(call, result, whole) if more else ()),
    ]
