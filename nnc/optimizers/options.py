"""The arguments that all optimizers have, as types for their signatures."""

from __future__ import annotations

from typing import TypedDict


class CommonOptions(TypedDict, total=False):
    """The arguments that all optimizers have and treat alike; see `Optimizer`."""

    name: str | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    lr: float | None


class OptimizerOptions(CommonOptions, total=False):
    """The arguments of optimizers that decay weights only where they are told to; see `Optimizer`."""

    weight_decay: float | None
