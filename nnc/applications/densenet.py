"""DenseNet: each layer takes what all before it in its block gave (Huang et al., 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import standardized as preprocess_input
from nnc.applications.networks import Network, network
from nnc.applications.request import Request
from nnc.applications.residual import activated, normalized
from nnc.applications.weight_files import FOLDER, KERNELS, weight_files
from nnc.layers import Activation, AveragePooling2D, Concatenate, Conv2D, MaxPooling2D, ZeroPadding2D
from nnc.models import Model

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]
_GROWTH = 32
"""Channels that each layer adds."""


def _layer(x: Any, name: str) -> Any:
    added = activated(x, f"{name}_0")
    added = activated(Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(added), f"{name}_1")
    added = Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(added)
    return Concatenate(axis=3, name=f"{name}_concat")([x, added])


def _transition(x: Any, name: str) -> Any:
    x = Conv2D(x.shape[-1] // 2, 1, use_bias=False, name=f"{name}_conv")(activated(x, name))
    return AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _build(blocks: Sequence[int], checksums: Sequence[str], request: Request) -> Model:
    images = x = request.images(request.image_shape(edge=224, least=32))
    x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(ZeroPadding2D(3)(x))
    x = ZeroPadding2D(1)(activated(x, "conv1"))
    x = MaxPooling2D(3, strides=2, name="pool1")(x)
    for block, count in enumerate(blocks, 2):
        if block > 2:
            x = _transition(x, f"pool{block - 1}")
        for number in range(1, count + 1):
            x = _layer(x, f"conv{block}_block{number}")
    x = Activation("relu", name="relu")(normalized(x, "bn"))
    files = weight_files(f"{FOLDER}densenet/", request.network.lower() + KERNELS, checksums)
    return request.model(images, request.head(x, named=True), files)


def _densenet(layers: int, blocks: Sequence[int], checksums: Sequence[str]) -> Network:
    summary = f"Return DenseNet with {layers} layers of weights."
    build = partial(_build, blocks, checksums)
    return network(f"DenseNet{layers}", __name__, f"densenet{layers}", build, summary)


DenseNet121 = _densenet(121, (6, 12, 24, 16), ("9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"))
DenseNet169 = _densenet(169, (6, 12, 32, 32), ("d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"))
DenseNet201 = _densenet(201, (6, 12, 48, 32), ("1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"))
