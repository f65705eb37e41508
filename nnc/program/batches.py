"""Arrays cut into batches, and the graph run on each: one by one, many in a call, or whole epochs in a call."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy

from nnc.arrays import is_read_by_rows
from nnc.backends.backend import BoundRun, EpochPlan, EpochsRun, FeedRun
from nnc.errors import DataError, NonFiniteError
from nnc.execution.executor import Executor
from nnc.labels import COUNT, ROWS, TOTAL
from nnc.program.preparation import graph_name

if TYPE_CHECKING:
    from nnc.execution.replication import Replication

Array = Any
Gathers = list[tuple[Callable[..., Any], Array]]
Steps = list[tuple[Array, Gathers, Callable[[], None]]]
OUT_OF_DATA = (
    "the data ran out before steps_per_epoch batches were seen; give a generator that yields at least steps_per_epoch"
    " · epochs batches, or fewer steps"
)
CALL_SECONDS = 0.05
"""Time that one call may take where a backend runs several batches in one: Ctrl-C is answered between two calls."""
MOST_EPOCHS = 4096
"""Epochs of a call, so that the records of a call stay small."""


class BatchHooks(Protocol):
    """Functions called around each batch."""

    def begin(self, batch: int) -> None:
        """Called before a batch with its number."""

    def end(self, batch: int) -> bool:
        """Called after a batch; return whether it was the last."""


class FirstStep(Protocol):
    """A function that looks at the first batch of a training."""

    def before(self, name: str, arrays: Mapping[str, Array]) -> None:
        """Called before the first batch with the name of the graph and its arrays, of this batch or of all rows."""

    def after(self) -> None:
        """Called after the first batch."""


class Feed(Protocol):
    """A source of batches for a graph, epoch by epoch."""

    first: FirstStep | None
    """The function that looks at the first batch; None from then on."""
    is_watched: bool
    """Whether somebody reads `done` while batches run; otherwise it need not be kept."""
    done: int
    """Batches of this epoch that have run."""

    @property
    def count(self) -> int | None:
        """Batches of an epoch, None if unknown."""

    def begin_epoch(self, generator: numpy.random.Generator | None) -> None:
        """Begin an epoch, in a new order where there is a generator to draw it with."""

    def restart(self) -> None:
        """Let the next epoch begin with the first batch."""

    def run(self, hooks: BatchHooks | None = None, first: int = 0, interrupted: Sequence[int] = ()) -> int:
        """Run the batches of an epoch and return how many there were."""


@dataclass
class Stretch:
    """Batches of equal size that a backend runs in as few calls as it may.

    Args:
        run: takes the position of the first row and the number of batches.
        first: position of the first row.
        rows: rows of a batch.
        batches: number of batches.
        at_once: batches of a call, by what the last one took.
    """

    run: FeedRun
    first: int
    rows: int
    batches: int
    at_once: int = 1

    def run_all(self, interrupted: Sequence[int], after_call: Callable[[int], None]) -> None:
        """Run the batches, the first one by itself; an interrupt ends it between two calls."""
        done = 0
        while done < self.batches and not interrupted:
            count = min(self.at_once, self.batches - done)
            begin = perf_counter()
            self.run(self.first + done * self.rows, count)
            self.at_once = max(1, int(count * CALL_SECONDS / max(perf_counter() - begin, 1e-9)))
            done += count
            after_call(count)


class Batches:
    """Cuts arrays into batches and runs a graph on each, without allocating anything per batch.

    Args:
        executor: runs it.
        name: graph, without the suffix for weights.
        arrays: arrays by input label, of equal length.
        batch_size: rows of a batch; the last one may have fewer.
        limit: batches of an epoch; by default as many as there are. With fewer, the next epoch goes on where this one
            ended.
        first: what looks at the first batch, before it and after it.
    """

    def __init__(
        self,
        executor: Executor,
        name: str,
        arrays: Mapping[str, Array],
        batch_size: int,
        limit: int | None = None,
        first: FirstStep | None = None,
    ) -> None:
        self.executor = executor
        name = graph_name(name, arrays)
        rows = len(next(iter(arrays.values())))
        self.order = numpy.arange(rows, dtype=numpy.int64)
        self._sorted = self.order.copy()
        size = min(batch_size, rows)
        for target in executor.spec.targets if size < rows else ():
            if not target.is_by_row:
                raise DataError(
                    f"target '{target.label}' has numbers for each pair of rows of a batch: its {rows:,} rows must be"
                    f" one batch, batch_size={rows}, or batches one by one"
                )
        sizes = self._sizes(name, arrays)
        lengths = [size] * (rows // size) + [rows % size] * (rows % size > 0)
        self.name, self.arrays, self.sizes, self.limit = name, arrays, sizes, limit
        self.steps, self.stretches = self._steps(arrays, size, lengths)
        self.first = first
        self.is_watched, self.done = False, 0
        self._position = 0

    def _sizes(self, name: str, arrays: Mapping[str, Array]) -> dict[str, int]:
        return self.executor.graphs.sizes(name, arrays)

    def _steps(self, arrays: Mapping[str, Array], size: int, lengths: Sequence[int]) -> tuple[Steps, list[Stretch]]:
        """Return what runs each batch, and the batches as stretches; see `_stretches`."""
        executor, name, sizes = self.executor, self.name, self.sizes
        runs = {length: executor.bound(name, sizes | {ROWS: length}) for length in dict.fromkeys(lengths)}
        gathers = {length: self._gathers(run, arrays) for length, run in runs.items()}
        steps = [
            (self.order[number * size : number * size + length], gathers[length], runs[length].run)
            for number, length in enumerate(lengths)
        ]
        return steps, self._stretches(runs, lengths)

    def _gathers(self, bound: BoundRun, arrays: Mapping[str, Array]) -> Gathers:
        """Return what takes the rows of a batch from each array, with where it puts them."""
        return [(arrays[label].take, target) for label, target in bound.inputs.items()]

    def _stretches(self, runs: Mapping[int, BoundRun], lengths: Sequence[int]) -> list[Stretch]:
        """Return all batches as stretches; none where the backend runs them one by one.

        Args:
            runs: by the rows of a batch, in the order in which the batches come.
            lengths: rows of each batch.
        """
        stretches: list[Stretch] = []
        if any(map(is_read_by_rows, self.arrays.values())):
            return stretches
        first = 0
        for rows, bound in runs.items():
            run = None if bound.feed is None else bound.feed(self.arrays, self.order)
            if run is None:
                return []
            stretches.append(Stretch(run, first, rows, lengths.count(rows)))
            first += rows * stretches[-1].batches
        return stretches

    @property
    def count(self) -> int:
        """Batches of an epoch."""
        return self.limit or len(self.steps)

    def shuffle(self, generator: numpy.random.Generator) -> None:
        """Draw a new order, which depends on the generator's state alone."""
        numpy.copyto(self.order, self._sorted)
        generator.shuffle(self.order)

    def begin_epoch(self, generator: numpy.random.Generator | None) -> None:
        """Begin an epoch; a new order is drawn where all rows have been seen."""
        if generator is not None and self._position == 0:
            self.shuffle(generator)

    def restart(self) -> None:
        """Let the next epoch begin with the first batch."""
        self._position = 0

    def run(self, hooks: BatchHooks | None = None, first: int = 0, interrupted: Sequence[int] = ()) -> int:
        """Run the batches of an epoch; an interrupt ends it between two batches.

        Args:
            hooks: what is called around each batch.
            first: number of the batch to begin with.
            interrupted: has something in it when the epoch should end.

        Returns:
            The number of batches.
        """
        steps = self._next_steps()
        self.done = 0
        if hooks is not None or first or self.executor.check_nan or (self.first and not self.stretches):
            return self._run_each(steps, hooks, first, interrupted)
        if self.stretches and steps is self.steps:
            for stretch in self.stretches:
                stretch.run_all(interrupted, self._after_call)
            return len(steps)
        for window, gathers, run in self._counted(steps) if self.is_watched else steps:
            for take, target in gathers:
                take(window, 0, target, "clip")
            run()
            if interrupted:
                break
        return len(steps)

    def _run_each(self, steps: Sequence[Any], hooks: BatchHooks | None, first: int, interrupted: Sequence[int]) -> int:
        for number, (window, gathers, run) in enumerate(steps[first:], first):
            if hooks is not None:
                hooks.begin(number)
            for take, target in gathers:
                take(window, 0, target, "clip")
            try:
                run()
            except NonFiniteError as error:
                error.locate(batch=number)
                raise
            self._after_call(1)
            if (hooks is not None and hooks.end(number)) or interrupted:
                break
        return len(steps)

    def _counted(self, steps: Sequence[Any]) -> Iterator[Any]:
        for step in steps:
            yield step
            self.done += 1  # others read it meanwhile

    def _after_call(self, count: int) -> None:
        self.done += count
        if self.first is not None:
            first, self.first = self.first, None
            first.after()

    def _next_steps(self) -> Sequence[Any]:
        if self.limit is None:
            return self.steps
        steps = self.steps[self._position : self._position + self.limit]
        if len(steps) < self.limit:
            warnings.warn(OUT_OF_DATA, stacklevel=4)
        self._position += len(steps)
        if self._position >= len(self.steps):
            self._position = 0
        return steps


