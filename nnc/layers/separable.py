"""Separable convolutions over one and two axes: a depthwise convolution and a product of channels."""

from __future__ import annotations

from typing import Any, Unpack

from nnc.choices import DataFormat, PaddingName
from nnc.ir import Value
from nnc.layers.arguments import set_arguments
from nnc.layers.convolving import check_filters
from nnc.layers.depthwise import DepthwiseConvolution
from nnc.layers.options import CommonLayerOptions
from nnc.ops import convolution


class SeparableConvolution(DepthwiseConvolution):
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
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("filters", "kernel_size")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: PaddingName = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Unpack[CommonLayerOptions],
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            depth_multiplier,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            depthwise_regularizer,
            bias_regularizer,
            activity_regularizer,
            depthwise_constraint,
            bias_constraint,
            **options,
        )
        self.filters = check_filters(type(self).__name__, filters)
        set_arguments(
            self,
            pointwise_initializer=pointwise_initializer or "glorot_uniform",
            pointwise_regularizer=pointwise_regularizer,
            pointwise_constraint=pointwise_constraint,
        )

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

    def get_config(self) -> dict[str, Any]:
        return self.config(
            "depth_multiplier",
            "filters",
            "kernel_size",
            "strides",
            "padding",
            "data_format",
            "dilation_rate",
            "activation",
            "use_bias",
            "depthwise_initializer",
            "pointwise_initializer",
            "bias_initializer",
            "depthwise_regularizer",
            "pointwise_regularizer",
            "bias_regularizer",
            "activity_regularizer",
            "depthwise_constraint",
            "pointwise_constraint",
            "bias_constraint",
        )


class SeparableConv1D(SeparableConvolution):
    """A separable convolution over one axis; its arguments are those of `SeparableConvolution`."""

    spatial = 1


class SeparableConv2D(SeparableConvolution):
    """A separable convolution over two axes; its arguments are those of `SeparableConvolution`."""

    spatial = 2
