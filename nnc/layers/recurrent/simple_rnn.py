"""The simple recurrent cell and its layer."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument, flag, positive, random_seed
from nnc.ir import Value
from nnc.layers.arguments import activation_function, constraint, initializer, regularizer
from nnc.layers.recurrent.cell import Cell, check_share
from nnc.layers.recurrent.rnn import CellRNN


class SimpleRNNCell(Cell):
    """One step of a recurrent network whose output is its state: activation(x · kernel + bias + h · recurrent_kernel).

    Args:
        units: length of the state.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        kernel_initializer: first value of the kernel, of shape (inputs, units).
        recurrent_initializer: first value of the recurrent kernel, of shape (units, units).
        bias_initializer: first value of the bias, of shape (units,).
        kernel_regularizer: adds to the loss; so do the other two.
        recurrent_regularizer: see `kernel_regularizer`.
        bias_regularizer: see `kernel_regularizer`.
        kernel_constraint: what the kernel is projected to after an update; likewise the other two.
        recurrent_constraint: see `kernel_constraint`.
        bias_constraint: see `kernel_constraint`.
        dropout: share of the inputs that is dropped while training.
        recurrent_dropout: share of the state that is dropped while training.
        seed: tells this cell's random stream from others.

    Raises:
        ModelError: an argument is wrong.
    """

    units: int = positive()
    activation: Any = activation_function(default="tanh")
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    recurrent_initializer: Any = initializer(default="orthogonal", optional=True)
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    recurrent_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    recurrent_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    dropout: float = argument(check_share, default=0.0)
    recurrent_dropout: float = argument(check_share, default=0.0)
    seed: int | None = random_seed(default=None)

    def build(self, input_shape: Any) -> None:
        self.build_kernels(input_shape[-1], self.bias_initializer)

    def call(self, x: Value, states: Any, training: bool = False) -> tuple[Value, Any]:
        h = states[0] if isinstance(states, list | tuple) else states
        if training:
            (x,), (h,) = self.dropped(x, self.dropout, "inputs"), self.dropped(h, self.recurrent_dropout, "state")
        z = x @ self.kernel
        if self.bias is not None:
            z = z + self.bias
        h = self.activation(z + h @ self.recurrent_kernel)
        return h, [h] if isinstance(states, list | tuple) else h


class SimpleRNN(CellRNN):
    """A recurrent network whose output is fed back as its next input; its arguments are those of cell and `RNN`."""

    cell_class = SimpleRNNCell

    units: int = positive()
    activation: Any = activation_function(default="tanh")
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    recurrent_initializer: Any = initializer(default="orthogonal", optional=True)
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    recurrent_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    recurrent_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    dropout: float = argument(check_share, default=0.0)
    recurrent_dropout: float = argument(check_share, default=0.0)
    return_sequences: bool = flag(default=False)
    return_state: bool = flag(default=False)
    go_backwards: bool = flag(default=False)
    stateful: bool = flag(default=False)
    unroll: bool = flag(default=False)
    seed: int | None = random_seed(default=None, written="never")
