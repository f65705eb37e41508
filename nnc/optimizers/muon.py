"""Muon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod, sqrt
from typing import Any

from nnc.arguments import argument, flag, number, passed_on, whole
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, NamedRule, Optimizer, step_size
from nnc.optimizers.saved import SavedVariable, own_variable, slot_variable, vector_sizes
from nnc.optimizers.state import OptimizerState
from nnc.optimizers.windows import Window, join, split


def _check_patterns(where: str, key: str, value: Any) -> list[str]:
    """Return a list of regular expressions; None is an empty one."""
    if isinstance(value, str) or not all(isinstance(item, str) for item in value or ()):
        raise ModelError(f"{where}: {key} must be a list of regular expressions, got {value!r}")
    return list(value or ())


class _FirstArguments(NamedRule):
    """The arguments of `Muon` that come before those that all optimizers have."""

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    adam_beta_1: float = number(0.0, below=1.0, default=0.9)
    adam_beta_2: float = number(0.0, below=1.0, default=0.999)
    adam_weight_decay: float | None = number(0.0, default=0.004, optional=True)
    epsilon: float = number(0.0, default=1e-7)


class Muon(Optimizer, _FirstArguments, names=("muon",)):
    """Makes the momentum of each matrix orthogonal before the step; all other variables are trained by Adam.

    The nearest orthogonal matrix is found by Newton–Schulz iterations x ← a x + (b x xᵀ + c (x xᵀ)²) x; its step is
    scaled by 0.2 √max(rows, columns), so that it is of the size of Adam's (keras.io/api/optimizers/muon; Jordan 2024,
    kellerjordan.github.io/posts/muon; Liu et al. 2025, arxiv.org/abs/2502.16982). The slots are ``momentum``, and
    ``velocity`` of the variables trained by Adam.

    Args:
        learning_rate: step size.
        adam_beta_1: see `Adam`.
        adam_beta_2: see `Adam`.
        adam_weight_decay: weight decay of the variables trained by Adam.
        epsilon: see `Adam`.
        weight_decay: weight decay of matrices.
        clipnorm: see `Optimizer`.
        clipvalue: see `Optimizer`.
        global_clipnorm: see `Optimizer`.
        use_ema: see `Optimizer`.
        ema_momentum: see `Optimizer`.
        ema_overwrite_frequency: see `Optimizer`.
        loss_scale_factor: see `Optimizer`.
        gradient_accumulation_steps: see `Optimizer`.
        name: see `Optimizer`.
        exclude_layers: regular expressions; variables in whose path one is found are trained by Adam.
        exclude_embeddings: whether variables in whose path is ``embedding`` are trained by Adam.
        muon_a: a.
        muon_b: b.
        muon_c: c.
        adam_lr_ratio: factor of the learning rate for Adam.
        momentum: decay of the momentum, from 0 to 1.
        ns_steps: number of iterations.
        nesterov: whether momentum is Nesterov's.
        rms_rate: factor of the step, 0.2; None for steps that are not scaled.
        lr: see `Optimizer`.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    weight_decay: float | None = number(0.0, default=0.004, optional=True)
    clipnorm: float | None = number(above=0.0, default=None)
    clipvalue: float | None = number(above=0.0, default=None)
    global_clipnorm: float | None = number(above=0.0, default=None)
    use_ema: bool = flag(default=False)
    ema_momentum: float = number(0.0, 1.0, default=0.99)
    ema_overwrite_frequency: int | None = whole(1, default=None)
    loss_scale_factor: float | None = number(above=0.0, default=None)
    gradient_accumulation_steps: int | None = whole(2, default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    exclude_layers: Sequence[str] | None = argument(_check_patterns, default=None, optional=False)
    exclude_embeddings: bool = flag(default=True)
    muon_a: float = number(default=3.4445)
    muon_b: float = number(default=-4.7750)
    muon_c: float = number(default=2.0315)
    adam_lr_ratio: float = number(default=1)
    momentum: float = number(0.0, 1.0, default=0.95)
    ns_steps: int = whole(0, default=5)
    nesterov: bool = flag(default=True)
    rms_rate: float | None = number(default=0.2, optional=True)

    def uses_adam(self, window: Window) -> bool:
        """Return whether a variable is trained by Adam."""
        if len(window.shape) != 2 or (self.exclude_embeddings and "embedding" in window.path.lower()):
            return True
        return any(re.search(pattern, window.path) for pattern in self.exclude_layers or ())

    def decay_rate(self, window: Window) -> float | None:
        """Return the weight decay that is set for a variable."""
        return self.adam_weight_decay if self.uses_adam(window) else self.weight_decay

    def saved_slots(self, windows: Sequence[Window]) -> list[SavedVariable]:
        """Return the momentum of each variable, and the velocity of those that Adam trains."""
        saved, sizes = [], vector_sizes(windows)
        for window in windows:
            saved.append(slot_variable("momentum", window, sizes))
            if self.uses_adam(window):
                saved.append(own_variable("velocity", window, window.shape))
        return saved

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        shapes = [window.shape for window in state.windows]
        gradients, before = split(gradient, shapes), split(state.slot("momentum"), shapes)
        steps, momenta = [], []
        for window, slope, old in zip(state.windows, gradients, before, strict=True):
            make = self._adam_step if self.uses_adam(window) else self._matrix_step
            step, momentum = make(slope, old, window, state)
            steps.append(step)
            momenta.append(momentum)
        state.assign("momentum", join(momenta))
        return parameter - join(steps)

    def _matrix_step(
        self, gradient: Value, momentum: Value, window: Window, state: OptimizerState
    ) -> tuple[Value, Value]:
        momentum = momentum + (gradient + momentum * (self.momentum - 1.0))
        direction = self._orthogonal(gradient + momentum * self.momentum if self.nesterov else momentum)
        scaled = direction * state.learning_rate
        if self.rms_rate is not None:
            scaled = scaled * (sqrt(max(window.shape)) * self.rms_rate)
        return scaled, momentum

    def _adam_step(
        self, gradient: Value, momentum: Value, window: Window, state: OptimizerState
    ) -> tuple[Value, Value]:
        graph, step = gradient.graph, state.step
        first = 1.0 - graph.constant(self.adam_beta_1, gradient.dtype) ** step
        second = 1.0 - graph.constant(self.adam_beta_2, gradient.dtype) ** step
        rate = state.learning_rate * self.adam_lr_ratio * ops.sqrt(second) / first
        momentum = momentum + (gradient - momentum) * (1.0 - self.adam_beta_1)
        flat = state.slot("velocity", window.path, (prod(window.shape),))
        velocity = ops.reshape(flat, window.shape)
        square = state.of_variable(window, ops.square, gradient)
        velocity = velocity + (square - velocity) * (1.0 - self.adam_beta_2)
        state.assign("velocity", ops.reshape(velocity, flat.shape), window.path)
        return momentum * rate / (ops.sqrt(velocity) + self.epsilon), momentum

    def _orthogonal(self, x: Value) -> Value:
        """Return roughly the nearest matrix whose singular values are all 1."""
        rows, columns = x.shape
        x = ops.transpose(x) if rows > columns else x
        x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            square = x @ ops.transpose(x)
            x = x * self.muon_a + (square * self.muon_b + (square * self.muon_c) @ square) @ x
        return ops.transpose(x) if rows > columns else x
