"""NASNet: cells that were found by search (Zoph et al., 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.imagenet_utils import from_minus_one_to_one as preprocess_input
from nnc.applications.networks import Network, as_network
from nnc.applications.request import Request
from nnc.applications.sizes import padding_before_stride
from nnc.applications.weight_files import FOLDER, WeightFile, WeightFiles
from nnc.choices import PaddingName
from nnc.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Cropping2D,
    MaxPooling2D,
    SeparableConv2D,
    ZeroPadding2D,
)
from nnc.models import Model

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]
Pair = tuple[Any, Any]
"""What a cell gives, and what it took."""


@dataclass(frozen=True)
class _Size:
    """A size of the network.

    Args:
        edge: height and width of its images.
        channels: of the first cells.
        stem: channels of the first convolution.
        cells: of each stage.
        skips: whether the cell behind one that shrinks takes what the latter took, instead of what it gave before.
        checksums: of its files.
    """

    edge: int
    channels: int
    stem: int
    cells: int
    skips: bool
    checksums: tuple[str, str]


def _normalized(x: Any, name: str) -> Any:
    return BatchNormalization(momentum=0.9997, name=name)(x)


def _convolution(x: Any, channels: int, name: str) -> Any:
    options: dict[str, Any] = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    return Conv2D(channels, 1, name=name, **options)(x)


def _separable(x: Any, channels: int, kernel: int, name: str, strides: int = 1) -> Any:
    x = Activation("relu")(x)
    padding: PaddingName = "same"
    if strides == 2:
        x = ZeroPadding2D(padding_before_stride(x, kernel), name=f"separable_conv_1_pad_{name}")(x)
        padding = "valid"
    for step, (step_strides, step_padding) in enumerate(((strides, padding), (1, "same")), 1):
        if step == 2:
            x = Activation("relu")(x)
        layer = f"separable_conv_{step}_{name}"
        x = SeparableConv2D(channels, kernel, strides=step_strides, padding=step_padding, use_bias=False, name=layer)(x)
        x = _normalized(x, f"separable_conv_{step}_bn_{name}")
    return x


def _adjusted(before: Any, x: Any, channels: int, name: str) -> Any:
    """Return what the cell before took, with as many pixels and channels as this cell works with."""
    if before is None:
        return x
    if before.shape[-2] != x.shape[-2]:
        before = Activation("relu", name=f"adjust_relu_1_{name}")(before)
        moved = Cropping2D(((1, 0), (1, 0)))(ZeroPadding2D(((0, 1), (0, 1)))(before))
        halves = [
            _convolution(
                AveragePooling2D(1, strides=2, padding="valid", name=f"adjust_avg_pool_{half}_{name}")(pixels),
                channels // 2,
                f"adjust_conv_{half}_{name}",
            )
            for half, pixels in ((1, before), (2, moved))
        ]
        return _normalized(Concatenate()(halves), f"adjust_bn_{name}")
    if before.shape[-1] != channels:
        projected = _convolution(Activation("relu")(before), channels, f"adjust_conv_projection_{name}")
        return _normalized(projected, f"adjust_bn_{name}")
    return before


def _squeezed(x: Any, channels: int, kind: str, name: str) -> Any:
    h = _convolution(Activation("relu")(x), channels, f"{kind}_conv_1_{name}")
    return _normalized(h, f"{kind}_bn_1_{name}")


def _average(x: Any, name: str) -> Any:
    return AveragePooling2D(3, strides=1, padding="same", name=name)(x)


def _normal_cell(x: Any, before: Any, channels: int, name: str) -> Pair:
    p = _adjusted(before, x, channels, name)
    h = _squeezed(x, channels, "normal", name)

    def separable(pixels: Any, kernel: int, place: str) -> Any:
        return _separable(pixels, channels, kernel, f"normal_{place}_{name}")

    pairs = (
        (separable(h, 5, "left1"), separable(p, 3, "right1")),
        (separable(p, 5, "left2"), separable(p, 3, "right2")),
        (_average(h, f"normal_left3_{name}"), p),
        (_average(p, f"normal_left4_{name}"), _average(p, f"normal_right4_{name}")),
        (separable(h, 3, "left5"), h),
    )
    sums = [Add(name=f"normal_add_{number}_{name}")(list(pair)) for number, pair in enumerate(pairs, 1)]
    return Concatenate(name=f"normal_concat_{name}")([p, *sums]), x


def _reduction_cell(x: Any, before: Any, channels: int, name: str) -> Pair:
    p = _adjusted(before, x, channels, name)
    h = _squeezed(x, channels, "reduction", name)
    padded = ZeroPadding2D(padding_before_stride(h, 3), name=f"reduction_pad_1_{name}")(h)

    def separable(pixels: Any, kernel: int, place: str, strides: int = 2) -> Any:
        return _separable(pixels, channels, kernel, f"reduction_{place}_{name}", strides)

    def pooled(layer: Any, place: str) -> Any:
        return layer(3, strides=2, padding="valid", name=f"reduction_{place}_{name}")(padded)

    first = Add(name=f"reduction_add_1_{name}")([separable(h, 5, "left1"), separable(p, 7, "right1")])
    second = Add(name=f"reduction_add_2_{name}")([pooled(MaxPooling2D, "left2"), separable(p, 7, "right2")])
    third = Add(name=f"reduction_add3_{name}")([pooled(AveragePooling2D, "left3"), separable(p, 5, "right3")])
    fourth = Add()([second, _average(first, f"reduction_left4_{name}")])
    fifth = Add(name=f"reduction_add4_{name}")(
        [separable(first, 3, "left4", strides=1), pooled(MaxPooling2D, "right5")]
    )
    return Concatenate(name=f"reduction_concat_{name}")([second, third, fourth, fifth]), x


def _build(size: _Size, request: Request) -> Model:
    images = request.images(request.image_shape(edge=size.edge, least=32))
    # Of unknown sizes Keras cannot see which operand must shrink: it makes a model that fails when it predicts.
    if None in images.shape[1:3]:
        request.refuse(f"the height and width must be known, got images of shape {images.shape}")
    x = Conv2D(
        size.stem, 3, strides=2, padding="valid", use_bias=False, kernel_initializer="he_normal", name="stem_conv1"
    )(images)
    x, before = _normalized(x, "stem_bn1"), None
    for number, divisor in enumerate((4, 2), 1):
        x, before = _reduction_cell(x, before, size.channels // divisor, f"stem_{number}")
    for stage in range(3):
        channels, done = size.channels * 2**stage, stage * size.cells
        if stage:
            x, taken = _reduction_cell(x, before, channels, f"reduce_{done}")
            before = before if size.skips else taken
        for cell in range(size.cells):
            x, before = _normal_cell(x, before, channels, str(done + cell + (stage > 0)))
    x = request.head(Activation("relu")(x), top=None)
    return request.model(images, x, _files(request.network.removeprefix("NASNet").lower(), size.checksums))


def _files(size: str, checksums: tuple[str, str]) -> WeightFiles:
    """Return Keras's files, which have other names in the cache than where they come from."""
    folder = f"{FOLDER}nasnet/NASNet-{size}"
    return WeightFiles(
        WeightFile(f"nasnet_{size}.h5", f"{folder}.h5", checksums[0]),
        WeightFile(f"nasnet_{size}_no_top.h5", f"{folder}-no-top.h5", checksums[1]),
    )


def _nasnet(name: str, *numbers: Any) -> Network:
    function, default_name, size = f"NASNet{name}", f"nasnet_{name.lower()}", _Size(*numbers)

    def make(
        input_shape: Any = None,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = default_name,
    ) -> Model:
        if not include_top and input_shape is None and input_tensor is None:
            input_shape = (size.edge, size.edge, 3)
        asked = include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        return _build(size, Request(function, *asked))

    return as_network(make, function, __name__, f"Return NASNet of size {name}.")


NASNetMobile = _nasnet(
    *("Mobile", 224, 44, 32, 4, False),
    ("020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63"),
)
NASNetLarge = _nasnet(
    *("Large", 331, 168, 96, 6, True),
    ("11577c9a518f0070763c2b964a382f17", "d81d89dc07e6e56530c4e77faddd61b5"),
)
