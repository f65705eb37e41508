"""Keras's files of models whose class says in `call` what is computed: written and read by Keras and by nnc."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError, ModelFileError
from nnc.models import load_model, model_from_json

keras = pytest.importorskip("keras")
tensorflow = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras's own
X = numpy.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = X[:, :3] * 2
PACKAGES = {"nnc": nnc, "keras": keras}
LOAD = {"nnc": load_model, "keras": keras.saving.load_model}


def classes(package):
    """Return a model with layers in attributes of all kinds, and a layer of its author's in it."""
    layers = package.layers

    class Block(layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.zz, self.aa = layers.Dense(units), layers.LayerNormalization()

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
            super().build(input_shape)

        def call(self, inputs):
            return self.aa(self.zz(inputs * self.scale))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    class Network(package.Model):
        def __init__(self, units, depth=2, **kwargs):
            super().__init__(**kwargs)
            self.units, self.depth = units, depth
            self.zeta = layers.Dense(units, activation="relu")
            self.blocks = [Block(units) for _ in range(depth)]
            self.heads = {"b": layers.Dense(3), "a": [layers.Dense(3), (layers.Dense(3), 4)]}
            self.normalization = layers.BatchNormalization()
            self._hidden = layers.Dense(units)
            self.inner = package.Sequential([layers.Input((units,)), layers.Dense(units), layers.Dense(units)])
            self.again = self.zeta
            self.factor = package.Variable(numpy.full(units, 2.0, "float32"), name="factor")

        @property
        def first_block(self):
            return self.blocks[0]

        def call(self, inputs, training=False):
            x = self.normalization(self.zeta(inputs), training=training)
            for block in self.blocks:
                x = block(x)
            x = self.inner(self._hidden(x)) * self.factor
            return self.heads["b"](x) + self.heads["a"][0](x) * self.heads["a"][1][0](x)

        def get_config(self):
            return {**super().get_config(), "units": self.units, "depth": self.depth}

    return {"Network": Network, "Block": Block}


def predicted(model):
    return numpy.asarray(model.predict(X, verbose=0))


@pytest.mark.parametrize(("writer", "reader"), [("nnc", "nnc"), ("nnc", "keras"), ("keras", "nnc")])
@pytest.mark.sampled(1)
def test_a_whole_model_goes_on_training(writer, reader, tmp_path):
    made = classes(PACKAGES[writer])["Network"](5)
    made.compile("adam", "mse")
    made.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    made.save(tmp_path / "model.keras")
    read = LOAD[reader](tmp_path / "model.keras", custom_objects=classes(PACKAGES[reader]))
    numpy.testing.assert_allclose(predicted(read), predicted(made), rtol=1e-5, atol=1e-5)
    losses = [item.fit(X, Y, epochs=3, shuffle=False, verbose=0).history["loss"] for item in (made, read)]
    numpy.testing.assert_allclose(losses[1], losses[0], rtol=0 if writer == reader else 1e-5)


@pytest.mark.parametrize(("writer", "reader"), [("nnc", "nnc"), ("nnc", "keras"), ("keras", "nnc")])
def test_weights_alone(writer, reader, tmp_path):
    first, second = (classes(PACKAGES[name])["Network"](6, depth=1) for name in (writer, reader))
    for item in (first, second):
        item(X)
    first.save_weights(tmp_path / "model.weights.h5")
    second.load_weights(tmp_path / "model.weights.h5")
    numpy.testing.assert_allclose(predicted(second), predicted(first), rtol=1e-5, atol=1e-5)


def test_as_a_layer_of_a_functional_model(tmp_path):
    found = classes(nnc)
    inputs = nnc.Input((4,))
    model = nnc.Model(inputs, nnc.layers.Dense(2)(found["Network"](5)(inputs)))
    model.save(tmp_path / "model.keras")
    read = load_model(tmp_path / "model.keras", found)
    numpy.testing.assert_array_equal(predicted(read), predicted(model))
    theirs = keras.saving.load_model(tmp_path / "model.keras", custom_objects=classes(keras))
    numpy.testing.assert_allclose(predicted(theirs), predicted(model), rtol=1e-5, atol=1e-5)


def two_optimizers(package):
    tape = nnc.GradientTape if package is nnc else tensorflow.GradientTape

    class Two(package.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.second = package.layers.Dense(4), package.layers.Dense(3)
            self.second_optimizer = package.optimizers.Adam(0.01)

        def call(self, inputs):
            return self.second(self.first(inputs))

        def train_step(self, data):
            x, y = data
            with tape(persistent=True) as watching:
                loss = package.ops.mean((self(x) - y) ** 2)
            for optimizer, layer in ((self.second_optimizer, self.second), (self.optimizer, self.first)):
                weights = layer.trainable_weights
                optimizer.apply_gradients(zip(watching.gradient(loss, weights), weights, strict=True))
            return {"distance": loss}

    return {"Two": Two}


@pytest.mark.parametrize("writer", ["nnc", "keras"])
@pytest.mark.slow
def test_optimizers_of_steps_of_its_own_start_afresh_as_in_keras(writer, tmp_path):
    made = two_optimizers(PACKAGES[writer])["Two"]()
    made.compile("adam")
    made.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    made.save(tmp_path / "model.keras")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = load_model(tmp_path / "model.keras", two_optimizers(nnc))
    first, second = (str(item.message) for item in caught)
    assert "its optimizer starts afresh: the file has 6 arrays of state" in first
    assert "its optimizer 'second_optimizer' starts afresh; a .nnc file goes on where it was" in second
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = keras.saving.load_model(tmp_path / "model.keras", custom_objects=two_optimizers(keras))
        for item in (ours, theirs):
            item.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations) == 3
    numpy.testing.assert_allclose(predicted(ours), predicted(theirs), rtol=1e-4, atol=1e-5)


class Plain(nnc.Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.dense = nnc.layers.Dense(units)

    def call(self, inputs):
        if isinstance(inputs, dict):
            return self.dense(inputs["a"]) + self.dense(inputs["b"])
        return self.dense(inputs)


def test_nested_inputs_and_json(tmp_path):
    model = Plain(2)
    given = {"a": X, "b": X + 1}
    expected = model.predict(given)
    model.save(tmp_path / "model.keras")
    numpy.testing.assert_array_equal(load_model(tmp_path / "model.keras", {"Plain": Plain}).predict(given), expected)
    again = model_from_json(model.to_json(), {"Plain": Plain})
    assert again.predict(given).shape == expected.shape


def test_errors(tmp_path):
    model = Plain(2)
    model(X)
    with pytest.raises(ModelError, match=r"which HDF5 files cannot hold, as in Keras; use save\('model\.keras'\)"):
        model.save(tmp_path / "model.h5")
    model.save(tmp_path / "model.keras")
    with pytest.raises(ModelFileError, match=r"'Plain'.* says what is computed: give the class to load_model\(path"):
        load_model(tmp_path / "model.keras")

    class Narrow(Plain):
        def __init__(self):
            super().__init__()

    with pytest.raises(
        ModelFileError, match=r"model of class Narrow: cannot be made from .*unexpected keyword argument"
    ):
        load_model(tmp_path / "model.keras", {"Plain": Narrow})
    with pytest.raises(ModelFileError, match=r"shapes? .*\(4, 3\)|expected \[?\(4, 3\)"):
        load_model(tmp_path / "model.keras", {"Plain": type("Plain", (Plain,), {"__init__": wider})})


def wider(self, units=3, **kwargs):
    Plain.__init__(self, 3, **kwargs)


STORING = {
    "save_own_variables": lambda self, store: None,
    "load_own_variables": lambda self, store: None,
    "save_assets": lambda self, inner_path: None,
    "load_assets": lambda self, inner_path: None,
}
"""Methods by which a class of Keras's says what files have of it."""


@pytest.mark.parametrize("whose", ["layer", "inner layer", "model"])
@pytest.mark.parametrize("method", STORING)
def test_classes_that_say_what_files_have_of_them(method, whose, tmp_path):
    def made(methods):
        found = classes(nnc)
        block = type("Block", (found["Block"],), methods if whose == "inner layer" else {})
        dense = type("Dense", (nnc.layers.Dense,), methods if whose == "layer" else {})
        plain = type("Plain", (Plain,), methods if whose == "model" else {})
        model = plain(2)
        model.dense = nnc.Sequential([dense(2), block(2)]) if whose != "model" else model.dense
        model(X)
        return model

    message = f"has {method} of its own, which nnc does not call for files of Keras's"
    without, storing = made({}), made({method: STORING[method]})
    for name in ("model.keras", "model.weights.h5"):
        write = (lambda model, path: model.save(path)) if name.endswith(".keras") else nnc.Model.save_weights
        with pytest.raises(ModelError, match=message):
            write(storing, tmp_path / name)
        assert not (tmp_path / name).exists()
    without.save_weights(tmp_path / "model.weights.h5")
    before = storing.get_weights()
    with pytest.raises(ModelFileError, match=message):
        storing.load_weights(tmp_path / "model.weights.h5")
    for one, other in zip(storing.get_weights(), before, strict=True):
        numpy.testing.assert_array_equal(one, other)


class Wired(nnc.Model):
    def __init__(self, units, **kwargs):
        inputs = nnc.Input((4,))
        super().__init__(inputs, nnc.layers.Dense(units)(inputs), **kwargs)
        self.units = units

    def get_config(self):
        return {"units": self.units, "name": self.name}


def test_a_functional_model_whose_class_has_a_config(tmp_path):
    model = Wired(2)
    model.save(tmp_path / "model.keras")
    read = load_model(tmp_path / "model.keras", {"Wired": Wired})
    assert type(read) is Wired
    numpy.testing.assert_array_equal(read.predict(X), model.predict(X))
