"""Whole epochs in one call: records of what they work on, one for each thread that has blocks of its own."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy

from nnc.backends.backend import EpochPlan
from nnc.backends.c.generator import WORDS, moving
from nnc.backends.c.record import EpochsRecord, Run, addresses, pointers
from nnc.backends.c.threads import call_each

Array = Any

_APART = 128
"""Words between the generators of two threads, so that no line of a cache has both."""


class Epochs:
    """Epochs of one or several blocks, which threads share; see `BoundRun.epochs`.

    Args:
        function: the compiled function that runs them, which takes the address of an `EpochsRecord`.
        plan: what they work on.
        given: its arrays, in the order of a batch's inputs.
        runs: the runs of each block, one for each stretch.
        sums: addresses of each block's sums.
        nbytes: their sizes, which all blocks have in common.
    """

    def __init__(
        self,
        function: Any,
        plan: EpochPlan,
        given: Sequence[Array],
        runs: Sequence[Sequence[Run]],
        sums: Sequence[Sequence[int]],
        nbytes: Array,
    ) -> None:
        self._function, self._plan, self._owned = function, plan, (given, runs)
        threads, of_all = min(plan.threads, len(runs)), nbytes * len(runs)
        self._sizes, self._batches = (
            numpy.array([stretch[part] for stretch in plan.stretches], numpy.int64) for part in (1, 2)
        )
        self._nbytes, self._sources = nbytes, pointers(given)
        self._places = numpy.cumsum(of_all) - of_all + nbytes * numpy.arange(len(runs))[:, None]
        self._words = numpy.zeros((threads, _APART), numpy.uint64)[:, :WORDS]
        self._shares = [self._share(range(first, len(runs), threads), runs, sums) for first in range(threads)]

    def _share(self, blocks: range, runs: Sequence[Sequence[Run]], sums: Sequence[Sequence[int]]) -> EpochsRecord:
        """Return the record of what one thread does, whose order is its own where epochs draw one."""
        plan, places = self._plan, numpy.ascontiguousarray(self._places[blocks.start :: blocks.step])
        order = plan.order if blocks.start == 0 or plan.generator is None else numpy.empty_like(plan.order)
        own_runs = addresses([ctypes.addressof(run) for block in blocks for run in runs[block]])
        own_sums = addresses([address for block in blocks for address in sums[block]])
        share = EpochsRecord(
            len(blocks),
            len(plan.stretches),
            ctypes.addressof(own_runs),
            self._batches.ctypes.data,
            self._sizes.ctypes.data,
            ctypes.addressof(self._sources),
            order.ctypes.data,
            len(order),
            None if plan.generator is None else self._words[blocks.start].ctypes.data,
            len(self._nbytes),
            ctypes.addressof(own_sums),
            self._nbytes.ctypes.data,
            places.ctypes.data,
            0,
            int(self._nbytes.sum()) * len(runs),
            None,
        )
        share.owned = own_runs, own_sums, places, order
        return share

    def __call__(self, count: int, record: Array) -> None:
        """Run epochs, and write the sums of each into the record."""
        address = record.ctypes.data
        for share in self._shares:
            share.epochs, share.record = count, address
        with moving(self._plan.generator, self._words[0]):
            self._words[1:] = self._words[0]
            self._run()

    def feed(self, first: int, batches: int) -> None:
        """Run batches of the only stretch in the plan's order, from this row on."""
        self._batches[0] = batches
        order = self._plan.order[first:].ctypes.data
        for share in self._shares:
            share.epochs, share.order = 1, order
        self._run()

    def _run(self) -> None:
        if len(self._shares) == 1:
            self._function(ctypes.byref(self._shares[0]))
        else:
            call_each(self._function, self._shares)
