"""Histograms of images are flattened as Keras flattens them."""

from __future__ import annotations

import numpy
import pytest

from nnc import layers
from nnc.errors import ModelError

GENERATOR = numpy.random.default_rng(8)
IMAGES = GENERATOR.normal(110, 40, (3, 12, 10, 3)).clip(0, 255).astype("float32")
WHOLE = IMAGES.astype("uint8")


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow")
    return pytest.importorskip("keras")


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("images", "options"),
    [
        (IMAGES, {}),
        (WHOLE, {}),
        (WHOLE.astype("float32"), {"bins": 256}),
        (IMAGES, {"bins": 16}),
        (IMAGES / 255, {"value_range": (0, 1)}),
        (IMAGES / 100 - 1, {"value_range": (1.55, -1), "bins": 32}),
        (IMAGES * [1, 0, 1] + numpy.array([0, 7, 0]), {}),
        (WHOLE[:1, :, :, :1], {"bins": 4}),
        (IMAGES, {"bins": 1}),
    ],
)
@pytest.mark.sampled(5)
def test_equalization_while_training(images, options, data_format, keras):
    images = images.astype(images.dtype if images.dtype == "uint8" else "float32")
    images = images if data_format == "channels_last" else numpy.moveaxis(images, -1, 1)
    ours, theirs = (nn.Equalization(data_format=data_format, **options) for nn in (layers, keras.layers))
    expected = numpy.asarray(theirs(images, training=True))
    found = ours(images, training=True)
    numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * numpy.abs(expected).max())
    assert numpy.abs(found - images).max() > 0.02 or options.get("bins") == 1
    numpy.testing.assert_array_equal(ours(images, training=False), images)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("images", "options"),
    [
        (IMAGES, {"tile_grid_size": (2, 3)}),
        (WHOLE, {"tile_grid_size": (5, 4), "clip_limit": 2.0}),
        (IMAGES, {"tile_grid_size": 3, "clip_limit": 100}),
        (IMAGES / 255, {"tile_grid_size": (1, 2), "value_range": (0, 1)}),
        (numpy.full((2, 8, 8, 1), 9.0, "float32"), {}),
    ],
)
@pytest.mark.sampled(3)
def test_tiles(images, options, training, data_format, keras):
    theirs_options = options | {"tile_grid_size": (3, 3)} if options.get("tile_grid_size") == 3 else options
    images = images if data_format == "channels_last" else numpy.moveaxis(images, -1, 1)
    layer = layers.ContrastLimitedAdaptiveHistogramEqualization(data_format=data_format, **options)
    theirs = keras.layers.ContrastLimitedAdaptiveHistogramEqualization(data_format=data_format, **theirs_options)
    expected, found = numpy.asarray(theirs(images, training=training)), layer(images, training=training)
    assert found.dtype == expected.dtype
    # a number that is cut to a whole one may be cut to the next where it lies that close
    limit = 1 if images.dtype == "uint8" else 1e-5 * numpy.abs(expected).max()
    assert numpy.abs(found.astype(float) - expected).max() <= limit
    assert (numpy.abs(found.astype(float) - expected) > 1e-3).mean() < 0.005


def test_what_does_not_fit():
    with pytest.raises(ModelError, match="tile_grid_size has more tiles than fit axis 1"):
        layers.ContrastLimitedAdaptiveHistogramEqualization()(IMAGES[:, :3])
    with pytest.raises(ModelError, match="bins must be a positive integer, got 0"):
        layers.Equalization(bins=0)
    with pytest.raises(ModelError, match="clip_limit must be a finite number of at least 0, got -1"):
        layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=-1)
