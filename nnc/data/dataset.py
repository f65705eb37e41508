"""Data sets: inputs X and labels Y, drawn for the experiment or one's own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy
from numpy.typing import ArrayLike, NDArray

from nnc.errors import DataError

Array = NDArray[Any]


class Dataset:
    """The experiment's data: points of the plane, labelled by the side of the parabola x₁ = x₀² on which they lie.

    The inputs are what ``numpy.random.seed(seed); numpy.random.randn(size, 2)`` draws, as float32. For data of one's
    own, define ``X`` and ``Y`` in a subclass, as class attributes, properties or in ``__init__``:

    >>> class Logic(Dataset):
    ...     X = numpy.array([[0, 0], [0, 1], [1, 0], [1, 1]], numpy.float32)
    ...     Y = numpy.array([[0], [1], [1], [0]], numpy.float32)
    >>> len(Logic())
    4
    >>> X, Y = Logic()

    Args:
        size: number of points.
        seed: seed of NumPy's legacy generator.
        normal: whether the drawn inputs are standardised, see `standardize`; labels never depend on it.

    Raises:
        DataError: the size is not a whole number above 0.
    """

    def __init__(self, size: int = 128, seed: int = 2, normal: bool = False) -> None:
        if not isinstance(size, int | numpy.integer) or isinstance(size, bool) or size < 1:
            raise DataError(f"the size of a dataset must be a whole number above 0, got {size!r}")
        self.size = int(size)
        self.seed = seed
        self.normal = normal

    # Cached properties give way to whatever a subclass puts in their place, and are not drawn where it does.
    @cached_property
    def _points(self) -> Array:
        return numpy.random.RandomState(self.seed).randn(self.size, 2)

    @cached_property
    def X(self) -> Any:  # noqa: N802 - the customary name
        """Inputs, float32 of shape (size, 2)."""
        return (standardize(self._points) if self.normal else self._points).astype(numpy.float32)

    @cached_property
    def Y(self) -> Any:  # noqa: N802 - the customary name
        """Labels, float32 of shape (size, 1): 1 where x₀² > x₁, otherwise 0."""
        return (self._points[:, :1] ** 2 > self._points[:, 1:]).astype(numpy.float32)

    def __len__(self) -> int:
        return len(self._arrays()[0])

    def __iter__(self) -> Iterator[Array]:
        return iter(self._arrays())

    def split(self, fraction: float = 0.8, seed: int = 0) -> tuple[ArrayDataset, ArrayDataset]:
        """Return two datasets: this part of the rows, drawn without repetition, and the rest.

        Args:
            fraction: share of the first dataset, between 0 and 1, rounded to whole rows.
            seed: seed of the shuffling.

        Raises:
            DataError: the fraction leaves one of the two without rows.
        """
        x, y = self._arrays()
        count = round(len(x) * fraction) if 0 < fraction < 1 else 0
        if not 0 < count < len(x):
            raise DataError(f"splitting {len(x)} rows by {fraction} leaves a dataset without rows")
        order = numpy.random.default_rng(seed).permutation(len(x))
        first, second = order[:count], order[count:]
        return ArrayDataset(x[first], y[first]), ArrayDataset(x[second], y[second])

    def _arrays(self) -> tuple[Array, Array]:
        x, y = numpy.asarray(self.X), numpy.asarray(self.Y)
        name = type(self).__name__
        if x.ndim < 1 or y.ndim < 1:
            raise DataError(f"{name}.X and {name}.Y must have rows, got shapes {x.shape} and {y.shape}")
        if len(x) != len(y):
            raise DataError(f"{name}.X has {len(x)} rows, {name}.Y has {len(y)}; they must have the same number")
        return x, y


class ArrayDataset(Dataset):
    """A dataset of given arrays.

    Args:
        X: inputs, shape (rows, …).
        Y: labels, shape (rows, …).

    Raises:
        DataError: there is no row, or X and Y have different numbers of rows.
    """

    def __init__(self, X: ArrayLike, Y: ArrayLike) -> None:  # noqa: N803 - the customary names
        self.X = numpy.asarray(X)
        self.Y = numpy.asarray(Y)
        super().__init__(size=len(self))


def standardize(x: ArrayLike) -> Array:
    """Return x with mean 0 and variance 1 per column; a constant column becomes 0.

    Args:
        x: numbers, shape (rows, …); rows are the samples.
    """
    array = numpy.asarray(x, numpy.float64)
    centred = array - array.mean(axis=0)
    spread = centred.std(axis=0)
    # The mean of equal numbers may be off by a rounding, which must not be blown up to 1.
    constant = array.max(axis=0) == array.min(axis=0)
    result: Array = numpy.where(constant, 0.0, centred / numpy.where(constant, 1.0, spread))
    return result
