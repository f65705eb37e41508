"""MobileNetV2: blocks that are narrow between, with connections there (Sandler et al., 2018)."""

from __future__ import annotations

from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import from_minus_one_to_one as preprocess_input
from nnc.applications.networks import as_network
from nnc.applications.request import Request
from nnc.applications.sizes import divisible, edge_of, padding_before_stride, trained_edge
from nnc.applications.weight_files import FOLDER, KERNELS, weight_files
from nnc.choices import PaddingName
from nnc.layers import Add, BatchNormalization, Conv2D, DepthwiseConv2D, ReLU, SymbolicTensor, ZeroPadding2D
from nnc.models import Model

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]
_ARGUMENTS = "        alpha: how many times as many channels it has.\n"
_EDGES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
_STAGES = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
"""Channels, blocks, strides of the first."""


def _normalized(x: Any, name: str) -> Any:
    return BatchNormalization(momentum=0.999, name=name)(x)


def _convolution(x: Any, channels: int, name: str) -> Any:
    return Conv2D(channels, 1, padding="same", use_bias=False, name=name)(x)


def _block(x: Any, channels: int, strides: int, number: int) -> Any:
    inputs, before = x, x.shape[-1]
    name = f"block_{number}_" if number else "expanded_conv_"
    if number:
        x = _normalized(_convolution(x, 6 * before, f"{name}expand"), f"{name}expand_BN")
        x = ReLU(6.0, name=f"{name}expand_relu")(x)
    if strides == 2:
        x = ZeroPadding2D(padding_before_stride(x, 3), name=f"{name}pad")(x)
    padding: PaddingName = "same" if strides == 1 else "valid"
    x = DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False, name=f"{name}depthwise")(x)
    x = ReLU(6.0, name=f"{name}depthwise_relu")(_normalized(x, f"{name}depthwise_BN"))
    x = _normalized(_convolution(x, channels, f"{name}project"), f"{name}project_BN")
    return Add(name=f"{name}add")([inputs, x]) if before == channels and strides == 1 else x


def _make(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    asked = include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    request = Request("MobileNetV2", *asked)
    request.check_tensor()
    usual = input_shape
    if input_shape is None and isinstance(input_tensor, SymbolicTensor):
        usual = input_tensor.shape[1:]
    shape = request.image_shape(edge=edge_of(usual, _EDGES), least=32)
    edge = shape[0]
    if request.is_trained:
        if alpha not in _ALPHAS:
            request.refuse(f"alpha must be one of {_ALPHAS} with weights='imagenet', got {alpha!r}")
        edge = trained_edge(request, shape, _EDGES)
    images = x = request.images(shape)
    x = Conv2D(divisible(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
    x = ReLU(6.0, name="Conv1_relu")(_normalized(x, "bn_Conv1"))
    number = 0
    for channels, count, first in _STAGES:
        for block in range(count):
            x = _block(x, divisible(int(channels * alpha)), first if block == 0 else 1, number)
            number += 1
    last = divisible(1280 * alpha) if alpha > 1.0 else 1280
    x = Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    x = ReLU(6.0, name="out_relu")(_normalized(x, "Conv_1_bn"))
    stem = f"mobilenet_v2{KERNELS}_{float(alpha)}_{edge}"
    files = weight_files(f"{FOLDER}mobilenet_v2/", stem, suffix="_no_top")
    default_name = f"mobilenetv2_{alpha:0.2f}_{edge}"
    return request.model(images, request.head(x, top=None), files, default_name if name is None else name)


MobileNetV2 = as_network(
    _make, "MobileNetV2", __name__, "Return MobileNetV2.", "        alpha: how many times as many channels it has.\n"
)
