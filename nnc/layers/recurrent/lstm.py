"""Long short-term memory: the cell and its layer."""

from __future__ import annotations

from typing import Any, Unpack

import numpy

from nnc.activations.sigmoids import sigmoid, tanh
from nnc.checks import check_flag
from nnc.errors import ModelError
from nnc.initializers import Initializer
from nnc.ir import Value
from nnc.layers.options import CellOptions, RecurrentOptions
from nnc.layers.recurrent.cell import Cell, activated, gates_of, projected
from nnc.layers.recurrent.rnn import CellRNN
from nnc.ops import concatenate, take

Array = Any


class LSTMCell(Cell):
    """One step of a long short-term memory (S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1997).

    The columns of kernels and bias belong to the gates i, f, the candidate, and o, in this order.

    Args:
        units: length of both states.
        activation: of the candidate and of the memory on its way out.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: first value of the kernel, of shape (inputs, 4 · units).
        recurrent_initializer: first value of the recurrent kernel, of shape (units, 4 · units).
        bias_initializer: first value of the bias, of shape (4 · units,).
        unit_forget_bias: whether the bias of the forget gate starts at 1.
        kernel_regularizer: adds to the loss; so do the other two.
        recurrent_regularizer: see `kernel_regularizer`.
        bias_regularizer: see `kernel_regularizer`.
        kernel_constraint: what the kernel is projected to after an update; likewise the other two.
        recurrent_constraint: see `kernel_constraint`.
        bias_constraint: see `kernel_constraint`.
        dropout: share of the inputs that is dropped while training.
        recurrent_dropout: share of the state that is dropped during training, drawn separately for each gate.
        seed: tells this cell's random stream from others.
        options: ``implementation``, and arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    gates = 4
    keys = (
        "units",
        "activation",
        "recurrent_activation",
        "use_bias",
        "unit_forget_bias",
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        "kernel_constraint",
        "recurrent_constraint",
        "bias_constraint",
        "dropout",
        "recurrent_dropout",
        "seed",
    )
    activation: Any
    recurrent_activation: Any
    bias_initializer: Any

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **options: Unpack[CellOptions],
    ) -> None:
        implementation = options.pop("implementation", 2)
        super().__init__(**options)
        self.set_up(
            units,
            use_bias,
            dropout,
            recurrent_dropout,
            seed,
            activation=activation,
            recurrent_activation=recurrent_activation,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self.unit_forget_bias = check_flag("LSTMCell", "unit_forget_bias", unit_forget_bias)
        self.implementation = 1 if self.recurrent_dropout else implementation

    @property
    def state_size(self) -> list[int]:
        """Lengths of output and memory."""
        return [self.units, self.units]

    def build(self, input_shape: Any) -> None:
        bias = self.bias_initializer
        self.build_kernels(input_shape[-1], ForgetBias(bias, self.units) if self.unit_forget_bias else bias)

    def call(self, x: Value, states: Any, training: bool = False) -> tuple[Value, list[Value]]:
        h, c = states
        dropout = self.dropout if training else 0.0
        recurrent_dropout = self.recurrent_dropout if training else 0.0
        if self.implementation == 1 and (0 < dropout < 1 or 0 < recurrent_dropout < 1):
            xs = projected(self.dropped(x, dropout, "inputs", 4), self.kernel.value)
            if self.bias is not None:
                xs = [part + bias for part, bias in zip(xs, gates_of(self.bias.value, 4), strict=True)]
            hs = projected(self.dropped(h, recurrent_dropout, "state", 4), self.recurrent_kernel.value)
            zs = [first + second for first, second in zip(xs, hs, strict=True)]
            i, f, o = (self.recurrent_activation(zs[gate]) for gate in (0, 1, 3))
            candidate = zs[2]
        else:
            (x,) = self.dropped(x, dropout, "inputs")
            by_tanh = self.recurrent_activation is sigmoid and self.activation is tanh
            scale = 0.5 if by_tanh else 1.0
            z = x @ gates_first(self.kernel.value, scale)
            if self.bias is not None:
                z = z + gates_first(self.bias.value, scale)
            z = z + h @ gates_first(self.recurrent_kernel.value, scale)
            if by_tanh:  # sigmoid(z) = (tanh(z / 2) + 1) / 2, so that one call does for gates and candidate
                z = self.activation(z)
            gates, candidate = take(z, 1, 0, 3 * self.units), take(z, 1, 3 * self.units, 4 * self.units)
            if by_tanh:
                i, f, o = gates_of(gates * 0.5 + 0.5, 3)
                c = f * c + i * candidate
                h = o * self.activation(c)
                return h, [h, c]
            i, f, o = activated(self.recurrent_activation, gates, 3)
        c = f * c + i * self.activation(candidate)
        h = o * self.activation(c)
        return h, [h, c]


def gates_first(weight: Value, scale: float) -> Value:
    """Return columns i, f, candidate, o as i, f, o, candidate, the gates scaled: one call then computes all gates."""
    i, f, candidate, o = gates_of(weight, 4)
    gates = concatenate([i, f, o])
    return concatenate([gates if scale == 1.0 else gates * scale, candidate])


class ForgetBias(Initializer):
    """Ones for the forget gate, another initializer for the rest.

    Args:
        rest: makes the other parts.
        units: length of a part.
    """

    def __init__(self, rest: Any, units: int) -> None:
        self.rest = rest
        self.units = units

    def __call__(
        self, shape: tuple[int, ...], dtype: str = "float32", generator: numpy.random.Generator | None = None
    ) -> Array:
        """Return the bias of all gates."""
        first = self.rest((self.units,), dtype, generator)
        return numpy.concatenate([first, numpy.ones(self.units, dtype), self.rest((2 * self.units,), dtype, generator)])


class LSTM(CellRNN):
    """Long short-term memory over time; its arguments are those of `LSTMCell` and `RNN`."""

    cell_class = LSTMCell
    keys = (
        *LSTMCell.keys[:4],
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "unit_forget_bias",
        *LSTMCell.keys[8:11],
        "activity_regularizer",
        *LSTMCell.keys[11:],
    )

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **options: Unpack[RecurrentOptions],
    ) -> None:
        check_cudnn("LSTM", use_cudnn)
        self.make(locals(), options)


def check_cudnn(where: str, use_cudnn: Any) -> None:
    """Check an argument that has no meaning here.

    Raises:
        ModelError: it asks for a GPU, or is none of Keras's values.
    """
    if use_cudnn not in ("auto", False):
        raise ModelError(f"{where}: use_cudnn must be 'auto' or False, there is no cuDNN here; got {use_cudnn!r}")
