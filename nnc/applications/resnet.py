"""ResNet: bottlenecks beside a connection without weights (He et al., 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.applications.imagenet_utils import blue_first as preprocess_input
from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.networks import Network, network
from nnc.applications.residual import ResidualNetwork, activated, normalized
from nnc.layers import Activation, Add, Conv2D

__all__ = ["ResNet101", "ResNet152", "ResNet50", "decode_predictions", "preprocess_input"]


def _block(x: Any, channels: int, strides: int, is_first: bool, name: str) -> Any:
    shortcut = x
    if is_first:
        shortcut = normalized(Conv2D(4 * channels, 1, strides=strides, name=f"{name}_0_conv")(x), f"{name}_0_bn")
    x = activated(Conv2D(channels, 1, strides=strides, name=f"{name}_1_conv")(x), f"{name}_1")
    x = activated(Conv2D(channels, 3, padding="same", name=f"{name}_2_conv")(x), f"{name}_2")
    x = normalized(Conv2D(4 * channels, 1, name=f"{name}_3_conv")(x), f"{name}_3_bn")
    return Activation("relu", name=f"{name}_out")(Add(name=f"{name}_add")([shortcut, x]))


def _resnet(layers: int, blocks: Sequence[int], checksums: Sequence[str]) -> Network:
    build = ResidualNetwork(blocks, checksums, _block).build
    summary = f"Return ResNet with {layers} layers of weights."
    return network(f"ResNet{layers}", __name__, f"resnet{layers}", build, summary)


ResNet50 = _resnet(50, (3, 4, 6, 3), ("2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"))
ResNet101 = _resnet(101, (3, 4, 23, 3), ("f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21"))
ResNet152 = _resnet(152, (3, 8, 36, 3), ("100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c"))
