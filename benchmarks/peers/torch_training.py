"""PyTorch's usual eager loop, with all data as tensors and nothing read back within an epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.driving import CHECKED_EPOCHS
from benchmarks.worker import Contestant


def training_loop(
    model: Any,
    optimizer: Any,
    x: torch.Tensor,
    y: torch.Tensor,
    batch: int,
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    right_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
) -> Contestant:
    """Return a contestant that trains epochs.

    Args:
        model: a module.
        optimizer: of its parameters.
        x: all inputs.
        y: all targets.
        batch: rows of a batch.
        loss_of: mean loss from outputs and targets.
        right_of: which outputs are right, where accuracy is measured.
    """

    def fit(epochs: int, shuffle: bool = True) -> list[tuple[float, float]]:
        history = []
        for _ in range(epochs):
            total, right = torch.zeros(()), torch.zeros(())
            order = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
            for rows in order.split(batch):
                inputs, truth = x[rows], y[rows]
                optimizer.zero_grad()
                outputs = model(inputs)
                loss = loss_of(outputs, truth)
                loss.backward()
                optimizer.step()
                with torch.no_grad():
                    total += loss * len(rows)
                    if right_of is not None:
                        right += right_of(outputs, truth).sum()
            history.append((total.item() / len(x), right.item() / len(x)))
        return history

    return Contestant(fit, lambda: [loss for loss, _ in fit(CHECKED_EPOCHS, shuffle=False)])


def chosen(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return where the largest logit is that of the right class."""
    return logits.argmax(1) == truth
