"""MobileNet: depthwise convolutions, each with one across channels behind it (Howard et al., 2017)."""

from __future__ import annotations

from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import from_minus_one_to_one as preprocess_input
from nnc.applications.networks import as_network
from nnc.applications.request import Request
from nnc.applications.sizes import edge_of, trained_edge
from nnc.applications.weight_files import FOLDER, weight_files
from nnc.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from nnc.models import Model

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]
_ARGUMENTS = """\
        alpha: how many times as many channels it has.
        depth_multiplier: channels that a depthwise convolution makes of each.
        dropout: before the classifier.
"""
_EDGES = (128, 160, 192, 224)
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
"""The widths that there are weights of, as the names of files have them."""
_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)
"""Channels and strides."""


def _activated(x: Any, name: str) -> Any:
    return ReLU(6.0, name=f"{name}_relu")(BatchNormalization(name=f"{name}_bn")(x))


def _block(x: Any, channels: int, strides: int, multiplier: int, number: int) -> Any:
    if strides > 1:
        x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
    x = DepthwiseConv2D(
        3,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        depth_multiplier=multiplier,
        use_bias=False,
        name=f"conv_dw_{number}",
    )(x)
    x = _activated(x, f"conv_dw_{number}")
    x = Conv2D(channels, 1, padding="same", use_bias=False, name=f"conv_pw_{number}")(x)
    return _activated(x, f"conv_pw_{number}")


def _make(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 1e-3,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    asked = include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    request = Request("MobileNet", *asked)
    shape = request.image_shape(edge=edge_of(input_shape, _EDGES), least=32)
    edge = shape[0]
    if request.is_trained:
        if depth_multiplier != 1:
            request.refuse(f"depth_multiplier must be 1 with weights='imagenet', got {depth_multiplier!r}")
        if alpha not in _ALPHAS:
            request.refuse(f"alpha must be 0.25, 0.5, 0.75 or 1.0 with weights='imagenet', got {alpha!r}")
        edge = trained_edge(request, shape, _EDGES)
    images = x = request.images(shape)
    x = Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(x)
    x = _activated(x, "conv1")
    for number, (channels, strides) in enumerate(_BLOCKS, 1):
        x = _block(x, int(channels * alpha), strides, depth_multiplier, number)
    if include_top:
        x = Dropout(dropout, name="dropout")(GlobalAveragePooling2D(keepdims=True)(x))
        x = Conv2D(classes, 1, padding="same", name="conv_preds")(x)
        x = Reshape((classes,), name="reshape_2")(x)
        request.check_classifier()
        x = Activation(classifier_activation, name="predictions")(x)
    else:
        x = request.pooled(x)
    files = weight_files(f"{FOLDER}mobilenet/", f"mobilenet_{_ALPHAS.get(alpha)}_{edge}_tf", suffix="_no_top")
    return request.model(images, x, files, f"mobilenet_{alpha:0.2f}_{edge}" if name is None else name)


MobileNet = as_network(_make, "MobileNet", __name__, "Return MobileNet.", _ARGUMENTS)
