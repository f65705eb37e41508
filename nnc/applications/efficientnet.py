"""EfficientNet: one network in eight sizes (Tan and Le, 2019)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import unchanged as preprocess_input
from nnc.applications.inverted_residual import CLASSIFIER_INITIALIZER, Block, convolution
from nnc.applications.networks import Network, network
from nnc.applications.request import Request
from nnc.applications.sizes import divisible, padding_before_stride
from nnc.applications.weight_files import weight_files
from nnc.layers import Activation, BatchNormalization, Dropout, Normalization, Rescaling, ZeroPadding2D
from nnc.models import Model

__all__ = [
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "decode_predictions",
    "preprocess_input",
]
_FOLDER = "https://storage.googleapis.com/keras-applications/"
_DEVIATION = (0.229, 0.224, 0.225)
_DROPPED = 0.2
"""Probability with which the last block is left out while training."""
_STAGES = (
    # blocks, kernel, channels before and behind, expansion, strides
    (1, 3, 32, 16, 1, 1),
    (2, 3, 16, 24, 6, 2),
    (2, 5, 24, 40, 6, 2),
    (3, 3, 40, 80, 6, 2),
    (3, 5, 80, 112, 6, 1),
    (4, 5, 112, 192, 6, 2),
    (1, 3, 192, 320, 6, 1),
)


@dataclass(frozen=True)
class _Size:
    """How a network differs from the smallest one.

    Args:
        width: how many times as many channels it has.
        depth: how many times as many blocks.
        edge: height and width of its images.
        dropout: before the classifier.
        checksums: of its files.
    """

    width: float
    depth: float
    edge: int
    dropout: float
    checksums: tuple[str, str]

    def channels(self, count: int) -> int:
        return divisible(count * self.width)

    def blocks(self, count: int) -> int:
        return math.ceil(self.depth * count)


def _stem(x: Any, size: _Size, request: Request) -> Any:
    x = Normalization(axis=3)(Rescaling(1.0 / 255.0)(x))
    if request.is_trained:  # what they were trained on was divided by roots of deviations
        x = Rescaling([1.0 / math.sqrt(deviation) for deviation in _DEVIATION])(x)
    x = ZeroPadding2D(padding_before_stride(x, 3), name="stem_conv_pad")(x)
    x = convolution(x, size.channels(32), 3, "stem_conv", strides=2, padding="valid")
    return Activation("swish", name="stem_activation")(BatchNormalization(axis=3, name="stem_bn")(x))


def _build(size: _Size, request: Request) -> Model:
    images = request.images(request.image_shape(edge=size.edge, least=32))
    x = _stem(images, size, request)
    total, done = sum(size.blocks(count) for count, *_ in _STAGES), 0
    for stage, (count, kernel, before, channels, expansion, strides) in enumerate(_STAGES, 1):
        block = Block(kernel, size.channels(before), size.channels(channels), expansion, strides, 0.25, is_padded=True)
        for number in range(size.blocks(count)):
            x = block.apply(x, _DROPPED * done / total, f"block{stage}{chr(ord('a') + number)}_")
            block = Block(kernel, block.channels, block.channels, expansion, 1, 0.25, is_padded=True)
            done += 1
    x = convolution(x, size.channels(1280), 1, "top_conv")
    x = Activation("swish", name="top_activation")(BatchNormalization(axis=3, name="top_bn")(x))
    x = request.head(
        x,
        named=True,
        dropout=Dropout(size.dropout, name="top_dropout"),
        kernel_initializer=CLASSIFIER_INITIALIZER,
    )
    return request.model(images, x, weight_files(_FOLDER, request.network.lower(), size.checksums))


def _efficientnet(name: str, *numbers: Any) -> Network:
    function = f"EfficientNet{name}"
    build = partial(_build, _Size(*numbers))
    return network(function, __name__, function.lower(), build, f"Return EfficientNet of size {name}.")


EfficientNetB0 = _efficientnet(
    "B0", 1.0, 1.0, 224, 0.2, ("902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d")
)
EfficientNetB1 = _efficientnet(
    "B1", 1.0, 1.1, 240, 0.2, ("1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432")
)
EfficientNetB2 = _efficientnet(
    "B2", 1.1, 1.2, 260, 0.3, ("b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39")
)
EfficientNetB3 = _efficientnet(
    "B3", 1.2, 1.4, 300, 0.3, ("ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226")
)
EfficientNetB4 = _efficientnet(
    "B4", 1.4, 1.8, 380, 0.4, ("18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba")
)
EfficientNetB5 = _efficientnet(
    "B5", 1.6, 2.2, 456, 0.4, ("ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f")
)
EfficientNetB6 = _efficientnet(
    "B6", 1.8, 2.6, 528, 0.5, ("165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743")
)
EfficientNetB7 = _efficientnet(
    "B7", 2.0, 3.1, 600, 0.5, ("8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a")
)
