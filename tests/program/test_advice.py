"""Arrays that do not fit: the error says which slip that probably is, and what to write instead."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError

GENERATOR = numpy.random.default_rng(0)
X = GENERATOR.normal(size=(6, 4))
CLASSES = numpy.array([0, 2, 1, 0, 2, 1])
PICTURES = GENERATOR.integers(0, 256, (6, 5, 7, 3))


def network(shape, units, loss):
    model = nnc.Sequential(
        [nnc.Input(shape), nnc.layers.Flatten(), nnc.layers.Dense(units, "softmax" if units > 1 else "sigmoid")]
    )
    model.compile("sgd", loss)
    return model


SPARSE, ONE_HOT, BINARY = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"
SLIPS = {
    "a column per class": (((4,), 3, SPARSE), X, numpy.eye(3)[CLASSES], "give y.argmax(-1), or take the loss 'cat"),
    "class indices": (
        ((4,), 3, ONE_HOT),
        X,
        CLASSES,
        "take the loss 'sparse_categorical_crossentropy', or give nnc.utils",
    ),
    "a column of them": (((4,), 3, ONE_HOT), X, CLASSES[:, None], "nnc.utils.to_categorical(y, 3)"),
    "two columns for one unit": (
        ((4,), 1, BINARY),
        X,
        numpy.eye(2)[CLASSES % 2],
        "2 units and take the loss 'categorical",
    ),
    "three classes for one unit": (((4,), 1, BINARY), X, CLASSES, "for 3 classes give the last layer 3 units"),
    "classes from 1": (((4,), 3, SPARSE), X, CLASSES + 1, "classes are numbered from 0: give y - 1"),
    "more classes than units": (((4,), 2, SPARSE), X, CLASSES, "for classes up to 2 the last layer needs 3 units"),
    "-1 and 1": (((4,), 1, BINARY), X, CLASSES % 2 * 2 - 1, "give (y + 1) / 2"),
    "names": (((4,), 3, SPARSE), X, numpy.array(["a", "b", "c"])[CLASSES], "'a'; number the classes first: names, y ="),
    "names of inputs": (
        ((4,), 1, BINARY),
        numpy.full((6, 4), "red"),
        CLASSES % 2,
        "names, x = numpy.unique(x, return_inverse=True)",
    ),
    "the target left in": (
        ((4,), 1, BINARY),
        numpy.c_[X, CLASSES],
        CLASSES % 2,
        "is the target, or an index, still among",
    ),
    "a single row": (
        ((4,), 1, BINARY),
        X[0],
        CLASSES[:1],
        "that is a single row: put it into an array of rows, x[None]",
    ),
    "channels first": (((5, 7, 3), 1, BINARY), PICTURES.transpose(0, 3, 1, 2), CLASSES % 2, "x.transpose(0, 2, 3, 1)"),
    "flat pictures": (((5, 7, 3), 1, BINARY), PICTURES.reshape(6, -1), CLASSES % 2, "x.reshape(len(x), 5, 7, 3)"),
    "pictures that are not": (((105,), 1, BINARY), PICTURES, CLASSES % 2, "in each row: x.reshape(len(x), 105)"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_slips(slip):
    of_network, x, y, advice = SLIPS[slip]
    with pytest.raises(DataError) as error:
        network(*of_network).fit(x, y, verbose=0)
    assert advice in str(error.value)


def test_the_advice_helps():
    model = network((4,), 3, SPARSE)
    names, y = numpy.unique(numpy.array(["a", "b", "c"])[CLASSES], return_inverse=True)
    assert list(names) == ["a", "b", "c"]
    assert model.evaluate(X, y) == model.evaluate(X, numpy.eye(3)[CLASSES].argmax(-1))
    network((4,), 3, ONE_HOT).evaluate(X, nnc.utils.to_categorical(CLASSES, 3))
    network((5, 7, 3), 1, BINARY).predict(PICTURES.transpose(0, 3, 1, 2).transpose(0, 2, 3, 1) / 255)


def test_no_advice_where_there_is_none():
    with pytest.raises(DataError, match=r"must have shape \(rows, 4\), got \(6, 2\)$"):
        network((4,), 1, BINARY).predict(X[:, :2])
    with pytest.raises(DataError, match=r"must have shape \(rows, 1\), got \(6, 4\)$"):
        network((4,), 1, "mse").fit(X, X, verbose=0)
