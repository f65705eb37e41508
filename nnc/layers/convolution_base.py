"""Common parts of the convolution layers: windows, paddings, data formats, bias and activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.ir.ops import transpose
from nnc.ir.ops.convolution import Padding
from nnc.layers.arguments import PADDINGS
from nnc.layers.declared import NamedLayer
from nnc.layers.variable import Variable
from nnc.operations.data_formats import CHANNELS_FIRST, check_rank
from nnc.operations.windows import convolved_by_channel, zeros_around


class Convolving(NamedLayer):
    """Base of the layers whose window slides over `spatial` axes: methods of families that declare their arguments."""

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
    paddings: ClassVar[tuple[str, ...]] = PADDINGS
    dilates_with_strides: ClassVar[bool] = False
    """Whether strides and dilation may both be larger than 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kernel_size: tuple[int, ...]
        self.strides: tuple[int, ...]
        self.dilation_rate: tuple[int, ...]
        self.padding: str
        self.data_format: str | None
        self.use_bias: bool
        self.activation: Any
        self.bias: Variable | None = None
        if max(self.strides) > 1 and max(self.dilation_rate) > 1 and not self.dilates_with_strides:
            raise ModelError(
                f"{self._where}: `strides > 1` not supported in conjunction with `dilation_rate > 1`. "
                f"Received: strides={self.strides} and dilation_rate={self.dilation_rate}"
            )

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
        return transpose(x, (0, *range(2, x.rank), 1)) if self.data_format == CHANNELS_FIRST else x

    def depthwise(self, x: Value, kernel: Value) -> Value:
        """Return x convolved with a kernel (window…, channels, depth_multiplier), channels last."""
        x = self.channels_last(x, int(kernel.shape[-2]))
        return convolved_by_channel(x, kernel, self.strides, self.dilation_rate, self.padding)

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
        return zeros_around(lengths, self.kernel_size, self.strides, self.dilation_rate, self.padding)
