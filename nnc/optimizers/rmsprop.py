"""RMSprop."""

from __future__ import annotations

from nnc.arguments import flag, number
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.state import OptimizerState


class RMSprop(Optimizer, names=("rmsprop",)):
    """Steps along the gradient, divided by the root of the running mean v of its squares.

    v ← ρ v + (1 - ρ) g² and w - η g / √(v + ε); centered subtracts the square of the running mean of g from v, and
    momentum adds up the steps (keras.io/api/optimizers/rmsprop; Hinton 2012, Neural Networks for Machine Learning,
    lecture 6). The slots are ``velocity``, ``momentum`` and ``average_gradient``.

    Args:
        learning_rate: step size η.
        rho: decay ρ of the means, from 0 to 1.
        momentum: from 0 to 1.
        epsilon: keeps the division finite.
        centered: whether to divide by the estimated standard deviation instead.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    rho: float = number(0.0, 1.0, default=0.9)
    momentum: float = number(0.0, 1.0, default=0.0)
    epsilon: float = number(0.0, default=1e-7)
    centered: bool = flag(default=False)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        momentum = (("momentum",),) if self.momentum > 0.0 else ()
        return (("velocity",), *momentum, *((("average_gradient",),) if self.centered else ()))

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        square = state.of_parts(ops.square, gradient) * (1.0 - self.rho)
        variance = state.assign("velocity", state.slot("velocity") * self.rho + square)
        if self.centered:
            mean = state.slot("average_gradient") * self.rho + gradient * (1.0 - self.rho)
            variance = variance - ops.square(state.assign("average_gradient", mean))
        step = gradient * state.learning_rate / ops.sqrt(variance + self.epsilon)
        if self.momentum > 0.0:
            step = state.assign("momentum", state.slot("momentum") * self.momentum + step)
        return parameter - step
