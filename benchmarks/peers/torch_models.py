"""PyTorch: the usual eager loop, with all data as tensors and nothing read back within an epoch."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.networks import (
    BASE_BATCH,
    BASE_RATE,
    BASE_WIDTHS,
    MLP_BATCH,
    MLP_RATE,
    MLP_WIDTHS,
    base_data,
    mlp_data,
    weights,
)
from benchmarks.worker import Run


def _network(widths: tuple[int, ...], between: type[nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for kernel, bias in weights(widths):
        layer = nn.Linear(*kernel.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
        layers += [layer, between()]
    return nn.Sequential(*layers[:-1])


def base() -> dict[str, Run]:
    """Return a contestant that trains epochs of the base network."""
    x, y = map(torch.from_numpy, base_data())
    model = _network(BASE_WIDTHS, nn.Sigmoid)
    optimizer = torch.optim.SGD(model.parameters(), BASE_RATE)
    loss_of = nn.BCEWithLogitsLoss()

    def fit(epochs: int) -> list[tuple[float, float]]:
        history = []
        for _ in range(epochs):
            total, right = torch.zeros(()), torch.zeros(())
            for rows in torch.randperm(len(x)).split(BASE_BATCH):
                batch, truth = x[rows], y[rows]
                optimizer.zero_grad()
                logits = model(batch)
                loss = loss_of(logits, truth)
                loss.backward()
                optimizer.step()
                with torch.no_grad():
                    total += loss * len(rows)
                    right += ((logits > 0) == (truth > 0.5)).sum()
            history.append((total.item() / len(x), right.item() / len(x)))
        return history

    return {"PyTorch, eager": fit}


def mlp() -> dict[str, Run]:
    """Return a contestant that trains epochs of the MLP, with the fused Adam."""
    x, y = map(torch.from_numpy, mlp_data())
    y = y.long()
    model = _network(MLP_WIDTHS, nn.ReLU)
    optimizer = torch.optim.Adam(model.parameters(), MLP_RATE, eps=1e-7, fused=True)
    loss_of = nn.CrossEntropyLoss()

    def fit(epochs: int) -> list[tuple[float, float]]:
        history = []
        for _ in range(epochs):
            total, right = torch.zeros(()), torch.zeros(())
            for rows in torch.randperm(len(x)).split(MLP_BATCH):
                batch, truth = x[rows], y[rows]
                optimizer.zero_grad()
                logits = model(batch)
                loss = loss_of(logits, truth)
                loss.backward()
                optimizer.step()
                with torch.no_grad():
                    total += loss * len(rows)
                    right += (logits.argmax(1) == truth).sum()
            history.append((total.item() / len(x), right.item() / len(x)))
        return history

    return {"PyTorch, eager, fused Adam": fit}
