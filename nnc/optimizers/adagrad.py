"""Adagrad and Adadelta."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.arguments import number
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.state import OptimizerState


class Adagrad(Optimizer, names=("adagrad",)):
    """Steps along the gradient, divided by the root of the sum a of its squares so far: w - η g / √(a + ε).

    See keras.io/api/optimizers/adagrad; Duchi et al. 2011, Adaptive Subgradient Methods for Online Learning and
    Stochastic Optimization. The slot is ``accumulator``.

    Args:
        learning_rate: step size η.
        initial_accumulator_value: what the sum starts with.
        epsilon: keeps the division finite.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    initial_accumulator_value: float = number(0.0, default=0.1)
    epsilon: float = number(0.0, default=1e-7)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("accumulator",),)

    @property
    def first_values(self) -> Mapping[str, float]:
        """The initial value of the sum."""
        return {"accumulator": float(self.initial_accumulator_value)}

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        total = state.assign("accumulator", state.slot("accumulator") + state.of_parts(ops.square, gradient))
        return parameter - gradient * state.learning_rate / ops.sqrt(total + self.epsilon)


class Adadelta(Optimizer, names=("adadelta",)):
    """Steps in the size of the steps before: d = -g √(s + ε) / √(a + ε) and w + η d.

    a and s are the running means of g² and d² (keras.io/api/optimizers/adadelta; Zeiler 2012, arxiv.org/abs/1212.5701).
    The slots are ``accumulated_grad`` and ``accumulated_delta_var``.

    Args:
        learning_rate: factor η of the step, 1 in the paper.
        rho: decay of the means, from 0 to 1.
        epsilon: keeps the division finite, and the first steps above 0.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    rho: float = number(0.0, 1.0, default=0.95)
    epsilon: float = number(0.0, default=1e-7)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("accumulated_grad", "accumulated_delta_var"),)

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        squares = state.slot("accumulated_grad") * self.rho + state.of_parts(ops.square, gradient) * (1.0 - self.rho)
        squares = state.assign("accumulated_grad", squares)
        steps = state.slot("accumulated_delta_var")
        step = self._step(gradient, steps, squares)
        before = steps * self.rho
        square = state.of_parts(lambda *parts: ops.square(self._step(*parts)), gradient, steps, squares)
        state.assign("accumulated_delta_var", before + square * (1.0 - self.rho))
        return parameter - step * state.learning_rate

    def _step(self, gradient: Value, steps: Value, squares: Value) -> Value:
        return ops.sqrt(steps + self.epsilon) * gradient / ops.sqrt(squares + self.epsilon)
