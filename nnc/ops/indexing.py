"""Elements by their places, in their order, and counted.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ops.dispatch import is_in_graph, only_arrays, operate

__all__ = [
    "argpartition",
    "argsort",
    "bincount",
    "cumprod",
    "cumsum",
    "diag",
    "diagflat",
    "diagonal",
    "digitize",
    "get_item",
    "histogram",
    "isin",
    "nonzero",
    "searchsorted",
    "select",
    "sort",
    "take",
    "take_along_axis",
    "trace",
    "unique",
]

_SHAPE = "the shape of its result depends on numbers"


def argsort(x: Any, axis: Any = -1) -> Any:
    """Return the indices that sort along an axis, or all elements, as int32; equal elements stay in order."""
    return operate("Argsort", x, axis=axis)


def cumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the product of all elements up to each one, along an axis or of all."""
    return operate("Cumprod", x, axis=axis, dtype=dtype)


def cumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the sum of all elements up to each one, along an axis or of all."""
    return operate("Cumsum", x, axis=axis, dtype=dtype)


def diag(x: Any, k: Any = 0) -> Any:
    """Return the matrix with a vector on a diagonal, or the diagonal of a matrix."""
    return operate("Diag", x, k=k)


def diagflat(x: Any, k: Any = 0) -> Any:
    """Return the matrix with all elements of x on a diagonal."""
    return operate("Diagflat", x, k=k)


def diagonal(x: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
    """Return the diagonals of the matrices that two axes make, as the last axis."""
    return operate("Diagonal", x, offset=offset, axis1=axis1, axis2=axis2)


def digitize(x: Any, bins: Any) -> Any:
    """Return how many of some ascending limits are not above each element, as int32; all for NaN."""
    return operate("Digitize", x, bins)


def get_item(x: Any, key: Any) -> Any:
    """Return x at an index, which is plain data as `nnc.layers.symbolic.slice_config` writes it."""
    return operate("GetItem", x, key)


def histogram(x: Any, bins: Any = 10, range: Any = None) -> Any:
    """Return how many elements of a vector lie in each bin, as numbers of its type, and the edges of the bins."""
    return operate("Histogram", x, bins=bins, range=range)


def isin(x1: Any, x2: Any, assume_unique: Any = False, invert: Any = False) -> Any:
    """Return whether each element is among those of another tensor, or is not."""
    return operate("IsIn", x1, x2, assume_unique=assume_unique, invert=invert)


def searchsorted(sorted_sequence: Any, values: Any, side: Any = "left") -> Any:
    """Return where values would have to be inserted into an ascending sequence, as int32."""
    return operate("SearchSorted", sorted_sequence, values, side=side)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Return elements of the first choice whose condition holds, or else the default."""
    return operate("Select", condlist, choicelist, default)


def sort(x: Any, axis: Any = -1) -> Any:
    """Return x in ascending order along an axis, or all elements so; NaN comes last, as in NumPy."""
    return operate("Sort", x, axis=axis)


def take(x: Any, indices: Any, axis: Any = None) -> Any:
    """Return elements of an axis by number, of all in a row without one; below 0 they count from the end."""
    return operate("Take", x, indices, axis=axis)


def take_along_axis(x: Any, indices: Any, axis: Any = None) -> Any:
    """Return elements of an axis by number, for each place another one; without an axis, of all in a row."""
    return operate("TakeAlongAxis", x, indices, axis=axis)


def trace(x: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
    """Return the sums of the diagonals of the matrices that two axes make; of bytes and truth values in 32 bits."""
    return operate("Trace", x, offset=offset, axis1=axis1, axis2=axis2)


def unique(
    x: Any,
    sorted: Any = True,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
    axis: Any = None,
    size: Any = None,
    fill_value: Any = None,
) -> Any:
    """Return the different elements in ascending order; of a graph, `size` of them with a number for those missing."""
    if size is None and not is_in_graph(x):
        if not sorted or fill_value is not None:
            raise ModelError("ops.unique: elements are in ascending order, sorted=True, and fill_value goes with size")
        (array,) = only_arrays("unique", _SHAPE, x)
        found = numpy.unique(array, return_index, return_inverse, return_counts, axis)
        if not isinstance(found, tuple):
            return found
        return tuple(part if number == 0 else part.astype("int32") for number, part in enumerate(found))
    return operate(
        "Unique",
        x,
        sorted=sorted,
        return_index=return_index,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=axis,
        size=size,
        fill_value=fill_value,
    )


def argpartition(x: Any, kth: Any, axis: Any = -1) -> Any:
    """Return places such that that of the kth number is at its place in order, as int32."""
    (array,) = only_arrays("argpartition", "its order is not the same everywhere", x)
    return numpy.argpartition(array, kth, axis).astype("int32")


def bincount(x: Any, weights: Any = None, minlength: Any = 0, sparse: Any = False) -> Any:
    """Return how often each whole number occurs, or the sums of weights; of each row where there are rows."""
    if sparse:
        raise ModelError("ops.bincount: sparse=True is not supported")
    array, given = only_arrays("bincount", _SHAPE, x, weights)
    rows = numpy.atleast_2d(array)
    length = max(int(minlength), int(array.max(initial=-1)) + 1)
    weighed = [None] * len(rows) if given is None else numpy.atleast_2d(given)
    counts = [numpy.bincount(row, weight, length) for row, weight in zip(rows, weighed, strict=True)]
    found = numpy.stack(counts).astype("int32" if given is None else given.dtype)
    return found[0] if array.ndim == 1 else found


def nonzero(x: Any) -> Any:
    """Return the places of what is not 0, as int32: one array for each axis."""
    return tuple(places.astype("int32") for places in numpy.nonzero(*only_arrays("nonzero", _SHAPE, x)))
