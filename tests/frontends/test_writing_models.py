"""Whole models in files that nnc writes: Keras loads them and trains on, and they come back to the bit."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.readers import read_model
from tests.layers.cases import CASES

pytest.importorskip("h5py")
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation",  # of h5py's arrays, in Keras
    "ignore:Keras trains on from .* with a new optimizer",
    "ignore:Gradients do not exist for variables",
)
RANDOM = ("dropout", "Dropout", "Noise", "Random")
"""Layers with one of these in their names or arguments draw random numbers while they are trained."""
X = numpy.random.default_rng(2).normal(size=(6, 4)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def in_keras(keras, path):
    """Return the model of a file as Keras loads it; steps run eagerly, which is faster than tracing a few."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = keras.models.load_model(path)
    if model.compiled:
        model.run_eagerly = True
    return model


def losses(model, x, y, steps=2):
    """Return the losses of further steps, of all outputs together: Keras mixes up those of one layer's."""
    return [numpy.ravel(model.train_on_batch(x, y))[0] for _ in range(steps)]


def assert_same_weights(found, expected):
    for one, other in zip(found.get_weights(), expected.get_weights(), strict=True):
        numpy.testing.assert_array_equal(one, other)


def assert_close(found, expected, tolerance):
    found, expected = (item if isinstance(item, list | tuple) else [item] for item in (found, expected))
    for one, other in zip(found, expected, strict=True):
        scale = max(1.0, numpy.abs(other).max(initial=0.0))
        numpy.testing.assert_allclose(numpy.asarray(one), other, rtol=tolerance, atol=tolerance * scale)


def model_of(case):
    """Return a model of a layer, with weights that are not what they begin with."""
    symbolic = case.symbolic()
    model = nnc.Model(symbolic, case.outputs(case.make(), symbolic))
    before = model.get_weights()
    drawn = case.weights([weight.shape for weight in before])
    model.set_weights([new.astype(old.dtype) for new, old in zip(drawn, before, strict=True)])
    return model


def is_beyond_keras(case, keras, path, x, y):
    """Return whether Keras cannot write, load, apply and train its own model of a layer."""
    try:
        symbolic = case.symbolic(keras)
        model = keras.Model(symbolic, case.outputs(case.make(keras), symbolic))
        model.compile("adam", "mse")
        model.save(path)
        model = in_keras(keras, path)
        model(x)
        if y is not None:
            losses(model, x, y, 1)
    except Exception:
        return True
    return False


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_keras_loads_each_layer_and_trains_on(case, keras, tmp_path):
    try:
        model = model_of(case)
    except ModelError:
        pytest.skip("on arrays only")
    x = case.inputs() if len(case.shapes) > 1 else case.inputs()[0]
    y = None
    if model.trainable_weights and all(tensor.type.is_floating for tensor in model.outputs):
        y = [item + 0.5 for item in model.predict(x)] if len(model.outputs) > 1 else model.predict(x) + 0.5
        model.compile(nnc.optimizers.Adam(0.001), "mse", metrics=["mae"] if len(model.outputs) == 1 else None)
        model.train_on_batch(x, y)
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "model.h5")
    predicted = model.predict(x)
    again, other = read_model(tmp_path / "model.keras"), read_model(tmp_path / "model.h5")
    for found in (again, other):
        assert_same_weights(found, model)
    on = None
    if y is not None and not any(word in str(case) for word in RANDOM):
        on = losses(model, x, y)
        assert losses(again, x, y) == losses(other, x, y) == on
    try:
        theirs, from_hdf5 = in_keras(keras, tmp_path / "model.keras"), in_keras(keras, tmp_path / "model.h5")
        applied = theirs.predict(x, verbose=0) if case.integers else theirs(x)  # on arrays some keep whole numbers
        trained = None if on is None else losses(theirs, x, y)
    except Exception:
        if not is_beyond_keras(case, keras, tmp_path / "own.keras", x, None if on is None else y):
            raise
        pytest.skip("beyond Keras as well")
    assert from_hdf5.get_config() == theirs.get_config()
    assert_close(applied, predicted, 10 * case.tolerance)
    if on is not None:
        numpy.testing.assert_allclose(trained, on, rtol=1e-4)


