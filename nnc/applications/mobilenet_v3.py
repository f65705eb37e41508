"""MobileNetV3: found by search, with channels that are scaled by what they are on average (Howard et al., 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import unchanged as preprocess_input
from nnc.applications.networks import INCLUDE_PREPROCESSING, Network, as_network
from nnc.applications.request import Request
from nnc.applications.sizes import divisible, padding_before_stride
from nnc.applications.weight_files import FOLDER, weight_files
from nnc.choices import PaddingName
from nnc.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Multiply,
    ReLU,
    Rescaling,
    SymbolicTensor,
    ZeroPadding2D,
)
from nnc.models import Model

__all__ = ["decode_predictions", "preprocess_input"]
_ARGUMENTS = f"""\
        alpha: how many times as many channels it has.
        minimalistic: whether it has no scaled channels, no hard swish and no kernels of 5 × 5.
        dropout_rate: before the classifier.
{INCLUDE_PREPROCESSING}"""
Row = tuple[float, int, bool, int, bool, bool]
"""Expansion, channels, is the kernel the larger one, strides, are channels scaled, is the activation hard swish."""
_SMALL: tuple[Row, ...] = (
    (1, 16, False, 2, True, False),
    (72.0 / 16, 24, False, 2, False, False),
    (88.0 / 24, 24, False, 1, False, False),
    (4, 40, True, 2, True, True),
    (6, 40, True, 1, True, True),
    (6, 40, True, 1, True, True),
    (3, 48, True, 1, True, True),
    (3, 48, True, 1, True, True),
    (6, 96, True, 2, True, True),
    (6, 96, True, 1, True, True),
    (6, 96, True, 1, True, True),
)
_LARGE: tuple[Row, ...] = (
    (1, 16, False, 1, False, False),
    (4, 24, False, 2, False, False),
    (3, 24, False, 1, False, False),
    (3, 40, True, 2, True, False),
    (3, 40, True, 1, True, False),
    (3, 40, True, 1, True, False),
    (6, 80, False, 2, False, True),
    (2.5, 80, False, 1, False, True),
    (2.3, 80, False, 1, False, True),
    (2.3, 80, False, 1, False, True),
    (6, 112, False, 1, True, True),
    (6, 112, False, 1, True, True),
    (6, 160, True, 2, True, True),
    (6, 160, True, 1, True, True),
    (6, 160, True, 1, True, True),
)
_CHECKSUMS = {
    "large_224_0.75_float": ("765b44a33ad4005b3ac83185abf1d0eb", "40af19a13ebea4e2ee0c676887f69a2e"),
    "large_224_1.0_float": ("59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389"),
    "large_minimalistic_224_1.0_float": ("675e7b876c45c57e9e63e6d90a36599c", "ec5221f64a2f6d1ef965a614bdae7973"),
    "small_224_0.75_float": ("cb65d4e5be93758266aa0a7f2c6708b7", "ebdb5cc8e0b497cd13a7c275d475c819"),
    "small_224_1.0_float": ("8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836"),
    "small_minimalistic_224_1.0_float": ("99cd97fb2fcdad2bf028eb838de69e37", "cde8136e733e811080d9fcd8a252f7e4"),
}


@dataclass(frozen=True)
class _Kind:
    """What blocks are made of.

    Args:
        is_minimalistic: whether they have no scaled channels, no hard swish and no kernels of 5 × 5.
        alpha: how many times as many channels the network has.
    """

    is_minimalistic: bool
    alpha: float

    def activated(self, x: Any, is_swish: bool = True) -> Any:
        return Activation("hard_swish")(x) if is_swish and not self.is_minimalistic else ReLU()(x)

    def block(self, x: Any, row: Row, number: int) -> Any:
        expansion, unscaled, is_larger, strides, is_scaled, is_swish = row
        channels, inputs, before = divisible(unscaled * self.alpha), x, x.shape[-1]
        kernel = 5 if is_larger and not self.is_minimalistic else 3
        name = f"expanded_conv_{number}_" if number else "expanded_conv_"
        inner = divisible(before * expansion)
        if number:
            x = self.activated(_normalized(_convolution(x, inner, f"{name}expand"), f"{name}expand_bn"), is_swish)
        if strides == 2:
            x = ZeroPadding2D(padding_before_stride(x, kernel), name=f"{name}depthwise_pad")(x)
        padding: PaddingName = "same" if strides == 1 else "valid"
        x = DepthwiseConv2D(kernel, strides=strides, padding=padding, use_bias=False, name=f"{name}depthwise")(x)
        x = self.activated(_normalized(x, f"{name}depthwise_bn"), is_swish)
        if is_scaled and not self.is_minimalistic:
            x = _scaled(x, inner, f"{name}squeeze_excite_")
        x = _normalized(_convolution(x, channels, f"{name}project"), f"{name}project_bn")
        return Add(name=f"{name}add")([inputs, x]) if strides == 1 and before == channels else x


def _normalized(x: Any, name: str) -> Any:
    return BatchNormalization(momentum=0.999, name=name)(x)


def _convolution(x: Any, channels: int, name: str) -> Any:
    return Conv2D(channels, 1, padding="same", use_bias=False, name=name)(x)


def _scaled(x: Any, channels: int, name: str) -> Any:
    scale = GlobalAveragePooling2D(keepdims=True, name=f"{name}avg_pool")(x)
    scale = Conv2D(divisible(channels * 0.25), 1, padding="same", name=f"{name}conv")(scale)
    scale = ReLU(name=f"{name}relu")(scale)
    scale = Conv2D(channels, 1, padding="same", name=f"{name}conv_1")(scale)
    scale = ReLU(6.0)(scale + 3.0) * (1.0 / 6.0)
    return Multiply(name=f"{name}mul")([x, scale])


def _shape(request: Request) -> tuple[int | None, ...]:
    """Return the shape of an image, which this network takes from a tensor, and needs not."""
    request.check_tensor()
    shape = None if request.input_shape is None else tuple(request.input_shape)
    if shape is None and isinstance(request.input_tensor, SymbolicTensor):
        shape = (*request.input_tensor.shape[1:3], 3)
    if shape is None:
        return None, None, 3
    if len(shape) != 3:
        request.refuse(f"input_shape must be (height, width, channels), got {shape}")
    if all(shape[:2]) and min(shape[:2]) < 32:
        request.refuse(f"images must be at least 32 pixels high and wide, got input_shape={shape}")
    return shape


def _build(
    rows: Sequence[Row], last: int, kind: _Kind, dropout: float, include_preprocessing: bool, request: Request
) -> Model:
    shape = _shape(request)
    if request.is_trained:
        allowed = (1.0,) if kind.is_minimalistic else (0.75, 1.0)
        if kind.alpha not in allowed:
            request.refuse(
                f"alpha must be 0.75 or 1.0, or 1.0 with minimalistic=True, with weights='imagenet', got {kind.alpha!r}"
            )
        if shape[0] != shape[1] or shape[0] != 224:
            request.warn("there are weights for images of 224 × 224 pixels, which are taken")
    images = x = request.images(shape)
    if include_preprocessing:
        x = Rescaling(scale=1.0 / 127.5, offset=-1.0)(x)
    x = Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
    x = kind.activated(_normalized(x, "conv_bn"))
    for number, row in enumerate(rows):
        x = kind.block(x, row, number)
    x = _convolution(x, divisible(x.shape[-1] * 6), "conv_1")
    x = kind.activated(_normalized(x, "conv_1_bn"))
    if request.include_top:
        channels = divisible(last * kind.alpha) if kind.alpha > 1.0 else last
        x = Conv2D(channels, 1, padding="same", name="conv_2")(GlobalAveragePooling2D(keepdims=True)(x))
        x = kind.activated(x)
        if dropout > 0:
            x = Dropout(dropout)(x)
        x = Flatten()(Conv2D(request.classes, 1, padding="same", name="logits")(x))
        request.check_classifier()
        x = Activation(request.classifier_activation, name="predictions")(x)
    else:
        x = request.pooled(x, named=True)
    size = request.network.removeprefix("MobileNetV3").lower()
    stored = f"{size}{'_minimalistic' if kind.is_minimalistic else ''}_224_{kind.alpha}_float"
    checksums = _CHECKSUMS.get(stored, (None, None))
    stem = f"weights_mobilenet_v3_{stored}"
    return request.model(images, x, weight_files(f"{FOLDER}mobilenet_v3/", stem, checksums, "_no_top_v2"))


def _mobilenet_v3(size: str, rows: Sequence[Row], last: int) -> Network:
    function = f"MobileNetV3{size}"

    def make(
        input_shape: Any = None,
        alpha: float = 1.0,
        minimalistic: bool = False,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        classes: int = 1000,
        pooling: str | None = None,
        dropout_rate: float = 0.2,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str = function,
    ) -> Model:
        asked = include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        kind = _Kind(minimalistic, alpha)
        return _build(rows, last, kind, dropout_rate, include_preprocessing, Request(function, *asked))

    return as_network(make, function, __name__, f"Return the {size.lower()} MobileNetV3.", _ARGUMENTS)


MobileNetV3Small = _mobilenet_v3("Small", _SMALL, 1024)
MobileNetV3Large = _mobilenet_v3("Large", _LARGE, 1280)
