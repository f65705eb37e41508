"""Data in two parts, beside Keras's."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError

X = numpy.arange(22.0).reshape(11, 2)
Y = numpy.arange(11)


def leaves(item):
    return item if isinstance(item, tuple) else (item,)


@pytest.mark.parametrize("data", [X, (X, Y), [X.astype("float32"), Y, X]])
@pytest.mark.parametrize(
    "settings",
    [
        {"left_size": 0.8},
        {"right_size": 0.25},
        {"left_size": 4},
        {"left_size": 3, "right_size": 5},
        {"left_size": 0.5, "right_size": 0.25, "shuffle": True, "seed": 7},
    ],
)
def test_parts_are_those_of_keras(data, settings):
    utils = pytest.importorskip("keras").utils
    for found, expected in zip(
        nnc.utils.split_dataset(data, **settings), utils.split_dataset(data, **settings), strict=True
    ):
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected.as_numpy_iterator(), strict=True):
            assert isinstance(ours, tuple) == isinstance(theirs, tuple)
            for one, other in zip(leaves(ours), leaves(theirs), strict=True):
                assert one.dtype == other.dtype
                numpy.testing.assert_array_equal(one, other)


def test_data_sets_are_split_and_trained_on():
    windows = nnc.utils.timeseries_dataset_from_array(X, Y, 3, batch_size=4)
    left, right = nnc.utils.split_dataset(windows.unbatch(), right_size=2)
    assert (len(left), len(right)) == (7, 2)
    numpy.testing.assert_array_equal([target for _, target in right], [7, 8])
    nnc.utils.set_random_seed(5)
    once = [target for _, target in nnc.utils.split_dataset(windows.unbatch(), 0.5, shuffle=True)[0]]
    nnc.utils.set_random_seed(5)
    assert [target for _, target in nnc.utils.split_dataset(windows.unbatch(), 0.5, shuffle=True)[0]] == once
    model = nnc.Sequential([nnc.Input((3, 2)), nnc.layers.Flatten(), nnc.layers.Dense(1)])
    model.compile(nnc.optimizers.SGD(1e-5), "mse")
    history = model.fit(left.batch(3), validation_data=right.batch(2), verbose=0).history
    assert sorted(history) == ["loss", "val_loss"]


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        (X, {}, "give left_size, right_size, or both"),
        (
            X,
            {"left_size": 11},
            "left_size must be a number of elements from 1 to 10, or a fraction between 0 and 1, got",
        ),
        (X, {"right_size": 1.5}, "right_size must be a number of elements from 1 to 10, or a fraction between 0 and 1"),
        (X, {"left_size": 6, "right_size": 6}, "6 and 6 elements are more than there are, 11"),
        (X, {"left_size": 0.01}, "of 11 elements, parts of 0 and 11 would be made; none may be empty"),
        ((X, Y[:3]), {"left_size": 2}, "arrays have different numbers of rows, [3, 11]"),
        ("text", {"left_size": 2}, "dataset must be an array, a list or tuple of arrays, or a data set of nnc.utils"),
        (X, {"left_size": 2, "preferred_backend": "torch"}, "preferred_backend='torch' is not supported; leave it out"),
        (
            nnc.utils.timeseries_dataset_from_array(X, Y, 3),
            {"left_size": 2},
            "the data set has batches; give single elements, unbatch()",
        ),
        (
            nnc.utils.timeseries_dataset_from_array(X, Y, 3).repeat(),
            {"left_size": 2},
            "the data set is infinite; give it a number of elements, take(count)",
        ),
    ],
)
def test_mistakes_are_named(data, settings, message):
    with pytest.raises(DataError) as raised:
        nnc.utils.split_dataset(data, **settings)
    assert str(raised.value).startswith(f"split_dataset: {message}")
