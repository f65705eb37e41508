"""Augmenting layers while training: each image is one of those that Keras could have made of it."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import ModelError
from nnc.ir import Graph, TensorType
from nnc.operations.colors import hsv_to_rgb, rgb_to_hsv
from tests.layers.training import trained
from tests.running import run_graph

IMAGES = numpy.random.default_rng(5).uniform(0, 255, (200, 5, 4, 3))
GREY = IMAGES @ numpy.tile([0.2989, 0.587, 0.114], (3, 1)).T


def changed(layer, images=IMAGES, key: int = 0):
    return trained(layer, images, key)[0]


def close(first, second, tolerance: float = 1e-6) -> numpy.ndarray:
    """Return for each image whether two are equal."""
    return numpy.isclose(first, second, atol=tolerance).reshape(len(first), -1).all(1)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("mode", "axes"), [("horizontal", (2,)), ("vertical", (1,)), ("horizontal_and_vertical", (1, 2))]
)
def test_half_of_the_images_are_flipped(mode, axes, data_format):
    last = data_format == "channels_last"
    images = IMAGES if last else numpy.moveaxis(IMAGES, -1, 1)
    found = changed(layers.RandomFlip(mode, data_format=data_format), images)
    flipped = close(found, numpy.flip(images, [axis + (not last) for axis in axes]))
    assert (flipped ^ close(found, images)).all()
    assert 0.35 < flipped.mean() < 0.65
    assert not close(found, changed(layers.RandomFlip(mode, data_format=data_format), images, key=1)).all()


def test_brightness_adds_a_number_to_each_image():
    images = IMAGES / 1000 + 100
    delta = changed(layers.RandomBrightness((-0.1, 0.2)), images) - images
    numpy.testing.assert_allclose(delta, numpy.broadcast_to(delta[:, :1, :1, :1], delta.shape), atol=1e-9)
    sizes = delta[:, 0, 0, 0] / 255
    assert -0.1 <= sizes.min() < -0.08 and 0.18 < sizes.max() <= 0.2
    assert changed(layers.RandomBrightness(1.0)).max() == 255


def test_contrast_scales_the_distance_from_the_mean():
    images = 100 + IMAGES / 100
    middle = images.mean((1, 2), keepdims=True)
    factors = (changed(layers.RandomContrast((0.3, 0.5)), images) - middle) / (images - middle)
    numpy.testing.assert_allclose(factors, numpy.broadcast_to(factors[:, :1, :1, :1], factors.shape), rtol=1e-6)
    assert 0.7 <= factors.min() < 0.75 and 1.4 < factors.max() <= 1.5


def test_grey_and_inverted_images():
    found = changed(layers.RandomGrayscale(0.3))
    grey = close(found, GREY)
    assert (grey ^ close(found, IMAGES)).all() and 0.2 < grey.mean() < 0.4
    found = changed(layers.RandomInvert((0.6, 0.8)))
    inverted = close(found, 255 - IMAGES)
    assert (inverted ^ close(found, IMAGES)).all() and 0.6 < inverted.mean() < 0.8
    first = changed(layers.RandomGrayscale(1.0, "channels_first"), numpy.moveaxis(IMAGES, -1, 1))
    numpy.testing.assert_allclose(first, numpy.moveaxis(GREY, -1, 1))


def test_colours_degenerate_towards_grey():
    share = (changed(layers.RandomColorDegeneration((0.2, 0.6))) - IMAGES) / (GREY - IMAGES)
    numpy.testing.assert_allclose(share, numpy.broadcast_to(share[:, :1, :1, :1], share.shape), rtol=1e-5)
    assert 0.2 <= share.min() < 0.25 and 0.55 < share.max() <= 0.6


@pytest.mark.parametrize("value_range", [(0, 255), (0, 1)])
def test_posterization_keeps_the_highest_bits(value_range):
    images = IMAGES / 255 * value_range[1]
    found = changed(layers.RandomPosterization((2, 5), value_range), images) * 255 / value_range[1]
    whole = numpy.floor(images * 255 / value_range[1] + 1e-9).astype(int)
    options = [close(found, whole >> 8 - bits << 8 - bits) for bits in (2, 3, 4)]
    assert numpy.any(options, 0).all()
    assert all(option.any() for option in options)
    fixed = changed(layers.RandomPosterization((3, 3)))
    numpy.testing.assert_allclose(fixed, IMAGES.astype(int) >> 5 << 5)


def test_solarization_turns_pixels_round():
    found = changed(layers.Solarization(threshold_factor=(0.4, 0.4)))  # thresholds from 0.4 to 102, as in Keras
    turned = numpy.isclose(found, 255 - IMAGES)
    assert (turned | numpy.isclose(found, IMAGES)).all()
    for image, flags in zip(IMAGES, turned, strict=True):
        if flags.any() and not flags.all():
            assert image[flags].min() > image[~flags].max()
    assert not turned.all()
    added = 255 - changed(layers.Solarization((0.0, 0.1)), IMAGES / 2)
    assert 20 < (added - IMAGES / 2).max() <= 25.5


def test_hue_saturation_and_value_are_those_of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    images = numpy.concatenate([IMAGES[:5] / 255, numpy.zeros((1, 5, 4, 3)), numpy.full((1, 5, 4, 3), 0.3)])
    images[2, :, :, 1] = images[2, :, :, 0]
    graph = Graph("colours")
    x = graph.input("x", TensorType("float64", images.shape))
    channels = rgb_to_hsv(x, 3)
    for name, value in zip("hsv", channels, strict=True):
        graph.output(name, value)
    graph.output("rgb", hsv_to_rgb(*channels, 3))
    found, _ = run_graph(graph, {"x": images})
    expected = tf.image.rgb_to_hsv(images).numpy()
    numpy.testing.assert_allclose(
        numpy.concatenate([found[name] for name in "hsv"], -1), expected, rtol=1e-5, atol=1e-6
    )
    numpy.testing.assert_allclose(found["rgb"], images, atol=1e-12)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("RandomSaturation", {"factor": (0.4, 0.4)}),
        ("RandomSharpness", {"factor": (0.7, 0.7)}),
        ("RandomGaussianBlur", {"factor": (1.0, 1.0), "kernel_size": 3, "sigma": (0.6, 0.6)}),
        ("RandomGaussianBlur", {"factor": (1.0, 1.0), "kernel_size": 5, "sigma": (0.9, 0.9)}),
        ("RandomColorDegeneration", {"factor": (0.3, 0.3)}),
        ("RandomBrightness", {"factor": (0.1, 0.1)}),
        ("RandomPosterization", {"factor": (3, 3), "value_range": (0, 1)}),
    ],
)
def test_what_is_not_random_is_that_of_keras(name, options, data_format):
    keras = pytest.importorskip("keras")
    images = (IMAGES[:6] if data_format == "channels_last" else numpy.moveaxis(IMAGES[:6], -1, 1)).astype("float32")
    if "value_range" in options:
        images = images / 255
    options = options if name == "RandomBrightness" else options | {"data_format": data_format}
    expected = numpy.asarray(getattr(keras.layers, name)(**options)(images, training=True))
    found = changed(getattr(layers, name)(**options), images)
    numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", ["reflect", "constant", "nearest", "wrap"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("RandomRotation", {"factor": (0.13, 0.13)}),
        ("RandomRotation", {"factor": (-0.4, -0.4), "data_format": "channels_first"}),
        ("RandomTranslation", {"height_factor": (0.3, 0.3), "width_factor": (-0.9, -0.9)}),
        ("RandomZoom", {"height_factor": (0.8, 0.8)}),
        ("RandomZoom", {"height_factor": (-0.3, -0.3), "width_factor": (0.4, 0.4)}),
    ],
)
def test_pixels_are_read_where_keras_reads_them(name, options, fill_mode, interpolation):
    keras = pytest.importorskip("keras")
    images = (IMAGES[:4] if "data_format" not in options else numpy.moveaxis(IMAGES[:4], -1, 1)).astype("float32")
    options = options | {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": 9.0}
    expected = numpy.asarray(getattr(keras.layers, name)(**options)(images, training=True))
    found = changed(getattr(layers, name)(**options), images)
    numpy.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-2)


def test_shears_are_those_of_keras_in_either_direction():
    keras = pytest.importorskip("keras")
    found = changed(layers.RandomShear((0.3, 0.3), (0.2, 0.2)))
    matrices = [[1, sign * 0.3, 0, sign * 0.2, 1, 0, 0, 0] for sign in (1.0, -1.0)]
    either = [
        close(found, numpy.asarray(keras.ops.image.affine_transform(IMAGES, matrix, fill_mode="reflect")), 1e-2)
        for matrix in map(numpy.array, matrices)
    ]
    assert (either[0] ^ either[1]).all()
    assert 0.3 < either[0].mean() < 0.7


def test_each_image_is_turned_by_an_angle_of_its_own():
    found = changed(layers.RandomRotation(0.2), numpy.broadcast_to(IMAGES[:1], IMAGES.shape))
    assert len(numpy.unique(found.round(3), axis=0)) == len(IMAGES)


def test_hues_turn_in_either_direction():
    tf = pytest.importorskip("tensorflow")
    found = changed(layers.RandomHue((0.3, 0.3)))
    hsv = tf.image.rgb_to_hsv(IMAGES / 255).numpy()
    turned = []
    for angle in (-0.15, 0.15):
        moved = numpy.concatenate([(hsv[..., :1] + angle) % 1.0, hsv[..., 1:]], -1)
        turned.append(close(found, tf.image.hsv_to_rgb(moved).numpy() * 255, 1e-3))
    assert (turned[0] ^ turned[1]).all()
    assert 0.3 < turned[0].mean() < 0.7


def test_colour_jitter_does_what_its_parts_do():
    alone = changed(layers.RandomColorJitter(brightness_factor=(0.1, 0.1)))
    numpy.testing.assert_allclose(alone, changed(layers.RandomBrightness((0.1, 0.1))))
    both = changed(layers.RandomColorJitter(saturation_factor=(0.3, 0.3), brightness_factor=(0.1, 0.1)))
    numpy.testing.assert_allclose(both, changed(layers.RandomSaturation((0.3, 0.3)), alone), rtol=1e-6)


@pytest.mark.parametrize("fill", [7.0, None, (1.0, 2.0, 3.0)])
def test_rectangles_are_erased(fill):
    images = IMAGES[:, :, :1] + numpy.zeros((1, 1, 6, 1))  # of 5 by 6 pixels
    found = changed(layers.RandomErasing(0.5, (0.3, 0.6), fill), images)
    erased = (found != images).any(-1)
    assert 0.15 < erased.any((1, 2)).mean() < 0.4
    for image, flags in zip(found, erased, strict=True):
        if flags.any():
            rows, columns = flags.any(1), flags.any(0)
            assert (flags == rows[:, None] & columns[None, :]).all()
            assert numpy.ptp(numpy.flatnonzero(rows)) == rows.sum() - 1
            assert numpy.ptp(numpy.flatnonzero(columns)) == columns.sum() - 1
            if fill is not None:
                numpy.testing.assert_array_equal(image[flags], numpy.broadcast_to(fill, (flags.sum(), 3)))


def test_auto_contrast_is_that_of_keras_when_a_channel_is_flat():
    keras = pytest.importorskip("keras")
    images = IMAGES[:4].astype("float32")
    images[:, :, :, 1] = 7.0
    expected = numpy.asarray(keras.layers.AutoContrast()(images))
    numpy.testing.assert_allclose(layers.AutoContrast()(images), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_crops_are_parts_of_the_images(data_format):
    images = IMAGES[:3] if data_format == "channels_last" else numpy.moveaxis(IMAGES[:3], -1, 1)
    places = set()
    for key in range(40):
        layer = layers.RandomCrop(3, 2, data_format=data_format)
        graph_images = changed(layer, images, key)
        found = graph_images if data_format == "channels_last" else numpy.moveaxis(graph_images, 1, -1)
        assert found.shape == (3, 3, 2, 3)
        parts = [(row, column) for row in range(3) for column in range(3)]
        places |= {
            (row, column)
            for row, column in parts
            if numpy.allclose(found, IMAGES[:3, row : row + 3, column : column + 2])
        }
        assert places
    assert len(places) > 6


def test_small_images_are_enlarged_to_the_crop():
    assert changed(layers.RandomCrop(8, 6), IMAGES[:2]).shape == (2, 8, 6, 3)


def test_a_model_trains_with_augmentation_and_predicts_without():
    model = nnc.Sequential(
        [nnc.Input((5, 4, 3)), layers.RandomFlip(), layers.RandomContrast(0.2), layers.GlobalAveragePooling2D()]
    )
    x = IMAGES[:8].astype("float32")
    numpy.testing.assert_allclose(model.predict(x), x.mean((1, 2)), rtol=1e-5)
    model.add(layers.Dense(1))
    model.compile("sgd", "mse")
    model.fit(x / 255, numpy.ones((8, 1)), epochs=2, verbose=0)


@pytest.mark.parametrize("name", ["MixUp", "Equalization", "RandomBrightness"])
def test_bytes_become_numbers_of_the_program_while_training(name):
    options = {"factor": 0.1} if name == "RandomBrightness" else {}
    layer = getattr(layers, name)(**options)
    model = nnc.Sequential([nnc.Input((5, 4, 3), dtype="uint8"), layer, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    program = nnc.compile(model, dtype="float64")
    x = IMAGES[:8].astype("uint8")
    program.train_step(x, numpy.ones((8, 1)))
    kernel, bias = program.variables.values()
    numpy.testing.assert_allclose(program.predict(x), x.reshape(8, -1) @ kernel + bias, rtol=1e-12)


ERRORS = [
    (
        lambda: layers.RandomFlip("sideways"),
        "RandomFlip: mode must be one of horizontal, vertical, horizontal_and_vertical, got 'sideways'.",
    ),
    (
        lambda: layers.RandomRotation(2.0),
        "RandomRotation: The `factor` argument should be a number (or a list of two numbers) in the range [-1, 1],"
        " got 2.0",
    ),
    (
        lambda: layers.RandomZoom(0.1, fill_mode="mirror"),
        "RandomZoom: fill_mode must be one of constant, nearest, reflect, wrap, got 'mirror'.",
    ),
    (
        lambda: layers.RandomTranslation(0.1, "a"),
        "RandomTranslation: The `width_factor` argument should be a number (or a list of two numbers) in the"
        " range [-1, 1], got 'a'",
    ),
    (lambda: layers.RandomCrop(0, 2), "RandomCrop: height must be a positive integer, got 0"),
    (
        lambda: layers.RandomGaussianBlur(kernel_size=4),
        "RandomGaussianBlur: kernel_size must be an odd number, or two of them, got 4",
    ),
    (
        lambda: layers.RandomErasing(fill_value=(1, 2)),
        "RandomErasing: fill_value must be a number, three numbers or None, got (1, 2)",
    ),
    (lambda: layers.RandomHue(0.1, 3), "RandomHue: The `value_range` argument should be a list of two numbers, got 3"),
    (
        lambda: layers.RandomHue(0.1, (0, "1")),
        "RandomHue: The `value_range` argument should be a list of two numbers, got (0, '1')",
    ),
    (lambda: layers.RandomHue(0.1, seed="a"), "RandomHue: seed must be an integer or None, got 'a'"),
]


@pytest.mark.parametrize(("make", "message"), ERRORS)
def test_errors(make, message):
    with pytest.raises(ModelError) as error:
        make()
    assert str(error.value) == message
