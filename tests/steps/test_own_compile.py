"""Keras's files of models whose class says how it is compiled, with optimizers among its attributes."""

from __future__ import annotations

import io
import json
import warnings
import zipfile

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.models import load_model, model_from_json

keras = pytest.importorskip("keras")
tensorflow = pytest.importorskip("tensorflow")
h5py = pytest.importorskip("h5py")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras's own
X = numpy.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = X[:, :3] * 2
PACKAGES = {"nnc": nnc, "keras": keras}
LOAD = {"nnc": load_model, "keras": keras.saving.load_model}


def pair_of(package):
    """Return a model of two networks, trained by optimizers that its own `compile` is given."""
    tape = nnc.GradientTape if package is nnc else tensorflow.GradientTape

    class Pair(package.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.second = package.layers.Dense(4), package.layers.Dense(3)
            self.tracker = package.metrics.Mean(name="distance")
            self.unused = {"b": package.optimizers.Nadam(0.5), "a": [package.optimizers.Nadam(0.25)]}

        def compile(self, first_optimizer, second_optimizer, distance):
            super().compile(first_optimizer)
            self.first_optimizer, self.distance = first_optimizer, distance
            self.pair = [first_optimizer, (second_optimizer, "text")]

        def call(self, inputs):
            return self.second(self.first(inputs))

        def train_step(self, data):
            x, y = data
            with tape(persistent=True) as watching:
                loss = self.distance(y, self(x))
            for optimizer, layer in ((self.pair[1][0], self.second), (self.first_optimizer, self.first)):
                weights = layer.trainable_weights
                optimizer.apply_gradients(zip(watching.gradient(loss, weights), weights, strict=True))
            self.tracker.update_state(loss)
            return {"distance": self.tracker.result()}

    class Restored(Pair):
        def get_compile_config(self):
            found = {"first_optimizer": self.first_optimizer, "second_optimizer": self.pair[1][0]}
            return {**found, "distance": self.distance}

        def compile_from_config(self, config):
            assert json.loads(json.dumps(config)) == config
            self.compile(**{key: package.saving.deserialize_keras_object(item) for key, item in config.items()})

    return {"Pair": Pair, "Restored": Restored}


def compiled(package, name):
    model, optimizers = pair_of(package)[name](), package.optimizers
    model.compile(optimizers.Adam(0.01), optimizers.SGD(0.1, momentum=0.9), package.losses.MeanSquaredError())
    return model


def trained(model, epochs=3):
    return model.fit(X, Y, epochs=epochs, shuffle=False, verbose=0).history["distance"]


def members(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json")), h5py.File(io.BytesIO(archive.read("model.weights.h5")))


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("writer", "reader"), [("nnc", "nnc"), ("nnc", "keras"), ("keras", "nnc")])
def test_a_class_compiles_itself_when_it_is_read(writer, reader, tmp_path):
    made = compiled(PACKAGES[writer], "Restored")
    trained(made)
    made.save(tmp_path / "model.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizers start afresh
        read = LOAD[reader](tmp_path / "model.keras", custom_objects=pair_of(PACKAGES[reader]))
        theirs = keras.saving.load_model(tmp_path / "model.keras", custom_objects=pair_of(keras))
    assert type(read.pair[1][0]) is PACKAGES[reader].optimizers.SGD
    assert float(read.pair[1][0].learning_rate) == pytest.approx(0.1)
    numpy.testing.assert_allclose(trained(read), trained(theirs), rtol=1e-5)


@pytest.mark.parametrize("epochs", [0, 2])
def test_optimizers_lie_where_they_do_in_keras(epochs, tmp_path):
    found = {}
    for name, package in PACKAGES.items():
        model = compiled(package, "Restored")
        model(X)
        if epochs:
            trained(model, epochs)
        model.save(tmp_path / f"{name}.keras")
        config, weights = members(tmp_path / f"{name}.keras")
        arrays = {}
        weights.visititems(lambda path, item, arrays=arrays: arrays.update({path: item}))
        arrays = {path: item[()] for path, item in arrays.items() if isinstance(item, h5py.Dataset)}
        found[name] = arrays, config["compile_config"]
    (ours, our_config), (theirs, their_config) = found["nnc"], found["keras"]
    if not epochs:  # Keras does not know yet what the optimizer of `compile` is to change
        ours, theirs = ({path: item for path, item in part.items() if "first" not in path} for part in (ours, theirs))
    assert {path: item.shape for path, item in ours.items()} == {path: item.shape for path, item in theirs.items()}
    assert "pair/container/sgd/vars/1" in ours and "unused/container/nadam/vars/1" in ours
    for path in ours:
        if "nadam" in path or not ours[path].shape:
            numpy.testing.assert_allclose(ours[path], theirs[path], rtol=1e-6, err_msg=path)
    assert our_config.keys() == their_config.keys() == {"first_optimizer", "second_optimizer", "distance"}


@pytest.mark.sampled(1)
@pytest.mark.parametrize("writer", ["nnc", "keras"])
def test_an_own_compile_without_its_config_is_not_called(writer, tmp_path):
    made = compiled(PACKAGES[writer], "Pair")
    trained(made)
    made.save(tmp_path / "model.keras")
    for name, package in PACKAGES.items():
        with pytest.warns(UserWarning, match="should also override `get_compile_config"):
            read = LOAD[name](tmp_path / "model.keras", custom_objects=pair_of(package))
        assert not hasattr(read, "first_optimizer")
        numpy.testing.assert_allclose(
            numpy.asarray(read.predict(X, verbose=0)), numpy.asarray(made.predict(X, verbose=0)), rtol=1e-5, atol=1e-6
        )
    with pytest.raises(ModelError, match="no loss; it was read without: the model's `compile"):
        load_model_quietly(tmp_path / "model.keras").fit(X, Y)


def load_model_quietly(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_model(path, pair_of(nnc))


def test_configs_of_compile_are_those_of_keras():
    def chain(package):
        return package.Sequential([package.Input((3,)), package.layers.Dense(2)])

    ours, theirs = chain(nnc), chain(keras)
    assert ours.get_compile_config() == {}
    for model, package in ((ours, nnc), (theirs, keras)):
        model.compile(package.optimizers.SGD(0.25, name="sgd"), "mse", metrics=["mae", package.metrics.AUC(name="a")])
    left_out = ("jit_compile",)
    one, other = ({k: v for k, v in m.get_compile_config().items() if k not in left_out} for m in (ours, theirs))
    assert one == other
    again = chain(nnc)
    again.compile_from_config(theirs.get_compile_config())
    assert again.get_compile_config() == ours.get_compile_config()
    keras_again = chain(keras)
    keras_again.compile_from_config(ours.get_compile_config())
    assert keras_again.get_compile_config() == theirs.get_compile_config()


def test_what_a_class_says_that_is_wrong(tmp_path):
    class Listing(pair_of(nnc)["Pair"]):
        def get_compile_config(self):
            return [self.first_optimizer]

    model = Listing()
    model.compile("sgd", "adam", "mse")
    model(X)
    with pytest.raises(ModelError, match="get_compile_config of Listing must return a dictionary, got \\["):
        model.save(tmp_path / "model.keras")

    class Failing(pair_of(nnc)["Pair"]):
        def compile_from_config(self, config):
            raise RuntimeError(f"no {sorted(config)[0]}")

    text = json.dumps({**json.loads(Failing().to_json()), "compile_config": {"b": 1, "a": 2}})
    with pytest.warns(UserWarning, match="not compiled: compile_from_config of Failing: RuntimeError: no a"):
        read = model_from_json(text, {"Failing": Failing})
    assert not read.compiled
