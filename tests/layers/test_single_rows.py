"""Layers called on one image, or one sample, without the axis of the batch, do what Keras's do there."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import ModelError

IMAGE = numpy.random.default_rng(0).integers(0, 256, (5, 6, 3)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


IMAGES = {
    "cut": lambda module: module.CenterCrop(3, 2),
    "cut from a smaller one": lambda module: module.CenterCrop(7, 8),
    "resized": lambda module: module.Resizing(3, 4),
    "stretched": lambda module: module.AutoContrast(),
    "solarized": lambda module: module.Solarization(),
    "brighter": lambda module: module.RandomBrightness((0.2, 0.2)),
    "of fewer bits": lambda module: module.RandomPosterization((3, 3)),
    "turned": lambda module: module.RandomRotation((0.25, 0.25)),
    "moved": lambda module: module.RandomTranslation((0.2, 0.2), (0.5, 0.5)),
    "several": lambda module: module.Pipeline([module.AutoContrast(), module.CenterCrop(3, 2)]),
}


@pytest.mark.parametrize("make", IMAGES.values(), ids=IMAGES)
def test_images(keras, make):
    theirs, ours = make(keras.layers), make(layers)
    expected = numpy.asarray(theirs(IMAGE))
    numpy.testing.assert_allclose(ours(IMAGE), expected, rtol=1e-4, atol=1e-3)
    if not isinstance(ours, layers.Pipeline):
        assert ours.compute_output_shape(IMAGE.shape) == expected.shape == theirs.compute_output_shape(IMAGE.shape)


def test_labels_of_one_image():
    found = layers.RandomBrightness((0.0, 0.0))({"images": IMAGE, "labels": numpy.float32([0, 1])})
    numpy.testing.assert_allclose(found["images"], IMAGE)
    numpy.testing.assert_array_equal(found["labels"], [0, 1])


@pytest.mark.parametrize("shape", [(5, 6), (1, 1, 5, 6, 3)])
def test_what_is_no_image(shape):
    with pytest.raises(ModelError, match="Expected the input image to be rank 3 or 4"):
        layers.RandomFlip()(numpy.zeros(shape, "float32"))


WORDS = ["a", "b", "c"]
SAMPLES = {
    "classes that occur": (lambda module: module.CategoryEncoding(5, "multi_hot"), [1, 3, 1]),
    "counted classes": (lambda module: module.CategoryEncoding(5, "count"), [1, 3, 1]),
    "a row for each class": (lambda module: module.CategoryEncoding(5, "one_hot"), [1, 3, 1]),
    "one class": (lambda module: module.CategoryEncoding(5, "multi_hot"), 3),
    "a row for one class": (lambda module: module.CategoryEncoding(5, "one_hot"), 3),
    "numbers": (lambda module: module.IntegerLookup(vocabulary=[7, 8, 9], output_mode="count"), [8, 8, 1]),
    "one number": (lambda module: module.IntegerLookup(vocabulary=[7, 8, 9]), 8),
    "bins": (lambda module: module.Discretization([0.0, 1.0], output_mode="count"), [0.5, 3.0, 0.7]),
    "texts": (lambda module: module.StringLookup(vocabulary=WORDS, output_mode="multi_hot"), ["b", "x", "b"]),
    "one text": (lambda module: module.StringLookup(vocabulary=WORDS), "b"),
    "weighted texts": (
        lambda module: module.StringLookup(vocabulary=WORDS, output_mode="tf_idf", idf_weights=[0.1, 0.2, 0.3]),
        ["b", "x", "b"],
    ),
    "a row for one number": (lambda module: module.IntegerLookup(vocabulary=[7, 8, 9], output_mode="one_hot"), 8),
    "a row for one text": (lambda module: module.StringLookup(vocabulary=WORDS, output_mode="one_hot"), "b"),
    "buckets": (lambda module: module.Hashing(4, output_mode="count"), ["b", "x", "b"]),
    "buckets on two axes": (
        lambda module: module.Hashing(4, output_mode="multi_hot"),
        [[["a", "b"], ["c", "a"], ["b", "b"]], [["x", "b"], ["y", "z"], ["b", "u"]]],
    ),
    "texts on two axes": (
        lambda module: module.StringLookup(vocabulary=WORDS, output_mode="count"),
        [[["a", "b"], ["c", "a"], ["b", "b"]], [["x", "b"], ["y", "z"], ["b", "u"]]],
    ),
    "words of one text": (lambda module: module.TextVectorization(vocabulary=WORDS), "b c a"),
}


@pytest.mark.parametrize("case", SAMPLES.values(), ids=SAMPLES)
def test_samples(keras, case):
    make, given = case
    expected = numpy.asarray(make(keras.layers)(numpy.array(given)))
    found = numpy.asarray(make(layers)(numpy.array(given)))
    assert found.shape == expected.shape
    numpy.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("given", [[1, 3, 1], 3])
def test_shapes_of_samples(keras, given):
    for mode in ("multi_hot", "count", *(() if given == 3 else ("one_hot",))):  # of which Keras's shape is not its own
        ours, theirs = layers.CategoryEncoding(5, mode), keras.layers.CategoryEncoding(5, mode)
        shape = numpy.shape(given)
        assert ours.compute_output_shape(shape) == tuple(theirs.compute_output_shape(shape)) == ours(given).shape


class Drawing(layers.Layer):
    """A layer whose seed is no number."""

    def __init__(self):
        super().__init__()
        self.seed = nnc.random.SeedGenerator(1)

    def call(self, x):
        return x + nnc.random.normal((8,), seed=self.seed)


def test_a_seed_decides_what_is_drawn_on_arrays():
    rows = numpy.ones((4, 8), "float32")
    draw = [layers.Dropout(0.5, seed=seed) for seed in (3, 3, 4)]
    first, second, other = (layer(rows, training=True) for layer in draw)
    numpy.testing.assert_array_equal(first, second)
    assert (first != other).any()
    assert (first != draw[0](rows, training=True)).any()
    assert isinstance(Drawing()(rows), numpy.ndarray)
    jitter = layers.RandomColorJitter(hue_factor=(0.5, 0.5), seed=7)
    numpy.testing.assert_array_equal(jitter(IMAGE[None]), layers.RandomHue((0.5, 0.5), seed=7)(IMAGE[None]))


def test_the_batch_in_a_noise_shape():
    rows = numpy.ones((4, 5, 2), "float32")
    found = layers.Dropout(0.5, noise_shape=(4, 1, 2))(rows, training=True)
    numpy.testing.assert_array_equal(found[:, 0], found[:, 1])
    assert len(numpy.unique(found[:, 0], axis=0)) > 1


def test_an_activity_regularizer_without_rows(keras):
    for module in (keras, nnc):
        layer = module.layers.ActivityRegularization(l1=0.1)
        layer(numpy.zeros((0, 3), "float32"))
        assert [float(value) for value in layer.losses] == [0.0]
