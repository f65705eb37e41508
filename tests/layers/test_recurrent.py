"""Recurrent layers in models: masks, states, cells of a user's own, dropout, unknown lengths, and what is refused."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import ModelError, ShapeError
from nnc.ir import ops
from nnc.layers import GRU, LSTM, RNN, Bidirectional, Dense, Layer, LSTMCell, SimpleRNN, TimeDistributed

ROWS, STEPS, FEATURES = 6, 7, 3


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def masked_rows() -> numpy.ndarray:
    """Rows with masked steps at the end, at the begin, in between, everywhere and nowhere."""
    rows = numpy.random.default_rng(5).normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
    for row, steps in enumerate(([], [5, 6], [0], [2, 4], range(STEPS), [6])):
        rows[row, list(steps)] = 0
    return rows


def layers_of(nn: Any) -> dict[str, list[Any]]:
    """Layers behind a Masking layer."""
    make = nn.layers
    sequences = {"return_sequences": True}
    return {
        "last output": [make.LSTM(4)],
        "all outputs": [make.LSTM(4, **sequences)],
        "zeros": [make.LSTM(4, zero_output_for_mask=True, **sequences)],
        "last of zeros": [make.GRU(4, zero_output_for_mask=True)],
        "backwards": [make.GRU(4, go_backwards=True, **sequences)],
        "unrolled": [make.SimpleRNN(4, unroll=True, **sequences)],
        "unrolled zeros": [make.LSTM(4, unroll=True, zero_output_for_mask=True, **sequences)],
        "one on the other": [make.LSTM(4, **sequences), make.GRU(3, reset_after=False)],
        "cells": [make.RNN([make.LSTMCell(4), make.GRUCell(3)], **sequences)],
        "both directions": [make.Bidirectional(make.LSTM(4, **sequences)), make.Bidirectional(make.GRU(2))],
        "sum of directions": [make.Bidirectional(make.LSTM(4, **sequences), merge_mode="sum")],
        "dense steps": [make.TimeDistributed(make.Dense(4)), make.LSTM(3)],
    }


def pair(keras: Any, name: str) -> tuple[Any, Any]:
    """The same network in both engines, with the same weights."""
    models = []
    for nn in (nnc, keras):
        models.append(nn.Sequential([nn.Input((STEPS, FEATURES)), nn.layers.Masking(), *layers_of(nn)[name]]))
    ours, theirs = models
    generator = numpy.random.default_rng(1)
    weights = [generator.normal(0, 0.5, weight.shape).astype("float32") for weight in theirs.get_weights()]
    ours.set_weights(weights), theirs.set_weights(weights)
    return ours, theirs


@pytest.mark.parametrize("name", layers_of(nnc))
@pytest.mark.sampled(1)
def test_masked_steps_are_those_of_keras_forward_and_backward(keras, name):
    ours, theirs = pair(keras, name)
    x = masked_rows()
    expected = numpy.asarray(theirs(x))
    numpy.testing.assert_allclose(ours.predict(x), expected, atol=1e-6)
    y = numpy.random.default_rng(2).normal(size=expected.shape).astype("float32")
    for model, nn in ((ours, nnc), (theirs, keras)):
        model.compile(nn.optimizers.SGD(0.5), nn.losses.MeanSquaredError())
    losses = [[float(numpy.asarray(model.train_on_batch(x, y))) for _ in range(4)] for model in (ours, theirs)]
    numpy.testing.assert_allclose(*losses, rtol=1e-5)
    for found, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(found, wanted, atol=2e-6)


def tagger(nn: Any) -> Any:
    """Two bidirectional layers over embedded words, of which 0 is none."""
    words = nn.Input((STEPS,), dtype="int32")
    x = nn.layers.Embedding(9, 5, mask_zero=True)(words)
    x = nn.layers.Bidirectional(nn.layers.LSTM(4, return_sequences=True))(x)
    x = nn.layers.Bidirectional(nn.layers.LSTM(3, return_sequences=True))(x)
    return nn.Model(words, nn.layers.TimeDistributed(nn.layers.Dense(3, activation="softmax"))(x))


@pytest.mark.slow
def test_a_masked_tagger_trains_as_in_keras(keras):
    ours, theirs = tagger(nnc), tagger(keras)
    generator = numpy.random.default_rng(3)
    weights = [generator.normal(0, 0.5, weight.shape).astype("float32") for weight in theirs.get_weights()]
    ours.set_weights(weights), theirs.set_weights(weights)
    words = generator.integers(0, 9, (16, STEPS)).astype("int32")
    words[:, -2:] *= generator.integers(0, 2, (16, 2))
    tags = generator.integers(0, 3, (16, STEPS))
    losses = []
    for model, nn in ((ours, nnc), (theirs, keras)):
        model.compile(nn.optimizers.SGD(0.5, 0.9), nn.losses.SparseCategoricalCrossentropy())
        losses.append([float(numpy.asarray(model.train_on_batch(words, tags))) for _ in range(10)])
    numpy.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.parametrize("steps", [1, 4, 9])
def test_lengths_that_are_known_at_run_time_only(keras, steps):
    models = []
    for nn in (nnc, keras):
        x = nn.Input((None, FEATURES))
        y = nn.layers.Bidirectional(nn.layers.GRU(3, return_sequences=True))(nn.layers.Masking()(x))
        models.append(nn.Model(x, [nn.layers.LSTM(2)(y), y]))
    ours, theirs = models
    ours.set_weights(theirs.get_weights())
    x = numpy.random.default_rng(0).normal(size=(5, steps, FEATURES)).astype("float32")
    x[0, -1] = 0
    for found, expected in zip(ours.predict(x), theirs(x), strict=True):
        numpy.testing.assert_allclose(found, expected, atol=1e-6)


# ---------------------------------------------------------------------- states that last


def stateful(nn: Any) -> Any:
    """Two layers that go on where the batch before has ended."""
    x = nn.Input(batch_shape=(4, STEPS, FEATURES))
    y = nn.layers.Bidirectional(nn.layers.LSTM(2, return_sequences=True, stateful=True))(x)
    return nn.Model(x, nn.layers.GRU(3, stateful=True)(y))


@pytest.mark.slow
def test_states_last_from_batch_to_batch_until_they_are_reset(keras, tmp_path):
    ours, theirs = stateful(nnc), stateful(keras)
    assert [weight.shape for weight in ours.weights] == [tuple(weight.shape) for weight in theirs.weights]
    ours.set_weights(theirs.get_weights())
    x = masked_rows()[:4]
    outputs = []
    for _ in range(3):
        outputs.append(ours.predict(x, batch_size=4))
        numpy.testing.assert_allclose(outputs[-1], theirs.predict(x, batch_size=4, verbose=0), atol=1e-6)
    assert numpy.abs(outputs[1] - outputs[0]).max() > 1e-3
    ours.save(tmp_path / "model.nnc")
    numpy.testing.assert_array_equal(
        nnc.load(tmp_path / "model.nnc").predict(x, batch_size=4), ours.predict(x, batch_size=4)
    )
    for layer in ours.layers[1:]:
        layer.reset_states()
    numpy.testing.assert_array_equal(ours.predict(x, batch_size=4), outputs[0])
    for layer in (*ours.layers[1:], *theirs.layers[1:]):
        layer.reset_state()
    y = numpy.ones((4, 3), "float32")
    for model, nn in ((ours, nnc), (theirs, keras)):
        model.compile(nn.optimizers.SGD(0.1), "mse")
    losses = [[float(numpy.asarray(model.train_on_batch(x, y))) for _ in range(4)] for model in (ours, theirs)]
    numpy.testing.assert_allclose(*losses, rtol=1e-5)


def test_the_size_of_the_batch_comes_with_the_input():
    for first in (
        [nnc.Input((4, 3), batch_size=2), GRU(2, stateful=True)],
        [GRU(2, stateful=True, batch_input_shape=(2, 4, 3))],
    ):
        model = nnc.Sequential(first)
        assert model.layers[-1].states[0].shape == (2, 2)
    assert nnc.Input(batch_shape=(2, 4, 3)).call.layer.get_config()["batch_shape"] == [2, 4, 3]
    with pytest.raises(ModelError, match="Input: batch_size must be a positive integer, got 0"):
        nnc.Input((3,), batch_size=0)


def test_a_smaller_batch_leaves_the_states_of_other_rows_and_a_larger_one_does_not_fit():
    layer = SimpleRNN(2, stateful=True)
    model = nnc.Sequential([nnc.Input(batch_shape=(3, STEPS, FEATURES)), layer])
    x = masked_rows()
    model.predict(x[:3])
    before = layer.states[0].numpy()
    model.predict(x[:2])
    after = layer.states[0].numpy()
    numpy.testing.assert_array_equal(after[2], before[2])
    assert (after[:2] != before[:2]).any()
    message = (
        r"^Layer '{}' is stateful: it keeps the states of 3 rows, the batch size of the model's input; expected a batch"
        r" of 3 rows at most, got 4; give batch_size=3 to fit, evaluate and predict, or make the model for larger"
        r" batches, Input\(batch_shape=\(4, …\)\)$"
    )
    model.compile("sgd", "mse")
    for call in (model.predict, model.predict_on_batch, model, lambda x: model.fit(x, x[:, 0, :2], verbose=0)):
        with pytest.raises(ModelError, match=message.format("simple_rnn")):
            call(x[:4])
    assert model.predict(x[:4], batch_size=3).shape == (4, 2)
    both = nnc.layers.Bidirectional(LSTM(2, stateful=True), name="both")
    both(x[:3])
    with pytest.raises(ModelError, match=message.format("both/forward_lstm")):
        both(x[:4])
    with pytest.raises(ModelError, match="is not stateful"):
        Bidirectional(LSTM(2)).reset_state()


def test_a_program_may_compute_in_another_element_type():
    x = nnc.Input((STEPS, FEATURES))
    _, *states = LSTM(4, return_state=True)(nnc.layers.Masking()(x))
    y = Bidirectional(GRU(2))(LSTM(4, return_sequences=True)(x, initial_state=states))
    model = nnc.Model(x, Dense(1)(y))
    single = model.predict(masked_rows())
    model.compile("adam", "mse")
    program = nnc.compile(model, dtype="float64")
    double = program.predict(masked_rows())
    assert double.dtype == "float64"
    numpy.testing.assert_allclose(double, single, atol=1e-6)
    assert numpy.isfinite(program.fit(masked_rows(), numpy.ones((ROWS, 1)), verbose=0).history["loss"]).all()


@pytest.mark.parametrize("make", [LSTM, GRU, SimpleRNN])
def test_a_frozen_layer_is_not_run_backwards(make):
    model = nnc.Sequential([nnc.Input((STEPS, FEATURES)), make(3, trainable=False), Dense(1)])
    model.compile("sgd", "mse")
    assert [node.op.name for node in model.program.graph("train").nodes].count("scan") == 1


# ---------------------------------------------------------------------- cells of one's own


@nnc.layers.register
class Averaging(Layer):
    """A cell whose state is a weighted mean of what it has read."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.mix = Dense(units, name="mix")

    state_size = property(lambda self: self.units)

    def build(self, input_shape: Any) -> None:
        self.rate = self.add_weight((), "ones", name="rate")
        self.build_sublayer(self.mix, input_shape)

    def call(self, x: Any, states: Any) -> Any:
        new = states[0] * 0.5 + self.mix(x) * self.rate
        return ops.tanh(new), [new]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def averaged(x: numpy.ndarray, kernel: Any, bias: Any, rate: Any) -> numpy.ndarray:
    state, outputs = 0.0, []
    for step in range(x.shape[1]):
        state = state * 0.5 + (x[:, step] @ kernel + bias) * rate
        outputs.append(numpy.tanh(state))
    return numpy.stack(outputs, 1)


