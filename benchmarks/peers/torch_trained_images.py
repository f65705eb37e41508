"""PyTorch: the large networks on pictures that are trained, channels last in memory, as modules of its library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from benchmarks.networks.images import (
    MOBILENET_NORMALIZATION,
    MOBILENET_STAGES,
    RESNET_EPSILON,
    RESNET_STAGES,
)
from benchmarks.networks.trained_images import CLASSES
from benchmarks.peers.torch_layers import SeededLayers


def mobilenet_v2() -> nn.Module:
    """Return MobileNetV2, as logits of classes."""
    layers = SeededLayers()
    blocks: list[nn.Module] = [nn.ZeroPad2d(_BEHIND), layers.convolution(3, 32, 3, 2), *_cut_off(layers, 32)]
    channels = 32
    for expansion, filters, count, first in MOBILENET_STAGES:
        for block in range(count):
            inner = _inverted(layers, channels, filters, expansion, first if block == 0 else 1)
            blocks.append(_Residual(inner) if block > 0 else inner)
            channels = filters
    blocks += [layers.convolution(channels, 1280, 1), *_cut_off(layers, 1280)]
    return _classifier(layers, blocks, 1280)


def resnet50() -> nn.Module:
    """Return ResNet-50, as logits of classes."""
    layers = SeededLayers()
    blocks: list[nn.Module] = [
        layers.convolution(3, 64, 7, 2, 3, bias=True),
        layers.batch_normalization(64, RESNET_EPSILON),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]
    channels = 64
    for filters, count, first in RESNET_STAGES:
        for block in range(count):
            blocks += [_bottleneck(layers, channels, filters, first if block == 0 else 1), nn.ReLU(inplace=True)]
            channels = 4 * filters
    return _classifier(layers, blocks, channels)


def densenet() -> nn.Module:
    """Return three blocks of a DenseNet, as logits of classes."""
    layers = SeededLayers()
    blocks: list[nn.Module] = [layers.convolution(3, 24, 3, padding=1)]
    channels = 24
    for block in range(3):
        for _ in range(4):
            blocks.append(_Grown(nn.Sequential(*_convolved(layers, channels, 48, 1), *_convolved(layers, 48, 12, 3))))
            channels += 12
        if block < 2:
            blocks += [*_convolved(layers, channels, channels // 2, 1), nn.AvgPool2d(2)]
            channels //= 2
    blocks += [layers.batch_normalization(channels), nn.ReLU(inplace=True)]
    return _classifier(layers, blocks, channels)


def unet() -> nn.Module:
    """Return a small U-Net, as logits of the two kinds of pixels."""
    return _UNet(SeededLayers()).to(memory_format=torch.channels_last)


_BEHIND = (0, 1, 0, 1)
"""Zeros on the right and below, as Keras's padding ``same`` has them where strides of 2 meet an even size."""


class _Residual(nn.Module):
    """What is computed of pictures, added to these or to their projection."""

    def __init__(self, inner: nn.Module, projection: Sequence[nn.Module] = ()) -> None:
        super().__init__()
        self.inner = inner
        self.projection = nn.Sequential(*projection)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return pictures with as many channels as the inner module returns."""
        result: torch.Tensor = self.projection(x) + self.inner(x)
        return result


class _Grown(nn.Module):
    """Pictures, with what is computed of them as further channels."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return pictures with more channels."""
        return torch.cat([x, self.inner(x)], 1)


class _UNet(nn.Module):
    """Convolutions down to few and large pixels, and up again beside those of the way down."""

    def __init__(self, layers: SeededLayers) -> None:
        super().__init__()
        widths = (16, 32, 64)
        self.down, self.up, self.raised = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for channels, filters in zip((3, *widths), widths, strict=False):
            self.down.append(_twice(layers, channels, filters))
        self.pool = nn.MaxPool2d(2)
        self.bottom = _twice(layers, 64, 128)
        for filters in reversed(widths):
            self.raised.append(layers.transposed(2 * filters, filters, 2))
            self.up.append(_twice(layers, 2 * filters, filters))
        self.last = layers.convolution(16, 2, 1, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return two logits per pixel."""
        beside = []
        for block in self.down:
            x = block(x)
            beside.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for raised, block, other in zip(self.raised, self.up, reversed(beside), strict=True):
            x = block(torch.cat([other, raised(x)], 1))
        result: torch.Tensor = self.last(x)
        return result


class _MeanOfPixels(nn.Module):
    """The mean of each channel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a row per picture."""
        return x.mean((2, 3))


def _classifier(layers: SeededLayers, blocks: list[nn.Module], channels: int) -> nn.Module:
    model = nn.Sequential(*blocks, _MeanOfPixels(), layers.linear(channels, CLASSES))
    return model.to(memory_format=torch.channels_last)


def _cut_off(layers: SeededLayers, channels: int) -> list[Any]:
    return [layers.batch_normalization(channels, **MOBILENET_NORMALIZATION), nn.ReLU6(inplace=True)]


def _inverted(layers: SeededLayers, channels: int, filters: int, expansion: int, strides: int) -> nn.Module:
    """Return a block of MobileNetV2 without its sum."""
    wide = expansion * channels
    found: list[nn.Module] = []
    if expansion > 1:
        found += [layers.convolution(channels, wide, 1), *_cut_off(layers, wide)]
    if strides == 2:
        found.append(nn.ZeroPad2d(_BEHIND))
    found += [layers.depthwise(wide, 3, strides, 0 if strides == 2 else 1), *_cut_off(layers, wide)]
    found += [layers.convolution(wide, filters, 1), layers.batch_normalization(filters, **MOBILENET_NORMALIZATION)]
    return nn.Sequential(*found)


def _bottleneck(layers: SeededLayers, channels: int, filters: int, strides: int) -> nn.Module:
    """Return a block of ResNet-50; where its input is projected, Keras has the layers of both sides in turn."""
    inner: list[nn.Module] = []
    wide = 4 * filters
    for inputs, size, step in ((channels, 1, strides), (filters, 3, 1)):
        convolution = layers.convolution(inputs, filters, size, step, size // 2, bias=True)
        inner += [convolution, layers.batch_normalization(filters, RESNET_EPSILON), nn.ReLU(inplace=True)]
    projection = [layers.convolution(channels, wide, 1, strides, bias=True)] if channels != wide else []
    inner.append(layers.convolution(filters, wide, 1, bias=True))
    projection += [layers.batch_normalization(wide, RESNET_EPSILON) for _ in projection]
    inner.append(layers.batch_normalization(wide, RESNET_EPSILON))
    return _Residual(nn.Sequential(*inner), projection)


def _convolved(layers: SeededLayers, channels: int, filters: int, size: int) -> list[nn.Module]:
    """Return a convolution of a DenseNet, behind what it convolves."""
    normalization = layers.batch_normalization(channels)
    return [normalization, nn.ReLU(inplace=True), layers.convolution(channels, filters, size, padding=size // 2)]


def _twice(layers: SeededLayers, channels: int, filters: int) -> nn.Module:
    found: list[nn.Module] = []
    for inputs in (channels, filters):
        found += [layers.convolution(inputs, filters, 3, padding=1, bias=True), nn.ReLU(inplace=True)]
    return nn.Sequential(*found)
