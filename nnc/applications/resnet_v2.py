"""ResNetV2: normalization and activation come before each convolution (He et al., 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import from_minus_one_to_one as preprocess_input
from nnc.applications.networks import Network, network
from nnc.applications.residual import ResidualNetwork, activated
from nnc.layers import Add, Conv2D, MaxPooling2D, ZeroPadding2D

__all__ = ["ResNet101V2", "ResNet152V2", "ResNet50V2", "decode_predictions", "preprocess_input"]


def _block(x: Any, channels: int, strides: int, is_first: bool, name: str) -> Any:
    before = activated(x, f"{name}_preact")
    if is_first:
        shortcut = Conv2D(4 * channels, 1, strides=strides, name=f"{name}_0_conv")(before)
    else:
        shortcut = MaxPooling2D(1, strides=strides)(x) if strides > 1 else x
    x = activated(Conv2D(channels, 1, use_bias=False, name=f"{name}_1_conv")(before), f"{name}_1")
    x = ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = activated(Conv2D(channels, 3, strides=strides, use_bias=False, name=f"{name}_2_conv")(x), f"{name}_2")
    return Add(name=f"{name}_out")([shortcut, Conv2D(4 * channels, 1, name=f"{name}_3_conv")(x)])


def _resnet_v2(layers: int, blocks: Sequence[int], checksums: Sequence[str]) -> Network:
    build = ResidualNetwork(blocks, checksums, _block, is_activated_first=True).build
    summary = f"Return ResNetV2 with {layers} layers of weights."
    return network(f"ResNet{layers}V2", __name__, f"resnet{layers}v2", build, summary)


ResNet50V2 = _resnet_v2(50, (3, 4, 6, 3), ("3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917"))
ResNet101V2 = _resnet_v2(101, (3, 4, 23, 3), ("6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5"))
ResNet152V2 = _resnet_v2(152, (3, 8, 36, 3), ("a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33"))
