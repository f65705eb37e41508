"""Data that are made element by element, beside ``tf.data``."""

from __future__ import annotations

from itertools import islice

import numpy
import pytest

import nnc
from nnc.errors import DataError
from nnc.utils.pipeline import Pipeline

SERIES = numpy.arange(24.0, dtype="float32").reshape(12, 2)


def pairs(module):
    return module.utils.timeseries_dataset_from_array(SERIES, SERIES[:, 0], 2, batch_size=4)


def single(module):
    return module.utils.timeseries_dataset_from_array(SERIES, SERIES[:, 0], 2, batch_size=None)


def windows(module):
    return module.utils.timeseries_dataset_from_array(SERIES, None, 2, batch_size=None)


STEPS = {
    "take": lambda data: data.take(2),
    "take more": lambda data: data.take(99),
    "take all": lambda data: data.take(-1),
    "skip": lambda data: data.skip(1),
    "skip more": lambda data: data.skip(99),
    "skip all": lambda data: data.skip(-1),
    "batch": lambda data: data.batch(2),
    "whole batches": lambda data: data.batch(2, drop_remainder=True),
    "cache": lambda data: data.cache().prefetch(1),
    "repeat": lambda data: data.repeat(2),
    "repeat never": lambda data: data.repeat(0),
    "chain": lambda data: data.skip(1).repeat(3).batch(2).take(2),
    "orders": lambda data: data.shuffle(1, seed=2),
}
MAPS = {
    pairs: lambda x, y: (x * 2, y + 1),
    single: lambda x, y: {"x": x, "y": [y, y][0]},
    windows: lambda x: (x, x + 1),
}


def leaves(element):
    if isinstance(element, tuple | dict):
        return [leaf for part in (element.values() if isinstance(element, dict) else element) for leaf in leaves(part)]
    return [element]


def same(found, expected):
    ours, theirs = list(found), list(expected.as_numpy_iterator())
    assert len(ours) == len(theirs) == len(found) == len(expected) == found.cardinality()
    for one, other in zip(ours, theirs, strict=True):
        assert isinstance(one, type(other))
        for left, right in zip(leaves(one), leaves(other), strict=True):
            assert left.dtype == right.dtype
            numpy.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("make", [pairs, single, windows])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.sampled(1, each="step")
def test_elements_are_those_of_tensorflow(make, step):
    keras = pytest.importorskip("keras")
    found, expected = (STEPS[step](make(module)) for module in (nnc, keras))
    if make is pairs and step == "chain":  # a batch of 4 windows and one of 3
        with pytest.raises(DataError, match="elements of one batch have different shapes"):
            list(found)
        return
    for _ in range(2):
        same(found, expected)


@pytest.mark.parametrize("make", [pairs, single, windows])
def test_functions_of_elements(make):
    keras = pytest.importorskip("keras")
    found, expected = (make(module).map(MAPS[make], num_parallel_calls=2) for module in (nnc, keras))
    same(found, expected)
    for one, other in zip(leaves(found.element_spec), leaves(expected.element_spec), strict=True):
        assert len(one.shape) == len(other.shape)
        assert all(dim in (None, known) for dim, known in zip(other.shape, one.shape, strict=True))
        assert one.dtype == other.dtype.as_numpy_dtype


def test_functions_may_be_of_ops_and_layers():
    scaled = pairs(nnc).map(lambda x, y: (nnc.ops.multiply(x, 2.0), y)).map(lambda x, y: nnc.layers.Rescaling(0.5)(x))
    for found, (expected, _) in zip(scaled, pairs(nnc), strict=True):
        assert isinstance(found, numpy.ndarray)
        numpy.testing.assert_allclose(found, expected)


def test_rows_of_batches():
    keras = pytest.importorskip("keras")
    found = pairs(nnc).unbatch()
    assert len(found) == 11
    for one, other in zip(found, pairs(keras).unbatch().as_numpy_iterator(), strict=True):
        numpy.testing.assert_array_equal(one[0], other[0])


def test_data_without_end():
    data = windows(nnc).repeat()
    assert data.cardinality() == -1
    with pytest.raises(TypeError, match="the data set is infinite"):
        len(data)
    assert len(list(islice(data, 30))) == 30
    assert len(list(data.take(25).batch(10))) == 3
    assert list(windows(nnc).take(0).repeat()) == []


