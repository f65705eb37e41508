"""Lamb."""

from __future__ import annotations

from typing import Unpack

from nnc import ops
from nnc.ir import Value
from nnc.optimizers.arguments import fraction, not_negative
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.options import OptimizerOptions
from nnc.optimizers.state import OptimizerState
from nnc.optimizers.windows import norms, scale


class Lamb(Optimizer):
    """Adam whose step is, for each variable, as long as the learning rate times the variable: w - η r u.

    u = m̂ / (√v̂ + ε) is Adam's direction and r = |w| / |u| the trust ratio of a variable, 1 where one of the two is 0
    (keras.io/api/optimizers/lamb; You et al. 2019, arxiv.org/abs/1904.00962). The slots are ``momentum`` and
    ``velocity``.

    Args:
        learning_rate: step size η.
        beta_1: decay β₁ of the mean of gradients, from 0 to below 1.
        beta_2: decay β₂ of the mean of squares, from 0 to below 1.
        epsilon: keeps the division finite.
        **options: see `Optimizer`.

    Raises:
        ModelError: an argument is wrong.
    """

    settings = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = fraction(self._where, "beta_1", beta_1, below_one=True)
        self.beta_2 = fraction(self._where, "beta_2", beta_2, below_one=True)
        self.epsilon = not_negative(self._where, "epsilon", epsilon)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("momentum", "velocity"),)

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        graph, step = parameter.graph, state.step
        first = 1.0 - graph.constant(self.beta_1, parameter.dtype) ** step
        second = 1.0 - graph.constant(self.beta_2, parameter.dtype) ** step
        momentum = state.slot("momentum")
        momentum = state.assign("momentum", momentum + (gradient - momentum) * (1.0 - self.beta_1))
        velocity = state.slot("velocity")
        square = state.of_parts(ops.square, gradient)
        velocity = state.assign("velocity", velocity + (square - velocity) * (1.0 - self.beta_2))
        update = momentum / first / (ops.sqrt(velocity / second) + self.epsilon)
        weights, updates = norms(parameter, state.windows), norms(update, state.windows)
        # where one of them is 0 the quotient is replaced, so that nothing is divided by 0
        both = ops.logical_and(weights > 0.0, updates > 0.0)
        ratio = ops.where(both, weights / ops.where(both, updates, 1.0), 1.0)
        return parameter - scale(update, ratio * state.learning_rate, state.windows)
