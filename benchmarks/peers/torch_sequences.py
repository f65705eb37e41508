"""PyTorch: the recurrent network in the usual eager loop, with all data as tensors."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.recurrent import BATCH, FEATURES, RATE, UNITS, data
from benchmarks.worker import Run


class Network(nn.Module):
    """An LSTM and a linear layer on its last output."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, UNITS, batch_first=True)
        self.dense = nn.Linear(UNITS, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a number for each sequence."""
        outputs, _ = self.lstm(x)
        result: torch.Tensor = self.dense(outputs[:, -1])
        return result


def contestants() -> dict[str, Run]:
    """Return a contestant that trains epochs."""
    x, y = map(torch.from_numpy, data())
    model = Network()
    optimizer = torch.optim.Adam(model.parameters(), RATE, eps=1e-7, fused=True)
    loss_of = nn.MSELoss()

    def fit(epochs: int) -> list[float]:
        history = []
        for _ in range(epochs):
            total = torch.zeros(())
            for rows in torch.randperm(len(x)).split(BATCH):
                optimizer.zero_grad()
                loss = loss_of(model(x[rows]), y[rows])
                loss.backward()
                optimizer.step()
                with torch.no_grad():
                    total += loss * len(rows)
            history.append(total.item() / len(x))
        return history

    return {"PyTorch, eager": fit}
