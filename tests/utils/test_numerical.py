"""One-hot rows and norms, beside Keras's."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError

NUMBERS = numpy.random.default_rng(3)
CUBE = NUMBERS.normal(size=(3, 4, 5))
CUBE[1, 2] = 0


@pytest.mark.parametrize(
    ("x", "classes"),
    [([0, 2, 1], None), ([0, 2, 1], 5), ([[0], [1]], None), ([[0, 1], [2, 0]], None), (3, None), ([[[1]], [[0]]], 2)],
)
def test_rows_are_those_of_keras(x, classes):
    from keras.utils import to_categorical

    found, expected = nnc.utils.to_categorical(x, classes), to_categorical(x, classes)
    assert found.dtype == expected.dtype == "float64"
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("x", "classes", "message"),
    [
        ([0, 3], 3, "class indices must be 0 … 2, got 3"),
        ([0, -1], 3, "class indices must be 0 … 2, got -1"),
        ([-2], None, "class indices must be 0 … -2, got -2"),
        ([], None, "there are no class indices"),
    ],
)
def test_indices_out_of_range(x, classes, message):
    with pytest.raises(DataError) as error:
        nnc.utils.to_categorical(x, classes)
    assert str(error.value) == f"to_categorical: {message}"


@pytest.mark.parametrize(
    ("x", "settings"),
    [
        (CUBE, {}),
        (CUBE.astype("float32"), {"axis": 1, "order": 1}),
        (CUBE, {"axis": -3}),
        (CUBE[0], {"axis": None}),
        (CUBE[0, 0], {}),
        (CUBE[0, 0], {"axis": 0}),
        (numpy.arange(12).reshape(3, 4), {"order": 1}),
        ([[3.0, 4.0], [0.0, 0.0]], {}),
        ([[3.0, 4.0], [1.0, -2.0]], {"axis": 0, "order": 1}),
    ],
)
def test_norms_are_those_of_keras(x, settings):
    from keras.utils import normalize

    found, expected = nnc.utils.normalize(x, **settings), numpy.asarray(normalize(x, **settings))
    assert isinstance(found, numpy.ndarray)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if isinstance(x, numpy.ndarray):
        numpy.testing.assert_array_equal(found, expected)
    else:
        numpy.testing.assert_allclose(found, expected, rtol=1e-6)


def test_norms_of_columns_are_asked_for_from_the_end():
    with pytest.raises(DataError, match=r"give the axis as -2 to divide each column by its own$"):
        nnc.utils.normalize(CUBE[0], axis=0)
    found = nnc.utils.normalize(CUBE[0], axis=-2)
    numpy.testing.assert_allclose(numpy.linalg.norm(found, axis=0), 1)


def test_tensors_become_tensors():
    indices = nnc.layers.Input((1,))
    rows = nnc.utils.to_categorical(indices, 3)
    lengths = nnc.utils.normalize(nnc.layers.Dense(2, use_bias=False, kernel_initializer="ones")(rows))
    model = nnc.Model(indices, [rows, lengths])
    found, norms = model.predict(numpy.array([[2], [0]]))
    numpy.testing.assert_array_equal(found, nnc.utils.to_categorical([[2], [0]], 3))
    numpy.testing.assert_allclose(norms, numpy.sqrt(numpy.full((2, 2), 0.5)), rtol=1e-6)
    with pytest.raises(DataError, match="num_classes must be given where a graph computes the indices"):
        nnc.utils.to_categorical(indices)
