"""Images that are warped, where TensorFlow's gradients are approximations, single ones, and what is refused."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import Input
from nnc.layers.operation import Operation

IMAGES = numpy.random.default_rng(0).normal(size=(3, 5, 6, 2)).astype("float32")
TURNED = numpy.array([0.9, 0.3, -0.7, -0.2, 1.1, 0.4, 0.01, -0.02], "float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def check(keras, *arrays, call):
    inputs = [keras.Input(array.shape[1:], dtype=str(array.dtype)) for array in arrays]
    model = keras.Model(inputs if len(inputs) > 1 else inputs[0], call(keras.ops, *inputs))
    given = list(arrays) if len(arrays) > 1 else arrays[0]
    expected = numpy.asarray(model(given))
    for backend in ("numpy", "c"):
        found = nnc.compile(model, backend=backend)(given)
        assert found.dtype == expected.dtype
        numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect", "wrap"])
def test_affine(keras, interpolation, fill_mode):
    settings = {"interpolation": interpolation, "fill_mode": fill_mode, "fill_value": 0.3}
    check(keras, IMAGES, call=lambda ops, x: ops.image.affine_transform(x, TURNED, **settings))


def test_affine_of_each_image(keras):
    each = TURNED + numpy.random.default_rng(1).normal(size=(3, 8), scale=0.01).astype("float32")
    check(keras, IMAGES, each, call=lambda ops, x, matrix: ops.image.affine_transform(x, matrix))


def test_perspective_of_each_image(keras):
    corners = numpy.array([[0.0, 0.0], [5.0, 0.0], [0.0, 4.0], [5.0, 4.0]])
    moved = (corners + numpy.random.default_rng(1).normal(size=(3, 4, 2), scale=0.5)).astype("float32")
    there = numpy.tile(corners, (3, 1, 1)).astype("float32")
    check(keras, IMAGES, there, moved, call=lambda ops, x, start, end: ops.image.perspective_transform(x, start, end))


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5"])
def test_resize_whole_numbers(keras, interpolation):
    images = numpy.random.default_rng(2).integers(0, 256, (2, 5, 6, 3), "uint8")
    check(keras, images, call=lambda ops, x: ops.image.resize(x, (7, 4), interpolation=interpolation))


@pytest.mark.parametrize(
    ("operation", "settings", "message"),
    [
        ("RGBToHSV", {}, "RGBToHSV: images must have 3 channels"),
        ("RGBToGrayscale", {}, "RGBToGrayscale: images must have 1 or 3 channels"),
        ("Resize", {"size": (0, 3)}, r"Resize: size must have positive height and width, got \(0, 3\)"),
        ("Resize", {"size": (2, 3), "interpolation": "cubic"}, "Resize: interpolation must be one of bilinear"),
        ("Resize", {"size": (2, 3), "fill_mode": "wrap"}, "Resize: fill_mode must be one of constant"),
        ("CropImages", {"top_cropping": 1}, "CropImages: exactly two of"),
        (
            "CropImages",
            {"top_cropping": 4, "target_height": 2, "left_cropping": 0, "target_width": 1},
            "CropImages: nothing may be negative",
        ),
        (
            "PadImages",
            {"top_padding": 4, "target_height": 2, "left_padding": 0, "right_padding": 1},
            "PadImages: nothing may be negative",
        ),
        ("ExtractPatches", {"size": (2, 2), "padding": "full"}, "ExtractPatches: padding must be one of valid"),
        ("MaxPool", {"pool_size": (2, 2, 2)}, "MaxPool: pool_size must be a positive integer or 2 of them"),
        ("AveragePool", {"pool_size": 2, "padding": "full"}, "AveragePool: padding must be valid or same"),
        ("AdaptiveMaxPool", {"output_size": 0}, "AdaptiveMaxPool: output_size must be a positive integer"),
        ("Norm", {"ord": 2, "axis": (1, 2)}, "Norm: ord must be 'fro'"),
        ("Norm", {"ord": "fro", "axis": 1}, "Norm: ord must be a number"),
        ("Norm", {}, "Norm: axis must be one or two axes"),
        ("Tensordot", {"axes": [[1], [1, 2]]}, "Tensordot: axes must name as many axes"),
    ],
)
def test_refused(operation, settings, message):
    x = Input(IMAGES.shape[1:])
    with pytest.raises(ModelError, match=message):
        Operation(operation, settings)(*([x, x] if operation == "Tensordot" else [x]))


def test_attention_that_keras_does_not_have_on_tensorflow():
    x = Input(IMAGES.shape[1:])
    with pytest.raises(ModelError, match="flash_attention must be False or None"):
        Operation("DotProductAttention", {"flash_attention": True})(x, x, x)
    with pytest.raises(ModelError, match="attn_logits_soft_cap must be None"):
        Operation("DotProductAttention", {"attn_logits_soft_cap": 2.0})(x, x, x)