def two_outputs(nn):
    """Return a model of two outputs with names."""
    nn.utils.set_random_seed(4)
    x = nn.Input((4,))
    y = nn.layers.Dense(5, activation="tanh")(x)
    return nn.Model(x, [nn.layers.Dense(1, name="a")(y), nn.layers.Dense(3, activation="softmax", name="b")(y)])


SCHEDULE = {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5}
COMPILED = {
    "names": lambda nn: {"loss": "mse", "metrics": [["mae"], ["accuracy"]]},
    "classes": lambda nn: {
        "optimizer": nn.optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=0.5),
        "loss": [nn.losses.Huber(0.5), nn.losses.CategoricalCrossentropy(label_smoothing=0.1)],
        "weighted_metrics": [[nn.metrics.RootMeanSquaredError(name="r")], [nn.metrics.TopKCategoricalAccuracy(2)]],
    },
    "functions": lambda nn: {"loss": nn.losses.mean_squared_error, "metrics": [[nn.metrics.mean_absolute_error], []]},
    "by output": lambda nn: {
        "loss": {"a": "mae", "b": nn.losses.CategoricalCrossentropy()},
        "loss_weights": {"a": 0.5, "b": 2.0},
        "metrics": {"b": ["acc", nn.metrics.Precision()]},
    },
    "one without a loss": lambda nn: {"loss": [None, "categorical_crossentropy"], "loss_weights": [0.5, 1.0]},
    "schedule": lambda nn: {
        "optimizer": nn.optimizers.Adam(nn.optimizers.schedules.ExponentialDecay(**SCHEDULE)),
        "loss": "mse",
    },
}


@pytest.mark.parametrize("compiled", COMPILED.values(), ids=COMPILED)
@pytest.mark.sampled(1)
def test_how_a_model_is_compiled_goes_along(compiled, keras, tmp_path):
    model = two_outputs(nnc)
    model.compile(**compiled(nnc))
    y = [X[:, :1], numpy.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]]
    model.fit(X, y, batch_size=3, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "model.h5")
    expected = model.evaluate(X, y, return_dict=True)
    on = losses(model, X, y)
    for kind in ("keras", "h5"):
        again, theirs = read_model(tmp_path / f"model.{kind}"), in_keras(keras, tmp_path / f"model.{kind}")
        assert again.evaluate(X, y, return_dict=True) == expected
        found = theirs.evaluate(X, y, return_dict=True, verbose=0)
        assert {key: found.get(key) for key in expected} == pytest.approx(expected, rel=1e-5)
        assert losses(again, X, y) == on
        if kind == "keras":
            numpy.testing.assert_allclose(losses(theirs, X, y), on, rtol=1e-4)


@pytest.mark.parametrize("name", sorted(set(nnc.optimizers.OPTIMIZERS) - {"schedulefreeadamw"}))  # Keras's own differ
@pytest.mark.parametrize("options", [{}, {"use_ema": True}, {"gradient_accumulation_steps": 2}], ids=str)
@pytest.mark.sampled(3)
def test_keras_goes_on_with_the_state_of_each_optimizer(name, options, keras, tmp_path):
    model = two_outputs(nnc)
    model.compile(nnc.optimizers.OPTIMIZERS[name](0.01, **options), ["mse", "mae"])
    y = [X[:, :1], X[:, 1:]]
    losses(model, X, y, 3)
    model.save(tmp_path / "model.keras")
    on = losses(model, X, y, 4)
    assert losses(read_model(tmp_path / "model.keras"), X, y, 4) == on
    theirs = in_keras(keras, tmp_path / "model.keras")
    numpy.testing.assert_allclose(losses(theirs, X, y, 4), on, rtol=1e-4)


