"""Depthwise convolutions over one and two axes."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument, flag, unsupported
from nnc.choices import DataFormat, PaddingName
from nnc.ir import Value
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


class DepthwiseConvolution(Convolving):
    """activation(x * kernel + bias), where each channel is convolved with filters of its own.

    https://keras.io/api/layers/convolution_layers/depthwise_convolution2d

    Args:
        kernel_size: size of the window, a number for all axes or one per axis.
        strides: elements between two places of the window.
        padding: ``valid`` or ``same``.
        depth_multiplier: filters per channel.
        data_format: ``channels_last``, (batch, …, channels), the default, or ``channels_first``, (batch, channels, …).
        dilation_rate: elements between two elements of the window.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        depthwise_initializer: first value of the kernel, of shape (window…, channels, depth_multiplier).
        bias_initializer: first value of the bias, of shape (channels · depth_multiplier,).
        depthwise_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        depthwise_constraint: projection of the kernel after each update.
        bias_constraint: projection of the bias after each update.

    Raises:
        ModelError: an argument is wrong.
    """

    dilates_with_strides = True

    kernel_size: Any = sizes()
    strides: Any = sizes(default=1)
    padding: PaddingName = padding_name(default="valid")
    depth_multiplier: int = argument(check_strictly_positive, default=1)
    data_format: DataFormat | None = image_format(default=None)
    dilation_rate: Any = sizes(default=1)
    activation: Any = activation_function(default=None)
    use_bias: bool = flag(default=True)
    depthwise_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    depthwise_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = regularizer(default=None)
    depthwise_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    quantization_config: Any = unsupported(default=None, kw_only=True)

    def build(self, input_shape: Any) -> None:
        channels = self.input_channels(input_shape)
        self.kernel = self.weight("kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        if self.use_bias:
            self.bias = self.weight("bias", (channels * self.depth_multiplier,))

    def call(self, x: Value) -> Value:
        return self.finished(self.depthwise(x, self.kernel.value))


class DepthwiseConv1D(DepthwiseConvolution):
    """A depthwise convolution over one axis; its arguments are those of `DepthwiseConvolution`."""

    spatial = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """A depthwise convolution over two axes; its arguments are those of `DepthwiseConvolution`."""

    spatial = 2

    strides: Any = sizes(default=(1, 1))
    dilation_rate: Any = sizes(default=(1, 1))
