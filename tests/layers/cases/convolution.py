"""Convolution layers: each padding, strides, dilation, groups and data format, in each number of dimensions."""

from __future__ import annotations

from typing import Any

from tests.layers.cases.case import Case as Row


def Case(layer: str, config: dict[str, Any], shape: tuple[int, ...], output: tuple[int, ...]) -> Row:
    """Sums over windows are added up in another order than TensorFlow's."""
    return Row(layer, config, (shape,), output, tolerance=1e-5)


SAME = {"padding": "same"}
FIRST = {"data_format": "channels_first"}
"""No output is as wide as it has channels: Keras would then add the bias along the width."""
SOFTMAX = {"activation": "softmax", "use_bias": False, **FIRST}
"""Along the width, not the channels."""
ACTIVITY = {"activity_regularizer": "l1"}
CASES = (
    Case("Conv1D", {"filters": 3, "kernel_size": 3}, (7, 2), (5, 3)),
    Case("Conv1D", {"filters": 2, "kernel_size": 2, "strides": 3, **SAME}, (7, 3), (3, 2)),
    Case("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, (6, 2), (6, 3)),
    Case("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "strides": 2}, (7, 2), (4, 3)),
    Case("Conv1D", {"filters": 4, "kernel_size": 2, "padding": "causal", **FIRST}, (2, 6), (4, 6)),
    Case("Conv1D", {"filters": 4, "kernel_size": 3, "groups": 2, "activation": "relu"}, (6, 4), (4, 4)),
    Case("Conv1D", {"filters": 2, "kernel_size": 1, "use_bias": False}, (4, 3), (4, 2)),
    Case("Conv2D", {"filters": 3, "kernel_size": 3}, (5, 6, 2), (3, 4, 3)),
    Case("Conv2D", {"filters": 2, "kernel_size": (3, 2), **SAME}, (4, 5, 2), (4, 5, 2)),
    Case("Conv2D", {"filters": 2, "kernel_size": 3, "strides": 2, **SAME}, (6, 5, 2), (3, 3, 2)),
    Case("Conv2D", {"filters": 2, "kernel_size": (2, 3), "strides": (2, 1)}, (5, 5, 1), (2, 3, 2)),
    Case("Conv2D", {"filters": 2, "kernel_size": 3, "dilation_rate": (2, 1)}, (6, 4, 2), (2, 2, 2)),
    Case("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": 3, **SAME}, (4, 5, 1), (4, 5, 2)),
    Case("Conv2D", {"filters": 4, "kernel_size": 1, "activation": "tanh"}, (3, 2, 5), (3, 2, 4)),
    Case("Conv2D", {"filters": 4, "kernel_size": 1, "strides": 2, **SAME}, (5, 4, 3), (3, 2, 4)),
    Case("Conv2D", {"filters": 6, "kernel_size": (2, 3), "groups": 3, **SAME}, (3, 4, 3), (3, 4, 6)),
    Case("Conv2D", {"filters": 4, "kernel_size": 1, "groups": 2}, (3, 4, 6), (3, 4, 4)),
    Case("Conv2D", {"filters": 3, "kernel_size": 2, "activation": "relu", **FIRST}, (2, 4, 5), (3, 3, 4)),
    Case(
        "Conv2D",
        {"filters": 3, "kernel_size": 2, "activation": "softmax", "use_bias": False, **FIRST},
        (2, 3, 5),
        (3, 2, 4),
    ),
    Case("Conv2D", {"filters": 3, "kernel_size": 3, "strides": 2, **SAME, **FIRST}, (2, 5, 4), (3, 3, 2)),
    Case(
        "Conv2D",
        {"filters": 2, "kernel_size": 1, "kernel_regularizer": "l2", "bias_constraint": "non_neg", **ACTIVITY},
        (2, 3, 2),
        (2, 3, 2),
    ),
    Case("Conv3D", {"filters": 2, "kernel_size": 2}, (3, 4, 3, 2), (2, 3, 2, 2)),
    Case("Conv3D", {"filters": 2, "kernel_size": (1, 3, 2), **SAME}, (2, 4, 3, 2), (2, 4, 3, 2)),
    Case("Conv3D", {"filters": 2, "kernel_size": 3, "strides": 2, **SAME}, (3, 4, 3, 1), (2, 2, 2, 2)),
    Case("Conv3D", {"filters": 2, "kernel_size": 2, **FIRST}, (2, 3, 3, 4), (2, 2, 2, 3)),
    Case("Conv1DTranspose", {"filters": 3, "kernel_size": 3}, (4, 2), (6, 3)),
    Case("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, **SAME}, (4, 3), (8, 2)),
    Case("Conv1DTranspose", {"filters": 2, "kernel_size": 2, "strides": 3}, (3, 2), (9, 2)),
    Case("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1}, (3, 2), (8, 2)),
    Case("Conv1DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2, **FIRST}, (3, 4), (2, 8)),
    Case("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "activation": "relu"}, (3, 4, 2), (5, 6, 3)),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": 1, "kernel_constraint": "max_norm"}, (2, 3, 2), (2, 3, 2)),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2, **SAME}, (2, 3, 3), (4, 6, 2)),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": (2, 1), **SAME}, (2, 3, 2), (4, 3, 2)),
    Case(
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, **SAME, "output_padding": (0, 1)},
        (3, 2, 2),
        (5, 4, 2),
    ),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 3, "output_padding": 2}, (2, 2, 2), (8, 8, 2)),
    Case("Conv2DTranspose", {"filters": 2, "kernel_size": (1, 2), "use_bias": False, **FIRST}, (2, 2, 3), (2, 2, 4)),
    Case("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, (2, 1, 2, 2), (4, 2, 4, 2)),
    Case("Conv3DTranspose", {"filters": 2, "kernel_size": 3, **SAME}, (2, 2, 3, 2), (2, 2, 3, 2)),
    Case("DepthwiseConv1D", {"kernel_size": 3}, (6, 3), (4, 3)),
    Case("DepthwiseConv1D", {"kernel_size": 2, "strides": 2, **SAME, "depth_multiplier": 2}, (5, 2), (3, 4)),
    Case("DepthwiseConv1D", {"kernel_size": 2, "dilation_rate": 2, **FIRST}, (3, 6), (3, 4)),
    Case("DepthwiseConv1D", {"kernel_size": 2, "dilation_rate": 2, "strides": 2}, (7, 2), (3, 2)),
    Case("DepthwiseConv2D", {"kernel_size": 3}, (4, 5, 2), (2, 3, 2)),
    Case("DepthwiseConv2D", {"kernel_size": (2, 3), **SAME, "depth_multiplier": 3}, (3, 4, 2), (3, 4, 6)),
    Case(
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": 2, **SAME, "activation": "relu"},
        (5, 6, 3),
        (3, 3, 3),
    ),
    Case("DepthwiseConv2D", {"kernel_size": 3, "dilation_rate": 2, **SAME}, (5, 4, 2), (5, 4, 2)),
    Case("DepthwiseConv2D", {"kernel_size": 2, "strides": 2, "dilation_rate": 2, **SAME}, (5, 6, 2), (3, 3, 2)),
    Case(
        "DepthwiseConv2D", {"kernel_size": 2, "use_bias": False, "depth_multiplier": 2, **FIRST}, (2, 3, 4), (4, 2, 3)
    ),
    Case("DepthwiseConv2D", {"kernel_size": 2, "depthwise_regularizer": "l1", **ACTIVITY}, (3, 2, 2), (2, 1, 2)),
    Case("DepthwiseConv2D", {"kernel_size": 1}, (3, 2, 4), (3, 2, 4)),
    Case("SeparableConv1D", {"filters": 4, "kernel_size": 3, **SAME}, (5, 2), (5, 4)),
    Case("SeparableConv1D", {"filters": 3, "kernel_size": 2, "strides": 2, "depth_multiplier": 2}, (6, 2), (3, 3)),
    Case(
        "SeparableConv2D", {"filters": 3, "kernel_size": 2, "pointwise_constraint": "unit_norm"}, (2, 3, 2), (1, 2, 3)
    ),
    Case("SeparableConv2D", {"filters": 4, "kernel_size": 3, "activation": "relu"}, (4, 5, 2), (2, 3, 4)),
    Case("SeparableConv2D", {"filters": 3, "kernel_size": 2, "strides": 2, **SAME}, (5, 4, 2), (3, 2, 3)),
    Case(
        "SeparableConv2D", {"filters": 3, "kernel_size": (3, 2), "depth_multiplier": 2, **FIRST}, (2, 4, 3), (3, 2, 2)
    ),
    Case(
        "SeparableConv2D", {"filters": 2, "kernel_size": 2, "use_bias": False, "dilation_rate": 2}, (4, 4, 3), (2, 2, 2)
    ),
)
