"""PyTorch's way to train replicas: `torch.func`, with a gradient per replica under `vmap`, and its fused optimizers."""

from __future__ import annotations

from typing import Any

import torch
from torch.func import functional_call, grad_and_value, vmap

from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks import NETWORKS
from benchmarks.networks.dense import weights_of_replicas
from benchmarks.networks.replicas import WIDTHS
from benchmarks.order import Order
from benchmarks.peers.torch_networks import TORCH_NETWORKS


def fit(network: str, replicas: int) -> Contestant:
    """Return a contestant that trains epochs of replicas, whose parameters are stacked."""
    found, batch = TORCH_NETWORKS[network], NETWORKS[network].batch
    right_of = found.right
    assert right_of is not None
    arrays = NETWORKS[network].data()
    x, y = found.inputs(arrays[0]), torch.from_numpy(arrays[1])
    y = y if y.is_floating_point() else y.long()
    module, order = found.make(), Order(len(x))
    stacked = [torch.from_numpy(array) for array in weights_of_replicas(WIDTHS[network], replicas)]
    stacked = [array.swapaxes(1, 2).contiguous() if array.ndim == 3 else array for array in stacked]
    names = [name for name, _ in module.named_parameters()]
    parameters = {name: array.requires_grad_() for name, array in zip(names, stacked, strict=True)}
    optimizer = found.optimizer(list(parameters.values()))

    def loss_of(weights: Any, inputs: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        outputs = functional_call(module, weights, (inputs,))
        return found.loss(outputs, truth), right_of(outputs.detach(), truth).sum()

    gradients_of = vmap(grad_and_value(loss_of, has_aux=True), (0, None, None))

    def run(epochs: int, shuffle: bool = True) -> list[tuple[Any, Any]]:
        history = []
        for _ in range(epochs):
            total, right = torch.zeros(replicas), torch.zeros(replicas)
            for rows in torch.from_numpy(order.draw(shuffle)).split(batch):
                with torch.no_grad():
                    gradients, (loss, answers) = gradients_of(parameters, x[rows], y[rows])
                    total += loss * len(rows)
                    right += answers
                for name, parameter in parameters.items():
                    parameter.grad = gradients[name]
                optimizer.step()
            history.append(((total / len(x)).numpy(), (right / len(x)).numpy()))
        return history

    return Contestant(run, lambda: [loss for losses, _ in run(CHECKED_EPOCHS, shuffle=False) for loss in losses])
