"""`nnc.saving` beside `keras.saving`: data of objects, and a user's own by registered names."""

from __future__ import annotations

import json
import re

import numpy
import pytest

import nnc
from nnc.errors import ModelError


def objects(lib):
    schedules = lib.optimizers.schedules
    return {
        "loss": lib.losses.MeanSquaredError(),
        "metric": lib.metrics.AUC(name="a"),
        "function metric": lib.metrics.BinaryAccuracy(),
        "optimizer": lib.optimizers.Adam(0.01),
        "scheduled": lib.optimizers.SGD(schedules.ExponentialDecay(0.1, 10, 0.9)),
        "schedule": schedules.CosineDecay(0.1, 100),
        "initializer": lib.initializers.HeNormal(seed=3),
        "regularizer": lib.regularizers.L2(0.1),
        "constraint": lib.constraints.MaxNorm(2.0),
        "policy": lib.DTypePolicy("float64"),
        "function": lib.activations.relu,
        "nested": [lib.losses.Poisson(), {"a": (lib.regularizers.L1(0.5), None)}],
    }


VALUES = [
    None,
    1,
    "a",
    [1, (2, b"x")],
    {"a": slice(1, None), "b": ...},
    numpy.arange(3),
    numpy.float32(2.5),
    numpy.array(3),
]


def plain(data):
    """Return data as JSON has them; optimizers, which Keras counts in a process, by their names without numbers."""
    return json.loads(re.sub(r'"name": "(adam|sgd)_\d+"', r'"name": "\1"', json.dumps(data)))


@pytest.mark.parametrize("name", objects(nnc))
def test_objects(name):
    import keras

    theirs = keras.saving.serialize_keras_object(objects(keras)[name])
    ours = nnc.saving.serialize_keras_object(objects(nnc)[name])
    if name == "function":  # Keras's own have no module in nnc's configs, as in Keras's files
        theirs, ours = theirs["config"], ours["config"]
    assert plain(ours) == plain(theirs)


@pytest.mark.parametrize("name", objects(nnc))
def test_and_back(name):
    import keras

    wanted = plain(nnc.saving.serialize_keras_object(objects(nnc)[name]))
    for lib in (keras, nnc):
        data = plain(lib.saving.serialize_keras_object(objects(lib)[name]))
        found = nnc.saving.deserialize_keras_object(data)
        assert plain(nnc.saving.serialize_keras_object(found)) == wanted


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values(value):
    import keras

    data = keras.saving.serialize_keras_object(value)
    assert nnc.saving.serialize_keras_object(value) == data
    found, wanted = nnc.saving.deserialize_keras_object(data), keras.saving.deserialize_keras_object(data)
    assert repr(found) == repr(wanted)


def test_layers_and_models():
    import keras

    def make(lib):
        return lib.Sequential([lib.layers.Input((2,)), lib.layers.Dense(3, "relu", kernel_regularizer="l2", name="a")])

    for lib in (keras, nnc):
        model = nnc.saving.deserialize_keras_object(plain(lib.saving.serialize_keras_object(make(lib))))
        assert isinstance(model, nnc.Sequential)
        assert model.get_layer("a").get_config() == make(nnc).get_layer("a").get_config()
    theirs = keras.saving.deserialize_keras_object(
        plain(nnc.saving.serialize_keras_object(nnc.layers.Dense(3, name="b")))
    )
    assert theirs.name == "b"


class Scaled(nnc.layers.Layer):
    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def steep(x):
    return nnc.ops.sigmoid(8.0 * x)


def absolute(y_true, y_pred):
    return nnc.ops.mean(nnc.ops.abs(y_true - y_pred), -1)


class Halved(nnc.regularizers.Regularizer):
    def __call__(self, x):
        return 0.5 * nnc.ops.sum(nnc.ops.square(x))

    def get_config(self):
        return {}


OWN = (Scaled, steep, absolute, Halved)


def own_model():
    layers = [nnc.Input((2,)), Scaled(3.0), nnc.layers.Dense(2, steep, kernel_regularizer=Halved())]
    model = nnc.Sequential(layers)
    model.compile("sgd", absolute, metrics=[absolute])
    return model


