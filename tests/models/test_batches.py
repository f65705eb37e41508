"""Single batches, metrics and their names, forms of results and progress: as Keras has them."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc

X = numpy.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
WEIGHT = numpy.arange(40) / 10
START = [numpy.random.default_rng(1).normal(size=(3, 1)), numpy.zeros(1)]


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def network(nn, **options):
    model = nn.Sequential([nn.Input((3,)), nn.layers.Dense(1, name="only")])
    model.set_weights(START)
    model.compile(nn.optimizers.SGD(0.1), "mse", **({"metrics": ["mae"]} | options))
    return model


def test_results_of_batches_are_those_of_keras(keras):
    found = []
    for nn in (nnc, keras):
        model = network(nn)
        found.append(
            [
                model.train_on_batch(X[:10], Y[:10]),
                model.train_on_batch(X[10:], Y[10:]),
                model.test_on_batch(X, Y),
                model.test_on_batch(X[:5], Y[:5], sample_weight=WEIGHT[:5]),
                model.evaluate(X, Y, verbose=0),
                model.test_on_batch(X[5:9], Y[5:9]),
                model.train_on_batch(X, Y, class_weight={0: 2, 1: 3}),
                model.train_on_batch(X, Y, sample_weight=WEIGHT),
            ]
        )
        assert model.test_on_batch(X, Y, return_dict=True).keys() == {"loss", "mae"}
        assert model.train_on_batch(X, Y, return_dict=True).keys() == {"loss", "mae"}
        found[-1].append([float(weight.sum()) for weight in model.get_weights()])
    numpy.testing.assert_allclose(found[0], found[1], rtol=2e-5)


METRICS = [
    {"metrics": None},
    {"metrics": ["mae", "mae"]},
    {"metrics": ["mae"], "weighted_metrics": ["mse", "mae"]},
    {"metrics": None, "weighted_metrics": ["mae", "mae"]},
    {"metrics": {"only": "mae"}},
    {"metrics": {"only": ["mae", "mse"]}, "weighted_metrics": {"only": "mae"}},
    {"metrics": [["mae"]]},
]


@pytest.mark.parametrize("options", METRICS)
@pytest.mark.sampled(4)
def test_metrics_are_those_of_keras(keras, options):
    results = [
        network(nn, **options).evaluate(X, Y, sample_weight=WEIGHT, return_dict=True, verbose=0) for nn in (nnc, keras)
    ]
    assert results[0].keys() == results[1].keys()
    for name, number in results[1].items():
        assert results[0][name] == pytest.approx(float(number), rel=1e-5), name


def test_forms_of_results():
    model = network(nnc)
    assert isinstance(model.evaluate(X, Y), list)
    assert isinstance(model.train_on_batch(X, Y), list)
    assert list(model.evaluate(X, Y, return_dict=True)) == ["loss", "mae"]
    model = network(nnc, metrics=None)
    assert isinstance(model.evaluate(X, Y), float)
    assert isinstance(model.train_on_batch(X, Y), float)
    assert isinstance(model.test_on_batch(X, Y), float)
    assert model.evaluate(X, Y, return_dict=True).keys() == {"loss"}
    assert model.program.train_step(X, Y) == pytest.approx(network(nnc).evaluate(X, Y)[0], rel=0.5)


def test_one_function_as_metric_and_one_that_is_called_loss():
    def loss(y_true, y_pred):
        return nnc.ir.ops.mean(nnc.ir.ops.absolute(y_true - y_pred), -1)

    found = network(nnc, metrics=["mae", loss, lambda y_true, y_pred: y_pred * 0.0]).evaluate(X, Y, return_dict=True)
    assert {"loss", "mae", "loss_1"} <= set(found)
    assert len(found) == 4
    assert found["loss_1"] == found["mae"]


def test_silence_and_lines(capsys):
    model = network(nnc)
    model.fit(X, Y, epochs=2, verbose=0)
    model.evaluate(X, Y)
    model.predict(X)
    assert capsys.readouterr() == ("", "")
    model.fit(X, Y, epochs=2, verbose=2, validation_split=0.5)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for number, line in enumerate(lines, 1):
        assert line.startswith(f"Epoch {number}/2  loss ")
        assert [word for word in line.split() if word.isidentifier()] == ["Epoch", "loss", "mae", "val_loss", "val_mae"]


@pytest.mark.parametrize("verbose", [1, "auto", True])
def test_live_line(capsys, verbose):
    network(nnc).fit(X, Y, epochs=3, verbose=verbose)
    out = capsys.readouterr().out
    assert "3/3" in out
    assert "loss" in out and "mae" in out


def test_batches_of_any_size():
    model = network(nnc)
    expected = model.predict(X)
    for size in (1, 7, 39, 40, 41, 1000, None):
        numpy.testing.assert_allclose(model.predict(X, batch_size=size), expected, rtol=1e-6, atol=1e-7)
    long = numpy.tile(X, (30, 1))
    numpy.testing.assert_allclose(model.predict(long), numpy.tile(expected, (30, 1)), rtol=1e-6, atol=1e-7)
    losses = [model.evaluate(X, Y, batch_size=size)[0] for size in (1, 7, 40, 100)]
    numpy.testing.assert_allclose(losses, losses[0], rtol=1e-5)
