"""The same code on two engines: what users write for Keras runs unchanged, with sensible results."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc import Dataset


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def run(nn, train, test):
    # fmt: off
    model = nn.Sequential([
        nn.layers.Dense(2, input_dim=2, activation='sigmoid'),
        nn.layers.Dense(1, activation='sigmoid'),
    ])
    model.compile(optimizer=nn.optimizers.SGD(0.1), loss='binary_crossentropy', metrics=['accuracy'])
    model.fit(train.X, train.Y, epochs=100, batch_size=32)
    loss, acc = model.evaluate(test.X, test.Y)
    y = model.predict(test.X)
    # fmt: on
    return model, loss, acc, y


@pytest.mark.filterwarnings("ignore::UserWarning")  # Keras would rather have an Input than input_dim
def test_same_code_on_two_engines(keras, capsys):
    train, test = Dataset(size=128, seed=2), Dataset(size=128, seed=3)
    nnc.utils.set_random_seed(1), keras.utils.set_random_seed(1)
    shapes, counts = [], []
    for nn in (nnc, keras):
        model, loss, acc, y = run(nn, train, test)
        assert isinstance(loss, float) and isinstance(acc, float)
        assert 0.3 < loss < 0.75
        assert 0.45 < acc < 1.0
        assert acc == pytest.approx(((y > 0.5) == test.Y).mean(), abs=1e-6)
        shapes.append((y.shape, y.dtype, [weight.shape for weight in model.get_weights()]))
        counts.append((len(model.layers), model.count_params(), model.input_shape, model.output_shape))
    assert shapes[0] == shapes[1]
    assert counts[0] == counts[1] == (2, 9, (None, 2), (None, 1))
    assert "100/100" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("optimizer", "loss", "metrics"),
    [
        (lambda nn: nn.optimizers.SGD(0.1), lambda nn: nn.losses.MeanSquaredError(), lambda nn: ["accuracy"]),
        (lambda nn: nn.optimizers.Adam(), lambda nn: "mse", lambda nn: ["mae", "mse"]),
        (lambda nn: "adam", lambda nn: nn.losses.BinaryCrossentropy(from_logits=True), lambda nn: ["acc"]),
        (lambda nn: "rmsprop", lambda nn: "mean_absolute_error", lambda nn: None),
    ],
)
@pytest.mark.slow
def test_histories_have_the_same_keys(keras, optimizer, loss, metrics):
    train, keys = Dataset(size=64, seed=2), []
    for nn in (nnc, keras):
        model = nn.Sequential([nn.Input((2,)), nn.layers.Dense(1)])
        model.compile(optimizer(nn), loss(nn), metrics=metrics(nn))
        history = model.fit(train.X, train.Y, epochs=2, verbose=0, validation_split=0.25)
        keys.append((set(history.history), history.epoch, history.params["epochs"], history.params["steps"]))
        result = model.evaluate(train.X, train.Y, verbose=0, return_dict=True)
        keys[-1] += (set(result), numpy.ndim(model.evaluate(train.X, train.Y, verbose=0)))
    assert keys[0] == keys[1]


def test_short_spellings():
    nn = nnc
    model = nn.Sequential([nn.layers.Dense(1, input_dim=2, activation="sigmoid")])
    for loss in (nn.losses.MSE(), nn.losses.BCE()):
        model.compile(optimizer=nn.optimizers.sgd(lr=0.1), loss=loss, metrics=[nn.metrics.accuracy()])
        assert model.optimizer.learning_rate == pytest.approx(0.1)
        train = Dataset(size=32, seed=2)
        history = model.fit(train.X, train.Y, verbose=0)
        assert list(history.history) == ["accuracy", "loss"]
