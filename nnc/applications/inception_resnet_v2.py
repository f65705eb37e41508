"""InceptionResNetV2: convolutions side by side, scaled and added to what they take (Szegedy et al., 2016)."""

from __future__ import annotations

from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import from_minus_one_to_one as preprocess_input
from nnc.applications.networks import network
from nnc.applications.request import Request
from nnc.applications.weight_files import FOLDER, KERNELS, weight_files
from nnc.layers import Activation, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, MaxPooling2D
from nnc.layers.applications import CustomScaleLayer
from nnc.models import Model

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]
_CHECKSUMS = "e693bd0210a403b3192acc6073ad2e96", "d19885ff4a710c122648d3b5c3b684e4"
Step = tuple[int, int | tuple[int, int]]
"""Channels and kernel of a convolution."""
_BLOCKS: dict[str, tuple[tuple[Step, ...], ...]] = {
    "block35": (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3))),
    "block17": (((192, 1),), ((128, 1), (160, (1, 7)), (192, (7, 1)))),
    "block8": (((192, 1),), ((192, 1), (224, (1, 3)), (256, (3, 1)))),
}
"""The branches of each kind of block."""


def _convolution(x: Any, channels: int, kernel: Any, name: str | None = None, **options: Any) -> Any:
    x = Conv2D(channels, kernel, **{"padding": "same", **options}, use_bias=False, name=name)(x)
    x = BatchNormalization(axis=3, scale=False, name=name and f"{name}_bn")(x)
    return Activation("relu", name=name and f"{name}_ac")(x)


def _branch(x: Any, *steps: Step) -> Any:
    for step in steps:
        x = _convolution(x, *step)
    return x


def _shrunk(x: Any, channels: int) -> Any:
    return _convolution(x, channels, 3, strides=2, padding="valid")


def _joined(branches: list[Any], name: str) -> Any:
    return Concatenate(axis=3, name=name)(branches)


def _block(x: Any, kind: str, number: int, scale: float, is_activated: bool = True) -> Any:
    name = f"{kind}_{number}"
    mixed = _joined([_branch(x, *steps) for steps in _BLOCKS[kind]], f"{name}_mixed")
    residual = Conv2D(x.shape[3], 1, padding="same", name=f"{name}_conv")(mixed)
    x = CustomScaleLayer(scale)([x, residual])
    return Activation("relu", name=f"{name}_ac")(x) if is_activated else x


def _stem(x: Any) -> Any:
    x = _convolution(_shrunk(x, 32), 32, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(_convolution(x, 64, 3))
    x = _convolution(_convolution(x, 80, 1, padding="valid"), 192, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(x)
    branches = [_branch(x, (96, 1)), _branch(x, (48, 1), (64, 5)), _branch(x, (64, 1), (96, 3), (96, 3))]
    pooled = _convolution(AveragePooling2D(3, strides=1, padding="same")(x), 64, 1)
    return _joined([*branches, pooled], "mixed_5b")


def _build(request: Request) -> Model:
    images = request.images(request.image_shape(edge=299, least=75))
    x = _stem(images)
    for number in range(1, 11):
        x = _block(x, "block35", number, 0.17)
    branches = [_shrunk(x, 384), _shrunk(_branch(x, (256, 1), (256, 3)), 384), MaxPooling2D(3, strides=2)(x)]
    x = _joined(branches, "mixed_6a")
    for number in range(1, 21):
        x = _block(x, "block17", number, 0.1)
    branches = [
        _shrunk(_branch(x, (256, 1)), 384),
        _shrunk(_branch(x, (256, 1)), 288),
        _shrunk(_branch(x, (256, 1), (288, 3)), 320),
        MaxPooling2D(3, strides=2)(x),
    ]
    x = _joined(branches, "mixed_7a")
    for number in range(1, 10):
        x = _block(x, "block8", number, 0.2)
    x = _block(x, "block8", 10, 1.0, is_activated=False)
    x = _convolution(x, 1536, 1, name="conv_7b")
    files = weight_files(f"{FOLDER}inception_resnet_v2/", f"inception_resnet_v2{KERNELS}", _CHECKSUMS)
    return request.model(images, request.head(x), files)


InceptionResNetV2 = network("InceptionResNetV2", __name__, "inception_resnet_v2", _build, "Return InceptionResNetV2.")
