"""Long short-term memories whose products are convolutions, over one to three axes."""

from __future__ import annotations

from typing import Any, ClassVar

from nnc.arguments import argument, flag, positive, random_seed
from nnc.choices import DataFormat, PaddingName
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.ir.ops import convolution, transpose
from nnc.ir.ops.convolution import Padding, extent, same_padding
from nnc.layers.arguments import (
    activation_function,
    constraint,
    image_format,
    initializer,
    padding_name,
    regularizer,
    sizes,
)
from nnc.layers.base import Layer
from nnc.layers.input_types import FLOAT
from nnc.layers.recurrent.cell import Cell, check_share, gates_of
from nnc.layers.recurrent.lstm import ForgetBias
from nnc.layers.recurrent.rnn import CellRNN
from nnc.layers.recurrent.time_loop import zeros
from nnc.operations.data_formats import CHANNELS_FIRST


class ConvLSTMCell(Cell):
    """One step of an LSTM that convolves its input and its state (X. Shi et al., NeurIPS 2015, without peepholes).

    Args:
        spatial: number of axes that are convolved over.
        filters: channels of both states.
        kernel_size: size of the window, a number for all axes or one per axis; the state's is the same.
        strides: elements between two places of the window on the input.
        padding: ``valid`` or ``same``, for the input; the state keeps its size.
        data_format: ``channels_last``, the default, or ``channels_first``.
        dilation_rate: elements between two elements of the window on the input.
        activation: of the candidate and of the memory on its way out.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: first value of the kernel, of shape (window…, channels, 4 · filters).
        recurrent_initializer: first value of the recurrent kernel, of shape (window…, filters, 4 · filters).
        bias_initializer: first value of the bias, of shape (4 · filters,).
        unit_forget_bias: whether the bias of the forget gate starts at 1.
        kernel_regularizer: adds to the loss; so do the other two.
        recurrent_regularizer: see `kernel_regularizer`.
        bias_regularizer: see `kernel_regularizer`.
        kernel_constraint: what the kernel is projected to after an update; likewise the other two.
        recurrent_constraint: see `kernel_constraint`.
        bias_constraint: see `kernel_constraint`.
        dropout: share of the inputs that is dropped during training, drawn separately for each gate.
        recurrent_dropout: share of the state that is dropped during training, drawn separately for each gate.
        seed: tells this cell's random stream from others.

    Raises:
        ModelError: an argument is wrong.
    """

    gates = 4

    spatial: int = positive()
    filters: int = positive()
    kernel_size: Any = sizes()
    strides: Any = sizes(default=1)
    padding: PaddingName = padding_name(default="valid")
    data_format: DataFormat | None = image_format(default=None)
    dilation_rate: Any = sizes(default=1)
    activation: Any = activation_function(default="tanh")
    recurrent_activation: Any = activation_function(default="sigmoid")
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    recurrent_initializer: Any = initializer(default="orthogonal", optional=True)
    bias_initializer: Any = initializer(default="zeros")
    unit_forget_bias: bool = flag(default=True)
    kernel_regularizer: Any = regularizer(default=None)
    recurrent_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    recurrent_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    dropout: float = argument(check_share, default=0.0)
    recurrent_dropout: float = argument(check_share, default=0.0)
    seed: int | None = random_seed(default=None)

    @property
    def _where(self) -> str:
        return "ConvLSTM"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.units = self.filters
        self.lengths: tuple[int, ...] = ()
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ModelError(
                f"{self._where}: Specifying `strides > 1` is not compatible with `dilation_rate > 1`. "
                f"Received: strides={self.strides} and dilation_rate={self.dilation_rate}"
            )

    @property
    def state_size(self) -> list[int]:
        """Channels of output and memory."""
        return [self.filters, self.filters]

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Shape of each state of a row, once the cell is built."""
        last = self.data_format != CHANNELS_FIRST
        return (*self.lengths, self.filters) if last else (self.filters, *self.lengths)

    def get_initial_state(self, batch_size: Dim | None = None) -> list[Value]:
        """Return zeros for both states, while a graph is being built."""
        return [zeros((batch_size, *self.state_shape), self.weights_dtype or FLOAT) for _ in range(2)]

    def build(self, input_shape: Any) -> None:
        if len(input_shape) != self.spatial + 2:
            raise ModelError(
                f"expected an input with {self.spatial + 3} dimensions, (batch, time, …), got steps {input_shape}"
            )
        row = tuple(input_shape[1:])
        channels, lengths = (row[-1], row[:-1]) if self.data_format != CHANNELS_FIRST else (row[0], row[1:])
        if channels is None or None in lengths:
            raise ModelError(f"all dimensions of a step must be known, got {input_shape}")
        axes = zip(lengths, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        self.lengths = tuple(
            -(-length // stride) if self.padding == "same" else (length - extent(size, dilation)) // stride + 1
            for length, size, stride, dilation in axes
        )
        if min(self.lengths) < 1:
            raise ModelError(f"a window of {self.kernel_size} is larger than a step of {lengths}")
        bias = self.bias_initializer
        self.build_kernels(
            channels, ForgetBias(bias, self.filters) if self.unit_forget_bias else bias, window=self.kernel_size
        )
        if self.data_format == CHANNELS_FIRST and any(isinstance(item, Layer) for item in vars(self).values()):
            raise ModelError("layers used as activations need data_format='channels_last'")
        self.build_activations((None, *self.lengths, self.filters))

    def call(self, x: Value, states: Any, training: bool = False) -> tuple[Value, list[Value]]:
        dropout = self.dropout if training else 0.0
        recurrent_dropout = self.recurrent_dropout if training else 0.0
        xs, hs = self.dropped(x, dropout, "inputs", 4), self.dropped(states[0], recurrent_dropout, "state", 4)
        kernel, recurrent_kernel = self.kernel.value, self.recurrent_kernel.value
        if all(part == xs[0] for part in xs) and all(part == hs[0] for part in hs):
            z = self._inputs(xs[0], kernel)
            z = z if self.bias is None else z + self.bias
            parts = gates_of(z + self._state(hs[0], recurrent_kernel), 4)
        else:
            ours = [self._inputs(*pair) for pair in zip(xs, gates_of(kernel, 4), strict=True)]
            if self.bias is not None:
                ours = [part + bias for part, bias in zip(ours, gates_of(self.bias.value, 4), strict=True)]
            theirs = [self._state(*pair) for pair in zip(hs, gates_of(recurrent_kernel, 4), strict=True)]
            parts = [first + second for first, second in zip(ours, theirs, strict=True)]
        i, f, o = (self.recurrent_activation(parts[gate]) for gate in (0, 1, 3))
        c = f * self._inner(states[1]) + i * self.activation(parts[2])
        h = self._outer(o * self.activation(c))
        return h, [h, self._outer(c)]

    def _inputs(self, x: Value, kernel: Value) -> Value:
        x = self._inner(x)
        padding: Padding = [(0, 0)] * self.spatial
        if self.padding == "same":
            axes = zip(x.shape[1:-1], self.kernel_size, self.strides, self.dilation_rate, strict=True)
            padding = [same_padding(*axis) for axis in axes]
        return convolution(x, kernel, self.strides, self.dilation_rate, padding)

    def _state(self, h: Value, kernel: Value) -> Value:
        h = self._inner(h)
        ones = (1,) * self.spatial
        padding = [same_padding(*axis) for axis in zip(h.shape[1:-1], self.kernel_size, ones, ones, strict=True)]
        return convolution(h, kernel, ones, ones, padding)

    def _inner(self, x: Value) -> Value:
        return x if self.data_format != CHANNELS_FIRST else transpose(x, (0, *range(2, x.rank), 1))

    def _outer(self, x: Value) -> Value:
        return x if self.data_format != CHANNELS_FIRST else transpose(x, (0, x.rank - 1, *range(1, x.rank - 1)))


class ConvLSTM(CellRNN):
    """Base of the layers; their arguments are those of `ConvLSTMCell`, without `spatial`, and of `RNN`."""

    key_arguments = ("filters", "kernel_size")
    noted_arguments = ("strides {strides}", "{padding}", "dilation {dilation_rate}", *CellRNN.noted_arguments)

    cell_class = ConvLSTMCell
    spatial: ClassVar[int]

    filters: int = positive()
    kernel_size: Any = sizes()
    strides: Any = sizes(default=1)
    padding: PaddingName = padding_name(default="valid")
    data_format: DataFormat | None = image_format(default=None)
    dilation_rate: Any = sizes(default=1)
    activation: Any = activation_function(default="tanh")
    recurrent_activation: Any = activation_function(default="sigmoid")
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    recurrent_initializer: Any = initializer(default="orthogonal", optional=True)
    bias_initializer: Any = initializer(default="zeros")
    unit_forget_bias: bool = flag(default=True)
    kernel_regularizer: Any = regularizer(default=None)
    recurrent_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    recurrent_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    dropout: float = argument(check_share, default=0.0)
    recurrent_dropout: float = argument(check_share, default=0.0)
    seed: int | None = random_seed(default=None)
    return_sequences: bool = flag(default=False)
    return_state: bool = flag(default=False)
    go_backwards: bool = flag(default=False)
    stateful: bool = flag(default=False)
    unroll: bool = flag(default=False, kw_only=True)

    def _state_shapes(self) -> list[tuple[int, ...]]:
        shape: tuple[int, ...] = self.cell.state_shape
        return [shape, shape]


class ConvLSTM1D(ConvLSTM):
    """A convolutional LSTM over one axis, (batch, time, steps, channels); its arguments are those of `ConvLSTM`."""

    spatial = 1


class ConvLSTM2D(ConvLSTM):
    """A convolutional LSTM over two axes; its arguments are those of `ConvLSTM`."""

    spatial = 2


class ConvLSTM3D(ConvLSTM):
    """A convolutional LSTM over three axes; its arguments are those of `ConvLSTM`."""

    spatial = 3
