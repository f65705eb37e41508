"""Adafactor."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from nnc.arguments import flag, number
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.saved import SavedVariable, own_variable, slot_variable, vector_sizes
from nnc.optimizers.state import OptimizerState
from nnc.optimizers.windows import Window, join, split


class Adafactor(Optimizer, names=("adafactor",)):
    """Divides the gradient by the root of the mean of its squares, of which a matrix keeps row and column means only.

    The step of a variable is α u / max(1, rms(u) / d) with u = g / √v, α = max(ε₂, rms(w)) min(η, 1/√t) and the decay
    β = 1 - t^c of the means (keras.io/api/optimizers/adafactor; Shazeer and Stern 2018, arxiv.org/abs/1804.04235). The
    slots are ``row`` and ``column`` of variables of rank 2 and above, and ``velocity``.

    Args:
        learning_rate: step size η.
        beta_2_decay: exponent c of the decay, negative.
        epsilon_1: is added to squared gradients.
        epsilon_2: smallest size of a variable that its step is measured by.
        clip_threshold: largest root mean square d of a step.
        relative_step: whether the learning rate falls with the root of the step's number.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    beta_2_decay: float = number(default=-0.8)
    epsilon_1: float = number(0.0, default=1e-30)
    epsilon_2: float = number(0.0, default=1e-3)
    clip_threshold: float = number(above=0.0, default=1.0)
    relative_step: bool = flag(default=True)

    def saved_slots(self, windows: Sequence[Window]) -> list[SavedVariable]:
        """Return row and column means, and velocities; Keras keeps two whole numbers of a variable without them."""
        saved, sizes = [], vector_sizes(windows)
        for window in windows:
            if len(window.shape) > 1:
                saved += [own_variable(slot, window, shape) for slot, shape in _factors(window).items()]
            else:
                saved += [SavedVariable(f"{window.path}/{slot}", "", 0, 0, (), 0, "int32") for slot in _factors(window)]
            saved.append(slot_variable("velocity", window, sizes))
        return saved

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        step = state.step
        # Keras limits the rate twice where relative_step is set, and once where it is not
        rate = ops.minimum(state.learning_rate, 1.0 / ops.sqrt(step))
        decay = 1.0 - step**self.beta_2_decay
        shapes = [window.shape for window in state.windows]
        squares = split(state.of_parts(ops.square, gradient) + self.epsilon_1, shapes)
        before = split(state.slot("velocity"), shapes)
        velocities = [
            self._factored(square, decay, window, state)
            if len(window.shape) > 1
            else old * decay + square * (1.0 - decay)
            for window, square, old in zip(state.windows, squares, before, strict=True)
        ]
        velocity = state.assign("velocity", join(velocities))
        directions = split(gradient / ops.sqrt(velocity), shapes)
        steps = []
        pieces = zip(state.windows, split(parameter, shapes), directions, velocities, strict=True)
        for window, weight, direction, square in pieces:
            size = ops.maximum(_root_mean(ops.square(weight)), self.epsilon_2) * rate
            if window.path in state.lookups:
                squares_of_steps = state.of_variable(window, _square_of_quotient, direction, square)
            else:
                squares_of_steps = ops.square(direction)
            excess = ops.maximum(_root_mean(squares_of_steps) / self.clip_threshold, 1.0)
            steps.append(direction * (size / excess))
        return parameter - join(steps)

    def _factored(self, square: Value, decay: Value, window: Window, state: OptimizerState) -> Value:
        """Return the estimate of the mean square that rows and columns give."""
        means = []
        for (slot, shape), axis in zip(_factors(window).items(), (-1, -2), strict=True):
            flat = state.slot(slot, window.path, (prod(shape),))
            mean = ops.reshape(flat, shape) * decay + ops.mean(square, axis) * (1.0 - decay)
            state.assign(slot, ops.reshape(mean, flat.shape), window.path)
            means.append(mean)
        row, column = means
        share = row / ops.mean(row, -1, keepdims=True)
        return ops.reshape(share, (*row.shape, 1)) * ops.reshape(column, (*column.shape[:-1], 1, column.shape[-1]))


def _factors(window: Window) -> dict[str, tuple[int, ...]]:
    shape = window.shape
    return {"row": shape[:-1], "column": (*shape[:-2], *shape[-1:])}


def _root_mean(squares: Value) -> Value:
    return ops.sqrt(ops.mean(squares))


def _square_of_quotient(gradient: Value, square: Value) -> Value:
    return ops.square(gradient / ops.sqrt(square))
