"""What ResNet and ResNetV2 share: stages of blocks between a stem and a head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nnc.applications.request import Request
from nnc.applications.weight_files import FOLDER, KERNELS, weight_files
from nnc.layers import Activation, BatchNormalization, Conv2D, MaxPooling2D, ZeroPadding2D
from nnc.models import Model

_CHANNELS = (64, 128, 256, 512)
"""Of the bottlenecks of each stage."""


def normalized(x: Any, name: str) -> Any:
    """Return feature maps after batch normalization."""
    return BatchNormalization(axis=3, epsilon=1.001e-5, name=name)(x)


def activated(x: Any, name: str) -> Any:
    """Return feature maps after batch normalization and a ReLU, whose names begin alike."""
    return Activation("relu", name=f"{name}_relu")(normalized(x, f"{name}_bn"))


@dataclass(frozen=True)
class ResidualNetwork:
    """A ResNet.

    Args:
        blocks: how many each stage has.
        checksums: of its files.
        block: from feature maps, channels, strides, whether it is the first of its stage, and a name, to feature maps.
        is_activated_first: whether blocks begin with their activation; then the last of a stage has strides, but in the
            last stage, and otherwise the first, but in the first stage.
    """

    blocks: Sequence[int]
    checksums: Sequence[str]
    block: Callable[[Any, int, int, bool, str], Any]
    is_activated_first: bool = False

    def build(self, request: Request) -> Model:
        """Return the model."""
        images = x = request.images(request.image_shape(edge=224, least=32))
        x = ZeroPadding2D(3, name="conv1_pad")(x)
        x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
        if not self.is_activated_first:
            x = activated(x, "conv1")
        x = ZeroPadding2D(1, name="pool1_pad")(x)
        x = self._stages(MaxPooling2D(3, strides=2, name="pool1_pool")(x))
        if self.is_activated_first:
            x = activated(x, "post")
        files = weight_files(f"{FOLDER}resnet/", request.network.lower() + KERNELS, self.checksums)
        return request.model(images, request.head(x, named=True), files)

    def _stages(self, x: Any) -> Any:
        for stage, (count, channels) in enumerate(zip(self.blocks, _CHANNELS, strict=True), 2):
            strided = (count if stage < 5 else None) if self.is_activated_first else (1 if stage > 2 else None)
            for number in range(1, count + 1):
                strides = 2 if number == strided else 1
                x = self.block(x, channels, strides, number == 1, f"conv{stage}_block{number}")
        return x
