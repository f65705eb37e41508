"""Long short-term memory: the cell and its layer."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.activations.sigmoids import sigmoid, tanh
from nnc.arguments import argument, flag, positive, random_seed, whole
from nnc.errors import ModelError
from nnc.initializers import Initializer
from nnc.ir import Value
from nnc.ir.ops import concatenate, take
from nnc.layers.arguments import activation_function, constraint, initializer, regularizer
from nnc.layers.recurrent.cell import Cell, activated, check_share, gates_of, projected
from nnc.layers.recurrent.rnn import CellRNN

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
        implementation: 1 draws masks of dropout for each gate, 2 draws one for all; with `recurrent_dropout` it is 1.

    Raises:
        ModelError: an argument is wrong.
    """

    gates = 4

    units: int = positive()
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
    implementation: int = whole(default=2, kw_only=True, written="never")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.implementation = 1 if self.recurrent_dropout else self.implementation

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
        self, shape: tuple[int, ...], dtype: str | None = None, generator: numpy.random.Generator | None = None
    ) -> Array:
        """Return the bias of all gates."""
        first = self.rest((self.units,), dtype, generator)
        return numpy.concatenate([first, numpy.ones(self.units, dtype), self.rest((2 * self.units,), dtype, generator)])


def check_cudnn(where: str, key: str, value: Any) -> Any:
    """Return an argument that has no meaning here.

    Raises:
        ModelError: it asks for a GPU, or is none of Keras's values.
    """
    if value not in ("auto", False):
        raise ModelError(f"{where}: {key} must be 'auto' or False, there is no cuDNN here; got {value!r}")
    return value


class LSTM(CellRNN):
    """Long short-term memory over time; its arguments are those of `LSTMCell` and `RNN`."""

    cell_class = LSTMCell

    units: int = positive()
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
    unroll: bool = flag(default=False)
    use_cudnn: Any = argument(check_cudnn, default="auto", written="never")
    implementation: int = whole(default=2, kw_only=True, written="never")
