"""EfficientNetV2: its first blocks have one convolution instead of two (Tan and Le, 2021)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nnc import initializers
from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import unchanged as preprocess_input
from nnc.applications.inverted_residual import CLASSIFIER_INITIALIZER, Block, convolution
from nnc.applications.networks import INCLUDE_PREPROCESSING, Network, as_network
from nnc.applications.request import Request
from nnc.applications.weight_files import FOLDER, weight_files
from nnc.layers import Activation, BatchNormalization, Dropout, Normalization, Rescaling
from nnc.models import Model

__all__ = [
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2L",
    "EfficientNetV2M",
    "EfficientNetV2S",
    "decode_predictions",
    "preprocess_input",
]
_MOMENTUM = 0.9
_DROPPED = 0.2
"""Probability with which the last block is left out while training."""
Stage = tuple[int, int, int, int, int]
"""Blocks, channels before and behind, expansion, strides; all kernels are 3 × 3."""
_B: tuple[Stage, ...] = (
    (1, 32, 16, 1, 1),
    (2, 16, 32, 4, 2),
    (2, 32, 48, 4, 2),
    (3, 48, 96, 4, 2),
    (5, 96, 112, 6, 1),
    (8, 112, 192, 6, 2),
)
_S: tuple[Stage, ...] = (
    (2, 24, 24, 1, 1),
    (4, 24, 48, 4, 2),
    (4, 48, 64, 4, 2),
    (6, 64, 128, 4, 2),
    (9, 128, 160, 6, 1),
    (15, 160, 256, 6, 2),
)
_M: tuple[Stage, ...] = (
    (3, 24, 24, 1, 1),
    (5, 24, 48, 4, 2),
    (5, 48, 80, 4, 2),
    (7, 80, 160, 4, 2),
    (14, 160, 176, 6, 1),
    (18, 176, 304, 6, 2),
    (5, 304, 512, 6, 1),
)
_L: tuple[Stage, ...] = (
    (4, 32, 32, 1, 1),
    (7, 32, 64, 4, 2),
    (7, 64, 96, 4, 2),
    (10, 96, 192, 4, 2),
    (19, 192, 224, 6, 1),
    (25, 224, 384, 6, 2),
    (7, 384, 640, 6, 1),
)
_FUSED = 3
"""The first stages, whose blocks have one convolution instead of two, and no squeeze."""


@dataclass(frozen=True)
class _Size:
    """A size of the network.

    Args:
        stages: of its blocks.
        width: how many times as many channels it has.
        depth: how many times as many blocks.
        edge: height and width of its images.
        checksums: of its files.
    """

    stages: tuple[Stage, ...]
    width: float
    depth: float
    edge: int
    checksums: tuple[str, str]

    @property
    def is_standardizing(self) -> bool:
        return self.stages is _B

    def channels(self, count: int) -> int:
        return max(8, int(count * self.width + 4) // 8 * 8)

    def blocks(self, count: int) -> int:
        return math.ceil(self.depth * count)


def _activated(x: Any, name: str) -> Any:
    x = BatchNormalization(axis=3, momentum=_MOMENTUM, name=f"{name}_bn")(x)
    return Activation("swish", name=f"{name}_activation")(x)


def _preprocessed(x: Any, is_standardizing: bool) -> Any:
    if not is_standardizing:
        return Rescaling(1.0 / 128.0, offset=-1)(x)
    mean, variance = [0.485, 0.456, 0.406], [0.229**2, 0.224**2, 0.225**2]
    return Normalization(mean=mean, variance=variance, axis=3)(Rescaling(1.0 / 255)(x))


def _build(size: _Size, default_name: str, include_preprocessing: bool, request: Request) -> Model:
    shape = request.image_shape(edge=size.edge, least=32)
    images = x = request.images(shape)
    if include_preprocessing:
        x = _preprocessed(x, size.is_standardizing and shape[-1] == 3)
    x = _activated(convolution(x, size.channels(size.stages[0][1]), 3, "stem_conv", strides=2), "stem")
    total, done = sum(count for count, *_ in size.stages), 0  # not those that there are: so Keras counts
    for stage, (count, before, channels, expansion, strides) in enumerate(size.stages, 1):
        is_fused = stage <= _FUSED
        common: dict[str, Any] = {
            "channels": size.channels(channels),
            "expansion": expansion,
            "squeezed": 0.0 if is_fused else 0.25,
            "is_fused": is_fused,
            "momentum": _MOMENTUM,
            "depthwise": "dwconv2",
        }
        block = Block(3, size.channels(before), strides=strides, **common)
        for number in range(size.blocks(count)):
            x = block.apply(x, _DROPPED * done / total, f"block{stage}{chr(ord('a') + number)}_")
            block = Block(3, block.channels, strides=1, **common)
            done += 1
    x = _activated(convolution(x, size.channels(1280), 1, "top_conv"), "top")
    x = request.head(
        x,
        named=True,
        dropout=Dropout(0.2, name="top_dropout"),
        kernel_initializer=CLASSIFIER_INITIALIZER,
        bias_initializer=initializers.Constant(0.0),
    )
    return request.model(images, x, weight_files(f"{FOLDER}efficientnet_v2/", default_name, size.checksums))


def _efficientnet_v2(name: str, *numbers: Any) -> Network:
    function, default_name, size = f"EfficientNetV2{name}", f"efficientnetv2-{name.lower()}", _Size(*numbers)

    def make(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str = default_name,
    ) -> Model:
        asked = include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        return _build(size, default_name, include_preprocessing, Request(function, *asked))

    return as_network(make, function, __name__, f"Return EfficientNetV2 of size {name}.", INCLUDE_PREPROCESSING)


EfficientNetV2B0 = _efficientnet_v2(
    "B0", _B, 1.0, 1.0, 224, ("21ecbf6da12460d5c40bb2f29ceb2188", "893217f2bb855e2983157299931e43ff")
)
EfficientNetV2B1 = _efficientnet_v2(
    "B1", _B, 1.0, 1.1, 240, ("069f0534ff22adf035c89e2d9547a9dc", "0e80663031ca32d657f9caa404b6ec37")
)
EfficientNetV2B2 = _efficientnet_v2(
    "B2", _B, 1.1, 1.2, 260, ("424e49f28180edbde1e94797771950a7", "1dfe2e7a5d45b6632553a8961ea609eb")
)
EfficientNetV2B3 = _efficientnet_v2(
    "B3", _B, 1.2, 1.4, 300, ("1f1fc43bd98a6e4fd8fdfd551e02c7a0", "f6abf7b5849ac99a89b50dd3fd532856")
)
EfficientNetV2S = _efficientnet_v2(
    "S", _S, 1.0, 1.0, 384, ("e1d88a8495beba45748fedd0cecbe016", "af0682fb74e8c54910f2d4393339c070")
)
EfficientNetV2M = _efficientnet_v2(
    "M", _M, 1.0, 1.0, 480, ("a3bf6aa3276309f4fc6a34aa114c95cd", "1b8dc055df72dde80d614482840fe342")
)
EfficientNetV2L = _efficientnet_v2(
    "L", _L, 1.0, 1.0, 480, ("27e6d408b53c7ebc868fefa357689935", "b0b66b5c863aef5b46e8608fe1711615")
)
