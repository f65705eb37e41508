"""Windows of a time series, as batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.utils.pipeline import Pipeline, orders_of

Array = Any


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Pipeline:
    """Return windows of a time series, with a target for each, in batches.

    Args:
        data: one element for each time, shape (times, …).
        targets: for each time the target of the window that begins there, shape (times, …); None for windows alone.
        sequence_length: elements of a window.
        sequence_stride: times from the beginning of a window to that of the next.
        sampling_rate: times from an element of a window to the next.
        batch_size: windows of a batch; None gives single windows.
        shuffle: whether windows come in a random order, another one in each epoch; it is not Keras's.
        seed: of the order.
        start_index: the first time that is used.
        end_index: the first time that is not used any more.
        format: ``tf``, the default of Keras; what is returned has the methods of its data sets that scripts use.

    Returns:
        Windows of shape (batch, `sequence_length`, …), with targets as tuples of both.

    Raises:
        DataError: an argument is out of range, no window fits, or a target is missing.
    """
    where = "timeseries_dataset_from_array"
    if format != "tf":
        raise DataError(f"{where}: `format` should be 'tf', got {format!r}; leave it out, batches are NumPy arrays")
    series = _as_tensor(data)
    times = len(series)
    _check(where, "sequence_length", sequence_length, 1, None)
    _check(where, "sequence_stride", sequence_stride, 1, times - 1)
    _check(where, "sampling_rate", sampling_rate, 1, times - 1)
    if batch_size is not None:
        _check(where, "batch_size", batch_size, 1, None)
    if start_index:
        _check(where, "start_index", start_index, 0, times - 1)
    if end_index:
        _check(where, "end_index", end_index, (start_index or 0) + 1, times - 1)
    begin, end = start_index or 0, times if end_index is None else end_index
    series = series[begin:end]
    count = end - begin - (sequence_length - 1) * sampling_rate
    goals = None if targets is None else _as_tensor(targets)
    if goals is not None:
        count, goals = min(count, len(goals)), goals[begin:end]
    if count < 1:
        raise DataError(
            f"{where}: no window of {sequence_length} elements at a sampling_rate of {sampling_rate} fits into"
            f" {end - begin} times"
        )
    starts = numpy.arange(0, count, sequence_stride)
    if goals is not None and starts[-1] >= len(goals):
        raise DataError(
            f"{where}: there are targets for {len(goals)} times from {begin} on, and windows begin up to {starts[-1]}"
            " times after it"
        )
    steps = numpy.arange(0, sequence_length * sampling_rate, sampling_rate)
    orders = orders_of(seed) if shuffle else None
    size = batch_size or 1

    def make() -> Iterator[Any]:
        order = starts if orders is None else orders.permutation(starts)
        for first in range(0, len(order), size):
            chosen = order[first : first + size] if batch_size else order[first]
            windows = series[numpy.add.outer(chosen, steps)]
            yield windows if goals is None else (windows, goals[chosen])

    return Pipeline(make, -(-len(starts) // size), batch_size is not None)


def _as_tensor(given: Any) -> Array:
    """Return an array; numbers of Python are float32 and int32, as tensors of Keras are."""
    array = numpy.asarray(given)
    if isinstance(given, list | tuple) and array.dtype.kind in "fi":
        return array.astype("float32" if array.dtype.kind == "f" else "int32")
    return array


def _check(where: str, key: str, value: Any, low: int, high: int | None) -> None:
    is_whole = isinstance(value, int | numpy.integer) and not isinstance(value, bool)
    if not is_whole or value < low or (high is not None and value > high):
        limits = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise DataError(f"{where}: `{key}` must be a whole number {limits}, got {value!r}")
