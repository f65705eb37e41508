"""Schedules that fall exponentially, inversely, by a polynomial, or in steps."""

from __future__ import annotations

from collections.abc import Sequence

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.optimizers.schedules.schedule import LearningRateSchedule


class ExponentialDecay(LearningRateSchedule):
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

    settings = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = self._positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        passed = step / self.decay_steps
        passed = ops.floor(passed) if self.staircase else passed
        return step.graph.constant(self.decay_rate, step.dtype) ** passed * self.initial_learning_rate


class InverseTimeDecay(ExponentialDecay):
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

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        passed = step / self.decay_steps
        passed = ops.floor(passed) if self.staircase else passed
        return self.initial_learning_rate / (passed * self.decay_rate + 1.0)


class PolynomialDecay(LearningRateSchedule):
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

    settings = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = self._positive("decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

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


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] up to and with boundaries[i], then the next one.

    See keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay.

    Args:
        boundaries: numbers of batches, ascending.
        values: learning rates, one more than boundaries.
        name: name of the schedule.

    Raises:
        ModelError: the numbers of boundaries and values do not fit.
    """

    settings = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1 or not boundaries:
            raise ModelError(
                "learning-rate schedule PiecewiseConstantDecay needs one boundary or more, and one more value than"
                f" boundaries, got {len(boundaries)} boundaries and {len(values)} values"
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        rate = step.graph.constant(self.values[-1], step.dtype)
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = ops.where(step <= float(int(boundary)), value, rate)
        return rate
