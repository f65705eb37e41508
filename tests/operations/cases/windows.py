"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: convolutions and pooling."""

from __future__ import annotations

from typing import Any

from tests.operations.cases.case import Call


def kernel(ops: Any, x: Any, *shape: int) -> Any:
    """Return weights of a shape with at most 24 elements, which are the means of the rows."""
    count = 1
    for dim in shape:
        count *= dim
    return ops.reshape(ops.reshape(ops.mean(x, axis=0), (1, 24))[:, :count], shape) - 1.0


def image(ops: Any, x: Any) -> Any:
    """Return x as images of four rows, three columns and two channels."""
    return ops.reshape(x, (-1, 4, 3, 2))


CALLS: dict[str, Call] = {
    "AdaptiveAveragePool": lambda ops, x: ops.adaptive_average_pool(x, (3,)),
    "AdaptiveAveragePool of images": lambda ops, x: ops.adaptive_average_pool(
        image(ops, x), (2, 2), data_format="channels_last"
    ),
    "AdaptiveMaxPool": lambda ops, x: ops.adaptive_max_pool(x, (3,), data_format="channels_first"),
    "AdaptiveMaxPool of images": lambda ops, x: ops.adaptive_max_pool(image(ops, x), (3, 2)),
    "AveragePool": lambda ops, x: ops.average_pool(x, 2, strides=1, padding="same"),
    "AveragePool of images": lambda ops, x: ops.average_pool(image(ops, x), (2, 1), data_format="channels_first"),
    "Conv": lambda ops, x: ops.conv(x, kernel(ops, x, 2, 6, 2), strides=2, padding="same"),
    "Conv of images": lambda ops, x: ops.conv(image(ops, x), kernel(ops, x, 2, 2, 2, 3), dilation_rate=(1, 2)),
    "Conv channels first": lambda ops, x: ops.conv(
        ops.reshape(x, (-1, 2, 4, 3)), kernel(ops, x, 2, 2, 2, 3), data_format="channels_first"
    ),
    "DepthToSpace": lambda ops, x: ops.depth_to_space(ops.reshape(x, (-1, 1, 3, 8)), 2),
    "DepthToSpace channels first": lambda ops, x: ops.depth_to_space(
        ops.reshape(x, (-1, 8, 1, 3)), 2, data_format="channels_first"
    ),
    "DepthwiseConv": lambda ops, x: ops.depthwise_conv(x, kernel(ops, x, 2, 6, 2), padding="same", dilation_rate=2),
    "DepthwiseConv of images": lambda ops, x: ops.depthwise_conv(image(ops, x), kernel(ops, x, 3, 2, 2, 2)),
    "MaxPool": lambda ops, x: ops.max_pool(x, 2),
    "MaxPool of images": lambda ops, x: ops.max_pool(image(ops, x), (2, 2), strides=1, padding="same"),
    "MaxPool channels first": lambda ops, x: ops.max_pool(x, 3, strides=2, data_format="channels_first"),
    "SeparableConv": lambda ops, x: ops.separable_conv(
        x, kernel(ops, x, 2, 6, 1), kernel(ops, x, 1, 6, 3), padding="same"
    ),
    "SpaceToDepth": lambda ops, x: ops.space_to_depth(ops.reshape(x, (-1, 2, 6, 2)), 2),
    "SpaceToDepth channels first": lambda ops, x: ops.space_to_depth(
        ops.reshape(x, (-1, 2, 2, 6)), 2, data_format="channels_first"
    ),
    "SeparableConv of images": lambda ops, x: ops.separable_conv(
        image(ops, x), kernel(ops, x, 2, 2, 2, 2), kernel(ops, x, 1, 1, 4, 3), strides=2
    ),
}
REFERENCES: dict[str, Call] = {
    "Conv channels first": lambda ops, x: ops.moveaxis(
        ops.conv(ops.moveaxis(ops.reshape(x, (-1, 2, 4, 3)), 1, -1), kernel(ops, x, 2, 2, 2, 3)), -1, 1
    )
}
"""The same in other words, where TensorFlow computes the call on some processors only: with oneDNN."""