@pytest.mark.parametrize("how", ["registered", "scope", "custom_objects", "get_custom_objects"])
@pytest.mark.parametrize("suffix", ["keras", "h5", "nnc"])
def test_models_of_own_objects(tmp_path, how, suffix):
    if how == "registered":
        for item in OWN:
            nnc.saving.register_keras_serializable("mine")(item)
    model = own_model()
    x = numpy.random.default_rng(0).normal(size=(4, 2)).astype("float32")
    loss = model.evaluate(x, x, verbose=0)
    path = tmp_path / f"model.{suffix}"
    model.save(path)
    by_name = {item.__name__: item for item in OWN}
    if how == "get_custom_objects":
        nnc.saving.get_custom_objects().update(by_name)
    if how == "scope":
        with nnc.saving.custom_object_scope(by_name):
            found = nnc.saving.load_model(path)
    else:
        found = nnc.saving.load_model(path, by_name if how == "custom_objects" else None)
    assert found.layers[0].factor == 3.0
    numpy.testing.assert_array_equal(found.predict(x, verbose=0), model.predict(x, verbose=0))
    if suffix != "nnc":
        assert found.evaluate(x, x, verbose=0) == loss


def test_without_a_name_nothing_is_found(tmp_path):
    own_model().save(tmp_path / "model.keras")
    with pytest.raises(ModelError, match="Scaled"):
        nnc.saving.load_model(tmp_path / "model.keras")


def test_registered_names():
    import keras

    for lib in (keras, nnc):

        @lib.saving.register_keras_serializable("pack", "other")
        def twice(x):
            return x + x

        @lib.saving.register_keras_serializable()
        class Plain(lib.regularizers.Regularizer):
            def get_config(self):
                return {}

        saving = lib.saving
        assert saving.get_registered_name(twice) == "pack>other"
        assert saving.get_registered_object("pack>other") is twice
        assert saving.get_registered_name(Plain) == "Custom>Plain"
        assert saving.get_registered_object("nothing") is None
        assert saving.get_registered_object("one", {"one": 1}, {"one": 2}) == 1
        assert saving.get_registered_object("two", {"one": 1}, {"two": 2}) == 2
        assert saving.serialize_keras_object(Plain())["registered_name"] == "Custom>Plain"
        assert saving.serialize_keras_object(twice)["config"] == "pack>other"
        assert saving.deserialize_keras_object(saving.serialize_keras_object(twice)) is twice
        assert type(saving.deserialize_keras_object(saving.serialize_keras_object(Plain()))) is Plain
        with saving.custom_object_scope({"inner": twice}):
            assert saving.get_registered_object("inner") is twice
            with saving.CustomObjectScope({}):
                assert saving.get_registered_object("inner") is None
        assert saving.get_registered_object("inner") is None
        with pytest.raises(ValueError, match="get_config"):
            saving.register_keras_serializable()(int)
        del saving.get_custom_objects()["pack>other"], saving.get_custom_objects()["Custom>Plain"]


def test_own_activations_are_found_by_their_registered_names():
    nnc.saving.register_keras_serializable("mine")(steep)
    config = nnc.layers.Dense(1, steep).get_config()
    assert config["activation"]["registered_name"] == "mine>steep"
    assert nnc.layers.Dense.from_config(config).activation is steep
    assert nnc.activations.get("mine>steep") is steep


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"class_name": "__lambda__", "config": {"value": "eA=="}}, "whose code nnc does not run"),
        ({"module": "os", "class_name": "system", "config": {}, "registered_name": "system"}, "is not Keras's own"),
        (
            {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
            "not Keras's own",
        ),
        ({"module": "keras.losses", "class_name": "Dense3", "config": {}, "registered_name": None}, "unknown layer"),
        (
            {"module": "keras.ops", "class_name": "function", "config": "eval", "registered_name": "eval"},
            "unknown function",
        ),
        ({"class_name": "__slice__", "config": {}}, "are malformed"),
        (object(), "takes plain data"),
    ],
)
def test_refused_data(data, text):
    with pytest.raises(ModelError, match=text):
        nnc.saving.deserialize_keras_object(data)


def test_refused_objects():
    with pytest.raises(ModelError, match="has no name and cannot be saved"):
        nnc.saving.serialize_keras_object(lambda x: x)
    with pytest.raises(ModelError, match="get_config"):
        nnc.saving.serialize_keras_object(object())
    model = own_model()
    with pytest.raises(ModelError, match="max_shard_size"):
        nnc.saving.save_weights(model, "a.weights.h5", max_shard_size=1)
    with pytest.raises(ModelError, match="not supported: objects_to_skip; leave them out"):
        nnc.saving.load_weights(model, "a.weights.h5", objects_to_skip=[])
    with pytest.raises(ModelError, match="The `save_format` argument is deprecated"):
        nnc.saving.save_model(model, "a.keras", save_format="keras")
    with pytest.raises(ModelError, match="zipped"):
        nnc.saving.save_model(model, "a.keras", zipped=False)


def test_weights(tmp_path):
    model, other = own_model(), own_model()
    nnc.saving.save_weights(model, tmp_path / "a.weights.h5")
    nnc.saving.load_weights(other, tmp_path / "a.weights.h5")
    for mine, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(mine, theirs)
