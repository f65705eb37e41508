"""The simple recurrent cell and its layer."""

from __future__ import annotations

from typing import Any, Unpack

from nnc.ir import Value
from nnc.layers.options import CellOptions, RecurrentOptions
from nnc.layers.recurrent.cell import Cell
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
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    keys = (
        "units",
        "activation",
        "use_bias",
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
    bias_initializer: Any

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
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
        super().__init__(**options)
        self.set_up(
            units,
            use_bias,
            dropout,
            recurrent_dropout,
            seed,
            activation=activation,
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
    keys = (*SimpleRNNCell.keys[:9], "activity_regularizer", *SimpleRNNCell.keys[9:-1])

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **options: Unpack[RecurrentOptions],
    ) -> None:
        self.make(locals(), options)
