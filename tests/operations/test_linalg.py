"""Linear algebra beside NumPy: pivots, large and singular matrices, several axes of matrices, and what is refused."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import Input
from nnc.layers.operation import Operation
from nnc.models import Model

RANDOM = numpy.random.default_rng(0)
SHUFFLED = numpy.eye(5)[[3, 0, 4, 1, 2]]


def apply(operation: str, *arrays, backend: str = "numpy", **settings):
    """Return what an operation gives of arrays, the first axis of which is the batch."""
    inputs = [Input(array.shape[1:], dtype=str(array.dtype)) for array in arrays]
    model = Model(inputs, Operation(operation, settings)(*inputs))
    return nnc.compile(model, backend=backend)(list(arrays) if len(arrays) > 1 else arrays[0])


@pytest.mark.sampled(5)
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize(
    "x",
    [
        RANDOM.normal(size=(3, 1, 1)),
        RANDOM.normal(size=(2, 2, 7, 7)),
        RANDOM.normal(size=(1, 40, 40)),
        SHUFFLED[None],
        SHUFFLED[None, ::-1] * [1e-12, 1.0, 1e12, -3.0, 2.0],
    ],
)
def test_systems_and_determinants(x, backend):
    right = RANDOM.normal(size=(*x.shape[:-1], 3))
    for name, operands, expected in (
        ("Inv", [x], numpy.linalg.inv(x)),
        ("Det", [x], numpy.linalg.det(x)),
        ("Solve", [x, right], numpy.linalg.solve(x, right)),
    ):
        found = apply(name, *operands, backend=backend)
        numpy.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * numpy.abs(expected).max())


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_cholesky_reads_one_triangle(backend):
    x = RANDOM.normal(size=(2, 6, 6))
    definite = x @ x.transpose(0, 2, 1) + numpy.eye(6)
    lower = numpy.tril(definite) + numpy.triu(RANDOM.normal(size=(6, 6)), 1)
    numpy.testing.assert_allclose(apply("Cholesky", lower, backend=backend), numpy.linalg.cholesky(definite))


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_matrices_without_a_solution(backend):
    singular = numpy.array([[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [[2.0, 0.0], [0.0, 4.0]]])
    found = apply("Inv", singular, backend=backend)
    assert not numpy.isfinite(found[0]).any() and not numpy.isfinite(found[1]).any()
    assert numpy.array_equal(found[2], [[0.5, 0.0], [0.0, 0.25]])
    assert apply("Det", singular[[0, 2]], backend=backend).tolist() == [0.0, 8.0]
    assert numpy.isnan(apply("Cholesky", -singular[2:], backend=backend)).any()


@pytest.mark.parametrize("name", ["Inv", "Det", "Cholesky", "CholeskyInverse", "Logdet"])
def test_other_than_square_matrices(name):
    with pytest.raises(ModelError, match=f"{name}.*square matrices"):
        apply(name, numpy.ones((2, 3, 4)))
    with pytest.raises(ModelError, match=f"{name}.*square matrices"):
        apply(name, numpy.ones((2, 3, 3), "int32"))


def test_other_rows():
    with pytest.raises(ModelError, match="Solve: a and b must have as many rows"):
        apply("Solve", numpy.ones((2, 3, 3)), numpy.ones((2, 4, 3)))


SINGULAR = numpy.array(
    [numpy.ones((3, 3)), numpy.zeros((3, 3)), [[0, 1, 2], [0, 3, 4], [0, 1, 1]], [[1, 2, 3], [2, 4, 6], [1, 0, 1]]],
    "float32",
)


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_determinants_of_singular_matrices(backend):
    keras = pytest.importorskip("keras")
    for lib in (keras, nnc):
        x = lib.Input((3, 3))
        model = lib.Model(x, [lib.layers.Lambda(lib.ops.det)(x), *lib.layers.Lambda(lib.ops.slogdet)(x)])
        if lib is nnc:
            model.backend = backend
        determinants, signs, logarithms = model.predict(SINGULAR, verbose=0)
        numpy.testing.assert_array_equal(determinants, numpy.zeros(4))
        numpy.testing.assert_array_equal(signs, numpy.zeros(4))
        numpy.testing.assert_array_equal(logarithms, numpy.full(4, -numpy.inf))


def test_powers_of_ten_are_exact():
    keras = pytest.importorskip("keras")
    numpy.testing.assert_array_equal(nnc.ops.logspace(0, 10, 11), numpy.asarray(keras.ops.logspace(0, 10, 11)))