def test_a_checkpoint_of_keras_s(keras, tmp_path):
    model = two_outputs(nnc)
    model.compile("adam", "mse")
    y = [X[:, :1], abs(X[:, 1:]) % 1.0]
    model.fit(X, y, epochs=3, callbacks=[nnc.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")])
    assert {path.name for path in tmp_path.iterdir()} == {"1.keras", "2.keras", "3.keras"}
    theirs = in_keras(keras, tmp_path / "2.keras")
    numpy.testing.assert_allclose(losses(theirs, X, y, 1)[0], model.history.history["loss"][2], rtol=1e-4)


def test_weights_go_with_the_state_of_the_optimizer(keras, tmp_path):
    model = two_outputs(nnc)
    model.compile("adam", "mse")
    y = [X[:, :1], X[:, 1:]]
    losses(model, X, y, 3)
    model.save_weights(tmp_path / "w.weights.h5")
    theirs = two_outputs(keras)
    theirs.compile("adam", "mse", run_eagerly=True)
    theirs.optimizer.build(theirs.trainable_variables)
    theirs.load_weights(tmp_path / "w.weights.h5")
    numpy.testing.assert_allclose(losses(theirs, X, y), losses(model, X, y), rtol=1e-4)


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_what_cannot_be_serialised_leaves_the_file_that_is_there(kind, tmp_path):
    path = tmp_path / f"model.{kind}"
    path.write_text("mine")
    model = two_outputs(nnc)
    model.compile("adam", lambda y_true, y_pred: nnc.ir.ops.square(y_true - y_pred))
    with pytest.raises(ModelError, match="lambda"):
        model.save(path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_an_own_layer_comes_back_by_its_name_and_an_own_loss_is_named(tmp_path):
    class Doubled(nnc.layers.Layer):
        def call(self, x):
            return x * 2.0

    def distance(y_true, y_pred):
        return nnc.ir.ops.absolute(y_true - y_pred)

    model = nnc.Sequential([nnc.Input((4,)), Doubled(), nnc.layers.Dense(1)])
    model.compile("sgd", distance)
    model.train_on_batch(X, X[:, :1])
    for kind in ("keras", "h5"):
        model.save(tmp_path / f"model.{kind}")
        with pytest.warns(UserWarning, match="it is read for predicting and not compiled: .*'distance'"):
            again = nnc.models.load_model(tmp_path / f"model.{kind}", custom_objects={"Doubled": Doubled})
        assert_same_weights(again, model)
        numpy.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.slow
def test_names_in_other_alphabets_and_more_than_an_attribute_holds(keras, tmp_path):
    """HDF5 takes 64 KiB as one attribute."""
    layers = [nnc.layers.Dense(1, use_bias=False, name=f"größe_{number}_{'ß' * 180}") for number in range(190)]
    model = nnc.Sequential([nnc.Input((1,)), *layers])
    model.save(tmp_path / "model.h5")
    for found in (read_model(tmp_path / "model.h5"), in_keras(keras, tmp_path / "model.h5")):
        assert_same_weights(found, model)


def test_what_is_excluded_from_weight_decay_is_not_in_the_file(tmp_path):
    model = two_outputs(nnc)
    model.set_weights([weight + 1.0 for weight in model.get_weights()])
    optimizer = nnc.optimizers.AdamW(0.01, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, "mse")
    model.save(tmp_path / "model.keras")
    y = [X[:, :1], X[:, 1:]]
    found = {}
    for is_said_again in (False, True):
        again = read_model(tmp_path / "model.keras")
        if is_said_again:
            other = nnc.optimizers.AdamW.from_config(again.optimizer.get_config())
            other.exclude_from_weight_decay(var_names=["bias"])
            again.compile(other, "mse")
        losses(again, X, y, 1)
        found[is_said_again] = again.get_layer("b").get_weights()[1]
    losses(model, X, y, 1)
    bias = model.get_layer("b").get_weights()[1]
    numpy.testing.assert_array_equal(found[True], bias)
    numpy.testing.assert_allclose(found[False], bias - 0.005, atol=1e-5)  # rate times decay
