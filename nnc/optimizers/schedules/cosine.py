"""Schedules along a half wave of the cosine, once or with restarts."""

from __future__ import annotations

from math import log, pi

from nnc import ops
from nnc.ir import Value
from nnc.optimizers.schedules.schedule import LearningRateSchedule


class CosineDecay(LearningRateSchedule):
    """η ((1 - α) (1 + cos(π step / steps)) / 2 + α), after a linear rise where there is one.

    See keras.io/api/optimizers/learning_rate_schedules/cosine_decay; Loshchilov and Hutter 2016,
    arxiv.org/abs/1608.03983.

    Args:
        initial_learning_rate: η, or the start of the rise.
        decay_steps: batches of the fall, above 0.
        alpha: fraction α of the rate that is left at the end.
        name: name of the schedule.
        warmup_target: end of the rise and start of the fall; None for no rise.
        warmup_steps: batches of the rise.

    Raises:
        ModelError: an argument is wrong.
    """

    settings = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = self._positive("decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        if self.warmup_target is None:
            return self._fallen(ops.minimum(step, float(self.decay_steps)), self.initial_learning_rate)
        step = ops.minimum(step, float(self.decay_steps + self.warmup_steps))
        fallen = self._fallen(step - float(self.warmup_steps), self.warmup_target)
        if not self.warmup_steps:
            return fallen
        rise = self.warmup_target - self.initial_learning_rate
        risen = step / float(self.warmup_steps) * rise + self.initial_learning_rate
        return ops.where(step < float(self.warmup_steps), risen, fallen)

    def _fallen(self, step: Value, start: float) -> Value:
        wave = (ops.cos(step / float(self.decay_steps) * pi) + 1.0) * 0.5
        return (wave * (1.0 - self.alpha) + self.alpha) * start


class CosineDecayRestarts(LearningRateSchedule):
    """`CosineDecay` again and again, each time over more batches and from another height.

    See keras.io/api/optimizers/learning_rate_schedules/cosine_decay_restarts; Loshchilov and Hutter 2016,
    arxiv.org/abs/1608.03983.

    Args:
        initial_learning_rate: height of the first fall.
        first_decay_steps: batches of the first fall, above 0.
        t_mul: factor of the batches from fall to fall.
        m_mul: factor of the height from fall to fall.
        alpha: fraction of the rate that is left at the end of a fall.
        name: name of the schedule.

    Raises:
        ModelError: an argument is wrong.
    """

    settings = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = self._positive("first_decay_steps", first_decay_steps)
        self.t_mul = self._positive("t_mul", t_mul)
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Value) -> Value:
        """Return the learning rate."""
        passed = step / float(self.first_decay_steps)
        if self.t_mul == 1.0:
            restarts = ops.floor(passed)
            passed = passed - restarts
        else:
            # the fall number i begins after 1 + t + … + t^(i-1) = (1 - t^i) / (1 - t) first falls
            restarts = ops.floor(ops.log(1.0 - passed * (1.0 - self.t_mul)) / log(self.t_mul))
            length = step.graph.constant(self.t_mul, step.dtype) ** restarts
            passed = (passed - (1.0 - length) / (1.0 - self.t_mul)) / length
        height = step.graph.constant(self.m_mul, step.dtype) ** restarts
        wave = height * 0.5 * (ops.cos(passed * pi) + 1.0)
        return (wave * (1.0 - self.alpha) + self.alpha) * self.initial_learning_rate
