"""Separable convolutions over one and two axes: a depthwise convolution and a product of channels."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument, flag, unsupported
from nnc.choices import DataFormat, PaddingName
from nnc.ir import Value
from nnc.ir.ops import convolution
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


class SeparableConvolution(Convolving):
    """activation(x * depthwise kernel · pointwise kernel + bias).

    https://keras.io/api/layers/convolution_layers/separable_convolution2d

    Args:
        filters: channels of the output.
        kernel_size: size of the window, a number for all axes or one per axis.
        strides: elements between two places of the window.
        padding: ``valid`` or ``same``.
        data_format: ``channels_last``, (batch, …, channels), the default, or ``channels_first``, (batch, channels, …).
        dilation_rate: elements between two elements of the window.
        depth_multiplier: depthwise filters per channel.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        depthwise_initializer: first value of the kernel of shape (window…, channels, depth_multiplier).
        pointwise_initializer: first value of the kernel of shape (1…, channels · depth_multiplier, filters).
        bias_initializer: first value of the bias, of shape (filters,).
        depthwise_regularizer: penalty on the depthwise kernel.
        pointwise_regularizer: penalty on the pointwise kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        depthwise_constraint: projection of the depthwise kernel after each update.
        pointwise_constraint: projection of the pointwise kernel after each update.
        bias_constraint: projection of the bias after each update.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("filters", "kernel_size")
    dilates_with_strides = True

    filters: int = argument(check_strictly_positive)
    kernel_size: Any = sizes()
    strides: Any = sizes(default=1)
    padding: PaddingName = padding_name(default="valid")
    data_format: DataFormat | None = image_format(default=None)
    dilation_rate: Any = sizes(default=1)
    depth_multiplier: int = argument(check_strictly_positive, default=1)
    activation: Any = activation_function(default=None)
    use_bias: bool = flag(default=True)
    depthwise_initializer: Any = initializer(default="glorot_uniform")
    pointwise_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    depthwise_regularizer: Any = regularizer(default=None)
    pointwise_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = regularizer(default=None)
    depthwise_constraint: Any = constraint(default=None)
    pointwise_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    quantization_config: Any = unsupported(default=None, kw_only=True)

    def build(self, input_shape: Any) -> None:
        channels = self.input_channels(input_shape)
        middle = channels * self.depth_multiplier
        self.depthwise_kernel = self.weight(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise"
        )
        self.pointwise_kernel = self.weight(
            "pointwise_kernel", (*(1,) * self.spatial, middle, self.filters), "pointwise"
        )
        if self.use_bias:
            self.bias = self.weight("bias", (self.filters,))

    def call(self, x: Value) -> Value:
        middle = self.depthwise(x, self.depthwise_kernel.value)
        once = (1,) * self.spatial
        return self.finished(convolution(middle, self.pointwise_kernel.value, once, once, [(0, 0)] * self.spatial))


class SeparableConv1D(SeparableConvolution):
    """A separable convolution over one axis; its arguments are those of `SeparableConvolution`."""

    spatial = 1


class SeparableConv2D(SeparableConvolution):
    """A separable convolution over two axes; its arguments are those of `SeparableConvolution`."""

    spatial = 2

    strides: Any = sizes(default=(1, 1))
    dilation_rate: Any = sizes(default=(1, 1))
