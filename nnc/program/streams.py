"""Batches that come from an iterator, a generator, or an object with ``len`` and an index; and feeds of either kind."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy

from nnc.arrays import is_array_like
from nnc.errors import DataError, NonFiniteError
from nnc.execution.executor import Executor
from nnc.labels import ROWS
from nnc.program.batches import OUT_OF_DATA, Batches, BatchHooks, Feed, FirstStep
from nnc.program.preparation import batch_arrays, graph_name


def is_stream(x: Any) -> bool:
    """Return whether x gives batches, one after the other, and is not an array or collection of arrays."""
    if x is None or isinstance(x, list | tuple | Mapping | str | bytes):
        return False
    if is_array_like(x):
        return False
    return hasattr(x, "__next__") or hasattr(x, "__iter__") or is_indexed(x)


def is_indexed(x: Any) -> bool:
    """Return whether x has batches by number, as Keras's ``PyDataset``."""
    return hasattr(x, "__getitem__") and (hasattr(x, "__len__") or hasattr(x, "num_batches"))


def gives_next_alone(x: Any) -> bool:
    """Return whether batches are taken with ``next``, as of a generator.

    What has batches by number, and is told of epochs as Keras's ``PyDataset``, may have ``next`` too, without end.
    """
    return hasattr(x, "__next__") and not (is_indexed(x) and hasattr(x, "on_epoch_end"))


def check_alone(x: Any, **others: Any) -> None:
    """Check that nothing is given beside a stream that has to come with its batches.

    Raises:
        DataError: something is.
    """
    for name, value in others.items():
        if value is not None:
            raise DataError(
                f"{name} cannot be given where x is {type(x).__name__}, which has to yield batches (x, y) or"
                " (x, y, sample_weight)"
            )


def parts_of(item: Any) -> tuple[Any, Any, Any]:
    """Return inputs, targets and weights of what a stream yielded; what is missing is None.

    Raises:
        DataError: it is a tuple of more than three.
    """
    if isinstance(item, list) and len(item) in (2, 3):
        item = tuple(item)
    if not isinstance(item, tuple):
        return item, None, None
    if not 1 <= len(item) <= 3:
        raise DataError(f"a batch must be x, (x, y) or (x, y, sample_weight), got a tuple of {len(item)}")
    x, y, weight = (*item, None, None)[:3]
    return x, y, weight


def first_inputs(source: Any) -> Any:
    """Return the inputs of the first batch; None where looking at it would take it away, as of a generator."""
    found = first_batch(source)
    return None if found is None else found[0]


def first_batch(source: Any) -> tuple[Any, Any, Any] | None:
    """Return inputs, targets and weights of the first batch; None where looking at it would take it away."""
    if gives_next_alone(source):
        return None
    if is_indexed(source):
        return parts_of(source[0]) if length_of(source) != 0 else None
    return parts_of(next(iter(source), None))


class Stream:
    """Runs a graph on each batch of a stream.

    Args:
        executor: runs it.
        name: graph, without the suffix for weights.
        source: what gives the batches.
        limit: batches of an epoch; by default all there are.
        class_weight: weight of each class index.
        first: what looks at the first batch, before it and after it.

    Raises:
        DataError: an epoch would have no end.
    """

    def __init__(
        self,
        executor: Executor,
        name: str,
        source: Any,
        limit: int | None = None,
        class_weight: Mapping[int, float] | None = None,
        first: FirstStep | None = None,
    ) -> None:
        self.executor, self.name, self.source, self.first = executor, name, source, first
        self.limit = limit
        self.is_watched, self.done = False, 0
        self.class_weight = class_weight
        self._iterator: Iterator[Any] | None = None
        self._taken = 0
        self._order: Any = None
        self._length = length_of(source)
        if limit is None:
            check_ends(source, "steps_per_epoch (of validation: validation_steps; of evaluate: steps)")

    @property
    def count(self) -> int | None:
        """Batches of an epoch, None if unknown."""
        return self.limit or self._length

    def begin_epoch(self, generator: numpy.random.Generator | None) -> None:
        """Begin an epoch; the order of batches that have numbers is drawn anew."""
        tell(self.source, "on_epoch_begin")
        if is_indexed(self.source) and self._length is not None:
            self._order = numpy.arange(self._length)
            if generator is not None:
                generator.shuffle(self._order)

    def restart(self) -> None:
        """Let the next epoch begin with the first batch; a generator goes on all the same.

        As in Keras the source hears of an epoch's end before there was one.
        """
        self._iterator = None
        tell(self.source, "on_epoch_end")
        self._length = length_of(self.source)

    def run(self, hooks: BatchHooks | None = None, first: int = 0, interrupted: Sequence[int] = ()) -> int:
        """Run the batches of an epoch; see `Batches.run`. The first ones are drawn and left out."""
        number = self.done = 0
        for item in self._items():
            if number >= first:
                if hooks is not None:
                    hooks.begin(number)
                try:
                    self._step(item)
                except NonFiniteError as error:
                    error.locate(batch=number)
                    raise
                self.done = number + 1
                if (hooks is not None and hooks.end(number)) or interrupted:
                    return number + 1
            number += 1
            self._taken += 1
            if number == self.limit:
                break
        else:
            if self.limit is not None or number == 0:
                warnings.warn(OUT_OF_DATA, stacklevel=3)
            self._iterator = None
        if self._taken == self._length:
            self._iterator = None
        tell(self.source, "on_epoch_end")
        return number

    def _items(self) -> Iterator[Any]:
        if self._iterator is None or self.limit is None:
            self._iterator = iter(batches_of(self.source, self._order))
            self._taken = 0
        return self._iterator

    def _step(self, item: Any) -> None:
        x, y, weight = parts_of(item)
        name, arrays = batch_arrays(self.executor, self.name, x, y, weight, self.class_weight)
        bound = self.executor.bound(name, self.executor.graphs.sizes(name, arrays))
        if self.first is not None:
            self.first.before(name, arrays)
        for label, target in bound.inputs.items():
            numpy.copyto(target, arrays[label])
        bound.run()
        if self.first is not None:
            first, self.first = self.first, None
            first.after()


