"""ConvNeXt: convolutions arranged as blocks of a transformer (Liu et al., 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import unchanged as preprocess_input
from nnc.applications.networks import INCLUDE_PREPROCESSING, Network, as_network
from nnc.applications.request import Request
from nnc.applications.weight_files import FOLDER, weight_files
from nnc.layers import Activation, Conv2D, Dense, GlobalAveragePooling2D, LayerNormalization, Normalization
from nnc.layers.applications import LayerScale
from nnc.models import Model, Sequential

__all__ = [
    "ConvNeXtBase",
    "ConvNeXtLarge",
    "ConvNeXtSmall",
    "ConvNeXtTiny",
    "ConvNeXtXLarge",
    "decode_predictions",
    "preprocess_input",
]
_SCALE = 1e-6
"""The first factor of what a block adds."""


def _normalized(x: Any, name: str | None = None) -> Any:
    return LayerNormalization(epsilon=1e-6, name=name)(x)


def _block(x: Any, channels: int, name: str) -> Any:
    added = Conv2D(channels, 7, padding="same", groups=channels, name=f"{name}_depthwise_conv")(x)
    added = _normalized(added, f"{name}_layernorm")
    added = Dense(4 * channels, name=f"{name}_pointwise_conv_1")(added)
    added = Activation("gelu", name=f"{name}_gelu")(added)
    added = Dense(channels, name=f"{name}_pointwise_conv_2")(added)
    added = LayerScale(_SCALE, channels, name=f"{name}_layer_scale")(added)
    return x + Activation("linear", name=f"{name}_identity")(added)


def _shrunk(x: Any, stage: int, channels: int, name: str) -> Any:
    """Return feature maps before a stage: those of the stem, or of a step to fewer pixels and more channels."""
    if stage == 0:
        steps = [
            Conv2D(channels, 4, strides=4, name=f"{name}_stem_conv"),
            LayerNormalization(epsilon=1e-6, name=f"{name}_stem_layernorm"),
        ]
        group = Sequential(steps, name=f"{name}_stem")
    else:
        steps = [
            LayerNormalization(epsilon=1e-6, name=f"{name}_downsampling_layernorm_{stage - 1}"),
            Conv2D(channels, 2, strides=2, name=f"{name}_downsampling_conv_{stage - 1}"),
        ]
        group = Sequential(steps, name=f"{name}_downsampling_block_{stage - 1}")
    group.build(x.shape)
    return group(x)


def _head(x: Any, request: Request) -> Any:
    name = request.name
    if not request.include_top:
        return _normalized(request.pooled(x))
    request.check_classifier()
    x = GlobalAveragePooling2D(name=f"{name}_head_gap")(x)
    x = _normalized(x, f"{name}_head_layernorm")
    return Dense(request.classes, activation=request.classifier_activation, name=f"{name}_head_dense")(x)


def _build(
    blocks: Sequence[int],
    channels: Sequence[int],
    checksums: Sequence[str],
    stored: str,
    include_preprocessing: bool,
    request: Request,
) -> Model:
    name = str(request.name)
    shape = request.image_shape(edge=224, least=32)
    images = x = request.images(shape)
    if include_preprocessing and shape[-1] == 3:
        mean = [0.485 * 255, 0.456 * 255, 0.406 * 255]
        variance = [(0.229 * 255) ** 2, (0.224 * 255) ** 2, (0.225 * 255) ** 2]
        x = Normalization(mean=mean, variance=variance, name=f"{name}_prestem_normalization")(x)
    for stage, (count, width) in enumerate(zip(blocks, channels, strict=True)):
        x = _shrunk(x, stage, width, name)
        for number in range(count):
            x = _block(x, width, f"{name}_stage_{stage}_block_{number}")
    return request.model(images, _head(x, request), weight_files(f"{FOLDER}convnext/", stored, checksums))


def _convnext(size: str, blocks: Sequence[int], width: int, checksums: Sequence[str]) -> Network:
    function, stored = f"ConvNeXt{size}", f"convnext_{size.lower()}"
    channels = [width * 2**stage for stage in range(4)]

    def make(
        include_top: bool = True,
        include_preprocessing: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = stored,
    ) -> Model:
        asked = include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        return _build(blocks, channels, checksums, stored, include_preprocessing, Request(function, *asked))

    return as_network(make, function, __name__, f"Return ConvNeXt of size {size}.", INCLUDE_PREPROCESSING)


ConvNeXtTiny = _convnext(
    "Tiny",
    (3, 3, 9, 3),
    96,
    (
        "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    ),
)
ConvNeXtSmall = _convnext(
    "Small",
    (3, 3, 27, 3),
    96,
    (
        "ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c",
        "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
    ),
)
ConvNeXtBase = _convnext(
    "Base",
    (3, 3, 27, 3),
    128,
    (
        "52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6",
        "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
    ),
)
ConvNeXtLarge = _convnext(
    "Large",
    (3, 3, 27, 3),
    192,
    (
        "070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6",
        "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
    ),
)
ConvNeXtXLarge = _convnext(
    "XLarge",
    (3, 3, 27, 3),
    256,
    (
        "c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee",
        "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
    ),
)
