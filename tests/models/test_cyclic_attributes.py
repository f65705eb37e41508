"""Models among whose attributes something holds itself: lists, dictionaries, layers that know the model they are in."""

from __future__ import annotations

import io
import zipfile

import numpy
import pytest

import nnc
from nnc.models import load_model

h5py = pytest.importorskip("h5py")
X = numpy.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = X[:, :3] * 2


def models(package):
    class Network(package.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.outer = Inner(), package.layers.Dense(3)
            self.connect()

        def call(self, inputs):
            return self.outer(self.inner(inputs))

    class Inner(package.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = package.layers.Dense(4)

        def call(self, inputs):
            return self.dense(inputs)

    class ListInItself(Network):
        def connect(self):
            self.all = [self.outer]
            self.all.append(self.all)

    class DictionariesOfEachOther(Network):
        def connect(self):
            self.some, self.others = {}, {"outer": self.outer}
            self.some["others"], self.others["some"] = self.others, self.some

    class LayerThatKnowsItsModel(Network):
        def connect(self):
            self.inner.model = self

    class LayerThatListsItsModel(Network):
        def connect(self):
            self.inner.models_around = [self, self.outer]

    return {item.__name__: item for item in Network.__subclasses__()}


def groups(path):
    found = []
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return {name for name in found if not name.startswith("optimizer/")}


@pytest.mark.parametrize("name", models(nnc))
def test_each_layer_is_met_once(name, tmp_path):
    model = models(nnc)[name]()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    shapes = [weight.shape for weight in model.weights]
    assert sorted(shapes) == [(3,), (4,), (4, 3), (4, 4)]
    assert sorted(weight.shape for weight in model.trainable_weights) == sorted(shapes)
    assert [metric.name for metric in model.metrics] == ["loss"]
    first, last = model.inner.dense.get_weights(), model.outer.get_weights()
    expected = (X @ first[0] + first[1]) @ last[0] + last[1]
    numpy.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.keras")
    first = {"ListInItself": "all", "LayerThatListsItsModel": "inner/models_around"}.get(name, "layers")
    expected = {f"{part}/vars/{number}" for part in ("inner/dense", f"{first}/dense") for number in range(2)}
    assert groups(tmp_path / "model.keras") == expected
    read = load_model(tmp_path / "model.keras", {name: type(model)})
    numpy.testing.assert_array_equal(read.predict(X, verbose=0), model.predict(X, verbose=0))
    model.trainable = False
    assert model.trainable_weights == model.inner.dense.trainable_weights == []


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras's own
@pytest.mark.parametrize("name", ["ListInItself", "DictionariesOfEachOther"])
def test_containers_that_hold_themselves_as_in_keras(name, tmp_path):
    keras = pytest.importorskip("keras")
    found = {}
    for package in (nnc, keras):
        path = tmp_path / f"{package.__name__}.keras"
        model = models(package)[name]()
        model(X)
        model.save(path)
        found[package] = sorted(tuple(weight.shape) for weight in model.weights), groups(path)
    assert found[nnc] == found[keras]
    read = load_model(tmp_path / "keras.keras", models(nnc))
    numpy.testing.assert_allclose(read.predict(X, verbose=0), numpy.asarray(model(X)), rtol=1e-5, atol=1e-6)
