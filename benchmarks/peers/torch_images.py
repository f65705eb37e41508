"""PyTorch: the networks on pictures, channels last in memory, eager."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.image_networks import CNN_BATCH, CNN_RATE, cnn_data, network, picture
from benchmarks.worker import Run

Tensor = Any


def training() -> dict[str, Run]:
    """Return a contestant that trains epochs of the small network, with the fused Adam."""
    x, y = map(torch.from_numpy, cnn_data())
    x, y = x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last), y.long()
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1600, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    ).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), CNN_RATE, eps=1e-7, fused=True)
    loss_of = nn.CrossEntropyLoss()

    def fit(epochs: int) -> list[tuple[float, float]]:
        history = []
        for _ in range(epochs):
            total, right = torch.zeros(()), torch.zeros(())
            for rows in torch.randperm(len(x)).split(CNN_BATCH):
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

    return {"PyTorch, eager, channels last": fit}


class Layers:
    """Keras's layers as functions of symbols: a symbol has a function of the picture and its channels."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *given, **options: lambda x: getattr(self, f"_{name}")(x, *given, **options)

    def _module(self, x: Any, module: Any, channels: int) -> Any:
        module = module.eval().to(memory_format=torch.channels_last)
        return _symbol(lambda: module(x.value()), channels)

    def _Conv2D(self, x: Any, filters: int, size: int, strides: int = 1, padding: str = "valid", **options: Any) -> Any:
        bias = options.get("use_bias", True)
        if padding == "same" and strides > 1:
            x = self._ZeroPadding2D(x, ((0, 1), (0, 1)))
        sides = size // 2 if padding == "same" and strides == 1 else 0
        return self._module(x, nn.Conv2d(x.channels, filters, size, strides, sides, bias=bias), filters)

    def _DepthwiseConv2D(self, x: Any, size: int, strides: int = 1, padding: str = "valid", **options: Any) -> Any:
        count, sides = x.channels, size // 2 if padding == "same" else 0
        module = nn.Conv2d(count, count, size, strides, sides, groups=count, bias=options.get("use_bias", True))
        return self._module(x, module, count)

    def _BatchNormalization(self, x: Any, **options: Any) -> Any:
        return self._module(x, nn.BatchNorm2d(x.channels, eps=options["epsilon"]), x.channels)

    def _Activation(self, x: Any, name: str) -> Any:
        return self._module(x, {"relu": nn.ReLU()}[name], x.channels)

    def _ReLU(self, x: Any, max_value: float) -> Any:
        return self._module(x, nn.Hardtanh(0.0, max_value), x.channels)

    def _ZeroPadding2D(self, x: Any, padding: Any) -> Any:
        (top, bottom), (left, right) = ((padding, padding),) * 2 if isinstance(padding, int) else padding
        return _symbol(lambda: functional.pad(x.value(), (left, right, top, bottom)), x.channels)

    def _MaxPooling2D(self, x: Any, size: int, strides: int) -> Any:
        return self._module(x, nn.MaxPool2d(size, strides), x.channels)

    def _Add(self, operands: Any) -> Any:
        first, second = operands
        return _symbol(lambda: first.value() + second.value(), first.channels)

    def _GlobalAveragePooling2D(self, x: Any) -> Any:
        return _symbol(lambda: x.value().mean((2, 3)), x.channels)

    def _Dense(self, x: Any, units: int, activation: str) -> Any:
        layer, after = nn.Linear(x.channels, units), {"softmax": lambda y: torch.softmax(y, 1)}[activation]
        return _symbol(lambda: after(layer(x.value())), units)


def _symbol(compute: Callable[[], Tensor], channels: int) -> Any:
    """A value that is computed once per run, however many read it."""
    cache: dict[int, Tensor] = {}

    def value() -> Tensor:
        if _RUN[0] not in cache:
            cache.clear()
            cache[_RUN[0]] = compute()
        return cache[_RUN[0]]

    return SimpleNamespace(value=value, channels=channels)


_RUN = [0]


def predicting(name: str) -> dict[str, Run]:
    """Return a contestant that predicts one picture."""
    x = torch.from_numpy(picture()).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    kit = SimpleNamespace(
        layers=Layers(), Input=lambda shape: _symbol(lambda: x, shape[-1]), Model=lambda start, end: end
    )
    end = network(kit, name)

    def predict(count: int) -> None:
        with torch.inference_mode():
            for _ in range(count):
                _RUN[0] += 1
                end.value().numpy()

    return {"PyTorch, eager": predict}
