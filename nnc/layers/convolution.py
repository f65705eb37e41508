"""Convolutions over one to three axes."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument, flag, unsupported
from nnc.checks import is_whole
from nnc.choices import DataFormat, PaddingName
from nnc.errors import ModelError
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


def _check_groups(where: str, key: str, value: Any) -> int:
    if not is_whole(value) or value <= 0:
        raise ModelError(f"{where}: The number of {key} must be a positive integer. Received: {key}={value!r}.")
    return int(value)


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

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("filters", "kernel_size")

    filters: int = argument(check_strictly_positive)
    kernel_size: Any = sizes()
    strides: Any = sizes(default=1)
    padding: PaddingName = padding_name(default="valid")
    data_format: DataFormat | None = image_format(default=None)
    dilation_rate: Any = sizes(default=1)
    groups: int = argument(_check_groups, default=1)
    activation: Any = activation_function(default=None)
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    lora_rank: int | None = unsupported(default=None, kw_only=True)
    lora_alpha: float | None = unsupported(default=None, kw_only=True)
    quantization_config: Any = unsupported(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filters % self.groups:
            raise ModelError(
                f"{self._where}: The number of filters must be evenly divisible by the number of groups. "
                f"Received: groups={self.groups}, filters={self.filters}."
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


class Conv1D(Convolution):
    """A convolution over one axis; its arguments are those of `Convolution`."""

    spatial = 1
    paddings = ("valid", "same", "causal")


class Conv2D(Convolution):
    """A convolution over two axes; its arguments are those of `Convolution`."""

    spatial = 2

    strides: Any = sizes(default=(1, 1))
    dilation_rate: Any = sizes(default=(1, 1))


class Conv3D(Convolution):
    """A convolution over three axes; its arguments are those of `Convolution`."""

    spatial = 3

    strides: Any = sizes(default=(1, 1, 1))
    dilation_rate: Any = sizes(default=(1, 1, 1))
