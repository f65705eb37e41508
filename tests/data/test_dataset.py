"""The experiment's data, one's own data by subclassing, standardising and splitting."""

import subprocess
import sys

import numpy
import pytest

from nnc.data import ArrayDataset, Dataset, standardize
from nnc.errors import DataError


def drawn(size, seed):
    numpy.random.seed(seed)
    return numpy.random.randn(size, 2)


@pytest.mark.parametrize(("size", "seed"), [(128, 2), (1, 0), (1000, 12345)])
def test_points_are_those_of_numpys_legacy_generator(size, seed):
    raw = drawn(size, seed)
    before = numpy.random.get_state()[1].copy()
    dataset = Dataset(size, seed)
    numpy.testing.assert_array_equal(dataset.X, raw.astype("float32"))
    numpy.testing.assert_array_equal(dataset.Y, (raw[:, 0] ** 2 > raw[:, 1]).reshape(-1, 1).astype("float32"))
    assert (dataset.X.shape, dataset.X.dtype) == ((size, 2), "float32")
    assert (dataset.Y.shape, dataset.Y.dtype) == ((size, 1), "float32")
    assert len(dataset) == size
    numpy.testing.assert_array_equal(numpy.random.get_state()[1], before)


def test_defaults():
    dataset = Dataset()
    numpy.testing.assert_array_equal(dataset.X, drawn(128, 2).astype("float32"))
    assert set(dataset.Y.reshape(-1).tolist()) == {0.0, 1.0}
    assert dataset.X is dataset.X


def test_normal_standardises_inputs_and_keeps_labels():
    plain, normal = Dataset(size=200, seed=4), Dataset(size=200, seed=4, normal=True)
    numpy.testing.assert_array_equal(normal.Y, plain.Y)
    numpy.testing.assert_allclose(normal.X.mean(axis=0), 0.0, atol=1e-6)
    numpy.testing.assert_allclose(normal.X.std(axis=0), 1.0, rtol=1e-6)
    numpy.testing.assert_allclose(normal.X, (plain.X - plain.X.mean(axis=0)) / plain.X.std(axis=0), atol=1e-6)
    # Labels of the standardised inputs would be others, so that the check above can fail.
    assert ((normal.X[:, :1] ** 2 > normal.X[:, 1:]) != plain.Y).any()


def test_iterates_as_inputs_and_labels():
    dataset = Dataset(16)
    x, y = dataset
    assert x is dataset.X
    assert y is dataset.Y


class AsAttributes(Dataset):
    X = numpy.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    Y = numpy.array([[0], [1], [1], [0]], "float32")


class AsTuples(Dataset):
    X = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
    Y = ((0.0,), (1.0,), (1.0,), (0.0,))


class AsProperties(Dataset):
    @property
    def X(self):
        return AsAttributes.X

    @property
    def Y(self):
        return AsAttributes.Y


class InConstructor(Dataset):
    def __init__(self):
        self.X = AsAttributes.X
        self.Y = AsAttributes.Y


class OwnLabels(Dataset):
    @property
    def Y(self):
        return (self.X[:, :1] > 0).astype("float32")


@pytest.mark.parametrize("own", [AsAttributes, AsTuples, AsProperties, InConstructor])
def test_own_data(own):
    dataset = own()
    assert len(dataset) == 4
    x, y = dataset
    numpy.testing.assert_array_equal(x, AsAttributes.X)
    numpy.testing.assert_array_equal(y, AsAttributes.Y)
    assert "_points" not in vars(dataset)  # nothing is drawn in vain
    first, second = dataset.split(0.5)
    assert (len(first), len(second)) == (2, 2)


def test_own_labels_of_the_drawn_points():
    dataset = OwnLabels(size=32, seed=1)
    numpy.testing.assert_array_equal(dataset.Y, dataset.X[:, :1] > 0)


@pytest.mark.parametrize(
    ("fraction", "counts"), [(0.8, (8, 2)), (0.25, (2, 8)), (0.5, (5, 5)), (0.95, None), (0.91, (9, 1))]
)
def test_split(fraction, counts):
    dataset = ArrayDataset(numpy.arange(10.0).reshape(10, 1), 2 * numpy.arange(10.0).reshape(10, 1))
    if counts is None:
        with pytest.raises(DataError, match=r"splitting 10 rows by 0\.95 leaves a dataset without rows"):
            dataset.split(fraction, seed=3)
        return
    first, second = dataset.split(fraction, seed=3)
    assert (len(first), len(second)) == counts
    for part in (first, second):
        numpy.testing.assert_array_equal(part.Y, 2 * part.X)
    rows = numpy.concatenate([first.X, second.X]).reshape(-1)
    assert sorted(rows.tolist()) == list(range(10))
    assert rows.tolist() != list(range(10))
    numpy.testing.assert_array_equal(dataset.split(fraction, seed=3)[0].X, first.X)
    assert (dataset.split(fraction, seed=4)[0].X != first.X).any()


def test_standardize_leaves_constant_columns_at_zero():
    x = numpy.array([[0.1, 3.0, 1e6], [0.1, 5.0, 1e6 + 1], [0.1, 7.0, 1e6 + 2]])
    result = standardize(x)
    numpy.testing.assert_array_equal(result[:, 0], 0.0)
    numpy.testing.assert_allclose(result.mean(axis=0), 0.0, atol=1e-12)
    numpy.testing.assert_allclose(result[:, 1:].std(axis=0), 1.0)


class MissingLabels(Dataset):
    X = ((1.0,), (2.0,))


class NoRows(Dataset):
    X = 1.0
    Y = 2.0


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: Dataset(0), "the size of a dataset must be a whole number above 0, got 0"),
        (lambda: Dataset(2.5), "got 2.5"),
        (lambda: Dataset(True), "got True"),
        (
            lambda: len(MissingLabels()),
            "MissingLabels.X has 2 rows, MissingLabels.Y has 128; they must have the same number",
        ),
        (lambda: list(NoRows()), r"NoRows.X and NoRows.Y must have rows, got shapes \(\) and \(\)"),
        (lambda: ArrayDataset([1.0], [1.0, 2.0]), "ArrayDataset.X has 1 rows"),
        (lambda: ArrayDataset([], []), "got 0"),
        (lambda: Dataset(4).split(1.0), "splitting 4 rows by 1.0"),
        (lambda: Dataset(4).split(-0.5), "splitting 4 rows by -0.5"),
        (lambda: Dataset(1).split(0.5), "splitting 1 rows by 0.5"),
    ],
)
def test_mistakes_are_named(action, message):
    with pytest.raises(DataError, match=message):
        action()


def test_import_is_light():
    code = "import sys, nnc.data; print([m for m in ('tensorflow', 'keras', 'networkx', 'nnc.ir') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
