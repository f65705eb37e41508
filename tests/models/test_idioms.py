"""What scripts of books and of keras.io do, on nnc and on Keras, from equal weights."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import nnc
from tests.steps.engines import keras_engine, nnc_engine

RANDOM = numpy.random.default_rng(0)
X = RANDOM.normal(size=(12, 3)).astype("float32")
Y = RANDOM.normal(size=(12, 1)).astype("float32")
SERIES = RANDOM.normal(size=(12, 5, 3)).astype("float32")


def settled(model: Any) -> Any:
    """Return a model with weights that depend on their shapes alone."""
    model.set_weights([numpy.cos(numpy.arange(array.size)).reshape(array.shape) * 0.4 for array in model.get_weights()])
    return model


def fitted(model: Any, *data: Any, **options: Any) -> dict[str, list[float]]:
    found = model.fit(*data, epochs=2, batch_size=4, shuffle=False, verbose=0, **options)
    return {key: [float(item) for item in values] for key, values in found.history.items()}


def a_loss_of_other_targets(keras: Any) -> Any:
    """A mixture density network: the output has three numbers for each number of the targets."""
    ops = keras.ops

    def likelihood(y_true, y_pred):
        share, mean, spread = ops.split(y_pred, 3, axis=-1)
        return ops.mean(share + ops.square(y_true - mean) + ops.square(spread), axis=-1)

    model = settled(keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)]))
    model.compile("sgd", likelihood)
    return fitted(model, X, Y)


def a_cell_that_holds_a_cell(keras: Any) -> Any:
    class NormalizedCell(keras.layers.Layer):
        def __init__(self, units, **options):
            super().__init__(**options)
            self.state_size = self.output_size = units
            self.cell = keras.layers.SimpleRNNCell(units, activation=None)
            self.norm = keras.layers.LayerNormalization()

        def call(self, inputs, states):
            outputs, _ = self.cell(inputs, states)
            found = keras.ops.tanh(self.norm(outputs))
            return found, [found]

    layers = [keras.layers.RNN(NormalizedCell(4), return_sequences=True), keras.layers.RNN(NormalizedCell(2))]
    model = keras.Sequential([keras.Input((None, 3)), *layers, keras.layers.Dense(1)])
    model(SERIES)  # Keras builds what is inside of a cell when it runs
    settled(model).compile("sgd", "mse")
    return fitted(model, SERIES, Y)


def a_clone_of_a_function(keras: Any) -> Any:
    @keras.saving.register_keras_serializable("idioms")
    def times(x, factor):
        return x * factor

    inputs = keras.Input((3,))
    doubled = keras.layers.Lambda(times, arguments={"factor": 2.0}, name="doubled")(inputs)
    model = keras.models.clone_model(keras.Model(inputs, keras.layers.Dense(1)(doubled)))
    return {"name": [model.layers[1].name == "doubled"], "prediction": settled(model).predict(X, verbose=0)}


def states_that_go_on(keras: Any) -> Any:
    layer = keras.layers.GRU(2, stateful=True)
    model = settled(keras.Sequential([keras.Input(batch_shape=(4, None, 3)), layer, keras.layers.Dense(1)]))
    layer.reset_states() if hasattr(layer, "reset_states") else layer.reset_state()
    model.compile("sgd", "mse")
    return fitted(model, SERIES, Y)


def a_metric_in_a_call(keras: Any) -> Any:
    class Reconstructing(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.back = keras.layers.Dense(2), keras.layers.Dense(3)
            self.error = keras.metrics.Mean(name="error")

        def call(self, inputs, training=None):
            hidden = self.hidden(inputs)
            error = keras.ops.mean(keras.ops.square(self.back(hidden) - inputs))
            self.add_loss(0.5 * error)
            if training:
                self.error(error)
            return hidden[:, :1]

    model = Reconstructing()
    model(X)
    settled(model).compile("sgd", "mse")
    return fitted(model, X, Y, validation_data=(X[:8], Y[:8]))


def an_endpoint(keras: Any) -> Any:
    class Endpoint(keras.layers.Layer):
        def __init__(self):
            super().__init__(name="endpoint")
            self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
            self.accuracy = keras.metrics.BinaryAccuracy(name="accuracy")

        def call(self, targets, logits):
            self.add_loss(self.loss_fn(targets, logits))
            self.accuracy.update_state(targets, logits)
            return keras.ops.sigmoid(logits)

    inputs, targets = keras.Input((3,), name="x"), keras.Input((1,), name="y")
    model = keras.Model([inputs, targets], Endpoint()(targets, keras.layers.Dense(1)(inputs)))
    settled(model).compile("sgd")
    given = {"x": X, "y": (Y > 0).astype("float32")}
    return fitted(model, given, validation_data=(given,))


CASES = (
    a_loss_of_other_targets,
    a_cell_that_holds_a_cell,
    a_clone_of_a_function,
    states_that_go_on,
    a_metric_in_a_call,
    an_endpoint,
)


@pytest.mark.sampled(3)
@pytest.mark.filterwarnings("ignore:.build\\(\\). was called on layer")  # Keras's, of a cell without build()
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_numbers_are_those_of_keras(case: Any) -> None:
    expected, found = case(keras_engine().keras), case(nnc_engine("numpy").keras)
    assert list(found) == list(expected)
    for key, numbers in expected.items():
        numpy.testing.assert_allclose(found[key], numbers, rtol=1e-4, atol=1e-5, err_msg=key)


def test_texts_before_a_layer_that_takes_masks_off() -> None:
    """A pooled mask is taken off in the order of depths; the calls of texts stay outside of the graph."""
    inputs = [nnc.Input((), dtype="string", name=name) for name in "ab"]
    tokens = [nnc.layers.StringLookup(vocabulary=["x", "y"], num_oov_indices=0)(item) for item in inputs]
    rows = nnc.ops.stack([nnc.layers.Embedding(2, 3)(item) for item in tokens], axis=1)
    mixed = nnc.layers.MultiHeadAttention(2, 3)(rows, rows)
    outputs = nnc.layers.Dense(1)(nnc.layers.Flatten()(nnc.layers.Add()([mixed, rows])))
    model = nnc.Model(dict(zip("ab", inputs, strict=True)), outputs)
    model.compile("sgd", "mse")
    texts = numpy.array(["x", "y", "y"])
    assert model.fit({"a": texts, "b": texts[::-1]}, numpy.ones(3), verbose=0).history["loss"][0] > 0
