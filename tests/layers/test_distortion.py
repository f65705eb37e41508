"""Images are bent as Keras bends them, given the same random numbers, and otherwise by the same law."""

from __future__ import annotations

import numpy
import pytest

from nnc import layers
from nnc.errors import ModelError
from nnc.ir import Graph, TensorType
from tests.layers.training import trained
from tests.running import run_graph

GENERATOR = numpy.random.default_rng(9)
IMAGES = GENERATOR.uniform(0, 255, (4, 9, 7, 3))
MANY = numpy.broadcast_to(GENERATOR.uniform(0, 255, (1, 5, 6, 1)), (300, 5, 6, 1))


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow")
    return pytest.importorskip("keras")


def applied(function, **arrays):
    """Return a function of graph values for arrays, in float64."""
    graph = Graph("bending")
    values = [graph.input(name, TensorType("float64", numpy.shape(array))) for name, array in arrays.items()]
    graph.output("y", function(*values))
    return run_graph(graph, {name: numpy.asarray(array, "float64") for name, array in arrays.items()})[0]["y"]


def formatted(images, data_format):
    return images if data_format == "channels_last" else numpy.moveaxis(images, -1, 1)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_perspective_is_that_of_keras(interpolation, data_format, keras):
    images = formatted(IMAGES, data_format)
    shares = numpy.random.default_rng(2).uniform(-0.4, 0.4, (len(IMAGES), 4, 2))
    options = {"fill_value": 3.0, "interpolation": interpolation, "data_format": data_format}
    found = applied(layers.RandomPerspective(**options).seen, x=images, shares=shares)
    height, width = IMAGES.shape[1:3]
    corners = numpy.array([[[0.0, 0.0], [width - 1, 0.0], [0.0, height - 1], [width - 1, height - 1]]])
    starts = numpy.repeat(corners, len(IMAGES), 0)
    transformation = {
        "apply_perspective": numpy.array([True] * len(IMAGES)),
        "start_points": starts.astype("float32"),
        "end_points": (starts * (1 + shares)).astype("float32"),
        "input_shape": images.shape,
    }
    expected = keras.layers.RandomPerspective(**options).transform_images(images.astype("float32"), transformation)
    differs = numpy.abs(found - numpy.asarray(expected)) > 1e-2
    assert differs.mean() < 0.01  # a pixel on an edge is inside or outside as rounding decides


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", ["reflect", "constant", "nearest", "wrap"])
@pytest.mark.sampled(1 / 2)
def test_elastic_transform_is_that_of_keras(fill_mode, interpolation, data_format, keras, monkeypatch):
    import tensorflow as tf

    big = numpy.random.default_rng(3).uniform(0, 255, (2, 48, 44, 2))
    images = formatted(big, data_format)
    noise = numpy.random.default_rng(4).normal(size=big.shape[:3])
    options = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": 9.0, "data_format": data_format}
    monkeypatch.setattr(tf.random, "stateless_normal", lambda shape, **_: tf.constant(noise, "float32"))
    for strength in (0.3, 0.7, 1.0):  # kernels of 1, 7 and 13 elements
        layer = layers.RandomElasticTransform(**options)
        found = applied(lambda *values, layer=layer: layer.pushed(*values), x=images, noise=noise, strength=strength)
        transformation = {
            "apply_transform": numpy.array([True, True]),
            "distortion_factor": numpy.float32(strength),
            "seed": 1,
        }
        theirs = keras.layers.RandomElasticTransform(**options)
        expected = numpy.asarray(theirs.transform_images(images.astype("float32"), transformation))
        differs = numpy.abs(found.clip(0, 255) - expected) > 1e-1
        assert differs.mean() < (2e-3 if interpolation == "bilinear" else 5e-3)
        assert numpy.abs(found - images).mean() > 0.1 or interpolation == "nearest"


@pytest.mark.parametrize("name", ["RandomPerspective", "RandomElasticTransform"])
def test_a_share_of_the_images_is_bent(name):
    make = getattr(layers, name)
    found = trained(make((0.3, 0.5), scale=1.0), MANY)[0]
    bent = numpy.abs(found - MANY).max((1, 2, 3)) > 1e-6
    assert 0.3 < bent.mean() < 0.5
    assert len(numpy.unique(found[bent].round(4), axis=0)) == bent.sum()  # each in its own way
    for options in ({"factor": 0.0}, {"scale": 0.0}):
        numpy.testing.assert_allclose(trained(make(**options), MANY)[0], MANY, atol=1e-9)


def test_corners_move_by_up_to_half_of_the_scale():
    """A ramp across, seen from elsewhere, tells where each pixel of the first row came from."""
    ramp = numpy.broadcast_to(numpy.arange(11.0).reshape(1, 1, 11, 1), (400, 3, 11, 1))
    found = trained(layers.RandomPerspective((1.0, 1.0), 0.4, fill_value=-1e9), ramp)[0][:, 0, :, 0]
    ends = (found >= 0).sum(1) - 1  # the last pixel of the first row that lies inside
    numpy.testing.assert_allclose(found[:, 0], 0.0, atol=1e-9)
    assert (ends[ends < 10] >= 8).all() and (ends < 10).mean() > 0.3


def test_gradients_and_arguments():
    _, slope = trained(layers.RandomElasticTransform(fill_mode="nearest"), IMAGES)
    numpy.testing.assert_allclose(slope.sum(), IMAGES.size, rtol=1e-9)
    with pytest.raises(ModelError, match="images must have at least two rows and columns, got 1 by 7"):
        trained(layers.RandomPerspective(), IMAGES[:, :1])
    with pytest.raises(ModelError, match="RandomPerspective: scale must be a number from 0 to 1, got 2"):
        layers.RandomPerspective(scale=2)
    with pytest.raises(ModelError, match="fill_mode must be one of constant, mirror, nearest, reflect, wrap, got 'x'"):
        layers.RandomElasticTransform(fill_mode="x")
