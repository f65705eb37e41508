"""Transposed convolutions over one to three axes."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument, flag, unsupported
from nnc.choices import DataFormat, PaddingName
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.ir.ops import transposed_convolution
from nnc.ir.ops.convolution import extent
from nnc.layers.arguments import (
    activation_function,
    constraint,
    image_format,
    initializer,
    padding_name,
    regularizer,
    sizes,
)
from nnc.layers.convolution_base import Convolving
from nnc.layers.spatial import check_strictly_positive
from nnc.operations.windows import transposed_length


class TransposedConvolving(Convolving):
    """Base of transposed convolutions: the methods of classes that declare their arguments."""

    key_arguments = ("filters", "kernel_size")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filters: int
        self.output_padding: tuple[int, ...] | None
        if self.output_padding is not None and any(
            more >= stride for more, stride in zip(self.output_padding, self.strides, strict=True)
        ):
            raise ModelError(
                f"{self._where}: `output_padding` must be strictly less than `strides`, "
                f"got output_padding={self.output_padding} and strides={self.strides}"
            )

    def build(self, input_shape: Any) -> None:
        channels = self.input_channels(input_shape)
        self.kernel = self.weight("kernel", (*self.kernel_size, self.filters, channels))
        if self.use_bias:
            self.bias = self.weight("bias", (self.filters,))

    def call(self, x: Value) -> Value:
        x = self.channels_last(x, self.kernel.shape[-1])
        lengths = [self._output_length(axis, length) for axis, length in enumerate(x.shape[1:-1])]
        padding = self.padded(lengths)
        return self.finished(
            transposed_convolution(x, self.kernel.value, lengths, self.strides, self.dilation_rate, padding)
        )

    def _output_length(self, axis: int, length: Dim) -> Dim:
        """Return the output's length along a spatial axis, as Keras's TensorFlow backend has it."""
        more = None if self.output_padding is None else self.output_padding[axis]
        reach = extent(self.kernel_size[axis], self.dilation_rate[axis])
        return transposed_length(length, reach, self.strides[axis], self.padding, more)


class ConvolutionTranspose(TransposedConvolving):
    """activation(y + bias), where y is the gradient that a convolution would pass on to its input.

    https://keras.io/api/layers/convolution_layers/convolution2d_transpose

    Args:
        filters: channels of the output.
        kernel_size: size of the window, a number for all axes or one per axis.
        strides: elements between two places of the window in the output.
        padding: that of the convolution from output to input, ``valid`` or ``same``.
        output_padding: elements added to the output's end, fewer than strides; None for the smallest output of which
            the input could be the convolution.
        data_format: ``channels_last``, (batch, …, channels), the default, or ``channels_first``, (batch, channels, …).
        dilation_rate: elements between two elements of the window.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        kernel_initializer: first value of the kernel, of shape (window…, filters, channels).
        bias_initializer: first value of the bias, of shape (filters,).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: projection of the kernel after each update.
        bias_constraint: projection of the bias after each update.

    Raises:
        ModelError: an argument is wrong.
    """

    filters: int = argument(check_strictly_positive)
    kernel_size: Any = sizes()
    strides: Any = sizes(default=1)
    padding: PaddingName = padding_name(default="valid")
    output_padding: Any = sizes(least=0, default=None)
    data_format: DataFormat | None = image_format(default=None)
    dilation_rate: Any = sizes(default=1)
    activation: Any = activation_function(default=None)
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    quantization_config: Any = unsupported(default=None, kw_only=True)


class Conv1DTranspose(ConvolutionTranspose):
    """A transposed convolution over one axis; its arguments are those of `ConvolutionTranspose`."""

    spatial = 1


class Conv2DTranspose(ConvolutionTranspose):
    """A transposed convolution over two axes; its arguments are those of `ConvolutionTranspose`."""

    spatial = 2

    strides: Any = sizes(default=(1, 1))
    dilation_rate: Any = sizes(default=(1, 1))


class Conv3DTranspose(TransposedConvolving):
    """A transposed convolution over three axes; `ConvolutionTranspose` describes its arguments, whose order differs."""

    spatial = 3

    filters: int = argument(check_strictly_positive)
    kernel_size: Any = sizes()
    strides: Any = sizes(default=(1, 1, 1))
    padding: PaddingName = padding_name(default="valid")
    data_format: DataFormat | None = image_format(default=None)
    output_padding: Any = sizes(least=0, default=None)
    dilation_rate: Any = sizes(default=(1, 1, 1))
    activation: Any = activation_function(default=None)
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    quantization_config: Any = unsupported(default=None, kw_only=True)
