"""Convolutions whose kernel differs from place to place, which Keras had up to version 2."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any, ClassVar

from nnc.checks import check_flag, check_positive
from nnc.choices import DataFormat, PaddingName
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.arguments import arguments_config, set_arguments
from nnc.layers.base import Layer
from nnc.layers.spatial import CHANNELS_FIRST, check_data_format
from nnc.ops import concatenate, reshape, take, transpose

_OBJECTS = (
    *("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer"),
    *("kernel_constraint", "bias_constraint"),
)


class LocallyConnected(Layer):
    """activation(window · kernel + bias) at each place, with a kernel and a bias of its own.

    Args:
        filters: channels of the output.
        kernel_size: size of the window, a number for all axes or one per axis.
        strides: elements between two places of the window.
        padding: must be ``valid``.
        data_format: order of the axes of input and output.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        implementation: must be 1: the kernel has the shape (places, window · channels, filters).
        options: initializers, regularizers and constraints of kernel and bias, and the arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong or not supported.
    """

    key_arguments = ("filters", "kernel_size")
    noted_arguments = ("strides {strides}", "{padding}", "{activation}")
    axes: ClassVar[int]

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: PaddingName = "valid",
        data_format: DataFormat | None = None,
        activation: Any = None,
        use_bias: bool = True,
        implementation: int = 1,
        **options: Any,
    ) -> None:
        where = type(self).__name__
        objects = {key: options.pop(key, None) for key in _OBJECTS}
        super().__init__(activity_regularizer=objects.pop("activity_regularizer"), **options)
        for key, value, wanted in (("padding", padding, "valid"), ("implementation", implementation, 1)):
            if value != wanted:
                raise ModelError(f"{where}: {key} must be {wanted!r}, got {value!r}")
        self.data_format = check_data_format(where, data_format)
        self.filters = check_positive(where, "filters", filters)
        self.kernel_size = self._per_axis("kernel_size", kernel_size)
        self.strides = self._per_axis("strides", strides)
        self.use_bias = check_flag(where, "use_bias", use_bias)
        objects["kernel_initializer"] = objects["kernel_initializer"] or "glorot_uniform"
        objects["bias_initializer"] = objects["bias_initializer"] or "zeros"
        set_arguments(self, activation=activation, **objects)
        self.activation: Any

    def _per_axis(self, key: str, value: Any) -> tuple[int, ...]:
        given = tuple(value) if isinstance(value, list | tuple) else (value,) * self.axes
        if len(given) != self.axes:
            raise ModelError(f"{type(self).__name__}: {key} must have {self.axes} numbers, got {value!r}")
        return tuple(check_positive(type(self).__name__, key, number) for number in given)

    def build(self, input_shape: Any) -> None:
        if len(input_shape) != self.axes + 2 or None in input_shape[1:]:
            raise ModelError(f"expected an input with {self.axes} known lengths and channels, got {input_shape}")
        is_first = self.data_format == CHANNELS_FIRST
        lengths, channels = (input_shape[2:], input_shape[1]) if is_first else (input_shape[1:-1], input_shape[-1])
        triples = zip(lengths, self.kernel_size, self.strides, strict=True)
        self.places = tuple((length - window) // stride + 1 for length, window, stride in triples)
        if min(self.places) < 1:
            raise ModelError(f"a window of {self.kernel_size} does not fit into an input of {input_shape}")
        shape = (prod(self.places), prod(self.kernel_size) * channels, self.filters)
        self.kernel = self._weight("kernel", shape)
        if self.use_bias:
            self.bias = self._weight("bias", (*self.places, self.filters))

    def _weight(self, name: str, shape: tuple[int, ...]) -> Any:
        found = {kind: getattr(self, f"{name}_{kind}") for kind in ("initializer", "regularizer", "constraint")}
        initializer = found.pop("initializer")
        return self.add_weight(shape, initializer, name=name, **found)

    def call(self, x: Value) -> Value:
        is_first = self.data_format == CHANNELS_FIRST
        if is_first:
            x = transpose(x, (0, *range(2, x.rank), 1))
        windows = []
        for offsets in product(*map(range, self.kernel_size)):
            part = x
            for axis, (offset, stride, places) in enumerate(zip(offsets, self.strides, self.places, strict=True), 1):
                part = take(part, axis, offset, offset + stride * (places - 1) + 1, stride)
            windows.append(reshape(part, (*part.shape, 1)) if is_first else part)
        gathered = concatenate(windows, -1)  # window by window, or channel by channel where these come first
        count, length, _ = self.kernel.shape
        rows = transpose(reshape(gathered, (x.shape[0], count, length)), (1, 0, 2))
        found = reshape(transpose(rows @ self.kernel, (1, 0, 2)), (x.shape[0], *self.places, self.filters))
        if is_first:
            found = transpose(found, (0, found.rank - 1, *range(1, found.rank - 1)))
        if self.use_bias:  # Keras 2 reads it in another order of axes where channels come first
            found = found + (reshape(self.bias, (self.filters, *self.places)) if is_first else self.bias)
        result: Value = self.activation(found)
        return result

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": "valid",
            "data_format": self.data_format,
            **arguments_config(self, "activation"),
            "use_bias": self.use_bias,
            **arguments_config(self, *_OBJECTS),
            "implementation": 1,
        }


class LocallyConnected1D(LocallyConnected):
    """See `LocallyConnected`; over one axis."""

    axes = 1


class LocallyConnected2D(LocallyConnected):
    """See `LocallyConnected`; over two axes."""

    axes = 2
