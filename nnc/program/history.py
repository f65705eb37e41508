"""What `fit` returns: the record of losses and metrics by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class History:
    """Losses and metrics by epoch.

    Attributes:
        history: for each name a list with one number per epoch; names of validation begin with ``val_``.
        epoch: numbers of the epochs, from 0.
        params: how `fit` was called: epochs, steps per epoch, batch size.
    """

    history: dict[str, list[float]] = field(default_factory=dict)
    epoch: list[int] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    def append(self, epoch: int, logs: dict[str, float]) -> None:
        """Add the record of one epoch."""
        self.epoch.append(epoch)
        for name, number in logs.items():
            self.history.setdefault(name, []).append(number)
