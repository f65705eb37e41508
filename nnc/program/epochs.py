"""Epochs without hooks: many of them run in one call, and their logs come out together."""

from __future__ import annotations

import ctypes
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy

from nnc.backends.backend import EpochPlan, EpochsRun
from nnc.program.batches import CALL_SECONDS, Batches
from nnc.program.data import ROWS
from nnc.program.spec import COUNT, TOTAL

if TYPE_CHECKING:
    from nnc.program.program import Program

Array = Any
MOST_EPOCHS = 4096
"""Epochs of a call, so that the records of a call stay small."""


class WholeEpochs:
    """Runs epochs in as few calls as Ctrl-C allows, and returns what each of them measured.

    Args:
        program: what is trained.
        run: runs epochs.
    """

    def __init__(self, program: Program, run: EpochsRun) -> None:
        self.program, self._run = program, run
        states = [(label, program.states[label]) for label in (TOTAL, COUNT)]
        self._sums = numpy.dtype([(label, state.dtype, state.shape) for label, state in states])
        self._at_once = 1

    def run(self, most: int) -> dict[str, Array]:
        """Run some epochs, at least one and at most so many; return for each metric an array of a number per epoch."""
        count = min(most, self._at_once, MOST_EPOCHS)
        record = numpy.empty(count, self._sums)
        begin = perf_counter()
        self._run(count, record)
        self._at_once = max(1, int(count * CALL_SECONDS / max(perf_counter() - begin, 1e-9)))
        totals, counts = record[TOTAL].astype("float64"), record[COUNT].astype("float64")
        with numpy.errstate(all="ignore"):
            means = totals / counts
        means[counts == 0] = numpy.nan
        return dict(zip(self.program.spec.metrics, means.T, strict=True))


def whole_epochs(program: Program, feed: Any, shuffle: bool) -> WholeEpochs | None:
    """Return what runs whole epochs of a feed; None where the backend cannot, or where metrics are not means.

    Args:
        program: what is trained.
        feed: the batches.
        shuffle: whether each epoch has an order of its own.
    """
    if not isinstance(feed, Batches) or not feed.stretches or feed.limit is not None or program.spec.results:
        return None
    if not {TOTAL, COUNT} <= program.states.keys() or (shuffle and not _draws_as_expected()):
        return None
    symbols = program.graph(feed.name).symbols
    stretches = []
    for stretch in feed.stretches:
        sizes = {**feed.sizes, ROWS: stretch.rows}
        stretches.append(({symbol: sizes[symbol] for symbol in symbols}, stretch.rows, stretch.batches))
    bound = program.bound(feed.name, {**feed.sizes, ROWS: stretches[0][1]})
    if bound.epochs is None:
        return None
    generator = program.shuffler.bit_generator if shuffle else None
    run = bound.epochs(EpochPlan(stretches, feed.arrays, feed.order, generator, (TOTAL, COUNT)))
    return None if run is None else WholeEpochs(program, run)


@cache
def _draws_as_expected() -> bool:
    """Whether this NumPy shuffles as compiled code does: by numbers of 32 bits, drawn again where too large."""
    mine, theirs = numpy.random.PCG64(7), numpy.random.Generator(numpy.random.PCG64(7))
    interface = mine.ctypes
    order, expected = list(range(40)), numpy.arange(40)
    theirs.shuffle(expected)
    draw, state = interface.next_uint32, ctypes.c_void_p(interface.state_address)
    for index in range(39, 0, -1):
        mask = (1 << index.bit_length()) - 1
        drawn = draw(state) & mask
        while drawn > index:
            drawn = draw(state) & mask
        order[index], order[drawn] = order[drawn], order[index]
    return order == expected.tolist()
