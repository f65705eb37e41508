"""Runs of a graph whose rows several processes divide: parts of it, and between them sums over all processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy

from nnc.backends import BoundRun
from nnc.errors import DistributionError, ModelError
from nnc.execution.executor import Executor
from nnc.execution.graphs import MadeGraph
from nnc.execution.overlap import Overlap, PendingSum
from nnc.labels import CROSSING, PLACEMENT, ROWS, SUM, SUMMAND, TRAIN, unweighted

Array = Any


class Communicator(Protocol):
    """The processes that train together, as each of them sees the others.

    Attributes:
        rank: number of this process, from 0.
        size: number of processes.
    """

    rank: int
    size: int

    def all_reduce(self, summands: Array, sums: Array) -> None:
        """Write the sum over all processes; both arrays are vectors of the same element type, and not the same array.

        All processes get the same bits, and the same again for the same summands.
        """

    def all_gather(self, value: Any) -> list[Any]:
        """Return what each process gives: plain values, in the order of the processes."""

    def broadcast(self, array: Array) -> None:
        """Overwrite an array with that of process 0."""

    def abort(self, message: str) -> None:
        """End all processes, after saying why in one line."""


class OverlappingCommunicator(Communicator, Protocol):
    """Processes that can add up while they compute.

    Attributes:
        overlaps: whether to do so, the same in all processes.
    """

    overlaps: bool

    def begin_all_reduce(self, summands: Array, sums: Array) -> PendingSum:
        """Begin what `all_reduce` does, and return at once; several sums may have begun.

        It is called by one thread at a time, in the same order in all processes, and so are the methods of what it
        returns. The bits of the sum may be others than those of `all_reduce`, and are the same each time.
        """


def rows_of(rank: int, size: int, rows: int) -> range:
    """Return the rows of a batch that a process has: consecutive ones, as many as any other's or one more or less.

    >>> [list(rows_of(rank, 2, 5)) for rank in range(2)]
    [[0, 1], [2, 3, 4]]
    """
    return range(rows * rank // size, rows * (rank + 1) // size)


def agreed(communicator: Communicator, work: Callable[[], Any]) -> Any:
    """Return what work returns where it succeeds in all processes.

    Raises:
        DistributionError: it does not in another process.
        Exception: it does not in this one.
    """
    found, error, text = None, None, None
    try:
        found = work()
    except Exception as problem:
        error, text = problem, f"{problem}" or type(problem).__name__
    texts = communicator.all_gather(text)
    if error is not None:
        raise error
    for rank, other in enumerate(texts):
        if other is not None:
            raise DistributionError(f"process {rank} cannot train: {other}")
    return found


class Distribution:
    """The graphs of a program, divided among processes.

    Args:
        executor: runs their parts.
        communicator: the processes.

    Attributes:
        overlap: sums up pieces of long vectors while the rest is computed; None where the processes do not.
    """

    def __init__(self, executor: Executor, communicator: Communicator) -> None:
        self.executor, self.communicator = executor, communicator
        overlapping: Any = communicator
        self.overlap = Overlap(overlapping.begin_all_reduce) if getattr(communicator, "overlaps", False) else None
        self._runs: dict[tuple[Any, ...], DistributedRun] = {}

    def parts(self, name: str) -> list[MadeGraph]:
        """Return the parts of a graph, in the order in which they run.

        Args:
            name: of the graph that trains or evaluates, with the suffix of weights.

        Raises:
            ModelError: the program is not one that can be divided.
            DistributionError: an operation needs rows of a batch together.
        """
        executor = self.executor
        if name not in executor.parts:
            if executor.divide is None:
                raise ModelError(
                    f"program '{executor.spec.name}' cannot be trained by several processes: it has replicas, or comes"
                    " from a file that does not say how its model was compiled; compile the model in each of them"
                )
            made = executor.divide(name)
            labels = part_names(name, len(made))
            executor.parts[name] = [
                executor.graphs.add(label, graph) for label, graph in zip(labels, made, strict=True)
            ]
        return executor.parts[name]

    def decide(self, name: str, batches: int | None, sizes: Mapping[str, int], times: int) -> None:
        """Decide what runs the parts of a graph; see `Executor.decide`."""
        own = len(rows_of(self.communicator.rank, self.communicator.size, sizes[ROWS]))
        for part in self.parts(name):
            self.executor.decide(part.name, batches, {**sizes, ROWS: max(own, 1)}, times)

    def bound(self, name: str, sizes: Mapping[str, int]) -> DistributedRun:
        """Return the run of a batch.

        Args:
            name: of the graph.
            sizes: sizes of its run-time dimensions, with the rows of the batch in all processes.
        """
        key = (name, *sorted(sizes.items()))
        if key not in self._runs:
            self._runs[key] = DistributedRun(self, name, sizes)
        return self._runs[key]

    def end(self) -> None:
        """End what runs beside the steps; the next step starts it anew."""
        if self.overlap is not None:
            self.overlap.end()


def part_names(name: str, count: int) -> list[str]:
    """Return the names of a graph's parts.

    >>> part_names("train", 2), part_names("evaluate_weighted", 1)
    (['gradients', 'apply'], ['evaluate_weighted.1'])
    """
    kind = unweighted(name)
    suffix = name.removeprefix(kind)
    if kind != TRAIN:
        return [f"{name}.{number}" for number in range(1, count + 1)]
    first = ["gradients", *(f"gradients.{number}" for number in range(2, count))][: count - 1]
    return [label + suffix for label in (*first, "apply")]


class DistributedRun:
    """The run of a graph on this process's rows of a batch.

    Args:
        distribution: what it belongs to.
        name: name of the graph.
        sizes: sizes of run-time dimensions, with the rows of the batch in all processes.

    Attributes:
        rows: which rows of a batch are this process's.
        inputs: where the arrays of these rows go, by label.
        run: runs the batch.
    """

    def __init__(self, distribution: Distribution, name: str, sizes: Mapping[str, int]) -> None:
        executor, communicator = distribution.executor, distribution.communicator
        parts = distribution.parts(name)
        self.rows = rows_of(communicator.rank, communicator.size, sizes[ROWS])
        own = {**sizes, ROWS: len(self.rows)}
        place = communicator.rank, self.rows.start, sizes[ROWS], communicator.size
        self.placement = numpy.array(place, "int64")
        bound = [executor.bound(part.name, own) for part in parts]
        self.inputs: dict[str, Array] = {}
        self._repeated: list[tuple[Array, Array]] = []
        self._stages = []
        for number, (part, run) in enumerate(zip(parts, bound, strict=True)):
            entering, sums = self._entering(run, bound[:number]), self._sums(run, bound[number + 1 :])
            compute: Callable[[], None] = run.run
            if part.pieces and distribution.overlap is not None:
                pieces = [
                    tuple([vector[piece.start : piece.stop] for vector in sums[piece.label]]) for piece in part.pieces
                ]
                compute, sums = partial(distribution.overlap.run, run.run, run.finished, pieces), {}
            self._stages.append((entering, compute, list(sums.values())))
        self._all_reduce = communicator.all_reduce
        last = parts[-1].name
        self.run: Callable[[], None] = executor.step_of(last, self._run) if unweighted(name) == TRAIN else self._run

    def _entering(self, run: BoundRun, before: Sequence[BoundRun]) -> list[tuple[Array, Array]]:
        """Return what a part is given before it runs: where it goes, and what it is a copy of."""
        copies = []
        for label, target in run.inputs.items():
            if label == PLACEMENT:
                copies.append((target, self.placement))
            elif label.startswith(CROSSING):
                copies.append((target, next(part.outputs[label] for part in before if label in part.outputs)))
            elif label.startswith(SUM):
                continue
            elif label in self.inputs:  # whose memory serves for something else once its part has run
                self._repeated.append((target, self.inputs[label]))
            else:
                self.inputs[label] = target
        return copies

    def _sums(self, run: BoundRun, behind: Sequence[BoundRun]) -> dict[str, tuple[Array, Array]]:
        """Return the vectors that are summed up after a part, each with where the sums go: both as they lie there."""
        return {
            label: (output, behind[0].inputs[SUM + label.removeprefix(SUMMAND)])
            for label, output in run.outputs.items()
            if label.startswith(SUMMAND)
        }

    def _run(self) -> None:
        for target, source in self._repeated:
            target[...] = source
        for copies, run, vectors in self._stages:
            for target, source in copies:
                target[...] = source
            run()
            for summands, sums in vectors:
                self._all_reduce(summands, sums)