def length_of(source: Any) -> int | None:
    """Return the number of batches, None if unknown."""
    number = getattr(source, "num_batches", None)
    if isinstance(number, int):
        return number
    try:
        return len(source)
    except TypeError:
        return None


def check_ends(source: Any, how: str) -> None:
    """Check that a source says how many batches by number it has.

    Args:
        source: what gives the batches.
        how: the argument that says after how many to stop.

    Raises:
        DataError: it has no last one.
    """
    if is_indexed(source) and not gives_next_alone(source) and length_of(source) is None:
        raise DataError(f"{type(source).__name__} has batches without end (num_batches is None): give {how}")


def tell(source: Any, event: str) -> None:
    """Call a method of a source that has one: ``on_epoch_begin`` or ``on_epoch_end``, as Keras's ``PyDataset``."""
    method = getattr(source, event, None)
    if callable(method):
        method()


def batches_of(source: Any, order: Any = None) -> Iterable[Any]:
    """Return the batches of a stream.

    Args:
        source: what gives them.
        order: numbers of batches, for what has them by number; by default from the first to the last.

    Raises:
        DataError: it asks for worker processes.
    """
    if not is_indexed(source) or gives_next_alone(source):
        found: Iterable[Any] = source
        return found
    length = length_of(source)
    numbers: Iterable[int] = (count() if length is None else range(length)) if order is None else order.tolist()
    if getattr(source, "use_multiprocessing", False) is True:
        raise DataError(
            f"{type(source).__name__}: use_multiprocessing=True is not supported; leave it out, and workers=N prepares"
            " batches in N threads"
        )
    workers = getattr(source, "workers", 1)
    if isinstance(workers, int) and workers > 1:
        from nnc.program.read_ahead import read_ahead

        return read_ahead(source, numbers, workers, getattr(source, "max_queue_size", 10))
    return (source[number] for number in numbers)


def make_feed(
    executor: Executor,
    name: str,
    given: Any,
    size: int,
    limit: int | None,
    times: int = 1,
    class_weight: Mapping[int, float] | None = None,
    first: FirstStep | None = None,
) -> Feed:
    """Return what gives batches to a graph, and decide what runs it by how many there will be in all epochs.

    Epochs that are done already count as well: who goes on with a training goes on with its engine.

    Args:
        executor: runs the graph.
        name: graph, without the suffix for weights.
        given: arrays by input label, or a stream.
        size: rows of a batch of arrays.
        limit: batches of an epoch; by default as many as there are.
        times: epochs.
        class_weight: weight of each class index, for a stream.
        first: what looks at the first batch.
    """
    if isinstance(given, dict):
        graph, rows = graph_name(name, given), len(next(iter(given.values())))
        sizes = executor.graphs.sizes(graph, given) | {ROWS: min(size, rows)}
        executor.decide(graph, limit or -(-rows // min(size, rows)), sizes, times)
        kind = Batches
        if executor.spec.edge is not None and rows > size:
            from nnc.program.text_batches import VaryingBatches, inputs_of_open_length

            kind = VaryingBatches if inputs_of_open_length(executor.spec) else Batches
        return kind(executor, name, given, size, limit, first)
    executor.decide(name, limit or length_of(given), {}, times)
    return Stream(executor, name, given, limit, class_weight, first)
