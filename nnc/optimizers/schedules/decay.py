"""Schedules that fall exponentially, inversely, by a polynomial, or in steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument, flag, number
from nnc.checks import check_number
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.optimizers.schedules.schedule import DeclaredLearningRateSchedule


class ExponentialDecay(DeclaredLearningRateSchedule, names=("ExponentialDecay",)):
    """η · rate^(step / steps) (keras.io/api/optimizers/learning_rate_schedules/exponential_decay).

    Args:
        initial_learning_rate: η.
        decay_steps: batches in which it falls by the rate, above 0.
        decay_rate: the rate.
        staircase: whether it falls at once after each `decay_steps`.
        name: name of the schedule.

    Raises:
        ModelError: an argument is wrong.
    """

    initial_learning_rate: float = number()
    decay_steps: float = number(above=0.0)
    decay_rate: float = number()
    staircase: bool = flag(default=False)
    name: str = argument(default="ExponentialDecay")

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        passed = step / self.decay_steps
        passed = ops.floor(passed) if self.staircase else passed
        return step.graph.constant(self.decay_rate, step.dtype) ** passed * self.initial_learning_rate


class InverseTimeDecay(ExponentialDecay, names=("InverseTimeDecay",)):
    """η / (1 + rate · step / steps) (keras.io/api/optimizers/learning_rate_schedules/inverse_time_decay).

    Args:
        initial_learning_rate: η.
        decay_steps: batches in which the denominator grows by the rate, above 0.
        decay_rate: the rate.
        staircase: whether it falls at once after each `decay_steps`.
        name: name of the schedule.

    Raises:
        ModelError: an argument is wrong.
    """

    name: str = argument(default="InverseTimeDecay")

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        passed = step / self.decay_steps
        passed = ops.floor(passed) if self.staircase else passed
        return self.initial_learning_rate / (passed * self.decay_rate + 1.0)


class PolynomialDecay(DeclaredLearningRateSchedule, names=("PolynomialDecay",)):
    """(η - end) (1 - step / steps)^power + end (keras.io/api/optimizers/learning_rate_schedules/polynomial_decay).

    Args:
        initial_learning_rate: η.
        decay_steps: batches after which it stays at its end, above 0.
        end_learning_rate: the end.
        power: the power.
        cycle: whether `decay_steps` grow to their next multiple instead, so that the rate rises again.
        name: name of the schedule.

    Raises:
        ModelError: an argument is wrong.
    """

    initial_learning_rate: float = number()
    decay_steps: float = number(above=0.0)
    end_learning_rate: float = number(default=0.0001)
    power: float = number(default=1.0)
    cycle: bool = flag(default=False)
    name: str = argument(default="PolynomialDecay")

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        steps = step.graph.constant(self.decay_steps, step.dtype)
        if self.cycle:
            cycles = -ops.floor(-(step / steps))  # rounded up
            steps = steps * ops.where(ops.equal(step, 0.0), 1.0, cycles)
        else:
            step = ops.minimum(step, steps)
        rest: Value = 1.0 - step / steps
        return (rest**self.power) * (self.initial_learning_rate - self.end_learning_rate) + self.end_learning_rate


def _check_numbers(where: str, key: str, value: Any) -> list[float]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ModelError(f"{where}: {key} must be a list of numbers, got {value!r}")
    return [check_number(where, key, item) for item in value]


class PiecewiseConstantDecay(DeclaredLearningRateSchedule, names=("PiecewiseConstantDecay",)):
    """values[i] up to and with boundaries[i], then the next one.

    See keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay.

    Args:
        boundaries: numbers of batches, ascending.
        values: learning rates, one more than boundaries.
        name: name of the schedule.

    Raises:
        ModelError: the numbers of boundaries and values do not fit.
    """

    boundaries: Sequence[float] = argument(_check_numbers)
    values: Sequence[float] = argument(_check_numbers)
    name: str = argument(default="PiecewiseConstant")

    def __post_init__(self) -> None:
        if len(self.boundaries) != len(self.values) - 1 or not self.boundaries:
            raise ModelError(
                f"{self._where} needs one boundary or more, and one more value than boundaries, got"
                f" {len(self.boundaries)} boundaries and {len(self.values)} values"
            )

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        rate = step.graph.constant(self.values[-1], step.dtype)
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = ops.where(step <= float(int(boundary)), value, rate)
        return rate
