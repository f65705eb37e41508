"""Adam and AdamW."""

from __future__ import annotations

from nnc.arguments import flag, number
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.state import OptimizerState


class Adam(Optimizer, names=("adam",)):
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

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    beta_1: float = number(0.0, below=1.0, default=0.9)
    beta_2: float = number(0.0, below=1.0, default=0.999)
    epsilon: float = number(0.0, default=1e-7)
    amsgrad: bool = flag(default=False)

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


class AdamW(Adam, names=("adamw",)):
    """Adam with decoupled weight decay (keras.io/api/optimizers/adamw; Loshchilov and Hutter 2017).

    Args:
        learning_rate: step size.
        weight_decay: see `Optimizer`; here it must be a number.
        beta_1: see `Adam`.
        beta_2: see `Adam`.
        epsilon: see `Adam`.
        amsgrad: see `Adam`.

    Raises:
        ModelError: an argument is wrong.
    """

    weight_decay: float | None = number(0.0, default=0.004, optional=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight_decay is None:
            raise ModelError(
                f"{self._where}: Argument `weight_decay` must be a float. Received: weight_decay=None; without decay"
                " use Adam"
            )
