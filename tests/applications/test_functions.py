"""Functions of `nnc.applications` beside those of Keras: arguments, layers, weights, predictions, errors."""

from __future__ import annotations

import inspect
import json
import re
import warnings
from importlib import import_module
from urllib.error import URLError

import numpy
import pytest

import nnc
from nnc import downloads
from nnc.errors import DataError, ModelError, NncWarning
from tests.applications.networks import BOUND, NAMES, SMALL, build

QUICK = {"MobileNetV2"}
"""Built in a second."""
LEAST = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}
MODULES = [name for name in nnc.applications.__all__ if name[0].islower()]
COUNTED = re.compile(r"(input|input_layer|activation|zero_padding2d|cropping2d|concatenate|add)(_\d+)?$")
"""Names that count on in the order in which layers are made, of layers without weights."""


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keras's cache, empty and without a network."""

    def unreachable(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def slow_unless(names, quick):
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in names]


def arguments(function):
    return [(item.name, item.kind, item.default) for item in inspect.signature(function).parameters.values()]


def test_there_are_all_networks_and_modules(keras):
    assert {name for name in dir(keras.applications) if not name.startswith("_")} == set(nnc.applications.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_those_of_keras(name, keras):
    function = getattr(nnc.applications, name)
    assert arguments(function) == arguments(getattr(keras.applications, name))
    assert function is getattr(import_module(function.__module__), name)
    assert function.__name__ == function.__qualname__ == name
    for argument in inspect.signature(function).parameters:
        assert f"\n        {argument}: " in function.__doc__


@pytest.mark.parametrize("module", MODULES)
def test_modules_have_the_names_of_keras(module, keras):
    theirs, ours = getattr(keras.applications, module), getattr(nnc.applications, module)
    for name in dir(theirs):
        if not name.startswith("_"):
            assert arguments(getattr(ours, name)) == arguments(getattr(theirs, name)), name
            assert getattr(ours, name).__doc__


def without_counts(layers):
    return [COUNTED.sub("", layer.name) for layer in layers]


def plain(config):
    """What a config says, without what each of the two has in its own way, or writes in its own way."""
    left_out = {
        "name",
        "dtype",
        "layers",
        "batch_shape",
        "trainable",
        "sparse",
        "ragged",
        "optional",
        "build_input_shape",
    }
    return json.loads(json.dumps({key: value for key, value in config.items() if key not in left_out}))


def both(keras, network, **options):
    edge = LEAST.get(network, 32)
    given = {"weights": None, "input_shape": (edge, edge, 3), "classes": 5} | options
    keras.utils.clear_session()
    return getattr(keras.applications, network)(**given), getattr(nnc.applications, network)(**given)


def compare_layers(theirs, ours):
    assert ours.name == theirs.name
    assert without_counts(ours.layers) == without_counts(theirs.layers)
    assert [type(layer).__name__.replace("Functional", "Model") for layer in ours.layers] == [
        type(layer).__name__ for layer in theirs.layers
    ]
    assert [weight.shape for weight in ours.get_weights()] == [weight.shape for weight in theirs.get_weights()]
    assert ours.output_shape == theirs.output_shape
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        assert plain(mine.get_config()) == plain(other.get_config()), other.name


@pytest.mark.parametrize("name", slow_unless(NAMES, QUICK))
def test_layers_are_those_of_keras(name, keras):
    compare_layers(*both(keras, name))


@pytest.mark.parametrize("pooling", [None, "avg", "max"])
@pytest.mark.parametrize("name", slow_unless(SMALL, {"MobileNet"}))
def test_networks_without_top(name, pooling, keras):
    compare_layers(*both(keras, name, include_top=False, pooling=pooling, classes=1000))


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MobileNet", {"alpha": 0.25, "depth_multiplier": 2, "dropout": 0.3, "input_shape": (40, 36, 1)}),
        ("MobileNet", {"include_top": False, "input_shape": None, "pooling": "max"}),
        ("MobileNetV2", {"alpha": 1.3}),
        ("MobileNetV2", {"alpha": 0.35, "input_shape": (35, 33, 3), "include_top": False}),
        ("MobileNetV2", {"include_top": False, "input_shape": None}),
        ("MobileNetV3Small", {"alpha": 1.5, "minimalistic": True, "dropout_rate": 0.0}),
        ("MobileNetV3Small", {"include_top": False, "pooling": "avg", "input_shape": None}),
        ("MobileNetV3Large", {"alpha": 0.75, "include_preprocessing": False, "classifier_activation": None}),
        ("EfficientNetV2B0", {"include_preprocessing": False, "include_top": False}),
        ("EfficientNetV2B0", {"input_shape": (32, 32, 1), "include_top": False}),
        ("ConvNeXtTiny", {"name": "own", "include_preprocessing": False, "classifier_activation": "sigmoid"}),
        ("VGG16", {"name": "own", "classifier_activation": None, "classes": 3}),
    ],
)
def test_options(name, options, keras):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare_layers(*both(keras, name, **options))


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize(("name", "edge"), [pytest.param(*row, marks=pytest.mark.slow) for row in SMALL.items()])
def test_predictions(name, edge, backend):
    compare_predictions(name, edge, backend)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small"])
