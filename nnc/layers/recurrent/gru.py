"""The gated recurrent unit: the cell and its layer."""

from __future__ import annotations

from typing import Any

from nnc.activations.sigmoids import sigmoid, tanh
from nnc.arguments import argument, flag, positive, random_seed, whole
from nnc.ir import Value
from nnc.ir.ops import concatenate, reshape, take
from nnc.layers.arguments import activation_function, constraint, initializer, regularizer
from nnc.layers.recurrent.cell import Cell, activated, check_share, gates_of, projected
from nnc.layers.recurrent.lstm import check_cudnn
from nnc.layers.recurrent.rnn import CellRNN


class GRUCell(Cell):
    """One step of a gated recurrent unit (K. Cho et al., EMNLP 2014).

    The columns of kernels and bias belong to the update gate, the reset gate and the candidate, in this order.

    Args:
        units: length of the state.
        activation: of the candidate.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: first value of the kernel, of shape (inputs, 3 · units).
        recurrent_initializer: first value of the recurrent kernel, of shape (units, 3 · units).
        bias_initializer: first value of the bias, of shape (3 · units,), or (2, 3 · units) with `reset_after`.
        kernel_regularizer: adds to the loss; so do the other two.
        recurrent_regularizer: see `kernel_regularizer`.
        bias_regularizer: see `kernel_regularizer`.
        kernel_constraint: what the kernel is projected to after an update; likewise the other two.
        recurrent_constraint: see `kernel_constraint`.
        bias_constraint: see `kernel_constraint`.
        dropout: share of the inputs that is dropped while training.
        recurrent_dropout: share of the state that is dropped during training, drawn separately for each gate.
        reset_after: whether the reset gate applies after the product with the recurrent kernel, as in cuDNN.
        seed: tells this cell's random stream from others.
        implementation: 1 draws masks of dropout for each gate, 2 draws one for all; with `recurrent_dropout` it is 1.

    Raises:
        ModelError: an argument is wrong.
    """

    gates = 3

    units: int = positive()
    activation: Any = activation_function(default="tanh")
    recurrent_activation: Any = activation_function(default="sigmoid")
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
    reset_after: bool = flag(default=True)
    seed: int | None = random_seed(default=None)
    implementation: int = whole(default=2, kw_only=True, written="never")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.implementation = 1 if self.recurrent_dropout else self.implementation

    def build(self, input_shape: Any) -> None:
        shape = (2, 3 * self.units) if self.reset_after else (3 * self.units,)
        self.build_kernels(input_shape[-1], self.bias_initializer, shape)

    def call(self, x: Value, states: Any, training: bool = False) -> tuple[Value, Any]:
        h = states[0] if isinstance(states, list | tuple) else states
        dropout = self.dropout if training else 0.0
        recurrent_dropout = self.recurrent_dropout if training else 0.0
        if self.implementation == 1 and (0 < dropout < 1 or 0 < recurrent_dropout < 1):
            update, reset, first, second, dropped = self._gate_by_gate(x, h, dropout, recurrent_dropout)
        else:
            (x,) = self.dropped(x, dropout, "inputs")
            update, reset, first, second = self._gates_at_once(x, h)
            dropped = h
        if second is not None:
            recurrent = reset * second
        else:
            recurrent = (reset * dropped) @ take(self.recurrent_kernel.value, 1, 2 * self.units, 3 * self.units)
        h = update * h + (1.0 - update) * self.activation(first + recurrent)
        return h, [h] if isinstance(states, list | tuple) else h

    def _gates_at_once(self, x: Value, h: Value) -> tuple[Value, Value, Value, Value | None]:
        """Return both gates, and the parts of inputs and state in the candidate."""
        gates = 2 * self.units
        bias, recurrent_bias = self._biases()
        z = x @ self._scaled(self.kernel.value)
        inner = h @ self._scaled(self._columns)
        z = z if bias is None else z + self._scaled(bias)
        inner = inner if recurrent_bias is None else inner + self._scaled(recurrent_bias)
        summed = take(z, 1, 0, gates) + (take(inner, 1, 0, gates) if self.reset_after else inner)
        if self._by_tanh:
            update, reset = gates_of(tanh(summed) * 0.5 + 0.5, 2)
        else:
            update, reset = activated(self.recurrent_activation, summed, 2)
        second = take(inner, 1, gates, gates + self.units) if self.reset_after else None
        return update, reset, take(z, 1, gates, gates + self.units), second

    def _gate_by_gate(
        self, x: Value, h: Value, dropout: float, recurrent_dropout: float
    ) -> tuple[Value, Value, Value, Value | None, Value]:
        """Return the same with masks of their own for each gate, and the state that is dropped for the candidate."""
        bias, recurrent_bias = self._biases()
        xs = projected(self.dropped(x, dropout, "inputs", 3), self.kernel.value)
        if bias is not None:
            xs = [part + own for part, own in zip(xs, gates_of(bias, 3), strict=True)]
        dropped = self.dropped(h, recurrent_dropout, "state", 3)
        hs = projected(dropped if self.reset_after else dropped[:2], self._columns)
        if recurrent_bias is not None:
            hs = [part + own for part, own in zip(hs, gates_of(recurrent_bias, 3), strict=True)]
        update, reset = (self.recurrent_activation(xs[gate] + hs[gate]) for gate in range(2))
        return update, reset, xs[2], hs[2] if self.reset_after else None, dropped[2]

    @property
    def _by_tanh(self) -> bool:
        """Whether gates are computed as sigmoid(z) = (tanh(z / 2) + 1) / 2, which takes less time."""
        return self.recurrent_activation is sigmoid

    def _scaled(self, weight: Value) -> Value:
        """Return a weight with the columns of the gates halved where these are computed by tanh."""
        if not self._by_tanh:
            return weight
        width, gates = weight.shape[-1], 2 * self.units
        halved = take(weight, -1, 0, gates) * 0.5
        return halved if width == gates else concatenate([halved, take(weight, -1, gates, width)])

    def _biases(self) -> tuple[Value | None, Value | None]:
        """Return the biases of inputs and state."""
        if self.bias is None:
            return None, None
        if not self.reset_after:
            return self.bias.value, None
        rows = [reshape(take(self.bias.value, 0, row, row + 1), (-1,)) for row in range(2)]
        return rows[0], rows[1]

    @property
    def _columns(self) -> Value:
        """The part of the recurrent kernel that the state is multiplied with as it is."""
        kernel = self.recurrent_kernel.value
        return kernel if self.reset_after else take(kernel, 1, 0, 2 * self.units)


class GRU(CellRNN):
    """Gated recurrent units over time; its arguments are those of `GRUCell` and `RNN`."""

    cell_class = GRUCell

    units: int = positive()
    activation: Any = activation_function(default="tanh")
    recurrent_activation: Any = activation_function(default="sigmoid")
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
    seed: int | None = random_seed(default=None)
    return_sequences: bool = flag(default=False)
    return_state: bool = flag(default=False)
    go_backwards: bool = flag(default=False)
    stateful: bool = flag(default=False)
    unroll: bool = flag(default=False)
    reset_after: bool = flag(default=True)
    use_cudnn: Any = argument(check_cudnn, default="auto", written="never")
    implementation: int = whole(default=2, kw_only=True, written="never")
