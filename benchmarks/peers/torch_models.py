"""PyTorch's usual loop, with all data as tensors and nothing read back within an epoch, and its predictions."""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks.contestant import CHECKED_EPOCHS, Contestant, calling
from benchmarks.networks import NETWORKS, rows_of
from benchmarks.order import Order
from benchmarks.peers.torch_networks import TORCH_NETWORKS


def fit(network: str, compiled: bool = False) -> Contestant:
    """Return a contestant that trains epochs, eager or with forward and backward pass by `torch.compile`."""
    found, batch = TORCH_NETWORKS[network], NETWORKS[network].batch
    arrays = NETWORKS[network].data()
    x, y = found.inputs(arrays[0]), torch.from_numpy(arrays[1])
    y = y if y.is_floating_point() else y.long()
    model, order = found.make(), Order(len(x))
    optimizer = found.optimizer([parameter for parameter in model.parameters() if parameter.requires_grad])

    def forward(x: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        outputs = model(x)
        return outputs, found.loss(outputs, truth)

    if compiled:
        forward = torch.compile(forward, dynamic=False)

    def run(epochs: int, shuffle: bool = True) -> list[tuple[float, float]]:
        history = []
        for _ in range(epochs):
            total, right = torch.zeros(()), torch.zeros(())
            for rows in torch.from_numpy(order.draw(shuffle)).split(batch):
                truth = y[rows]
                optimizer.zero_grad()
                outputs, loss = forward(x[rows], truth)
                loss.backward()
                optimizer.step()
                with torch.no_grad():
                    total += loss * len(rows)
                    if found.right is not None:
                        right += found.right(outputs, truth).sum()
            history.append((total.item() / len(x), right.item() / y.numel()))
        return history

    return Contestant(run, lambda: [loss for loss, _ in run(CHECKED_EPOCHS, shuffle=False)])


def predict(network: str, rows: int) -> Contestant:
    """Return a contestant that predicts one batch."""
    found, x = TORCH_NETWORKS[network], rows_of(network, rows)
    model = found.make().eval().requires_grad_(False)
    return inferring(lambda inputs: found.activation(model(inputs)), lambda: found.inputs(x))


class _Function(torch.nn.Module):
    """A function of constant weights as a module, which is what can be frozen."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the function returns."""
        return self.function(x)


def inferring(function: Callable[[torch.Tensor], torch.Tensor], inputs: Callable[[], torch.Tensor]) -> Contestant:
    """Return a contestant that predicts with a traced, frozen and optimized function, whose weights are constants."""
    with torch.inference_mode():
        traced = torch.jit.trace(_Function(function).eval(), inputs(), check_trace=False)
        optimized = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
    contestant = calling(lambda: optimized(inputs()).numpy())
    numbers = contestant.numbers
    assert numbers is not None
    return Contestant(torch.inference_mode()(contestant.run), torch.inference_mode()(numbers))