@pytest.mark.sampled(1)
def test_predictions_of_small_networks(name, backend):
    compare_predictions(name, 32, backend)


def compare_predictions(name, edge, backend):
    theirs = build(name, edge)
    options = {"weights": None, "classifier_activation": None, "input_shape": (edge, edge, 3), "classes": 10}
    ours = getattr(nnc.applications, name)(**options)
    ours.set_weights(theirs.get_weights())
    images = numpy.random.default_rng(3).uniform(0.0, 255.0, (2, edge, edge, 3)).astype("float32")
    expected = numpy.asarray(theirs(images))
    found = nnc.compile(ours, backend=backend)(images)
    assert numpy.abs(found - expected).max() <= BOUND * numpy.abs(expected).max()


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_files_of_weights(name, keras, tmp_path):
    """What Keras saved, by path."""
    path = tmp_path / "saved.weights.h5"
    theirs, random = both(keras, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of NumPy, about TensorFlow's variables
        theirs.save_weights(path)
    edge = LEAST.get(name, 32)
    for given in (path, str(path)):
        ours = getattr(nnc.applications, name)(weights=given, input_shape=(edge, edge, 3), classes=5)
        for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            numpy.testing.assert_array_equal(mine, other)
    assert any((mine != other).any() for mine, other in zip(random.get_weights(), ours.get_weights(), strict=True))


@pytest.mark.sampled(1)
@pytest.mark.parametrize("include_top", [True, False])
def test_weights_of_imagenet_are_in_the_cache(include_top, cache):
    """In the form in which Keras has them, that of Keras 2."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf_keras = pytest.importorskip("tf_keras")
    options = {"alpha": 0.25, "include_top": include_top, "input_shape": (128, 128, 3)}
    theirs = tf_keras.applications.MobileNet(weights=None, **options)
    theirs.save_weights(cache / f"mobilenet_2_5_128_tf{'' if include_top else '_no_top'}.h5")
    ours = nnc.applications.MobileNet(**options)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("include_top", [True, False])
@pytest.mark.parametrize("name", slow_unless(NAMES, {"MobileNet", "MobileNetV2", "MobileNetV3Small"}))
@pytest.mark.sampled(2)
def test_files_of_imagenet_are_those_of_keras(name, include_top, keras, monkeypatch):
    """Names, addresses and checksums, of a function that downloads nothing."""
    asked = []

    def noted(fname=None, origin=None, file_hash=None, cache_subdir=None):
        asked.append((fname, origin, file_hash, cache_subdir))
        raise ZeroDivisionError

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", noted)
    monkeypatch.setattr("nnc.applications.weight_files.get_file", noted)
    for package in (keras, nnc):
        with warnings.catch_warnings(), pytest.raises(ZeroDivisionError):
            warnings.simplefilter("ignore")
            getattr(package.applications, name)(include_top=include_top)
    assert asked[0] == asked[1]
    assert asked[0][1].startswith("https://")


def test_without_a_network_the_message_says_where_to_put_the_file(cache):
    path = cache / "mobilenet_2_5_128_tf.h5"
    with pytest.raises(DataError, match=rf"cannot be downloaded: no network; or put the file there yourself: {path}$"):
        nnc.applications.MobileNet(alpha=0.25, input_shape=(128, 128, 3))


@pytest.mark.slow
def test_a_network_of_a_tensor(keras):
    found = []
    keras.utils.clear_session()
    for package in (keras, nnc):
        images = package.Input((40, 40, 3), name="images")
        doubled = package.layers.Rescaling(2.0, name="doubled")(images)
        model = package.applications.MobileNetV2(weights=None, input_tensor=doubled, include_top=False, pooling="avg")
        assert [layer.name for layer in model.layers[:3]] == ["images", "doubled", "Conv1"]
        assert model.name == "mobilenetv2_1.00_None"
        features = package.layers.Dense(2)(model.output)
        found.append(package.Model(images, features, name="whole"))
    compare_layers(*found)


def test_a_network_is_a_layer_of_another(keras):
    images = nnc.Input((32, 32, 3))
    base = nnc.applications.MobileNet(weights=None, include_top=False, input_shape=(32, 32, 3), pooling="avg")
    base.trainable = False
    model = nnc.Model(images, nnc.layers.Dense(2, "softmax")(base(images)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = [weight.copy() for weight in base.get_weights()]
    history = model.fit(numpy.random.default_rng(0).normal(size=(4, 32, 32, 3)), [0, 1, 0, 1], verbose=0)
    assert numpy.isfinite(history.history["loss"]).all()
    for weight, other in zip(base.get_weights(), before, strict=True):
        numpy.testing.assert_array_equal(weight, other)


SHAPE = (32, 32, 3)
ERRORS = [
    ("ResNet50", {"weights": "nowhere"}, "weights must be None .*, 'imagenet' .*, or the path of a file that there is"),
    ("ResNet50", {"classes": 10}, "classes must be 1000 with weights='imagenet' and include_top=True, got 10; take"),
    ("VGG16", {"input_shape": SHAPE}, r"input_shape must be \(224, 224, 3\) with weights='imagenet'"),
    ("VGG16", {"input_shape": (31, 40, 3), "weights": None}, "images must be at least 32 pixels high and wide"),
    ("Xception", {"input_shape": (70, 80, 3), "weights": None}, "images must be at least 71 pixels"),
    ("MobileNet", {"input_shape": (32, 32), "weights": None}, r"input_shape must be \(height, width, channels\)"),
    ("DenseNet121", {"input_shape": (None, 32, 3), "weights": None}, "must have no None with include_top=True"),
    ("InceptionV3", {"input_shape": (99, 99, 4), "include_top": False}, "images must have 3 channels with weights="),
    ("MobileNet", {"alpha": 0.3}, "alpha must be 0.25, 0.5, 0.75 or 1.0 with weights='imagenet', got 0.3"),
    ("MobileNet", {"depth_multiplier": 2}, "depth_multiplier must be 1 with weights='imagenet', got 2"),
    ("MobileNetV2", {"alpha": 0.3}, "alpha must be one of .* with weights='imagenet', got 0.3"),
    ("MobileNetV3Small", {"alpha": 0.75, "minimalistic": True}, "alpha must be 0.75 or 1.0, or 1.0 with minimalistic"),
    ("MobileNetV3Large", {"input_shape": (30, 40, 3), "weights": None}, "images must be at least 32 pixels"),
    ("NASNetMobile", {"include_top": False, "input_shape": (None, None, 3)}, "height and width must be known"),
]


@pytest.mark.parametrize(("name", "options", "message"), ERRORS)
def test_errors(name, options, message, keras):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((ValueError, IndexError)):
            getattr(keras.applications, name)(**options)
        with pytest.raises(ModelError, match=rf"^{name}: .*{message}"):
            getattr(nnc.applications, name)(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "mean"}, "pooling must be None, 'avg' or 'max', got 'mean'"),
        ({"input_tensor": numpy.zeros((1, 32, 32, 3))}, "input_tensor must be symbolic, .* got ndarray"),
    ],
)
def test_what_keras_ignores_or_blames_on_something_else(options, message):
    with pytest.raises(ModelError, match=message):
        nnc.applications.MobileNetV2(weights=None, input_shape=SHAPE, **options)


def test_activation_of_trained_networks(keras, tmp_path):
    path = tmp_path / "saved.weights.h5"
    path.write_bytes(b"")
    for package, error in ((keras, ValueError), (nnc, ModelError)):
        with pytest.raises(error, match="softmax"):
            package.applications.MobileNet(
                weights=str(path), input_shape=SHAPE, classes=5, classifier_activation="sigmoid"
            )


def test_images_and_tensor_of_different_sizes(keras):
    for package, error in ((keras, ValueError), (nnc, ModelError)):
        for name in ("MobileNetV2", "MobileNetV3Small"):
            with pytest.raises(error, match="input_shape"):
                getattr(package.applications, name)(
                    weights=None, input_shape=(40, 40, 3), input_tensor=package.Input(SHAPE)
                )


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("VGG16", {"input_shape": (32, 32, 5), "weights": None}, "images usually have 1 or 3 channels"),
        ("MobileNet", {"include_top": False}, "there are weights for square images of 128, 160, 192, 224 pixels"),
        ("MobileNetV3Small", {}, "there are weights for images of 224 × 224 pixels"),
    ],
)
def test_warnings(name, options, message, cache):
    with pytest.warns(NncWarning, match=message):
        try:
            getattr(nnc.applications, name)(**options)
        except DataError:
            assert options.get("weights", "imagenet") == "imagenet"


MODULES_OF_NETWORKS = [name for name in MODULES if name != "imagenet_utils"]


@pytest.mark.parametrize("shape", [(2, 3, 5, 3), (3, 4, 3), (2, 3, 4, 5), (3, 4, 5)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("module", MODULES_OF_NETWORKS)
def test_preprocess_input(module, dtype, shape, keras):
    images = numpy.random.default_rng(0).uniform(0, 255, shape).astype(dtype)
    data_format = None if shape[-1] == 3 else "channels_first"
    expected = getattr(keras.applications, module).preprocess_input(images.copy(), data_format)
    found = getattr(nnc.applications, module).preprocess_input(images.copy(), data_format)
    assert found.dtype == expected.dtype
    numpy.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-5)
    if dtype == "float32":
        inputs = nnc.Input(shape[1:], batch_size=shape[0]) if len(shape) == 4 else None
        if inputs is not None:
            outputs = getattr(nnc.applications, module).preprocess_input(inputs, data_format)
            if outputs is not inputs:
                numpy.testing.assert_allclose(nnc.Model(inputs, outputs)(images), expected, rtol=1e-5, atol=1e-4)


def test_arrays_are_changed_in_place_as_by_keras(keras):
    for module in MODULES_OF_NETWORKS:
        mine, other = numpy.full((1, 2, 2, 3), 100.0), numpy.full((1, 2, 2, 3), 100.0)
        getattr(keras.applications, module).preprocess_input(other)
        getattr(nnc.applications, module).preprocess_input(mine)
        numpy.testing.assert_allclose(mine, other, rtol=1e-6)


@pytest.mark.parametrize("options", [{"mode": "pytorch"}, {"data_format": "channels"}])
def test_arguments_of_preprocess_input(options):
    with pytest.raises(ModelError, match=rf"^preprocess_input: {next(iter(options))} must be "):
        nnc.applications.imagenet_utils.preprocess_input(numpy.zeros((1, 2, 2, 3)), **options)


def test_decode_predictions(keras, cache, monkeypatch):
    from keras.src.applications import imagenet_utils as theirs

    index = {str(place): [f"n{place:08}", f"thing {place}"] for place in range(1000)}
    (cache / "imagenet_class_index.json").write_text(json.dumps(index))
    monkeypatch.setattr(downloads, "_checksum", lambda path, expected, algorithm: expected)
    monkeypatch.setattr(theirs, "CLASS_INDEX", index)
    rows = numpy.random.default_rng(0).uniform(size=(3, 1000)).astype("float32")
    nnc.applications.imagenet_utils._class_index.cache_clear()
    try:
        for top in (5, 1, 12):
            expected = keras.applications.imagenet_utils.decode_predictions(rows, top)
            assert nnc.applications.vgg16.decode_predictions(rows, top) == expected
        assert nnc.applications.resnet50.decode_predictions(rows) == keras.applications.resnet50.decode_predictions(
            rows
        )
    finally:
        nnc.applications.imagenet_utils._class_index.cache_clear()
    for shape in ((1000,), (2, 10)):
        with pytest.raises(DataError, match=r"expected predictions of shape \(rows, 1000\), got"):
            nnc.applications.vgg16.decode_predictions(numpy.zeros(shape))


def test_unknown_name():
    with pytest.raises(AttributeError, match=r"^module 'nnc\.applications' has no attribute 'ResNet51'$"):
        nnc.applications.ResNet51  # noqa: B018
