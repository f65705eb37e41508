"""Rows of data that differ from replica to replica: bootstrap samples, folds, weights of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.execution.replication import Replication

Array = Any


class RowsOfReplicas:
    """An array of which each replica sees rows of its own; to code that cuts batches it is an array of as many rows.

    Args:
        array: numbers of shape (all rows, …), or (all rows, replicas, …) where each replica has its own.
        rows: numbers of rows of shape (rows, replicas).
        replication: how many replicas there are, and how they lie.
        is_own: whether the array has an axis of replicas.
    """

    def __init__(self, array: Array, rows: Array, replication: Replication, is_own: bool = False) -> None:
        self.array, self.is_own = array, is_own
        missing = replication.blocks * replication.lanes - replication.count
        self.rows = numpy.concatenate([rows, numpy.repeat(rows[:, -1:], missing, 1)], 1) if missing else rows
        self._replicas = numpy.minimum(numpy.arange(self.rows.shape[1]), replication.count - 1)
        self.shape: tuple[int, ...] = (len(rows), *array.shape[1 + is_own :])
        self.dtype, self.ndim = array.dtype, array.ndim - is_own

    def __len__(self) -> int:
        return self.shape[0]

    def take(self, numbers: Array, axis: int, out: Array, mode: str) -> None:
        """Write rows of all replicas, unused lanes included, as (rows, lanes, …); called as an array's `take`."""
        del axis, mode
        chosen = self.rows[numbers]
        if self.is_own:
            out[...] = self.array[chosen, self._replicas]
        else:
            numpy.take(self.array, chosen, 0, out, "clip")

    def of_block(self, numbers: Array, first: int, lanes: int) -> Array:
        """Return rows of a block as its graph takes them: (rows, …, lanes), or (rows, …) for one lane.

        Args:
            numbers: numbers of the rows.
            first: number of the block's first lane.
            lanes: its lanes.
        """
        chosen = self.rows[numbers, first : first + lanes]
        found = self.array[chosen, self._replicas[first : first + lanes]] if self.is_own else self.array[chosen]
        return numpy.ascontiguousarray(numpy.moveaxis(found, 1, -1) if lanes > 1 else found[:, 0])


def checked_rows(name: str, given: Any, count: int, total: int) -> Array:
    """Return numbers of rows as (rows, replicas).

    Args:
        name: name of the argument, for messages.
        given: an array or nested lists of shape (replicas, rows).
        count: number of replicas.
        total: number of rows that there are.

    Raises:
        DataError: it is not of this shape, or there are no such rows.
    """
    try:
        rows = numpy.asarray(given)
    except ValueError:
        rows = numpy.empty(0)
    if rows.ndim != 2 or len(rows) != count or rows.dtype.kind not in "iu" or not rows.size:
        raise DataError(
            f"{name} must be whole numbers of shape ({count}, rows), as many rows for each of {count} replicas, got"
            f" {rows.dtype} of shape {rows.shape}"
        )
    if rows.min() < 0 or rows.max() >= total:
        raise DataError(f"{name} must be from 0 to {total - 1:,}, got {rows.min():,} to {rows.max():,}")
    return numpy.ascontiguousarray(rows.T.astype(numpy.int64))


def with_rows(
    arrays: dict[str, Array], rows: Array | None, replication: Replication, own: Sequence[str] = ()
) -> dict[str, Array]:
    """Return arrays by label of which each replica sees rows of its own.

    Args:
        arrays: arrays of equal length.
        rows: numbers of rows, (rows, replicas); None for all rows in their order.
        replication: how replicas lie.
        own: labels of arrays that have a part per replica, (rows, replicas, …).
    """
    if rows is None:
        total = len(next(iter(arrays.values())))
        rows = numpy.repeat(numpy.arange(total)[:, None], replication.count, 1)
    return {label: RowsOfReplicas(array, rows, replication, label in own) for label, array in arrays.items()}
