"""Common parts of the convolution layers: windows, paddings, data formats, bias and activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from nnc.checks import check_flag, check_positive
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.layers.arguments import arguments_config, set_arguments
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions
from nnc.layers.spatial import (
    CHANNELS_FIRST,
    CHANNELS_LAST,
    check_data_format,
    check_numbers,
    check_padding,
    check_rank,
)
from nnc.layers.variable import Variable
from nnc.ops import transpose
from nnc.ops.convolution import Padding, extent, same_padding


class Convolving(Layer):
    """Base of the layers whose window slides over `spatial` axes; a subclass makes its kernels and says what they do.

    Args:
        kernel_size: size of the window, a number for all axes or one per axis.
        strides: elements between two places of the window.
        padding: ``valid`` or ``same``, and ``causal`` where the class allows it.
        data_format: ``channels_last``, the default, or ``channels_first``.
        dilation_rate: elements between two elements of the window.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        bias_initializer: first value of the bias.
        bias_regularizer: penalty on the bias.
        bias_constraint: projection of the bias after each update.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments: ClassVar[tuple[str, ...]] = ("kernel_size",)
    noted_arguments: ClassVar[tuple[str, ...]] = (
        "strides {strides}",
        "{padding}",
        "output_padding {output_padding}",
        "dilation {dilation_rate}",
        "groups {groups}",
        "depth_multiplier {depth_multiplier}",
        "{activation}",
    )
    spatial: ClassVar[int]
    """Number of axes the window slides over."""
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    dilates_with_strides: ClassVar[bool] = False
    """Whether strides and dilation may both be larger than 1."""

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        data_format: Any,
        dilation_rate: Any,
        activation: Any,
        use_bias: Any,
        bias_initializer: Any,
        bias_regularizer: Any,
        bias_constraint: Any,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        where = type(self).__name__
        self.kernel_size = check_numbers(where, "kernel_size", kernel_size, self.spatial)
        self.strides = check_numbers(where, "strides", strides, self.spatial)
        self.dilation_rate = check_numbers(where, "dilation_rate", dilation_rate, self.spatial)
        self.padding = check_padding(where, padding, self.paddings)
        self.data_format = check_data_format(where, data_format)
        self.use_bias = check_flag(where, "use_bias", use_bias)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1 and not self.dilates_with_strides:
            raise ModelError(
                f"{where}: strides and dilation_rate cannot both be larger than 1, "
                f"got strides={self.strides} and dilation_rate={self.dilation_rate}"
            )
        set_arguments(
            self,
            activation=activation,
            bias_initializer=bias_initializer or "zeros",
            bias_regularizer=bias_regularizer,
            bias_constraint=bias_constraint,
        )
        self.activation: Any
        self.bias: Variable | None = None

    @property
    def channel_axis(self) -> int:
        """Axis of the channels."""
        return 1 if self.data_format == CHANNELS_FIRST else self.spatial + 1

    def input_channels(self, shape: Sequence[int | None]) -> int:
        """Return the number of channels of an input shape, batch included.

        Raises:
            ModelError: the shape has another number of axes, or the number of channels is unknown.
        """
        if len(shape) != self.spatial + 2:
            raise ModelError(f"expected an input with {self.spatial + 2} dimensions, got {tuple(shape)}")
        channels = shape[self.channel_axis]
        if channels is None:
            raise ModelError(f"the number of channels must be known, got an input of shape {tuple(shape)}")
        return channels

    def weight(self, name: str, shape: Sequence[int], kind: str = "") -> Variable:
        """Make a weight whose initializer, regularizer and constraint are the attributes named after `kind`."""
        kind = kind or name
        initializer, regularizer, constraint = (
            getattr(self, f"{kind}_{key}") for key in ("initializer", "regularizer", "constraint")
        )
        return self.add_weight(shape, initializer, name=name, regularizer=regularizer, constraint=constraint)

    def channels_last(self, x: Value, channels: int) -> Value:
        """Return the input as (batch, …, channels).

        Raises:
            ModelError: it has another number of channels.
        """
        check_rank(x, self.spatial, self.data_format)
        if x.shape[self.channel_axis] != channels:
            raise ModelError(f"expected an input with {channels} channels in axis {self.channel_axis}, got {x.type}")
        if self.data_format == CHANNELS_LAST:
            return x
        return transpose(x, (0, *range(2, x.rank), 1))

    def finished(self, y: Value) -> Value:
        """Add the bias to (batch, …, filters), bring it into the data format and apply the activation."""
        if self.bias is not None:
            y = y + self.bias
        if self.data_format == CHANNELS_FIRST:
            y = transpose(y, (0, y.rank - 1, *range(1, y.rank - 1)))
        activated: Value = self.activation(y)
        return activated

    def padded(self, lengths: Sequence[Dim]) -> Padding:
        """Return the zeros before and after each spatial axis of these lengths."""
        if self.padding == "valid":
            return [(0, 0)] * self.spatial
        if self.padding == "causal":
            return [
                (extent(size, dilation) - 1, 0)
                for size, dilation in zip(self.kernel_size, self.dilation_rate, strict=True)
            ]
        axes = zip(lengths, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        return [same_padding(*axis) for axis in axes]

    def config(self, *keys: str) -> dict[str, Any]:
        """Return the config of these arguments, in this order, behind that of `Layer`."""
        config = super().get_config()
        for key in keys:
            if key.rpartition("_")[2] in ("activation", "initializer", "regularizer", "constraint"):
                config |= arguments_config(self, key)
            else:
                value = getattr(self, key)
                config[key] = list(value) if isinstance(value, tuple) else value
        return config


def check_filters(where: str, filters: Any, groups: int = 1) -> int:
    """Return a number of filters.

    Raises:
        ModelError: it is not a positive whole number, or `groups` does not divide it.
    """
    number = check_positive(where, "filters", filters)
    if number % groups:
        raise ModelError(f"{where}: groups must divide filters, got groups={groups} and filters={filters}")
    return number


def take_none(where: str, options: Any, keys: Sequence[str]) -> None:
    """Remove arguments that must be None.

    Raises:
        ModelError: one of them is not.
    """
    for key in keys:
        if options.pop(key, None) is not None:
            raise ModelError(f"{where}: {key} is not supported; leave it out")
