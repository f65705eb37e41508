"""Adam and AdamW."""

from __future__ import annotations

from typing import Unpack

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.optimizers.arguments import fraction, not_negative
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.options import CommonOptions, OptimizerOptions
from nnc.optimizers.state import OptimizerState


class Adam(Optimizer):
    """Steps along the running mean m of the gradients, divided by the root of the running mean v of their squares.

    w - α m / (√v + ε) with α = η √(1 - β₂ᵗ) / (1 - β₁ᵗ), where ε is the paper's "epsilon hat"
    (keras.io/api/optimizers/adam; Kingma and Ba 2014, arxiv.org/abs/1412.6980; Reddi et al. 2018 for AMSGrad).
    The slots are ``momentum``, ``velocity`` and, with AMSGrad, ``velocity_hat``.

    Args:
        learning_rate: step size η.
        beta_1: decay β₁ of the mean of gradients, from 0 to below 1.
        beta_2: decay β₂ of the mean of squares, from 0 to below 1.
        epsilon: keeps the division finite.
        amsgrad: whether to divide by the largest v so far.
        **options: see `Optimizer`.

    Raises:
        ModelError: an argument is wrong.
    """

    settings = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = fraction(self._where, "beta_1", beta_1, below_one=True)
        self.beta_2 = fraction(self._where, "beta_2", beta_2, below_one=True)
        self.epsilon = not_negative(self._where, "epsilon", epsilon)
        self.amsgrad = bool(amsgrad)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("momentum", "velocity"), ("velocity_hat",)) if self.amsgrad else (("momentum", "velocity"),)

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        # both corrections in one vector: to NumPy a scalar is a call too
        decays = parameter.graph.constant([self.beta_1, self.beta_2], parameter.dtype)
        corrections = 1.0 - decays**state.step
        first, second = (ops.reshape(ops.take(corrections, 0, index, index + 1), ()) for index in (0, 1))
        rate = state.learning_rate * ops.sqrt(second) / first
        # not β v + (1 - β) g²: rounding 0.999 to float32 moves 1 - β, and so v in the long run, by 10⁻⁵
        momentum = state.slot("momentum")
        momentum = state.assign("momentum", momentum + (gradient - momentum) * (1.0 - self.beta_1))
        velocity = state.slot("velocity")
        square = state.of_parts(ops.square, gradient)
        velocity = state.assign("velocity", velocity + (square - velocity) * (1.0 - self.beta_2))
        if self.amsgrad:
            velocity = state.assign("velocity_hat", ops.maximum(state.slot("velocity_hat"), velocity))
        return parameter - momentum * rate / (ops.sqrt(velocity) + self.epsilon)


class AdamW(Adam):
    """Adam with decoupled weight decay (keras.io/api/optimizers/adamw; Loshchilov and Hutter 2017).

    Args:
        learning_rate: step size.
        weight_decay: see `Optimizer`; here it must be a number.
        beta_1: see `Adam`.
        beta_2: see `Adam`.
        epsilon: see `Adam`.
        amsgrad: see `Adam`.
        **options: see `Optimizer`.

    Raises:
        ModelError: an argument is wrong.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[CommonOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)
        if self.weight_decay is None:
            raise ModelError(f"{self._where}: weight_decay must be a number, got None; without decay use Adam")
