"""Muon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod, sqrt

from nnc import ops
from nnc.ir import Value
from nnc.optimizers.arguments import fraction, not_negative, whole
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.saved import SavedVariable, own_variable, slot_variable
from nnc.optimizers.state import OptimizerState
from nnc.optimizers.windows import Window, join, split


class Muon(Optimizer):
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

    settings = (
        "adam_beta_1",
        "adam_beta_2",
        "epsilon",
        "exclude_layers",
        "muon_a",
        "muon_b",
        "muon_c",
        "adam_lr_ratio",
        "momentum",
        "ns_steps",
        "nesterov",
        "exclude_embeddings",
        "adam_weight_decay",
        "rms_rate",
    )

    def __init__(
        self,
        learning_rate: float = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        *,
        lr: float | None = None,
    ) -> None:
        super().__init__(
            learning_rate,
            name=name,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            lr=lr,
        )
        where = self._where
        self.adam_beta_1 = fraction(where, "adam_beta_1", adam_beta_1, below_one=True)
        self.adam_beta_2 = fraction(where, "adam_beta_2", adam_beta_2, below_one=True)
        self.adam_weight_decay = (
            None if adam_weight_decay is None else not_negative(where, "adam_weight_decay", adam_weight_decay)
        )
        self.epsilon = not_negative(where, "epsilon", epsilon)
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = bool(exclude_embeddings)
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = fraction(where, "momentum", momentum)
        self.ns_steps = whole(where, "ns_steps", ns_steps, 0)
        self.nesterov = bool(nesterov)
        self.rms_rate = rms_rate

    def uses_adam(self, window: Window) -> bool:
        """Return whether a variable is trained by Adam."""
        if len(window.shape) != 2 or (self.exclude_embeddings and "embedding" in window.path.lower()):
            return True
        return any(re.search(pattern, window.path) for pattern in self.exclude_layers)

    def decay_rate(self, window: Window) -> float | None:
        """Return the weight decay that is set for a variable."""
        return self.adam_weight_decay if self.uses_adam(window) else self.weight_decay

    def saved_slots(self, windows: Sequence[Window]) -> list[SavedVariable]:
        """Return the momentum of each variable, and the velocity of those that Adam trains."""
        saved = []
        for window in windows:
            saved.append(slot_variable("momentum", window, windows))
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
