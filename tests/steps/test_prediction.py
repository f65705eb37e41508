"""A `predict_step` of a model's own, beside Keras's, compiled and saved."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.structure import leaves

X = numpy.random.default_rng(0).normal(size=(7, 5)).astype("float32")
Y = numpy.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2, 0]]


def network(package):
    class Network(package.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.dense = package.layers.Dense(3)
            self.normalization = package.layers.BatchNormalization()
            self.dropout = package.layers.Dropout(0.5)

        def call(self, inputs, training=False):
            return self.dropout(self.normalization(self.dense(inputs["x"])), training=training)

        def predict_step(self, data):
            logits = self(data, training=False)
            chances = package.ops.softmax(logits)
            return {"class": package.ops.argmax(logits, axis=-1), "chances": (chances, [chances * 2])}

    return Network()


def flat(found):
    return [found["class"], found["chances"][0], found["chances"][1][0]]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_what_is_predicted_is_what_keras_predicts(backend, tmp_path):
    keras = pytest.importorskip("keras")
    ours, theirs = network(nnc), network(keras)
    ours.backend = backend
    for model in (ours, theirs):
        model({"x": X})
    theirs.set_weights(ours.get_weights())
    for train in (False, True):
        if train:
            for model in (ours, theirs):
                model.dropout.rate = 0.0
                model.compile("sgd", "mse")
                model.fit({"x": X}, Y, shuffle=False, verbose=0)
        for batch_size in (3, 32):
            expected = theirs.predict({"x": X}, batch_size=batch_size, verbose=0)
            found = ours.predict({"x": X}, batch_size=batch_size, verbose=0)
            assert list(found) == list(expected) and isinstance(found["chances"], tuple)
            for mine, other in zip(flat(found), flat(expected), strict=True):
                numpy.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
        numpy.testing.assert_allclose(ours({"x": X}), numpy.asarray(theirs({"x": X})), rtol=1e-5, atol=1e-6)
        numpy.testing.assert_array_equal(ours.predict_on_batch({"x": X})["class"], found["class"])
    ours.save(tmp_path / "network.nnc")
    loaded = nnc.load(tmp_path / "network.nnc", backend=backend)
    numpy.testing.assert_array_equal(loaded.predict(X)["class"], found["class"])


class Softened(nnc.Model):
    def predict_step(self, data):
        x, _, _ = nnc.utils.unpack_x_y_sample_weight(data)
        return nnc.ops.softmax(self(x, training=False))


class Stacked(nnc.Sequential):
    predict_step = Softened.predict_step


def test_outputs_whose_keys_give_one_name(tmp_path):
    def nested(logits):
        return {"a/b": logits, "a": {"b": logits * 2, "0": logits * 3}, "a/0": [logits * 4], "a/b_2": logits * 5}

    class Network(nnc.Model):
        def __init__(self):
            super().__init__()
            self.dense = nnc.layers.Dense(3)

        def call(self, inputs):
            return self.dense(inputs)

        def predict_step(self, data):
            return nested(self(data))

    model = Network()
    found = model.predict(X, verbose=0)
    kernel, bias = model.dense.get_weights()
    expected = nested(X @ kernel + bias)
    assert list(found) == list(expected)
    for one, other in zip(leaves(found, numpy.ndarray), leaves(expected, numpy.ndarray), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.nnc")
    again = nnc.load(tmp_path / "model.nnc").predict(X, verbose=0)
    numpy.testing.assert_array_equal(again["a"]["b"], found["a"]["b"])


@pytest.mark.parametrize("nested", ["one", "list", "dictionary", "sequential"])
def test_models_that_are_wired_by_layers(nested):
    first, second = nnc.Input((5,), name="first"), nnc.Input((5,), name="second")
    if nested == "sequential":
        model, given = Stacked([nnc.layers.Dense(3)]), X
    elif nested == "one":
        model, given = Softened(first, nnc.layers.Dense(3)(first)), X
    else:
        inputs = [first, second] if nested == "list" else {"first": first, "second": second}
        model = Softened(inputs, nnc.layers.Add()([first, second]))
        given = [X, X] if nested == "list" else {"first": X, "second": X}
    numpy.testing.assert_allclose(model.predict(given).sum(axis=1), 1, rtol=1e-6)
    assert abs(leaves(model(given), numpy.ndarray)[0].sum(axis=1) - 1).max() > 0.01


def predicting(step, base=nnc.Model):
    inputs = nnc.Input((5,))
    return type("Mine", (base,), {"predict_step": step})(inputs, nnc.layers.Dense(3)(inputs), name="mine")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda self, data: nnc.ops.mean(data), "must return arrays with a row .* got a single float32"),
        (lambda self, data: [data, None], "must return arrays with a row .* got None"),
        (lambda self, data: self.metric.update_state(data), "predict_step changes metrics; do so in train_step"),
    ],
)
def test_what_no_program_predicts(step, message):
    model = predicting(step)
    model.metric = nnc.metrics.Mean()
    with pytest.raises(ModelError, match=f"^model 'mine': .*{message}"):
        model.predict(X)


def test_without_call_nobody_knows_the_inputs():
    model = type("Mine", (nnc.Model,), {"predict_step": lambda self, data: data})(name="mine")
    with pytest.raises(ModelError, match=r"^model 'mine' \(Mine\) is not built: .* which takes a call\(\)"):
        model.predict(X)
