"""PyTorch: the large networks on pictures, channels last in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.contestant import Contestant
from benchmarks.networks import rows_of
from benchmarks.networks.images import laid
from benchmarks.networks.same_weights import BATCH_NORMALIZATION, kernel
from benchmarks.peers.torch_layers import filled
from benchmarks.peers.torch_models import inferring
from benchmarks.peers.torch_networks import channels_last

Tensor = Any


class Layers:
    """Keras's layers as functions of symbols: a symbol has a function of the picture and its channels."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def _kernel(self, kind: str, *shape: int) -> Any:
        self.counts[kind] += 1
        return kernel(kind, self.counts[kind] - 1, shape)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *given, **options: lambda x: getattr(self, f"_{name}")(x, *given, **options)

    def _module(self, x: Any, module: Any, channels: int) -> Any:
        module = module.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        return _symbol(lambda: module(x.value()), channels)

    def _Conv2D(self, x: Any, filters: int, size: int, strides: int = 1, padding: str = "valid", **options: Any) -> Any:
        bias = options.get("use_bias", True)
        if padding == "same" and strides > 1:
            x = self._ZeroPadding2D(x, ((0, 1), (0, 1)))
        sides = size // 2 if padding == "same" and strides == 1 else 0
        weights = self._kernel("Conv2D", size, size, x.channels, filters).transpose(3, 2, 0, 1)
        layer = nn.Conv2d(x.channels, filters, size, strides, sides, bias=bias)
        return self._module(x, filled(layer, weights), filters)

    def _DepthwiseConv2D(self, x: Any, size: int, strides: int = 1, padding: str = "valid", **options: Any) -> Any:
        count, sides = x.channels, size // 2 if padding == "same" else 0
        module = nn.Conv2d(count, count, size, strides, sides, groups=count, bias=options.get("use_bias", True))
        weights = self._kernel("DepthwiseConv2D", size, size, count, 1).transpose(2, 3, 0, 1)
        return self._module(x, filled(module, weights), count)

    def _BatchNormalization(self, x: Any, **options: Any) -> Any:
        module = nn.BatchNorm2d(x.channels, eps=options["epsilon"])
        arrays = module.weight, module.bias, module.running_mean, module.running_var
        with torch.no_grad():
            for array, number in zip(arrays, BATCH_NORMALIZATION, strict=True):
                array.fill_(number)
        return self._module(x, module, x.channels)

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
        layer = filled(nn.Linear(x.channels, units), self._kernel("Dense", x.channels, units).T).requires_grad_(False)
        after = {"softmax": lambda y: torch.softmax(y, 1)}[activation]
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


def predict(network: str, rows: int) -> Contestant:
    """Return a contestant that predicts pictures."""
    x, given = rows_of(network, rows), {}
    end = laid(SimpleNamespace(layers=Layers()), network, _symbol(lambda: given["x"], x.shape[-1]))

    def outputs(inputs: Tensor) -> Tensor:
        given["x"] = inputs
        _RUN[0] += 1
        return end.value()

    return inferring(outputs, lambda: channels_last(x))
