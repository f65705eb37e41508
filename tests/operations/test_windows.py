"""Convolutions and pooling that a model of Keras's cannot compute itself, and what is refused."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import Input
from nnc.layers.operation import Operation
from tests.operations.test_operations import X

KERNEL = numpy.random.default_rng(1).normal(size=(2, 5, 6)).astype("float32")
IMAGES = numpy.random.default_rng(2).normal(size=(2, 4, 3, 2)).astype("float32")
WEIGHTS = numpy.random.default_rng(3).normal(size=(3, 2, 4, 2)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def with_zeros_between(kernel: numpy.ndarray, rate: int) -> numpy.ndarray:
    """Return the kernel that does without a dilation what this one does with it: TensorFlow's takes oneDNN."""
    sizes = [rate * (size - 1) + 1 for size in kernel.shape[:-2]]
    larger = numpy.zeros((*sizes, *kernel.shape[-2:]), kernel.dtype)
    larger[(slice(None, None, rate),) * len(sizes)] = kernel
    return larger


@pytest.mark.parametrize(
    ("x", "kernel", "settings"),
    [
        (X, KERNEL, {"strides": 2}),
        (X, KERNEL, {"strides": 3, "padding": "same"}),
        (X, KERNEL, {"strides": 2, "output_padding": 0}),
        (IMAGES, WEIGHTS, {"strides": (2, 3), "padding": "same", "output_padding": 1}),
        (IMAGES, WEIGHTS, {"dilation_rate": 2}),
        (IMAGES, WEIGHTS, {"strides": (2, 1), "data_format": "channels_last"}),
    ],
)
def test_transposed_convolution(x, kernel, settings, keras):
    """Keras 3.15 exchanges two arguments where a model calls the operation, but not where arrays are given."""
    symbolic = keras.Input(x.shape[1:])
    model = keras.Model(symbolic, keras.ops.conv_transpose(symbolic, kernel, **settings))
    rate, others = settings.get("dilation_rate", 1), {**settings, "dilation_rate": 1}
    expected = numpy.asarray(keras.ops.conv_transpose(x, with_zeros_between(kernel, rate), **others))
    for backend in ("numpy", "c"):
        numpy.testing.assert_allclose(nnc.compile(model, backend=backend)(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("operation", "kernel", "settings", "message"),
    [
        ("Conv", (2, 3, 4), {}, "Conv: the kernel must have the operand's channels"),
        ("Conv", (2, 6, 4), {"strides": 0}, "Conv: strides must be a positive integer or 1 of them"),
        ("Conv", (2, 6, 4), {"padding": "full"}, "Conv: padding must be valid or same"),
        ("Conv", (2, 6, 4), {"data_format": "first"}, "Conv: data_format must be channels_last"),
        ("DepthwiseConv", (2, 3, 1), {}, "DepthwiseConv: the kernel must have the channels"),
        ("ConvTranspose", (2, 5, 6), {"output_padding": 1}, "ConvTranspose: output_padding must be smaller"),
    ],
)
def test_refused(operation, kernel, settings, message):
    with pytest.raises(ModelError, match=message):
        Operation(operation, settings)(Input((4, 6)), numpy.ones(kernel, "float32"))


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("DepthToSpace", "DepthToSpace: the square of block_size must divide the channels"),
        ("SpaceToDepth", "SpaceToDepth: block_size must divide height and width"),
    ],
)
def test_blocks_that_do_not_divide(operation, message):
    with pytest.raises(ModelError, match=message):
        Operation(operation, {"block_size": 2})(Input((3, 4, 6)))
