"""Windows of time series and pairs of words, beside what Keras keeps of Keras 2."""

from __future__ import annotations

import json
import random

import numpy
import pytest

import nnc
from nnc.errors import DataError
from nnc.preprocessing import sequence as ours

DATA = numpy.random.default_rng(0).normal(size=(40, 3))
TARGETS = numpy.arange(40)


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("keras.src.legacy.preprocessing.sequence")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 4},
        {"batch_size": 4, "sampling_rate": 2, "stride": 3},
        {"batch_size": 5, "start_index": 7, "end_index": 30, "reverse": True},
        {"batch_size": 6, "shuffle": True},
    ],
)
def test_windows(options, theirs):
    found = []
    for module in (theirs, ours):
        numpy.random.seed(3)
        batches = module.TimeseriesGenerator(DATA, TARGETS, 6, **options)
        found.append([batches[number] for number in range(len(batches))])
    assert len(found[0]) == len(found[1])
    for expected, batch in zip(*found, strict=True):
        assert batch[0].dtype == expected[0].dtype
        numpy.testing.assert_array_equal(batch[0], expected[0])
        numpy.testing.assert_array_equal(batch[1], expected[1])


def test_a_model_is_trained_on_windows():
    model = nnc.Sequential([nnc.Input((6, 3)), nnc.layers.Flatten(), nnc.layers.Dense(1)])
    model.compile("sgd", "mse")
    batches = ours.TimeseriesGenerator(DATA, DATA[:, :1], 6, batch_size=8)
    history = model.fit(batches, epochs=3, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model.predict(batches, verbose=0).shape == (34, 1)


def test_configs_are_json():
    batches = ours.TimeseriesGenerator([[1.0], [2.0], [3.0]], numpy.arange(3), 1, batch_size=2)
    config = json.loads(batches.to_json())["config"]
    assert json.loads(config["data"]) == [[1.0], [2.0], [3.0]]
    assert json.loads(config["targets"]) == [0, 1, 2]
    assert config["batch_size"] == 2
    batches.data = [object()]
    with pytest.raises(DataError, match="data cannot be written as JSON"):
        batches.get_config()


def test_windows_that_do_not_fit(theirs):
    for given, message in (
        ((DATA, TARGETS[1:], 6), "data and targets must be equally long, got 40 and 39"),
        ((DATA, TARGETS, 40), "no window fits"),
    ):
        with pytest.raises(ValueError):
            theirs.TimeseriesGenerator(*given)
        with pytest.raises(DataError, match=message):
            ours.TimeseriesGenerator(*given)


@pytest.mark.parametrize("size", [2, 10, 100])
def test_sampling_table(size, theirs):
    for factor in (1e-5, 0.1):
        numpy.testing.assert_array_equal(
            ours.make_sampling_table(size, factor), theirs.make_sampling_table(size, factor)
        )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"window_size": 1, "categorical": True},
        {"negative_samples": 0.0},
        {"negative_samples": 2.5, "seed": 4},
        {"shuffle": False},
        {"sampling_table": numpy.linspace(0, 1, 20)},
        {"sampling_table": numpy.linspace(0, 1, 20), "categorical": True, "seed": 1},
    ],
)
def test_skipgrams(options, theirs, monkeypatch):
    draw = random.randint
    monkeypatch.setattr(random, "randint", lambda low, high: draw(low, int(high)))  # which Keras gives 10e6
    words = [3, 5, 0, 7, 3, 12, 19, 1]
    found = []
    for module in (theirs, ours):
        random.seed(5)
        found.append((module.skipgrams(words, 20, **options), random.random()))
    assert found[0] == found[1]
    assert found[1][0][0]
