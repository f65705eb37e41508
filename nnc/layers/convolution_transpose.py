"""Transposed convolutions over one to three axes."""

from __future__ import annotations

from typing import Any, Unpack

from nnc.choices import DataFormat, PaddingName
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.layers.arguments import set_arguments
from nnc.layers.convolving import Convolving, check_filters, take_none
from nnc.layers.options import CommonLayerOptions
from nnc.layers.spatial import check_numbers
from nnc.ops import transposed_convolution
from nnc.ops.convolution import extent


class ConvolutionTranspose(Convolving):
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
        output_padding: Any = None,
        data_format: DataFormat | None = None,
        dilation_rate: Any = 1,
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
        self.filters = check_filters(where, filters)
        self.output_padding: tuple[int, ...] | None = None
        if output_padding is not None:
            self.output_padding = check_numbers(where, "output_padding", output_padding, self.spatial, least=0)
            if any(more >= stride for more, stride in zip(self.output_padding, self.strides, strict=True)):
                raise ModelError(
                    f"{where}: output_padding must be smaller than strides, "
                    f"got output_padding={self.output_padding} and strides={self.strides}"
                )
        set_arguments(
            self,
            kernel_initializer=kernel_initializer or "glorot_uniform",
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
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
        stride = self.strides[axis]
        reach = extent(self.kernel_size[axis], self.dilation_rate[axis])
        more = None if self.output_padding is None else self.output_padding[axis]
        if self.padding == "valid":
            return (length - 1) * stride + (max(reach, stride) if more is None else reach + more)
        return length * stride if more is None else (length - 1) * stride + reach % 2 + more

    def get_config(self) -> dict[str, Any]:
        return self.config(
            "filters",
            "kernel_size",
            "strides",
            "padding",
            "output_padding",
            "data_format",
            "dilation_rate",
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


class Conv1DTranspose(ConvolutionTranspose):
    """A transposed convolution over one axis; its arguments are those of `ConvolutionTranspose`."""

    spatial = 1


class Conv2DTranspose(ConvolutionTranspose):
    """A transposed convolution over two axes; its arguments are those of `ConvolutionTranspose`."""

    spatial = 2


class Conv3DTranspose(ConvolutionTranspose):
    """A transposed convolution over three axes; its arguments are those of `ConvolutionTranspose`."""

    spatial = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: PaddingName = "valid",
        data_format: DataFormat | None = None,
        output_padding: Any = None,
        dilation_rate: Any = 1,
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
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **options,
        )
