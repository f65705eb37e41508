"""Replicas: how the states of several networks lie in one array, and which of them a training has done with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.aligned import LINE, aligned_empty

Array = Any

LANES = 16
"""Replicas side by side: as many float32 as the widest registers hold."""


@dataclass(frozen=True)
class Replication:
    """The number of replicas of a network, and how their states lie in one array.

    Of a state of some shape the array is (blocks, *shape, lanes), or (blocks, *shape) with one lane. The last lanes of
    the last block may be nobody's; they hold what the last replica began with, and are trained along.

    Args:
        count: number of replicas.
        lanes: replicas of a block.
        reason: why they do not lie in lanes, for explanations; empty where they do.
    """

    count: int
    lanes: int = 1
    reason: str = ""

    def __str__(self) -> str:
        how = f"in lanes of {self.lanes}" if self.lanes > 1 else "one after another"
        return f"{self.count:,} replicas {how}{f': {self.reason}' if self.reason else ''}"

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.count // self.lanes)

    @property
    def effort(self) -> int:
        """Runs of one network that take NumPy about as long as one of all replicas, at least."""
        return self.blocks * (2 if self.lanes > 1 else 1)  # measured: 1.7 for 9 weights, 7.7 for 2,400

    def shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the array with all replicas' states of a shape."""
        return (self.blocks, *shape, *([self.lanes] if self.lanes > 1 else []))

    def stacked(self, arrays: Array) -> Array:
        """Return a new array as states lie of one with a part per replica, (count, *shape)."""
        arrays = numpy.asarray(arrays)
        missing = self.blocks * self.lanes - self.count
        if missing:
            arrays = numpy.concatenate([arrays, numpy.repeat(arrays[-1:], missing, 0)])
        if self.lanes > 1:
            arrays = numpy.moveaxis(arrays.reshape(self.blocks, self.lanes, *arrays.shape[1:]), 1, -1)
        return aligned(arrays)

    def by_replica(self, array: Array) -> Array:
        """Return the parts of all replicas, (count, *shape), of an array as states lie; it may be a view."""
        if self.lanes > 1:
            moved = numpy.moveaxis(array, -1, 1)
            array = moved.reshape(self.blocks * self.lanes, *moved.shape[2:])
        kept: Array = array[: self.count]
        return kept

    def means(self, totals: Array, counts: Array) -> Array:
        """Return sums by counts, NaN where nothing was counted: (metrics, …, count), in double precision.

        Args:
            totals: sums as states lie, (…, blocks, metrics, lanes), or without the last axis with one lane.
            counts: what they are divided by, likewise.
        """
        totals, counts = (numpy.moveaxis(array, -2 if self.lanes > 1 else -1, 0) for array in (totals, counts))
        found = numpy.empty(totals.shape)
        with numpy.errstate(all="ignore"):
            numpy.divide(totals, counts, out=found, dtype="float64")
        if not counts.all():
            found[counts == 0] = numpy.nan
        if self.lanes > 1:
            found = found.reshape(*found.shape[:-2], -1)
        kept: Array = found[..., : self.count]
        return kept

    def stopping(self) -> StoppedReplicas:
        """Return the record of those that a training has done with, of which there are none yet."""
        return StoppedReplicas(self)

    def replica(self, array: Array, number: int) -> Array:
        """Return a view of one replica's part of an array as states lie."""
        block, lane = divmod(number, self.lanes)
        return array[block, ..., lane] if self.lanes > 1 else array[block, ...]


def aligned(array: Array) -> Array:
    """Return an array that begins where a vector register is read at once, so that each part in lanes does.

    It is the given one where that is so already.
    """
    if array.flags.c_contiguous and array.ctypes.data % LINE == 0:
        return array
    found: Array = aligned_empty(array.shape, str(array.dtype))
    found[...] = array
    return found


class StoppedReplicas:
    """The replicas that a training has done with: what it does to them further on is taken back.

    Args:
        replication: how the states of replicas lie in arrays.

    Attributes:
        which: whether a replica is stopped, by number.
        before_epoch: whether it was when the running epoch began.
    """

    def __init__(self, replication: Replication) -> None:
        self.replication = replication
        self.which = numpy.zeros(replication.count, bool)
        self.before_epoch = self.which.copy()
        self._kept: dict[int, dict[str, Array]] = {}

    def stop(self, which: Array, states: Mapping[str, Array]) -> None:
        """Let replicas stay as they are now.

        Args:
            which: whether a replica is to stop, by number; those that have stopped before stay so.
            states: a program's arrays by label, but for those that all replicas share.
        """
        for number in numpy.flatnonzero(which & ~self.which).tolist():
            parts = {label: self.replication.replica(array, number) for label, array in states.items()}
            self._kept[number] = {label: part.copy() for label, part in parts.items()}
        self.which |= which

    def begin_epoch(self) -> None:
        """Take note of which have stopped by now."""
        self.before_epoch = self.which.copy()

    def restore(self, states: Mapping[str, Array]) -> None:
        """Give the states of stopped replicas what they were."""
        for number, kept in self._kept.items():
            for label, part in kept.items():
                self.replication.replica(states[label], number)[...] = part

    def silenced(self, logs: Mapping[str, Array]) -> dict[str, Array]:
        """Return losses and metrics with NaN for stopped replicas."""
        found = {name: numpy.array(numbers, "float64") for name, numbers in logs.items()}
        for numbers in found.values():
            numbers[self.which] = numpy.nan
        return found
