"""Preparing layers that learn from data, and what Keras's table of cases cannot say about the others."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import DataError, ModelError
from nnc.operations.interpolation import METHODS

GENERATOR = numpy.random.default_rng(2)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.mark.sampled(6)
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_lengths_are_changed_as_in_tensorflow(method, antialias):
    tf = pytest.importorskip("tensorflow")
    for old, new in ((1, 3), (2, 7), (5, 5), (6, 4), (7, 3), (9, 1), (10, 16), (33, 12), (224, 96), (17, 130)):
        x = GENERATOR.normal(size=(1, old, 1, 1)).astype("float32")
        expected = tf.image.resize(x, (new, 1), method, antialias=antialias).numpy()[0, :, 0, 0]
        layer = layers.Resizing(new, 1, method, antialias=antialias)
        found = layer(x)[0, :, 0, 0]
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-5)


def test_area_resizes_as_keras_does(keras):
    x = GENERATOR.normal(size=(2, 5, 7, 3)).astype("float32")
    found, expected = (nn.layers.Resizing(4, 3, interpolation="area")(x) for nn in (nnc, keras))
    numpy.testing.assert_allclose(found, numpy.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_resized_whole_numbers_are_rounded_as_keras_does(keras, dtype):
    x = GENERATOR.integers(0, 256, (2, 4, 6, 3)).astype(dtype)
    for size, interpolation in (((8, 3), "bilinear"), ((7, 9), "bicubic"), ((3, 4), "nearest")):
        found, expected = (nn.layers.Resizing(*size, interpolation=interpolation)(x) for nn in (nnc, keras))
        assert found.dtype == dtype
        numpy.testing.assert_array_equal(found, numpy.asarray(expected))


@pytest.mark.parametrize(("axis", "batches"), [(-1, False), (None, False), ((1, 2), False), (-1, True)])
def test_normalization_adapts_to_data(keras, axis, batches):
    data = GENERATOR.normal(2.0, 3.0, (30, 4, 5)).astype("float32")
    given = [data[:8], data[8:20], data[20:]] if batches else data
    found = []
    for nn in (nnc, keras):
        layer = nn.layers.Normalization(axis)
        layer.adapt(given)
        found.append((numpy.asarray(layer(data)), *map(numpy.asarray, layer.get_weights())))
    for ours, theirs in zip(*found, strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_normalization_adapts_inside_a_model():
    data = GENERATOR.normal(2.0, 3.0, (30, 4)).astype("float32")
    layer = layers.Normalization()
    model = nnc.Sequential([nnc.Input((4,)), layer])
    numpy.testing.assert_array_equal(model.predict(data), data)
    layer.adapt(data)
    found = model.predict(data)
    numpy.testing.assert_allclose(found.mean(0), 0.0, atol=1e-5)
    numpy.testing.assert_allclose(found.std(0), 1.0, rtol=1e-5)


@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.parametrize("count", [20, 1000])
def test_discretization_adapts_to_data(keras, count, batches):
    data = GENERATOR.normal(size=(count, 3)).astype("float32")
    given = [data[: count // 3], data[count // 3 :]] if batches else data
    x = GENERATOR.normal(size=(50, 3)).astype("float32")
    found = []
    for nn in (nnc, keras):
        layer = nn.layers.Discretization(num_bins=4)
        layer.adapt(given)
        found.append((numpy.asarray(layer.bin_boundaries), numpy.asarray(layer(x))))
    numpy.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    numpy.testing.assert_array_equal(found[0][1], found[1][1])
    again = layers.Discretization(num_bins=4)
    again.adapt(given)
    assert layers.Discretization.from_config(again.get_config()).bin_boundaries == again.bin_boundaries


@pytest.mark.parametrize("mode", ["int", "multi_hot", "tf_idf"])
@pytest.mark.parametrize("options", [{}, {"max_tokens": 4}, {"mask_token": 3, "num_oov_indices": 2}])
def test_integer_lookup_adapts_to_data(keras, mode, options):
    data = GENERATOR.integers(0, 9, (12, 5))
    x = GENERATOR.integers(0, 12, (6, 5))
    found = []
    for nn in (nnc, keras):
        layer = nn.layers.IntegerLookup(output_mode=mode, **options)
        layer.adapt(data)
        found.append((list(map(int, layer.get_vocabulary())), numpy.asarray(layer(x))))
    assert found[0][0] == found[1][0]
    numpy.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)
    ours = layers.IntegerLookup(output_mode=mode, **options)
    ours.adapt(data)
    numpy.testing.assert_array_equal(layers.IntegerLookup.from_config(ours.get_config())(x), ours(x))


def test_category_counts_can_be_weighted(keras):
    x, weights = GENERATOR.integers(0, 4, (3, 5)), GENERATOR.uniform(size=(3, 5)).astype("float32")
    found, expected = (nn.layers.CategoryEncoding(4, "count")(x, count_weights=weights) for nn in (nnc, keras))
    numpy.testing.assert_allclose(found, numpy.asarray(expected), rtol=1e-6)


ERRORS = [
    (
        lambda: layers.Normalization(mean=1.0),
        "Normalization: When setting values directly, both `mean` and `variance` must be set, got 1.0 and None",
    ),
    (
        lambda: layers.Normalization(mean=[1.0, 2.0], variance=1.0),
        "Normalization: mean and variance must have one shape over axes (-1,), got (2,) and ()",
    ),
    (
        lambda: layers.Normalization(mean=1.0, variance=1.0, name="n").adapt(numpy.ones((2, 2))),
        "Layer 'n' (Normalization) was given mean and variance, and cannot adapt",
    ),
    (lambda: layers.Rescaling("a"), "Rescaling: scale must be a number or a list of numbers, got 'a'"),
    (
        lambda: layers.Resizing(2, 2, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
        "Resizing: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True",
    ),
    (
        lambda: layers.CategoryEncoding(3, "hot"),
        "CategoryEncoding: Invalid value for argument `output_mode`. Expected one of one_hot, multi_hot, count, "
        "got 'hot'",
    ),
    (
        lambda: layers.CategoryEncoding(),
        "CategoryEncoding: num_tokens must be set to use this layer, to the number of classes",
    ),
    (
        lambda: layers.Discretization([1.0], 2),
        "Discretization: Both `num_bins` and `bin_boundaries` were given; give either `num_bins` or `bin_boundaries`,"
        " got 2 and [1.0]",
    ),
    (
        lambda: layers.Discretization(num_bins=2, name="d")(numpy.ones((2, 2))),
        "Layer 'd' (Discretization): You need to give bin_boundaries, or to call .adapt(data) first; they are missing",
    ),
    (
        lambda: layers.IntegerLookup(vocabulary=[1, 1]),
        "IntegerLookup: The passed vocabulary has at least one repeated term; the number 1 is there twice",
    ),
    (
        lambda: layers.IntegerLookup(idf_weights=[0.5], output_mode="tf_idf"),
        "IntegerLookup: idf_weights belong to a vocabulary, which is missing",
    ),
    (
        lambda: layers.IntegerLookup(name="l")(numpy.ones((2, 2), int)),
        "Layer 'l' (IntegerLookup): the vocabulary is missing: give one, or call adapt(data) first",
    ),
]


@pytest.mark.parametrize(("make", "message"), ERRORS)
def test_errors(make, message):
    with pytest.raises(ModelError) as error:
        make()
    assert str(error.value) == message


@pytest.mark.parametrize("data", [[1.5, 2.5], [numpy.nan], [1e30], numpy.array([2**64 - 1], "uint64")])
def test_a_vocabulary_is_of_whole_numbers(data):
    with pytest.raises(DataError, match=r"^data must hold whole numbers from .* \(int64\), row 0 has "):
        layers.IntegerLookup().adapt(data)


@pytest.mark.parametrize(("axis", "shape"), [(2, (2, 4, 5, 3)), ((1, 2), (None, 4, 5, 3)), ((1, 2), (2, 4, 5, 3))])
def test_given_means_have_an_axis_for_each_of_the_input(keras, axis, shape):
    given = {"axis": axis, "mean": numpy.arange(5.0), "variance": numpy.ones(5)}
    theirs, ours = (module.layers.Normalization(**given) for module in (keras, nnc))
    for layer in (theirs, ours):
        layer.build(shape)
    numpy.testing.assert_array_equal(ours.mean, numpy.asarray(theirs.mean))
    numpy.testing.assert_array_equal(ours.variance, numpy.asarray(theirs.variance))


def test_normalization_adapts_to_inputs_with_targets(keras):
    rows = numpy.random.default_rng(0).normal(size=(12, 3)).astype("float32")
    batches = [(rows[start : start + 4], numpy.zeros(4)) for start in (0, 4, 8)]
    theirs, ours = (module.layers.Normalization() for module in (keras, nnc))
    for layer in (theirs, ours):
        layer.adapt(batches)
    numpy.testing.assert_allclose(ours.mean, numpy.asarray(theirs.mean), rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(ours(rows), numpy.asarray(theirs(rows)), rtol=1e-4, atol=1e-5)
    with pytest.raises(TypeError, match=r"have a `\.shape`"):
        layers.Normalization().adapt(iter([42]))


def test_vocabularies_in_folders(keras, tmp_path):
    first = keras.layers.StringLookup(mask_token="", num_oov_indices=2)
    first.adapt(["b", "a", "b", "c"])
    first.save_assets(str(tmp_path))
    read = layers.StringLookup(mask_token="", num_oov_indices=2)
    read.load_assets(tmp_path)
    assert read.get_vocabulary() == first.get_vocabulary()
    numpy.testing.assert_array_equal(read(["c", "b", ""]), first(numpy.array(["c", "b", ""])))
    read.save_assets(tmp_path)
    again = keras.layers.StringLookup(mask_token="", num_oov_indices=2)
    again.load_assets(str(tmp_path))
    assert again.get_vocabulary() == first.get_vocabulary()
    numbers = layers.IntegerLookup()
    numbers.adapt([3, 3, 4])
    numbers.save_assets(tmp_path)
    other = layers.IntegerLookup()
    other.load_assets(tmp_path)
    assert other.get_vocabulary() == numbers.get_vocabulary() == [-1, 3, 4]


def test_a_scale_for_each_of_the_channels_that_come_first(keras):
    images = numpy.random.default_rng(0).random((2, 3, 4, 4)).astype("float32")
    found = []
    for module in (keras, nnc):
        before = module.config.image_data_format()
        module.config.set_image_data_format("channels_first")
        try:
            found.append(numpy.asarray(module.layers.Rescaling([1.0, 2.0, 3.0], offset=0.5)(images)))
        finally:
            module.config.set_image_data_format(before)
    numpy.testing.assert_allclose(found[1], found[0], rtol=1e-6)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_shapes_of_bins_before_they_are_known(keras, mode):
    for shape in ((None, 4), (2, 3, 4)):
        expected = keras.layers.Discretization(num_bins=3, output_mode=mode).compute_output_shape(shape)
        assert layers.Discretization(num_bins=3, output_mode=mode).compute_output_shape(shape) == tuple(expected)