def test_orders_of_elements():
    data = windows(nnc).map(lambda x: x[0, 0])
    usual = list(data)
    mixed = data.shuffle(5, seed=3)
    first, second = list(mixed), list(mixed)
    assert sorted(first) == sorted(second) == usual
    assert first != second != usual
    assert all(usual.index(number) <= place + 5 for place, number in enumerate(first))
    assert list(data.shuffle(5, seed=3)) == first
    fixed = data.shuffle(100, reshuffle_each_iteration=False)
    assert list(fixed) == list(fixed) != usual


def test_cached_elements_are_made_once():
    calls = []
    data = windows(nnc).map(lambda x: calls.append(1) or x).cache()
    assert len(list(data.take(3))) == 3
    for _ in range(3):
        assert len(list(data)) == 11
    assert len(calls) == 3 + 11


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda data: data.batch(0), "batch: batch_size must be a whole number of at least 1, got 0"),
        (lambda data: data.shuffle(0), "shuffle: buffer_size must be a whole number of at least 1, got 0"),
        (lambda data: data.cache("file"), "cache: elements are kept in memory; leave out the file 'file'"),
        (lambda data: data.take(0).element_spec, "the data set is empty, so nothing is known of its elements"),
    ],
)
def test_mistakes_are_named(action, message):
    with pytest.raises(DataError) as raised:
        action(windows(nnc))
    assert str(raised.value) == message


def test_what_is_missing_is_named():
    with pytest.raises(AttributeError, match=r"^this data set has no 'interleave'; it has as_numpy_iterator, batch, c"):
        windows(nnc).interleave  # noqa: B018
    with pytest.raises(AttributeError, match="has no 'class_names'"):
        windows(nnc).class_names  # noqa: B018


def made_of_arrays(data):
    table = {"a": [1.0, 2.0, 3.0], "b": numpy.array(["x", "yy", "z"]), "c": numpy.arange(3)}
    return data.from_tensor_slices((table, [[1], [2], [3]]))


def made_by_a_generator(data):
    def counting(last):
        for number in range(last):
            yield number, [number, number]

    return data.from_generator(counting, output_types=("int32", "float32"), output_shapes=((), (2,)), args=(3,))


SOURCES = {
    "arrays": made_of_arrays,
    "one element": lambda data: data.from_tensors((SERIES, 2.0)),
    "generator": made_by_a_generator,
    "numbers": lambda data: data.range(2, 9, 3),
    "pairs": lambda data: data.zip((data.range(5), data.zip(data.range(2, 5), data.from_tensor_slices(SERIES)))),
    "chained": lambda data: data.range(2).concatenate(data.range(3)),
    "chosen": lambda data: data.range(9).filter(lambda x: x % 2 == 0),
    "counted": lambda data: data.from_tensor_slices(SERIES).enumerate(start=3),
    "batches": lambda data: data.zip((data.range(4), data.from_tensor_slices(SERIES))).batch(3),
}


@pytest.mark.parametrize("source", SOURCES)
def test_sources_are_those_of_tensorflow(source):
    data = pytest.importorskip("tensorflow").data.Dataset
    expected, found = SOURCES[source](data), SOURCES[source](Pipeline)
    for one, other in zip(found.as_numpy_iterator(), expected.as_numpy_iterator(), strict=True):
        for left, right in zip(leaves(one), leaves(other), strict=True):
            assert numpy.asarray(left).dtype == numpy.asarray(right).dtype
            numpy.testing.assert_array_equal(left, right)
    assert found.cardinality() == max(expected.cardinality(), -1)


def test_elements_have_the_methods_of_tensors():
    data = Pipeline.from_tensor_slices((SERIES, numpy.arange(12))).batch(4)
    rows, labels = next(iter(data))
    assert type(rows.numpy()) is numpy.ndarray
    assert labels[1].numpy() == 1


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="the same number of rows, got 12, 3"):
        Pipeline.from_tensor_slices((SERIES, [1, 2, 3]))
    with pytest.raises(DataError, match="output_signature"):
        Pipeline.from_generator(lambda: iter(()))


def test_a_model_is_fitted_to_what_a_generator_gives():
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = Pipeline.from_generator(lambda: zip(SERIES, SERIES[:, :1], strict=True), output_types=("float32", "float32"))
    assert len(model.fit(data.batch(4), epochs=2, verbose=0).history["loss"]) == 2
