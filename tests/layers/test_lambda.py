"""`Lambda` is a function between layers, as in Keras."""

from __future__ import annotations

import keras
import numpy
import pytest

import nnc
from nnc.errors import ModelError

X = numpy.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def distance(tensors, scale=1.0):
    first, second = tensors
    return scale * abs(first - second)


def network(library):
    inputs = [library.Input((3,)), library.Input((3,))]
    layer = library.layers.Lambda(distance, output_shape=(3,), arguments={"scale": 2.0}, name="distance")
    return library.Model(inputs, library.layers.Dense(1, kernel_initializer="ones")(layer(inputs)))


def test_a_function_of_several_tensors():
    found, expected = (network(library).predict([X, X[::-1]], verbose=0) for library in (nnc, keras))
    numpy.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_it_is_told_of_training(training):
    def function(x, training=False):
        return x * 2.0 if training else x

    found, expected = (library.layers.Lambda(function)(X, training=training) for library in (nnc, keras))
    numpy.testing.assert_array_equal(found, numpy.asarray(expected))


def test_it_is_no_part_of_files(tmp_path):
    model = network(nnc)
    with pytest.raises(ModelError, match="which no config holds"):
        model.save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())
    model.save(tmp_path / "model.nnc")
    numpy.testing.assert_array_equal(nnc.load(tmp_path / "model.nnc").predict([X, X]), model.predict([X, X], verbose=0))
    with pytest.raises(ModelError, match="must be a function"):
        nnc.layers.Lambda(3)