class WholeEpochs:
    """Runs epochs in as few calls as Ctrl-C allows, and returns what each of them measured.

    Args:
        metrics: names of what is measured.
        states: arrays of the program by label, in which means add up.
        run: runs epochs.
        replication: how the states of replicas lie in the arrays, None for one network.
    """

    def __init__(
        self,
        metrics: Sequence[str],
        states: Mapping[str, Array],
        run: EpochsRun,
        replication: Replication | None = None,
    ) -> None:
        self._metrics, self._run, self._replication = metrics, run, replication
        sums = [(label, states[label]) for label in (TOTAL, COUNT)]
        self._sums = numpy.dtype([(label, state.dtype, state.shape) for label, state in sums])
        self._at_once = 1

    def run(self, most: int) -> dict[str, Array]:
        """Run some epochs, at least one and at most so many; return for each metric an array of a number per epoch.

        Of replicas it has a number per epoch and replica.
        """
        count = min(most, self._at_once, MOST_EPOCHS)
        record = numpy.empty(count, self._sums)
        begin = perf_counter()
        self._run(count, record)
        self._at_once = max(1, int(count * CALL_SECONDS / max(perf_counter() - begin, 1e-9)))
        if self._replication is not None:
            found = self._replication.means(record[TOTAL], record[COUNT])
            return dict(zip(self._metrics, found, strict=True))
        totals, counts = record[TOTAL].astype("float64"), record[COUNT].astype("float64")
        with numpy.errstate(all="ignore"):
            means = totals / counts
        means[counts == 0] = numpy.nan
        return dict(zip(self._metrics, means.T, strict=True))


