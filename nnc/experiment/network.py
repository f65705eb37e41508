"""The experiment's model, built by the same code on nnc and on Keras."""

from __future__ import annotations

from typing import Any

from nnc.experiment.settings import Settings


def build(nn: Any, settings: Settings) -> Any:
    """Return the compiled model: sigmoid layers of the widths asked for, and one sigmoid unit.

    Args:
        nn: the engine, `nnc` or ``tensorflow.keras``.
        settings: widths, optimizer, learning rate and loss.
    """
    model = nn.Sequential(
        [
            nn.Input((2,)),
            *(nn.layers.Dense(width, activation="sigmoid") for width in settings.hidden),
            nn.layers.Dense(1, activation="sigmoid"),
        ]
    )
    optimizer = getattr(nn.optimizers, settings.optimizer)(learning_rate=settings.learning_rate)
    model.compile(optimizer=optimizer, loss=settings.loss, metrics=["accuracy"])
    return model
