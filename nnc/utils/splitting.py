"""Data in two parts."""

from __future__ import annotations

import random
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.utils.pipeline import Element, Pipeline
from nnc.utils.seeds import random_generator


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Pipeline, Pipeline]:
    """Return the first and the last elements of data, as two data sets of single elements.

    Args:
        dataset: an array, a list or tuple of arrays with the same number of rows, or a data set of single elements that
            another function of `nnc.utils` has returned.
        left_size: elements of the first part, or their fraction; by default all that are not in the second.
        right_size: elements of the second part, or their fraction; by default all that are not in the first.
        shuffle: whether elements are put into a random order before.
        seed: of the order, which is Keras's.
        preferred_backend: None; another is refused.

    Raises:
        DataError: data are something else, a part would be empty, or both would have more elements than there are.
    """
    if preferred_backend is not None:
        raise DataError(f"split_dataset: preferred_backend={preferred_backend!r} is not supported; leave it out")
    elements = _elements(dataset)
    if shuffle:
        if seed is None:
            seed = int(random_generator().integers(10**6))
        random.Random(seed).shuffle(elements)
    left, right = _sizes(left_size, right_size, len(elements))
    return _part(elements[:left]), _part(elements[len(elements) - right :])


def _elements(dataset: Any) -> list[Element]:
    if isinstance(dataset, Pipeline):
        if dataset.cardinality() < 0:
            raise DataError("split_dataset: the data set is infinite; give it a number of elements, take(count)")
        if dataset.is_batched:
            raise DataError("split_dataset: the data set has batches; give single elements, unbatch()")
        return list(dataset)
    if isinstance(dataset, numpy.ndarray) and dataset.ndim:
        return list(dataset)
    if isinstance(dataset, list | tuple) and dataset and all(isinstance(part, numpy.ndarray) for part in dataset):
        rows = {len(part) for part in dataset}
        if len(rows) > 1:
            raise DataError(f"split_dataset: arrays have different numbers of rows, {sorted(rows)}")
        return list(zip(*dataset, strict=True))
    raise DataError(
        "split_dataset: dataset must be an array, a list or tuple of arrays, or a data set of nnc.utils, got"
        f" {type(dataset).__name__}"
    )


def _sizes(left: float | None, right: float | None, total: int) -> tuple[int, int]:
    if left is None and right is None:
        raise DataError("split_dataset: give left_size, right_size, or both")
    found = [_size(key, size, total) for key, size in (("left_size", left), ("right_size", right))]
    first, second = (total - (found[1] or 0) if found[0] is None else found[0]), found[1]
    if second is None:
        second = total - first
    if first + second > total:
        raise DataError(f"split_dataset: {first} and {second} elements are more than there are, {total}")
    if not first or not second:
        raise DataError(
            f"split_dataset: of {total} elements, parts of {first} and {second} would be made; none may be empty"
        )
    return first, second


def _size(key: str, size: Any, total: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, float) and 0 < size < 1:
        return round(size * total)
    if isinstance(size, int) and not isinstance(size, bool) and 0 < size < total:
        return size
    raise DataError(
        f"split_dataset: {key} must be a number of elements from 1 to {total - 1}, or a fraction between 0"
        f" and 1, got {size!r}"
    )


def _part(elements: list[Element]) -> Pipeline:
    return Pipeline(lambda: iter(elements), len(elements))
