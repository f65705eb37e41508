"""InceptionV3: several convolutions side by side (Szegedy et al., 2015)."""

from __future__ import annotations

from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import from_minus_one_to_one as preprocess_input
from nnc.applications.networks import network
from nnc.applications.request import Request
from nnc.applications.weight_files import FOLDER, KERNELS, weight_files
from nnc.choices import PaddingName
from nnc.layers import Activation, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, MaxPooling2D
from nnc.models import Model

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]
_CHECKSUMS = "9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"
Step = tuple[int, int, int]
"""Channels, height and width of the kernel of a convolution."""


def _convolution(
    x: Any, channels: int, height: int, width: int, padding: PaddingName = "same", strides: int = 1
) -> Any:
    x = Conv2D(channels, (height, width), strides=strides, padding=padding, use_bias=False)(x)
    return Activation("relu")(BatchNormalization(axis=3, scale=False)(x))


def _branch(x: Any, *steps: Step) -> Any:
    for step in steps:
        x = _convolution(x, *step)
    return x


def _joined(branches: list[Any], name: str | None = None) -> Any:
    return Concatenate(axis=3, name=name)(branches)


def _pooled(x: Any, channels: int) -> Any:
    return _convolution(AveragePooling2D(3, strides=1, padding="same")(x), channels, 1, 1)


def _with_fives(x: Any, pooled: int, name: str) -> Any:
    branches = [
        _branch(x, (64, 1, 1)),
        _branch(x, (48, 1, 1), (64, 5, 5)),
        _branch(x, (64, 1, 1), (96, 3, 3), (96, 3, 3)),
        _pooled(x, pooled),
    ]
    return _joined(branches, name)


def _with_sevens(x: Any, inner: int, name: str) -> Any:
    branches = [
        _branch(x, (192, 1, 1)),
        _branch(x, (inner, 1, 1), (inner, 1, 7), (192, 7, 1)),
        _branch(x, (inner, 1, 1), (inner, 7, 1), (inner, 1, 7), (inner, 7, 1), (192, 1, 7)),
        _pooled(x, 192),
    ]
    return _joined(branches, name)


def _split(x: Any, name: str | None) -> Any:
    return _joined([_branch(x, (384, 1, 3)), _branch(x, (384, 3, 1))], name)


def _with_splits(x: Any, number: int) -> Any:
    branches = [
        _branch(x, (320, 1, 1)),
        _split(_branch(x, (384, 1, 1)), f"mixed9_{number}"),
        _split(_branch(x, (448, 1, 1), (384, 3, 3)), None),
        _pooled(x, 192),
    ]
    return _joined(branches, f"mixed{9 + number}")


def _shrunk(x: Any, last: int) -> Any:
    return _convolution(x, last, 3, 3, padding="valid", strides=2)


def _build(request: Request) -> Model:
    images = x = request.images(request.image_shape(edge=299, least=75))
    x = _convolution(_shrunk(x, 32), 32, 3, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(_convolution(x, 64, 3, 3))
    x = _convolution(_convolution(x, 80, 1, 1, padding="valid"), 192, 3, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(x)
    for number, pooled in enumerate((32, 64, 64)):
        x = _with_fives(x, pooled, f"mixed{number}")
    double = _shrunk(_branch(x, (64, 1, 1), (96, 3, 3)), 96)
    x = _joined([_shrunk(x, 384), double, MaxPooling2D(3, strides=2)(x)], "mixed3")
    for number, inner in enumerate((128, 160, 160, 192), 4):
        x = _with_sevens(x, inner, f"mixed{number}")
    threes = _shrunk(_branch(x, (192, 1, 1)), 320)
    sevens = _shrunk(_branch(x, (192, 1, 1), (192, 1, 7), (192, 7, 1)), 192)
    x = _joined([threes, sevens, MaxPooling2D(3, strides=2)(x)], "mixed8")
    for number in range(2):
        x = _with_splits(x, number)
    files = weight_files(f"{FOLDER}inception_v3/", f"inception_v3{KERNELS}", _CHECKSUMS)
    return request.model(images, request.head(x), files)


InceptionV3 = network("InceptionV3", __name__, "inception_v3", _build, "Return InceptionV3.")
