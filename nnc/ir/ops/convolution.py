"""Convolution over one to three axes, and its two gradients; the three are closed under differentiation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, ClassVar

import numpy

from nnc.errors import ShapeError, SymbolError
from nnc.ir import FLOATING, Dim, Op, Shape, SymbolicDim, TensorType, Value
from nnc.ir.ops.elementwise import Array, apply, check_elements, same_dtype

Padding = Sequence[tuple[Dim, Dim]]
"""Zeros before and after the elements of each spatial axis."""


def extent(size: int, dilation: int) -> int:
    """Return the distance from a window's first to behind its last element: (size - 1) · dilation + 1."""
    return (size - 1) * dilation + 1


def output_length(length: Dim, size: int, stride: int, dilation: int, before: Dim = 0, after: Dim = 0) -> Dim:
    """Return the number of places of a window on an axis with padding."""
    return (length + before + after - extent(size, dilation)) // stride + 1


def same_padding(length: Dim, size: int, stride: int, dilation: int = 1) -> tuple[Dim, Dim]:
    """Return the zeros before and after an axis for ⌈length / stride⌉ places, TensorFlow's rule for ``SAME``.

    Raises:
        SymbolError: the length is only known at run time, and so is whether there are any zeros.
    """
    spread = extent(size, dilation)
    if stride == 1 or spread == 1:
        total: Dim = spread - 1 if stride == 1 else 0
    else:
        total = ((length + stride - 1) // stride - 1) * stride + spread - length
        total = max(total, 0) if isinstance(total, int) else total
    if isinstance(total, SymbolicDim) and spread < stride:
        raise SymbolError(
            f"padding 'same' with strides {stride} and a window of {spread} needs an axis of known length, got {length}"
        )
    before = total // 2
    return before, total - before


@dataclass(frozen=True)
class Sliding(Op):
    """A window with weights that slides over the spatial axes of (batch, …, channels).

    Args:
        strides: elements between two places of the window, per spatial axis.
        dilation: elements between two elements of the window, per spatial axis.
        before: zeros in front of each spatial axis.
        after: zeros behind each spatial axis.
        groups: parts into which channels and filters are split; a filter sees the channels of its own part alone.
    """

    arity: ClassVar[int | None] = 2
    dense: ClassVar[tuple[int, ...]] = (0, 1)
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    before: Shape
    after: Shape
    groups: int = field(default=1, kw_only=True)

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.strides)

    @property
    def geometry(self) -> dict[str, Any]:
        """The attributes that all three ops have."""
        names = ("strides", "dilation", "before", "after", "groups")
        return {name: getattr(self, name) for name in names}

    def check(self, *operands: TensorType) -> str:
        """Return the operands' element type.

        Raises:
            ShapeError: attributes or operands are not those of a convolution over 1 to 3 axes.
        """
        check_elements(self, operands, FLOATING)
        dtype = same_dtype(self, operands)
        counts = {len(item) for item in (self.strides, self.dilation, self.before, self.after)}
        if counts != {self.rank} or not 1 <= self.rank <= 3:
            raise ShapeError(f"'{self.name}' needs strides, dilation and padding for 1 to 3 axes each")
        padding = [dim for dim in (*self.before, *self.after) if isinstance(dim, int)]
        if min(*self.strides, *self.dilation, self.groups) < 1 or min(padding, default=0) < 0:
            raise ShapeError(f"'{self.name}' needs positive strides, dilation and groups, and padding of at least 0")
        if any(operand.rank != self.rank + 2 for operand in operands):
            listed = " and ".join(map(str, operands))
            raise ShapeError(
                f"'{self.name}' over {self.rank} axes needs operands of {self.rank + 2} axes, got {listed}"
            )
        return dtype

    def convolved(self, x: TensorType, kernel: TensorType) -> TensorType:
        """Return the type of the convolution of an input with a kernel.

        Raises:
            ShapeError: they do not fit each other, or the window does not fit into the input.
        """
        if not all(isinstance(dim, int) and dim > 0 for dim in kernel.shape):
            raise ShapeError(f"'{self.name}' needs a kernel of known size, got {kernel}")
        *window, channels, filters = _numbers(kernel.shape)
        if x.shape[-1] != channels * self.groups or filters % self.groups:
            raise ShapeError(
                f"'{self.name}': a kernel {kernel} in {self.groups} groups needs {channels * self.groups} channels "
                f"and filters that {self.groups} divides, got {x}"
            )
        lengths = tuple(
            output_length(length, size, stride, dilation, before, after)
            for length, size, stride, dilation, before, after in zip(
                x.shape[1:-1], window, self.strides, self.dilation, self.before, self.after, strict=True
            )
        )
        if any(isinstance(length, int) and length < 1 for length in lengths):
            words = f"Computed output size would be zero or negative: a window of {window} does not fit into {x}"
            raise ShapeError(f"'{self.name}': {words}")
        return x.with_shape((x.shape[0], *lengths, filters))

    def padded(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape (batch, …, channels) of an input with its padding."""
        pairs = zip(shape[1:-1], self.before, self.after, strict=True)
        return (shape[0], *(length + int(before) + int(after) for length, before, after in pairs), shape[-1])

    def inside(self, shape: Sequence[int]) -> tuple[slice, ...]:
        """Return where the elements of an input of this shape lie in the padded one."""
        pairs = zip(self.before, shape[1:-1], strict=True)
        return (slice(None), *(slice(int(before), int(before) + length) for before, length in pairs))

    def places(
        self, window: Sequence[int], lengths: Sequence[int]
    ) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """Yield each element of the window with the elements of the padded input that it meets, in order.

        Args:
            window: size per spatial axis.
            lengths: number of places of the window per spatial axis.
        """
        for offset in numpy.ndindex(*window):
            axes = zip(offset, lengths, self.strides, self.dilation, strict=True)
            starts = [(index * dilation, length, stride) for index, length, stride, dilation in axes]
            yield (
                offset,
                (slice(None), *(slice(at, at + (length - 1) * stride + 1, stride) for at, length, stride in starts)),
            )

    def cost(self, kernel: TensorType, y: TensorType) -> int:
        """Return 2 · window · channels of a group operations per output."""
        return 2 * prod(int(dim) for dim in (*kernel.shape[:-1], *y.shape))

    def patch_elements(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return the elements of all windows on the input, which overlap; 0 where a window is one element."""
        kernel, y = self.kernel_and_output(operands, results)
        if prod(map(int, kernel.shape[: self.rank])) == 1:
            return 0
        return prod(int(dim) for dim in (*kernel.shape[:-1], *y.shape[:-1])) * self.groups

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 2 · window · channels of a group operations per output of the convolution."""
        return self.cost(*self.kernel_and_output(operands, results))

    def kernel_and_output(
        self, operands: Sequence[TensorType], results: Sequence[TensorType]
    ) -> tuple[TensorType, TensorType]:
        """Return the types of the kernel, and of what the convolution gives, be they operands or results."""
        raise TypeError(f"operation '{self.name}' does not say which is its kernel")


class Convolution(Sliding, name="convolution"):
    """y[n, p, f] = Σ x[n, p · strides + i · dilation - before, c] · kernel[i, c, f].

    Operands are x of shape (batch, …, channels) and a kernel of shape (window…, channels / groups, filters).
    """

    kernel: ClassVar[tuple[int, int] | None] = (1, -1)

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return (batch, places…, filters)."""
        self.check(*operands)
        return (self.convolved(*operands),)

    def evaluate(self, *operands: Array) -> Array:
        """Sum one product per element of the window, in float64."""
        x, kernel = operands
        whole = numpy.zeros(self.padded(x.shape))
        whole[self.inside(x.shape)] = x
        type = self.convolved(_type(x), _type(kernel))
        shape = tuple(int(dim) for dim in type.shape)
        result = numpy.zeros(shape)
        for offset, part in self.places(kernel.shape[:-2], shape[1:-1]):
            weights = kernel[offset].reshape(kernel.shape[-2], self.groups, -1)
            result += numpy.einsum("...gc,cgf->...gf", _split(whole[part], self.groups), weights).reshape(shape)
        return result.astype(x.dtype)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """The two other ops."""
        (x, kernel), cotangent = operands, cotangents[0]
        if cotangent is None:
            return (None, None)
        return (
            apply(ConvolutionInputGradient(**self.geometry, shape=x.shape[1:-1]), cotangent, kernel),
            apply(ConvolutionKernelGradient(**self.geometry, window=_numbers(kernel.shape[:-2])), x, cotangent),
        )

    def kernel_and_output(
        self, operands: Sequence[TensorType], results: Sequence[TensorType]
    ) -> tuple[TensorType, TensorType]:
        """The second operand, and the result."""
        return operands[1], results[0]


@dataclass(frozen=True)
class ConvolutionInputGradient(Sliding, name="convolution_input_gradient"):
    """The gradient of a convolution's input; as a function of its own, the transposed convolution.

    Operands are the gradient of the result, (batch, places…, filters), and the kernel.

    Args:
        shape: lengths of the input's spatial axes.
    """

    kernel: ClassVar[tuple[int, int] | None] = (1, -2)
    shape: Shape

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return (batch, shape…, channels)."""
        cotangent, kernel = operands
        self.check(*operands)
        if len(self.shape) != self.rank:
            raise ShapeError(f"'{self.name}' over {self.rank} axes needs as many lengths, got {list(self.shape)}")
        result = cotangent.with_shape((cotangent.shape[0], *self.shape, kernel.shape[-2] * self.groups))
        if self.convolved(result, kernel) != cotangent:
            raise ShapeError(f"'{self.name}': {result} convolved with {kernel} does not give {cotangent}")
        return (result,)

    def evaluate(self, *operands: Array) -> Array:
        """Add up one product per element of the window, in float64."""
        cotangent, kernel = operands
        shape = (len(cotangent), *_numbers(self.shape), kernel.shape[-2] * self.groups)
        whole = numpy.zeros(self.padded(shape))
        parts = _split(cotangent, self.groups)
        for offset, part in self.places(kernel.shape[:-2], cotangent.shape[1:-1]):
            weights = kernel[offset].reshape(kernel.shape[-2], self.groups, -1)
            whole[part] += numpy.einsum("...gf,cgf->...gc", parts, weights).reshape(whole[part].shape)
        return whole[self.inside(shape)].astype(cotangent.dtype)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """The two other ops."""
        (gradient, kernel), cotangent = operands, cotangents[0]
        if cotangent is None:
            return (None, None)
        return (
            apply(Convolution(**self.geometry), cotangent, kernel),
            apply(ConvolutionKernelGradient(**self.geometry, window=_numbers(kernel.shape[:-2])), cotangent, gradient),
        )

    def kernel_and_output(
        self, operands: Sequence[TensorType], results: Sequence[TensorType]
    ) -> tuple[TensorType, TensorType]:
        """The second operand, and the first, whose gradient it is."""
        return operands[1], operands[0]


@dataclass(frozen=True)
class ConvolutionKernelGradient(Sliding, name="convolution_kernel_gradient"):
    """The gradient of a convolution's kernel.

    Operands are the input, (batch, …, channels), and the gradient of the result, (batch, places…, filters).

    Args:
        window: size of the kernel's window per spatial axis.
    """

    window: tuple[int, ...]

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return (window…, channels / groups, filters)."""
        x, cotangent = operands
        self.check(*operands)
        if len(self.window) != self.rank or min(self.window) < 1:
            raise ShapeError(f"'{self.name}' over {self.rank} axes needs as many window sizes, got {list(self.window)}")
        channels = x.shape[-1]
        if not isinstance(channels, int) or channels % self.groups:
            raise ShapeError(
                f"'{self.name}' in {self.groups} groups needs channels that {self.groups} divides, got {x}"
            )
        result = x.with_shape((*self.window, channels // self.groups, cotangent.shape[-1]))
        if self.convolved(x, result) != cotangent:
            raise ShapeError(f"'{self.name}': {x} convolved with {result} does not give {cotangent}")
        return (result,)

    def evaluate(self, *operands: Array) -> Array:
        """One product per element of the window, in float64."""
        x, cotangent = operands
        whole = numpy.zeros(self.padded(x.shape))
        whole[self.inside(x.shape)] = x
        gradients = _split(cotangent.reshape(-1, cotangent.shape[-1]), self.groups)
        result = numpy.zeros((*self.window, x.shape[-1] // self.groups, cotangent.shape[-1]))
        for offset, part in self.places(self.window, cotangent.shape[1:-1]):
            patches = _split(whole[part].reshape(-1, x.shape[-1]), self.groups)
            product = numpy.einsum("ngc,ngf->cgf", patches, gradients)
            result[offset] = product.reshape(result.shape[-2:])
        return result.astype(x.dtype)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """The two other ops."""
        (x, gradient), cotangent = operands, cotangents[0]
        if cotangent is None:
            return (None, None)
        return (
            apply(ConvolutionInputGradient(**self.geometry, shape=x.shape[1:-1]), gradient, cotangent),
            apply(Convolution(**self.geometry), x, cotangent),
        )

    def kernel_and_output(
        self, operands: Sequence[TensorType], results: Sequence[TensorType]
    ) -> tuple[TensorType, TensorType]:
        """The result, and the second operand, whose gradient it is."""
        return results[0], operands[1]


def _type(array: Array) -> TensorType:
    return TensorType(str(array.dtype), array.shape)


def _numbers(shape: Shape) -> tuple[int, ...]:
    return tuple(int(dim) for dim in shape)


def _split(array: Array, groups: int) -> Array:
    """Return (…, channels) as (…, groups, channels of a group)."""
    return array.reshape(*array.shape[:-1], groups, array.shape[-1] // groups)


def convolution(
    x: Value, kernel: Value, strides: Sequence[int], dilation: Sequence[int], padding: Padding, groups: int = 1
) -> Value:
    """Return the convolution of x, (batch, …, channels), with a kernel, (window…, channels / groups, filters).

    Args:
        x: input.
        kernel: weights; read as they are, so this is a correlation.
        strides: elements between two places of the window, per spatial axis.
        dilation: elements between two elements of the window, per spatial axis.
        padding: zeros before and after each spatial axis.
        groups: parts of channels and filters that see each other alone; depthwise are as many as channels.

    Raises:
        ShapeError: shapes do not fit.
    """
    before, after = _sides(padding)
    return apply(Convolution(tuple(strides), tuple(dilation), before, after, groups=groups), x, kernel)


def transposed_convolution(
    x: Value,
    kernel: Value,
    shape: Sequence[Dim],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: Padding,
    groups: int = 1,
) -> Value:
    """Return the array of the given spatial shape whose gradient is x where a convolution of it is summed with x.

    Args:
        x: (batch, …, filters).
        kernel: (window…, channels / groups, filters).
        shape: lengths of the result's spatial axes.
        strides: as of the convolution from result to x, as the arguments after it.
        dilation: elements between two elements of the window.
        padding: zeros around the result.
        groups: parts of channels and filters.

    Raises:
        ShapeError: shapes do not fit.
    """
    before, after = _sides(padding)
    op = ConvolutionInputGradient(tuple(strides), tuple(dilation), before, after, shape=tuple(shape), groups=groups)
    return apply(op, x, kernel)


def _sides(padding: Padding) -> tuple[Shape, Shape]:
    return tuple(before for before, _ in padding), tuple(after for _, after in padding)