def test_a_cell_of_ones_own_with_a_layer_inside():
    layer = RNN(Averaging(4, name="mean"), return_sequences=True, name="rnn")
    x = masked_rows()
    found = layer(x)
    rate, kernel, bias = layer.get_weights()
    numpy.testing.assert_allclose(found, averaged(x, kernel, bias, rate), atol=1e-6)
    assert [weight.name for weight in layer.weights] == ["rate", "kernel", "bias"]
    again = RNN.from_config(layer.get_config())
    assert isinstance(again.cell, Averaging)
    model = nnc.Sequential([nnc.Input((STEPS, FEATURES)), layer])
    model.compile("sgd", "mse")
    before = [weight.copy() for weight in model.get_weights()]
    model.fit(x, found + 1, epochs=1, verbose=0)
    assert all((new != old).any() for new, old in zip(model.get_weights(), before, strict=True))
    (scan,) = [node for node in model.program.graph("predict").nodes if node.op.name == "scan"]
    assert "matmul" not in str(scan.op.body)  # one product for all steps, before the loop


def test_what_a_cell_must_give():
    class Forgetful(Averaging):
        def call(self, x, states):
            return x, []

    class Growing(Averaging):
        def call(self, x, states):
            return x, [ops.concatenate([states[0], states[0]])]

    with pytest.raises(ModelError, match="a cell takes 1 states and returns 0; it must return as many"):
        RNN(Forgetful(3))(masked_rows())
    with pytest.raises(ModelError, match="states must keep their type"):
        RNN(Growing(3))(masked_rows())
    with pytest.raises(ModelError, match="RNN: a cell needs 'state_size'"):
        RNN(Dense(3))
    with pytest.raises(ModelError, match="RNN: a cell needs 'call'"):
        RNN(3)


