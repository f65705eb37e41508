"""Convolutions whose kernel differs from place to place, which Keras had up to version 2."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any, ClassVar

from nnc.arguments import choice, flag, positive
from nnc.choices import DataFormat, PaddingName
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import concatenate, reshape, take, transpose
from nnc.layers.arguments import activation_function, constraint, image_format, initializer, regularizer, sizes
from nnc.layers.declared import NamedLayer
from nnc.operations.data_formats import CHANNELS_FIRST


class LocallyConnected(NamedLayer):
    """activation(window · kernel + bias) at each place, with a kernel and a bias of its own.

    Args:
        filters: channels of the output.
        kernel_size: size of the window, a number for all axes or one per axis.
        strides: elements between two places of the window.
        padding: must be ``valid``.
        data_format: order of the axes of input and output.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        kernel_initializer: first value of the kernel, of shape (places, window · channels, filters).
        bias_initializer: first value of the bias, of shape (places…, filters).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: projection of the kernel after each update.
        bias_constraint: projection of the bias after each update.
        implementation: must be 1, which is that shape of the kernel.

    Raises:
        ModelError: an argument is wrong or not supported.
    """

    key_arguments = ("filters", "kernel_size")
    noted_arguments = ("strides {strides}", "{padding}", "{activation}")
    spatial: ClassVar[int]
    """Number of axes between batch and channels."""

    filters: int = positive()
    kernel_size: Any = sizes()
    strides: Any = sizes(default=1)
    padding: PaddingName = choice("valid", default="valid")
    data_format: DataFormat | None = image_format(default=None)
    activation: Any = activation_function(default=None)
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    implementation: int = choice(1, default=1)

    def build(self, input_shape: Any) -> None:
        if len(input_shape) != self.spatial + 2 or None in input_shape[1:]:
            raise ModelError(f"expected an input with {self.spatial} known lengths and channels, got {input_shape}")
        is_first = self.data_format == CHANNELS_FIRST
        lengths, channels = (input_shape[2:], input_shape[1]) if is_first else (input_shape[1:-1], input_shape[-1])
        triples = zip(lengths, self.kernel_size, self.strides, strict=True)
        self.places = tuple((length - window) // stride + 1 for length, window, stride in triples)
        if min(self.places) < 1:
            raise ModelError(f"a window of {self.kernel_size} does not fit into an input of {input_shape}")
        shape = (prod(self.places), prod(self.kernel_size) * channels, self.filters)
        self.kernel = self._weight("kernel", shape)
        if self.use_bias:
            self.bias = self._weight("bias", (*self.places, self.filters))

    def _weight(self, name: str, shape: tuple[int, ...]) -> Any:
        found = {kind: getattr(self, f"{name}_{kind}") for kind in ("initializer", "regularizer", "constraint")}
        initializer = found.pop("initializer")
        return self.add_weight(shape, initializer, name=name, **found)

    def call(self, x: Value) -> Value:
        is_first = self.data_format == CHANNELS_FIRST
        if is_first:
            x = transpose(x, (0, *range(2, x.rank), 1))
        windows = []
        for offsets in product(*map(range, self.kernel_size)):
            part = x
            for axis, (offset, stride, places) in enumerate(zip(offsets, self.strides, self.places, strict=True), 1):
                part = take(part, axis, offset, offset + stride * (places - 1) + 1, stride)
            windows.append(reshape(part, (*part.shape, 1)) if is_first else part)
        gathered = concatenate(windows, -1)  # window by window, or channel by channel where these come first
        count, length, _ = self.kernel.shape
        rows = transpose(reshape(gathered, (x.shape[0], count, length)), (1, 0, 2))
        found = reshape(transpose(rows @ self.kernel, (1, 0, 2)), (x.shape[0], *self.places, self.filters))
        if is_first:
            found = transpose(found, (0, found.rank - 1, *range(1, found.rank - 1)))
        if self.use_bias:  # Keras 2 reads it in another order of axes where channels come first
            found = found + (reshape(self.bias, (self.filters, *self.places)) if is_first else self.bias)
        result: Value = self.activation(found)
        return result


class LocallyConnected1D(LocallyConnected):
    """See `LocallyConnected`; over one axis."""

    spatial = 1


class LocallyConnected2D(LocallyConnected):
    """See `LocallyConnected`; over two axes."""

    spatial = 2

    strides: Any = sizes(default=(1, 1))
