"""Xception: separable convolutions beside residual connections (Chollet, 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import from_minus_one_to_one as preprocess_input
from nnc.applications.networks import network
from nnc.applications.request import Request
from nnc.applications.weight_files import FOLDER, KERNELS, weight_files
from nnc.layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, SeparableConv2D
from nnc.models import Model

__all__ = ["Xception", "decode_predictions", "preprocess_input"]
_CHECKSUMS = "0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"


def _separable(x: Any, channels: int, name: str) -> Any:
    x = SeparableConv2D(channels, 3, padding="same", use_bias=False, name=name)(x)
    return BatchNormalization(name=f"{name}_bn")(x)


def _activated_first(x: Any, block: int, channels: Sequence[int], begins: bool = True) -> Any:
    """Return feature maps after separable convolutions, with an activation before each, but the first on demand."""
    for number, count in enumerate(channels, 1):
        if number > 1 or begins:
            x = Activation("relu", name=f"block{block}_sepconv{number}_act")(x)
        x = _separable(x, count, f"block{block}_sepconv{number}")
    return x


def _shrinking(x: Any, block: int, channels: Sequence[int], begins: bool = True) -> Any:
    residual = Conv2D(channels[-1], 1, strides=2, padding="same", use_bias=False)(x)
    residual = BatchNormalization()(residual)
    x = _activated_first(x, block, channels, begins)
    x = MaxPooling2D(3, strides=2, padding="same", name=f"block{block}_pool")(x)
    return Add()([x, residual])


def _build(request: Request) -> Model:
    images = x = request.images(request.image_shape(edge=299, least=71))
    for number, (channels, strides) in enumerate(((32, 2), (64, 1)), 1):
        name = f"block1_conv{number}"
        x = Conv2D(channels, 3, strides=strides, use_bias=False, name=name)(x)
        x = Activation("relu", name=f"{name}_act")(BatchNormalization(name=f"{name}_bn")(x))
    x = _shrinking(x, 2, (128, 128), begins=False)
    x = _shrinking(x, 3, (256, 256))
    x = _shrinking(x, 4, (728, 728))
    for block in range(5, 13):
        x = Add()([_activated_first(x, block, (728, 728, 728)), x])
    x = _shrinking(x, 13, (728, 1024))
    for number, channels in enumerate((1536, 2048), 1):
        name = f"block14_sepconv{number}"
        x = Activation("relu", name=f"{name}_act")(_separable(x, channels, name))
    return request.model(images, request.head(x), weight_files(f"{FOLDER}xception/", f"xception{KERNELS}", _CHECKSUMS))


Xception = network("Xception", __name__, "xception", _build, "Return Xception.")