# ---------------------------------------------------------------------- dropout


def test_dropout_drops_the_same_elements_in_every_step_of_a_row():
    layer = SimpleRNN(
        4,
        activation=None,
        use_bias=False,
        recurrent_initializer="zeros",
        kernel_initializer="identity",
        dropout=0.5,
        return_sequences=True,
    )
    x = nnc.Input((STEPS, 4))
    model = nnc.Model(x, layer(x))
    model.compile("sgd", "mse")
    rows = numpy.ones((64, STEPS, 4), "float32")
    numpy.testing.assert_allclose(model.predict(rows), rows)
    kept = numpy.asarray(layer_outputs_while_training(layer, rows))
    assert set(numpy.unique(kept)) == {0.0, 2.0}
    assert (kept == kept[:, :1]).all()
    assert 0.3 < (kept == 0).mean() < 0.7


def layer_outputs_while_training(layer: Any, rows: numpy.ndarray) -> Any:
    return layer(rows, training=True)


@pytest.mark.parametrize("cls", [SimpleRNN, LSTM, GRU])
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.sampled(2)
def test_layers_with_dropout_train(cls, unroll):
    model = nnc.Sequential(
        [nnc.Input((STEPS, FEATURES)), cls(4, dropout=0.3, recurrent_dropout=0.3, unroll=unroll), Dense(1)]
    )
    model.compile("adam", "mse")
    history = model.fit(masked_rows(), numpy.ones((ROWS, 1)), epochs=40, verbose=0).history["loss"]
    assert history[-1] < history[0]


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LSTM(0), "LSTM: units must be a positive integer, got 0"),
        (lambda: GRU(2, unroll="no"), "GRU: unroll must be True or False, got 'no'"),
        (lambda: LSTM(2, use_cudnn=True), "use_cudnn must be 'auto' or False"),
        (lambda: LSTM(2, activation="tanhh"), "Did you mean 'tanh'"),
        (lambda: LSTM(2, seed=0.5), "seed must be an integer or None, got 0.5"),
        (lambda: Bidirectional(Dense(2)), "Bidirectional: layer must be a recurrent layer, got Dense"),
        (lambda: Bidirectional(LSTM(2), merge_mode="max"), "merge_mode must be one of sum, mul, ave, concat or None"),
        (lambda: Bidirectional(LSTM(2), backward_layer=LSTM(2)), "must differ in go_backwards, both have False"),
        (
            lambda: Bidirectional(LSTM(2), backward_layer=LSTM(2, go_backwards=True, return_sequences=True)),
            "must have the same return_sequences, got False and True",
        ),
        (lambda: TimeDistributed(3), "TimeDistributed: layer must be a layer, got 3"),
        (lambda: nnc.layers.StackedRNNCells([]), "cells must be a list of cells"),
        (lambda: LSTM(2)(nnc.Input((3,))), "expected an input with at least 3 dimensions"),
        (lambda: TimeDistributed(Dense(2))(nnc.Input((3,))), "expected an input with at least 3 dimensions"),
        (lambda: LSTM(2, unroll=True)(nnc.Input((None, 3))), "unroll=True needs to know the number of time steps"),
        (lambda: LSTM(2, stateful=True)(nnc.Input((4, 3))), "stateful=True needs a known batch size"),
        (lambda: LSTM(2)(nnc.Input((4, 3)), initial_state=[nnc.Input((2,))]), "initial_state must have 2 values"),
        (lambda: GRU(2)(nnc.Input((4, 3)), initial_state=[nnc.Input((3,))]), "initial_state must have a value of type"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises((ModelError, ShapeError), match=re.escape(message)):
        make()


def test_first_bias_of_the_forget_gate_is_one():
    layer = LSTM(2)
    layer(masked_rows())
    numpy.testing.assert_array_equal(layer.get_weights()[2], [0, 0, 1, 1, 0, 0, 0, 0])
    assert layer.units == 2
    assert layer.cell.state_size == [2, 2]
    assert isinstance(layer.cell, LSTMCell)
    with pytest.raises(AttributeError, match="'LSTM' object has no attribute 'gate'"):
        layer.gate  # noqa: B018
