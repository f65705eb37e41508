"""Schedules along a half wave of the cosine, once or with restarts."""

from __future__ import annotations

from math import log, pi

from nnc.arguments import argument, number
from nnc.ir import Value, ops
from nnc.optimizers.schedules.schedule import DeclaredLearningRateSchedule


class CosineDecay(DeclaredLearningRateSchedule, names=("CosineDecay",)):
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

    initial_learning_rate: float = number()
    decay_steps: float = number(above=0.0)
    alpha: float = number(default=0.0)
    name: str = argument(default="CosineDecay")
    warmup_target: float | None = number(default=None)
    warmup_steps: float = number(default=0)

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


class CosineDecayRestarts(DeclaredLearningRateSchedule, names=("CosineDecayRestarts",)):
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

    initial_learning_rate: float = number()
    first_decay_steps: float = number(above=0.0)
    t_mul: float = number(above=0.0, default=2.0)
    m_mul: float = number(default=1.0)
    alpha: float = number(default=0.0)
    name: str = argument(default="SGDRDecay")

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
