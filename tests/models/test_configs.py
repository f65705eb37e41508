"""Models from configs, JSON and files, and clones of models: what is written reads back, here and in Keras."""

from __future__ import annotations

import json
import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import Dense, Dropout, Layer, TimeDistributed

GENERATOR = numpy.random.default_rng(0)
X = GENERATOR.normal(size=(4, 5, 3)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def chain(nn):
    return nn.Sequential(
        [nn.Input((3,), name="rows"), nn.layers.Dense(4, "tanh", name="a"), nn.layers.Dense(3)], name="core"
    )


def wrapped(nn):
    """Models in TimeDistributed, and functions between layers."""
    x = nn.Input((5, 3), name="x")
    u = nn.Input((3,), name="u")
    inner = nn.Model(u, nn.layers.Dense(2, name="d")(u), name="inner")
    both = nn.layers.Concatenate(name="both")(
        [nn.layers.TimeDistributed(chain(nn), name="one")(x), nn.layers.TimeDistributed(inner, name="two")(x)]
    )
    return nn.Model(x, [both, both[:, 0] * 2.0, both[..., 1]], name="wrapped")


def shared(nn):
    """A model used twice, a shared layer, two inputs that a layer takes by name, and two outputs."""
    x, y = nn.Input((5, 3), name="x"), nn.Input((5, 3), name="y")
    core = nn.layers.TimeDistributed(chain(nn), name="steps")
    dense = nn.layers.Dense(3, name="dense")
    left, right = dense(core(x)), dense(core(y))
    attended = nn.layers.MultiHeadAttention(2, 3, name="heads")(left, value=right, use_causal_mask=True)
    summed = nn.layers.Add(name="sum")([attended, left])
    return nn.Model([x, y], [summed, nn.layers.GlobalMaxPooling1D(name="pool")(right)], name="shared")


def frozen(nn):
    model = nn.Sequential([nn.Input((5, 3)), nn.layers.TimeDistributed(chain(nn)), nn.layers.LSTM(2)], name="frozen")
    model.layers[0].trainable = False
    return model


BUILDERS = [wrapped, shared, frozen]


def inputs(model):
    return [X, X[:, ::-1]] if len(model.inputs) == 2 else X


def assert_same(found, expected):
    found, expected = (item if isinstance(item, list) else [item] for item in (found, expected))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.sampled(2)
def test_a_config_reads_back(build):
    model = build(nnc)
    for again in (
        type(model).from_config(model.get_config()),
        nnc.models.model_from_json(model.to_json(indent=1)),
        nnc.models.clone_model(model),
        nnc.layers.deserialize(nnc.layers.serialize(model)),
    ):
        assert type(again) is type(model)
        assert again.get_config() == model.get_config()
        assert [weight.shape for weight in again.trainable_weights] == [w.shape for w in model.trainable_weights]
        assert not {id(weight) for weight in again.weights} & {id(weight) for weight in model.weights}
        again.set_weights(model.get_weights())
        assert_same(again.predict(inputs(again)), model.predict(inputs(model)))


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.sampled(1)
def test_keras_reads_our_configs_and_we_read_keras_s(build, keras):
    ours, theirs = build(nnc), build(keras)
    theirs.set_weights(ours.get_weights())
    expected = theirs.predict(inputs(ours), verbose=0)
    for again in (
        type(theirs).from_config(ours.get_config()),
        keras.models.model_from_json(ours.to_json()),
        type(ours).from_config(theirs.get_config()),
        nnc.models.model_from_json(theirs.to_json()),
    ):
        again.set_weights(ours.get_weights())
        assert_same(again.predict(inputs(ours), verbose=0), expected)


def plain(config):
    """Return a config without what only Keras writes, and without element types, which are policies there."""
    if isinstance(config, list | tuple):
        return [plain(item) for item in config]
    if not isinstance(config, dict):
        return config
    left_out = {"build_config", "compile_config", "sparse", "ragged", "optional", "mask", "dtype"}
    return {key: plain(value) for key, value in config.items() if key not in left_out}


@pytest.mark.parametrize("build", [wrapped, shared])
def test_configs_are_those_of_keras(build, keras):
    keras.utils.clear_session()
    ours, theirs = (build(nn).get_config() for nn in (nnc, keras))
    assert plain(ours) == plain(theirs)
    assert list(ours) == list(theirs)


def test_wrappers_around_models_read_back():
    layer = TimeDistributed(chain(nnc), name="steps")
    expected = layer(X)
    config = layer.get_config()
    assert config["layer"]["class_name"] == "Sequential"
    again = TimeDistributed.from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    again(X)
    again.set_weights(layer.get_weights())
    assert_same(again(X), expected)


def test_a_frozen_model_stays_frozen():
    model = chain(nnc)
    model.trainable = False
    again = nnc.Sequential.from_config(model.get_config())
    assert not again.trainable
    assert again.trainable_weights == []


def test_kinds_of_models():
    sequential, functional = chain(nnc).get_config(), shared(nnc).get_config()
    assert isinstance(nnc.Model.from_config(sequential), nnc.Sequential)
    with pytest.raises(ModelError, match=r"^Sequential\.from_config: the config is that of a Functional model"):
        nnc.Sequential.from_config(functional)

    class Mine(nnc.Model):
        pass

    found = Mine.from_config(functional)
    assert type(found) is Mine
    assert found.get_config() == functional


class Doubled(Layer):
    def call(self, x):
        return x * 2.0


def test_own_classes():
    model = nnc.Sequential([nnc.Input((3,)), Doubled(), TimeDistributed(Doubled())][:2])
    text, config = model.to_json(), model.get_config()
    with pytest.raises(ModelError, match=r"layer class 'Doubled' of module .* is not Keras's own"):
        nnc.models.model_from_json(text)
    classes = {"Doubled": Doubled}
    for again in (
        nnc.models.model_from_json(text, classes),
        nnc.Sequential.from_config(config, classes),
        nnc.layers.deserialize(nnc.layers.serialize(TimeDistributed(Doubled())), classes),
    ):
        assert again.get_config()
    with pytest.raises(ModelError, match=r"^custom_objects: 'Doubled' must be a class or a function, got 3$"):
        nnc.models.model_from_json(text, {"Doubled": 3})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[]", "expected a model"),
        ("{", "config"),
        ('{"class_name": "Sequential", "config": {}}', "needs a list of layers"),
        (3, "model_from_json takes text, got 3"),
    ],
)
def test_what_is_no_model(given, message):
    with pytest.raises(ModelError, match=message):
        nnc.models.model_from_json(given)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of Keras, when it saves
