"""Windows of time series, beside Keras's."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError

TIMES = numpy.arange(40.0).reshape(20, 2)
CASES = [
    (TIMES, None, 3, {}),
    (TIMES, TIMES[:, 0], 3, {"batch_size": 4}),
    (TIMES.astype("float32"), numpy.arange(20), 4, {"batch_size": 5, "sequence_stride": 3, "sampling_rate": 2}),
    (TIMES, TIMES[5:], 5, {"batch_size": 4}),
    (TIMES, TIMES[:, 1], 2, {"start_index": 4, "end_index": 11, "batch_size": 3}),
    (TIMES, TIMES[:, 1], 2, {"start_index": 4, "batch_size": None}),
    (list(range(20)), [number / 2 for number in range(20)], 6, {"end_index": 15}),
    (numpy.arange(30), None, 10, {"sequence_stride": 10, "batch_size": None}),
]


@pytest.mark.parametrize(("data", "targets", "length", "settings"), CASES)
def test_windows_are_those_of_keras(data, targets, length, settings):
    utils = pytest.importorskip("keras").utils
    found = nnc.utils.timeseries_dataset_from_array(data, targets, length, **settings)
    expected = utils.timeseries_dataset_from_array(data, targets, length, **settings)
    for _ in range(2):
        pairs = list(zip(found, expected.as_numpy_iterator(), strict=True))
        for ours, theirs in pairs:
            assert isinstance(ours, type(theirs))
            for one, other in zip(
                *((item if targets is not None else (item,)) for item in (ours, theirs)), strict=True
            ):
                assert one.dtype == other.dtype
                numpy.testing.assert_array_equal(one, other)
        assert len(found) == found.cardinality() == len(pairs)


def test_orders_are_new_in_each_epoch_and_decided_by_the_seed():
    def windows(**settings):
        data = nnc.utils.timeseries_dataset_from_array(TIMES, TIMES[:, 0], 3, batch_size=4, shuffle=True, **settings)
        return [numpy.concatenate([batch[1] for batch in data]) for _ in range(2)]

    first, second = windows(seed=3)
    assert sorted(first) == sorted(second) == list(TIMES[:18, 0])
    assert list(first) != list(second) != list(TIMES[:18, 0])
    numpy.testing.assert_array_equal(windows(seed=3), [first, second])
    assert not numpy.array_equal(windows(seed=4), [first, second])
    nnc.utils.set_random_seed(1)
    once = windows()
    assert not numpy.array_equal(windows(), once)
    nnc.utils.set_random_seed(1)
    numpy.testing.assert_array_equal(windows(), once)
    for batch, targets in nnc.utils.timeseries_dataset_from_array(TIMES, TIMES[:, 0], 3, batch_size=4, shuffle=True):
        numpy.testing.assert_array_equal(batch[:, 0, 0], targets)


@pytest.mark.slow
def test_models_are_trained_on_windows_as_in_keras():
    keras = pytest.importorskip("keras")
    numbers = numpy.random.default_rng(2).normal(size=(60, 2)).astype("float32")
    histories = []
    for module in (nnc, keras):
        data, check = (
            module.utils.timeseries_dataset_from_array(numbers, numbers[:, 0], 3, batch_size=8, **settings)
            for settings in ({"end_index": 40}, {"start_index": 40})
        )
        model = module.Sequential([module.Input((3, 2)), module.layers.Flatten(), module.layers.Dense(1)])
        model.compile(module.optimizers.SGD(0.05), "mse")
        model.set_weights([numpy.linspace(-1, 1, 6).reshape(6, 1), numpy.zeros(1)])
        history = model.fit(data, validation_data=check, epochs=3, shuffle=False, verbose=0).history
        histories.append((history, model.evaluate(check, verbose=0), model.predict(check, verbose=0)))
    (ours, score, outputs), (theirs, expected_score, expected_outputs) = histories
    for name, values in theirs.items():
        numpy.testing.assert_allclose(ours[name], values, rtol=1e-5, err_msg=name)
    assert score == pytest.approx(expected_score, rel=1e-5)
    numpy.testing.assert_allclose(outputs, expected_outputs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sequence_length": 0}, "`sequence_length` must be a whole number of at least 1, got 0"),
        ({"sequence_length": 21}, "no window of 21 elements at a sampling_rate of 1 fits into 20 times"),
        ({"sampling_rate": 20}, "`sampling_rate` must be a whole number from 1 to 19, got 20"),
        ({"sequence_stride": 0}, "`sequence_stride` must be a whole number from 1 to 19, got 0"),
        ({"batch_size": 0}, "`batch_size` must be a whole number of at least 1, got 0"),
        ({"start_index": -1}, "`start_index` must be a whole number from 0 to 19, got -1"),
        ({"start_index": 5, "end_index": 5}, "`end_index` must be a whole number from 6 to 19, got 5"),
        ({"end_index": 20}, "`end_index` must be a whole number from 1 to 19, got 20"),
        ({"format": "grain"}, "`format` should be 'tf', got 'grain'; leave it out, batches are NumPy arrays"),
        (
            {"targets": TIMES[:12], "start_index": 8},
            "there are targets for 4 times from 8 on, and windows begin up to 9 times after it",
        ),
    ],
)
def test_mistakes_are_named(settings, message):
    with pytest.raises(DataError) as raised:
        nnc.utils.timeseries_dataset_from_array(**{"data": TIMES, "targets": None, "sequence_length": 3, **settings})
    assert str(raised.value) == f"timeseries_dataset_from_array: {message}"
