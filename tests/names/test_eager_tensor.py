"""Tensors as scripts see them, beside TensorFlow's: what is a tensor, what is a plain array."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import nnc

M = numpy.arange(6, dtype="float32").reshape(2, 3) - 2.0


def model(keras: Any) -> Any:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, kernel_initializer="ones")])


CASES = {
    "functions": lambda keras: [keras.ops.exp(M), keras.ops.argmax(M), keras.ops.sum(M, axis=0)],
    "made": lambda keras: [keras.ops.zeros((2,)), keras.ops.arange(3), keras.ops.convert_to_tensor([1.0, 2.0])],
    "random": lambda keras: [keras.random.normal((2, 2)) * 0.0, keras.random.randint((2,), 0, 1)],
    "layers": lambda keras: [keras.layers.ReLU()(M), keras.layers.Rescaling(2.0)(M)],
    "a model": lambda keras: [model(keras)(M), model(keras)(M, training=True), model(keras)(M)[0, 1]],
    "losses": lambda keras: [keras.losses.MeanSquaredError()(M, M + 1.0), keras.losses.get("mae")(M, M)],
    "metrics": lambda keras: [keras.metrics.Mean()(M), keras.metrics.MeanSquaredError()(M, M + 1.0)],
    "parts": lambda keras: [keras.ops.exp(M)[0], keras.ops.exp(M)[0][1], next(iter(keras.ops.exp(M)))],
    "operators": lambda keras: [1.0 - keras.ops.exp(M), keras.ops.exp(M) @ M.T, keras.ops.exp(M) > 1.0],
}


@pytest.mark.parametrize("case", CASES)
def test_tensors_have_numpy(case):
    keras = pytest.importorskip("keras")
    for found, expected in zip(CASES[case](nnc), CASES[case](keras), strict=True):
        mine, other = found.numpy(), expected.numpy()
        assert type(mine) is type(other)
        assert mine.dtype == other.dtype
        numpy.testing.assert_allclose(mine, other, rtol=1e-6)
        assert float(numpy.sum(found)) == pytest.approx(float(numpy.sum(expected)), rel=1e-6)


def test_functions_of_numpy_give_plain_arrays():
    x = nnc.ops.convert_to_tensor(M)
    for found in (
        numpy.exp(x),
        numpy.reshape(x, -1),
        numpy.unique(x),
        numpy.concatenate([x, x]),
        nnc.ops.convert_to_numpy(x),
    ):
        assert type(found) is numpy.ndarray
    assert {numpy.argmax(x): "a key"}[numpy.int64(5)] == "a key"


def test_an_operator_changes_no_tensor():
    x = y = nnc.ops.convert_to_tensor(M.copy())
    x += 1.0
    assert (y.numpy() == M).all()
    assert (x.numpy() == M + 1.0).all()


def test_numbers_are_shown_and_rounded():
    x = nnc.ops.mean(nnc.ops.convert_to_tensor([1.0, 2.5]))
    assert f"{x:.2f} {x} {round(x, 1)}" == "1.75 1.75 1.8"
    assert repr(nnc.ops.exp(numpy.zeros(1))) == "array([1.])"


def test_a_tensor_that_is_watched_is_an_array_again_behind_the_block():
    x = nnc.ops.convert_to_tensor(M)
    with nnc.GradientTape() as tape:
        tape.watch(x)
        assert isinstance(2.0 * x, nnc.ir.Value)
    assert isinstance(2.0 * x, numpy.ndarray)
