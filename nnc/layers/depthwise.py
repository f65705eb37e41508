"""Depthwise convolutions over one and two axes."""

from __future__ import annotations

from typing import Any, Unpack

from nnc.checks import check_positive
from nnc.choices import DataFormat, PaddingName
from nnc.ir import Value
from nnc.layers.arguments import set_arguments
from nnc.layers.convolving import Convolving, take_none
from nnc.layers.options import CommonLayerOptions
from nnc.ops import convolution, reshape


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
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    dilates_with_strides = True

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: PaddingName = "valid",
        depth_multiplier: int = 1,
        data_format: DataFormat | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Unpack[CommonLayerOptions],
    ) -> None:
        where = type(self).__name__
        take_none(where, options, ("quantization_config",))
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **options,
        )
        self.depth_multiplier = check_positive(where, "depth_multiplier", depth_multiplier)
        set_arguments(
            self,
            depthwise_initializer=depthwise_initializer or "glorot_uniform",
            depthwise_regularizer=depthwise_regularizer,
            depthwise_constraint=depthwise_constraint,
        )

    def build(self, input_shape: Any) -> None:
        channels = self.input_channels(input_shape)
        self.kernel = self.weight("kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        if self.use_bias:
            self.bias = self.weight("bias", (channels * self.depth_multiplier,))

    def call(self, x: Value) -> Value:
        return self.finished(self.depthwise(x, self.kernel.value))

    def depthwise(self, x: Value, kernel: Value) -> Value:
        """Return x convolved with a kernel (window…, channels, depth_multiplier), channels last."""
        *window, channels, multiplier = kernel.shape
        assert isinstance(channels, int)
        x = self.channels_last(x, channels)
        flat = reshape(kernel, (*window, 1, channels * multiplier))
        return convolution(x, flat, self.strides, self.dilation_rate, self.padded(x.shape[1:-1]), channels)

    def get_config(self) -> dict[str, Any]:
        return self.config(
            "depth_multiplier",
            "kernel_size",
            "strides",
            "padding",
            "data_format",
            "dilation_rate",
            "activation",
            "use_bias",
            "depthwise_initializer",
            "bias_initializer",
            "depthwise_regularizer",
            "bias_regularizer",
            "activity_regularizer",
            "depthwise_constraint",
            "bias_constraint",
        )


class DepthwiseConv1D(DepthwiseConvolution):
    """A depthwise convolution over one axis; its arguments are those of `DepthwiseConvolution`."""

    spatial = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """A depthwise convolution over two axes; its arguments are those of `DepthwiseConvolution`."""

    spatial = 2
