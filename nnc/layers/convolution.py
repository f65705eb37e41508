"""Convolutions over one to three axes."""

from __future__ import annotations

from typing import Any, Unpack

from nnc.checks import check_positive
from nnc.choices import DataFormat, PaddingName
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.arguments import set_arguments
from nnc.layers.convolving import Convolving, check_filters, take_none
from nnc.layers.options import CommonLayerOptions
from nnc.ops import convolution


class Convolution(Convolving):
    """activation(x * kernel + bias): a window slides over the spatial axes, and each place gives a product.

    https://keras.io/api/layers/convolution_layers/convolution2d

    Args:
        filters: channels of the output.
        kernel_size: size of the window, a number for all axes or one per axis.
        strides: elements between two places of the window.
        padding: ``valid``: the window stays inside the input; ``same``: zeros around it let the output have
            ⌈length / stride⌉ elements; ``causal``, for one axis: zeros in front,
            so that an output sees no later input.
        data_format: ``channels_last``, (batch, …, channels), the default, or ``channels_first``, (batch, channels, …).
        dilation_rate: elements between two elements of the window.
        groups: parts of channels and filters that are convolved separately.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        kernel_initializer: first value of the kernel, of shape (window…, channels / groups, filters).
        bias_initializer: first value of the bias, of shape (filters,).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: projection of the kernel after each update.
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
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Unpack[CommonLayerOptions],
    ) -> None:
        where = type(self).__name__
        take_none(where, options, ("lora_rank", "lora_alpha", "quantization_config"))
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
        self.groups = check_positive(where, "groups", groups)
        self.filters = check_filters(where, filters, self.groups)
        set_arguments(
            self,
            kernel_initializer=kernel_initializer or "glorot_uniform",
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
        )

    def build(self, input_shape: Any) -> None:
        channels = self.input_channels(input_shape)
        if channels % self.groups:
            raise ModelError(
                f"groups must divide the input's channels, got groups={self.groups} and {channels} channels"
            )
        self.kernel = self.weight("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        if self.use_bias:
            self.bias = self.weight("bias", (self.filters,))

    def call(self, x: Value) -> Value:
        x = self.channels_last(x, self.kernel.shape[-2] * self.groups)
        padding = self.padded(x.shape[1:-1])
        return self.finished(convolution(x, self.kernel.value, self.strides, self.dilation_rate, padding, self.groups))

    def get_config(self) -> dict[str, Any]:
        return self.config(
            "filters",
            "kernel_size",
            "strides",
            "padding",
            "data_format",
            "dilation_rate",
            "groups",
            "activation",
            "use_bias",
            "kernel_initializer",
            "bias_initializer",
            "kernel_regularizer",
            "bias_regularizer",
            "activity_regularizer",
            "kernel_constraint",
            "bias_constraint",
        )


class Conv1D(Convolution):
    """A convolution over one axis; its arguments are those of `Convolution`."""

    spatial = 1
    paddings = ("valid", "same", "causal")


class Conv2D(Convolution):
    """A convolution over two axes; its arguments are those of `Convolution`."""

    spatial = 2


class Conv3D(Convolution):
    """A convolution over three axes; its arguments are those of `Convolution`."""

    spatial = 3