def whole_epochs(feed: Any, shuffle: bool) -> WholeEpochs | None:
    """Return what runs whole epochs of a feed; None where the backend cannot, or where metrics are not means.

    Args:
        feed: the batches.
        shuffle: whether each epoch has an order of its own.
    """
    if not isinstance(feed, Batches) or not feed.stretches or feed.limit is not None:
        return None
    executor = feed.executor
    spec, state = executor.spec, executor.state
    if spec.results or not {TOTAL, COUNT} <= state.arrays.keys() or (shuffle and not _draws_as_expected()):
        return None
    symbols = executor.graphs.made(feed.name).symbols
    stretches = []
    for stretch in feed.stretches:
        sizes = {**feed.sizes, ROWS: stretch.rows}
        stretches.append(({symbol: sizes[symbol] for symbol in symbols}, stretch.rows, stretch.batches))
    bound = executor.bound(feed.name, {**feed.sizes, ROWS: stretches[0][1]})
    if bound.epochs is None:
        return None
    generator = state.shuffler.bit_generator if shuffle else None
    run = bound.epochs(EpochPlan(stretches, feed.arrays, feed.order, generator, (TOTAL, COUNT)))
    return None if run is None else WholeEpochs(spec.metrics, state.arrays, run, spec.replication)


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
