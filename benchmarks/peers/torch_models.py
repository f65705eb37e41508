"""PyTorch: the base network and the MLP in the usual eager loop."""

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
from benchmarks.peers.torch_training import chosen, training_loop
from benchmarks.worker import Contestant


def _network(widths: tuple[int, ...], between: type[nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for kernel, bias in weights(widths):
        layer = nn.Linear(*kernel.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
        layers += [layer, between()]
    return nn.Sequential(*layers[:-1])


def base() -> dict[str, Contestant]:
    """Return a contestant that trains epochs of the base network."""
    x, y = map(torch.from_numpy, base_data())
    model = _network(BASE_WIDTHS, nn.Sigmoid)
    optimizer = torch.optim.SGD(model.parameters(), BASE_RATE)

    def right(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return (logits > 0) == (truth > 0.5)

    return {"PyTorch, eager": training_loop(model, optimizer, x, y, BASE_BATCH, nn.BCEWithLogitsLoss(), right)}


def mlp() -> dict[str, Contestant]:
    """Return a contestant that trains epochs of the MLP, with the fused Adam."""
    x, y = map(torch.from_numpy, mlp_data())
    model = _network(MLP_WIDTHS, nn.ReLU)
    optimizer = torch.optim.Adam(model.parameters(), MLP_RATE, eps=1e-7, fused=True)
    loop = training_loop(model, optimizer, x, y.long(), MLP_BATCH, nn.CrossEntropyLoss(), chosen)
    return {"PyTorch, eager, fused Adam": loop}