def test_files_of_models(tmp_path, keras):
    theirs = shared(keras)
    theirs.compile("adam", ["mse", "mse"])
    theirs.save(tmp_path / "theirs.keras")
    expected = theirs.predict([X, X[:, ::-1]], verbose=0)
    found = nnc.models.load_model(tmp_path / "theirs.keras")
    assert found.is_compiled
    assert not nnc.models.load_model(tmp_path / "theirs.keras", compile=False).is_compiled
    assert_same(found.predict([X, X[:, ::-1]]), expected)
    nnc.models.save_model(found, tmp_path / "ours.nnc")
    again = nnc.models.load_model(tmp_path / "ours.nnc")
    assert again.get_config() == found.get_config()
    assert_same(again.predict([X, X[:, ::-1]]), expected)
    with pytest.raises(ModelError, match="exists; give another name"):
        nnc.models.save_model(found, tmp_path / "ours.nnc", overwrite=False)


# ---------------------------------------------------------------------- clones


def test_clones_with_other_layers(keras):
    def other(nn):
        def replaced(layer):
            if isinstance(layer, nn.layers.Dense):
                return type(layer).from_config({**layer.get_config(), "use_bias": False})
            return type(layer).from_config(layer.get_config())

        def dropped(layer, *args, **kwargs):
            found = layer(*args, **kwargs)
            return nn.layers.Dropout(0.5)(found) if isinstance(layer, nn.layers.Dense) else found

        clone = nn.models.clone_model
        model = shared(nn)
        same = clone(model, clone_function=lambda layer: layer, call_function=dropped)
        return [clone(model, None, replaced), clone(chain(nn), None, replaced), same]

    ours, theirs = other(nnc), other(keras)
    for one, another in zip(ours, theirs, strict=True):
        assert [weight.shape for weight in one.weights] == [tuple(weight.shape) for weight in another.weights]
        assert [type(layer).__name__ for layer in one.layers] == [type(layer).__name__ for layer in another.layers]
    assert sum(isinstance(layer, Dropout) for layer in ours[2].layers) == 2


def test_clones_of_chains_whose_input_is_not_known():
    chain = nnc.Sequential([nnc.layers.Dense(2), nnc.layers.Dense(3, name="mine"), nnc.layers.Dense(4)])
    clone = nnc.models.clone_model(chain)
    assert not clone.outputs
    for model, width in ((clone, 5), (chain, 6)):
        model.build((None, width))
        assert [layer.name for layer in model.layers] == ["dense", "mine", "dense_1"]
        assert model.input_shape == (None, width)


def test_recursive_clones():
    core = chain(nnc)
    model = nnc.Sequential([nnc.Input((3,)), core, Dense(1)])
    seen = []

    def remember(layer):
        seen.append(type(layer).__name__)
        return type(layer).from_config(layer.get_config())

    nnc.models.clone_model(model, clone_function=remember, recursive=True)
    assert seen == ["Dense", "Dense", "Dense"]
    seen.clear()
    nnc.models.clone_model(model, clone_function=remember)
    assert seen == ["Sequential", "Dense"]


def test_clones_upon_other_inputs():
    u = nnc.Input((3,), name="u")
    clone = nnc.models.clone_model(chain(nnc), u)
    assert clone.input is u


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": 3}, "clone_model takes a Sequential or functional model, got 3"),
        ({"clone_function": 3}, "clone_function must be a function, got 3"),
        ({"clone_function": lambda layer: None}, "clone_function must return a layer, got None"),
        ({"call_function": lambda layer, x: x}, "call_function is for functional models, 'core' is a Sequential"),
        ({"input_tensors": []}, "model 'core' has 1 inputs, got 0"),
    ],
)
def test_clones_that_cannot_be_made(arguments, message):
    with pytest.raises(ModelError, match=message):
        nnc.models.clone_model(**{"model": chain(nnc), **arguments})
