"""The blocks of EfficientNet: wide inside, narrow between them (Tan and Le, 2019 and 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnc.applications.sizes import padding_before_stride
from nnc.choices import PaddingName
from nnc.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Multiply,
    Reshape,
    ZeroPadding2D,
)

KERNEL_INITIALIZER = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"},
}
CLASSIFIER_INITIALIZER = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0 / 3.0, "mode": "fan_out", "distribution": "uniform"},
}


def convolution(x: Any, channels: int, kernel: int, name: str, **options: Any) -> Any:
    """Return feature maps after a convolution without bias.

    Args:
        x: feature maps.
        channels: of the result.
        kernel: height and width of the kernel.
        name: of the layer.
        options: further arguments of the layer.
    """
    given = {"padding": "same", **options}
    return Conv2D(channels, kernel, use_bias=False, kernel_initializer=KERNEL_INITIALIZER, name=name, **given)(x)


@dataclass(frozen=True)
class Block:
    """A block of EfficientNet.

    Args:
        kernel: height and width of the kernel.
        channels_in: of what it takes.
        channels: of what it gives.
        expansion: how many times as many channels it has inside.
        strides: of the convolution.
        squeezed: channels of the squeeze, as a part of those it takes; 0 for none.
        is_fused: whether one convolution widens and looks around.
        momentum: of the batch normalization.
        is_padded: whether padding is a layer of its own where strides are 2.
        depthwise: name of the depthwise convolution.
    """

    kernel: int
    channels_in: int
    channels: int
    expansion: int
    strides: int
    squeezed: float
    is_fused: bool = False
    momentum: float = 0.99
    is_padded: bool = False
    depthwise: str = "dwconv"

    def apply(self, x: Any, drop: float, name: str) -> Any:
        """Return feature maps after the block.

        Args:
            x: feature maps.
            drop: the probability with which a row's block is left out while training.
            name: what the names of the layers begin with.
        """
        found = self._fused(x, name) if self.is_fused else self._depthwise(x, name)
        if self.strides == 1 and self.channels_in == self.channels:
            if drop > 0:
                found = Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(found)
            found = Add(name=f"{name}add")([found, x])
        return found

    @property
    def _inner(self) -> int:
        return self.channels_in * self.expansion

    def _normalized(self, x: Any, name: str) -> Any:
        return BatchNormalization(axis=3, momentum=self.momentum, name=f"{name}bn")(x)

    def _activated(self, x: Any, name: str) -> Any:
        return Activation("swish", name=f"{name}activation")(self._normalized(x, name))

    def _depthwise(self, x: Any, name: str) -> Any:
        if self.expansion != 1:
            x = self._activated(convolution(x, self._inner, 1, f"{name}expand_conv"), f"{name}expand_")
        padding: PaddingName = "same"
        if self.is_padded and self.strides == 2:
            x = ZeroPadding2D(padding_before_stride(x, self.kernel), name=f"{name}dwconv_pad")(x)
            padding = "valid"
        x = DepthwiseConv2D(
            self.kernel,
            strides=self.strides,
            padding=padding,
            use_bias=False,
            depthwise_initializer=KERNEL_INITIALIZER,
            name=name + self.depthwise,
        )(x)
        x = self._excited(self._activated(x, name), name)
        return self._normalized(convolution(x, self.channels, 1, f"{name}project_conv"), f"{name}project_")

    def _fused(self, x: Any, name: str) -> Any:
        is_wide = self.expansion != 1
        if is_wide:
            x = convolution(x, self._inner, self.kernel, f"{name}expand_conv", strides=self.strides)
            x = self._activated(x, f"{name}expand_")
        x = self._excited(x, name)
        kernel, strides = (1, 1) if is_wide else (self.kernel, self.strides)
        x = convolution(x, self.channels, kernel, f"{name}project_conv", strides=strides)
        return self._normalized(x, f"{name}project_") if is_wide else self._activated(x, f"{name}project_")

    def _excited(self, x: Any, name: str) -> Any:
        """Return feature maps with each channel scaled by what all of them are on average."""
        if not self.squeezed:
            return x
        scale = GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
        scale = Reshape((1, 1, self._inner), name=f"{name}se_reshape")(scale)
        steps = (
            ("reduce", max(1, int(self.channels_in * self.squeezed)), "swish"),
            ("expand", self._inner, "sigmoid"),
        )
        for step, channels, activation in steps:
            scale = Conv2D(
                channels,
                1,
                padding="same",
                activation=activation,
                kernel_initializer=KERNEL_INITIALIZER,
                name=f"{name}se_{step}",
            )(scale)
        return Multiply(name=f"{name}se_excite")([x, scale])
