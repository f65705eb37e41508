"""Runs of a graph whose rows several processes divide: parts of it, and between them sums over all processes."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy

from nnc.backends import BoundRun
from nnc.errors import DistributionError, ModelError
from nnc.execution.executor import Executor
from nnc.execution.graphs import MadeGraph
from nnc.execution.overlap import Overlap, PendingSum
from nnc.labels import CROSSING, PLACEMENT, ROWS, SUM, SUMMAND, TRAIN, unweighted
from nnc.passes.divide_update import obstacle_to_dividing, ranges_of, summed_vector, update_of

Array = Any
LEAST_BYTES = 1 << 19
"""Bytes of a vector of gradients from which on processes divide the update.

On two cores that share a cache, waiting twice costs more than the rest saves at 256 KiB (a step of little else takes
0.48 ms instead of 0.41); such a step takes 0.98 of the time at 512 KiB, and 0.95 at 1 MiB.
"""
_MULTIPLE = 16
"""Elements that a process's part of a vector begins at a multiple of: lines of a cache."""


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


class DividingCommunicator(Communicator, Protocol):
    """Processes that can divide an update.

    Attributes:
        divides: whether to do so, the same in all processes.
    """

    divides: bool

    def reduce_scatter(self, summands: Array, sums: Array, parts: Sequence[range]) -> None:
        """Write this process's part of the sum over all processes.

        It is the same again for the same summands, and the same bits as those of `all_reduce` in two processes; in more
        of them that may add up in another order.

        Args:
            summands: a vector.
            sums: as long as this process's part of it.
            parts: consecutive elements of the vector for each process, which make up all of it.
        """

    def gather_parts(self, vector: Array, parts: Sequence[range]) -> None:
        """Overwrite each process's part of a vector by what that process has there; see `reduce_scatter`."""


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


@dataclass(frozen=True)
class DividedUpdate:
    """An optimizer's update of which each process makes a part, as ZeRO's first stage does.

    S. Rajbhandari, J. Rasley, O. Ruwase, Y. He, "ZeRO: memory optimizations toward training trillion parameter models",
    https://arxiv.org/abs/1910.02054, of which it has the division of work: each process has all slots.

    Args:
        update: what this process makes of it.
        parts: consecutive elements of the vectors for each process.
        weights: labels of the states that each step reads as a whole.
        others: labels of those that only updates read.
    """

    update: MadeGraph
    parts: Sequence[range]
    weights: Sequence[str]
    others: Sequence[str]


class Distribution:
    """The graphs of a program, divided among processes.

    Args:
        executor: runs their parts.
        communicator: the processes.

    Attributes:
        overlap: sums up pieces of long vectors while the rest is computed; None where the processes do not.
        obstacles: why an update is not divided, by the name of its graph; empty where it is.
    """

    def __init__(self, executor: Executor, communicator: Communicator) -> None:
        self.executor, self.communicator = executor, communicator
        self._is_watched = False
        self.obstacles: dict[str, str] = {}
        self._divided: dict[str, DividedUpdate | None] = {}
        self._known_changes: tuple[int, ...] = ()
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

    def divided(self, name: str) -> DividedUpdate | None:
        """Return how the update of a graph is divided; None where each process makes all of it.

        Args:
            name: of the graph that trains or evaluates, with the suffix of weights.
        """
        if name not in self._divided:
            last = self.parts(name)[-1]
            obstacle = self._obstacle(name, last)
            self.obstacles[last.name] = obstacle
            self._divided[name] = None if obstacle else self._divide(name)
            if unweighted(name) == TRAIN and (logging := sys.modules.get("logging")):  # otherwise nobody listens
                how = f"each process makes all of the update: {obstacle}" if obstacle else "processes divide the update"
                logging.getLogger("nnc").info("'%s' of '%s': %s", last.name, self.executor.spec.name, how)
        return self._divided[name]

    def _obstacle(self, name: str, last: MadeGraph) -> str:
        """Return why the update of a graph is not divided; empty where it is."""
        if unweighted(name) != TRAIN:
            return "nothing is trained"
        if self.communicator.size == 1:
            return "it is one process"
        if not getattr(self.communicator, "divides", False):
            return "the processes do not share a machine, or add up while they compute"
        if self._is_watched:
            return "a callback looks at each batch"
        if obstacle := obstacle_to_dividing(last.graph):
            return obstacle
        vector = summed_vector(last.graph)
        assert vector is not None
        if vector.type.nbytes < LEAST_BYTES:
            return f"{vector.type.nbytes} bytes of gradients are less than {LEAST_BYTES}"
        return ""

    def _divide(self, name: str) -> DividedUpdate:
        *before, last = self.parts(name)
        vector = summed_vector(last.graph)
        assert vector is not None
        parts = ranges_of(vector.shape[0], self.communicator.size, _MULTIPLE)
        own = parts[self.communicator.rank]
        read = {label for part in before for label in part.graph.states}
        updated = [label for label, value in last.graph.updates.items() if value.shape == vector.shape]
        update = self.executor.graphs.add(f"{last.name}[{own.start}:{own.stop}]", update_of(last.graph, own), own)
        weights = [label for label in updated if label in read]
        return DividedUpdate(update, parts, weights, [label for label in updated if label not in read])

    def watch(self, name: str) -> bool:
        """Let each process make all of the update of a graph from now on, since states are looked at after each step.

        Args:
            name: of the graph.

        Returns:
            Whether it was divided, so that its runs have to be bound anew.
        """
        if self.divided(name) is None:
            return False
        self._is_watched = True
        self._divided.clear()
        self._runs.clear()
        return True

    def own_parts(self, name: str) -> list[MadeGraph]:
        """Return the parts of a graph as this process runs them."""
        divided = self.divided(name)
        return self.parts(name) if divided is None else [*self.parts(name)[:-1], divided.update]

    def check_alike(self, name: str) -> None:
        """Check that all processes have the same states, where each is to make a part of the update with its own.

        Vectors are compared where somebody has written to them since they were made whole.

        Args:
            name: of the graph.

        Raises:
            DistributionError: a callback has changed them in one process only.
        """
        divided = self.divided(name)
        if divided is None:
            return
        state, gather = self.executor.state, self.communicator.all_gather
        is_touched = True in gather(self._known_changes != state.changes or state.is_exposed)
        vectors = {*divided.weights, *divided.others}
        checksum = 0
        for label in self.parts(name)[-1].graph.states:
            if is_touched or label not in vectors:
                array = numpy.ascontiguousarray(state.arrays[label]).reshape(-1)
                checksum = zlib.crc32(array.view("uint8").data, checksum)
        everywhere = gather(checksum)
        for rank, other in enumerate(everywhere):
            if other != everywhere[0]:
                raise DistributionError(
                    f"process {rank} has other weights, or another state of the optimizer, than process 0; callbacks"
                    " have to do the same in all processes"
                )

    def make_whole(self, name: str) -> None:
        """Let all processes have all elements of the states that only updates read."""
        divided = self.divided(name)
        if divided is None:
            return
        communicator: Any = self.communicator
        for label in divided.others:
            communicator.gather_parts(self.executor.state.arrays[label], divided.parts)
        self._known_changes = self.executor.state.changes

    def decide(self, name: str, batches: int | None, sizes: Mapping[str, int], times: int) -> None:
        """Decide what runs the parts of a graph; see `Executor.decide`."""
        own = len(rows_of(self.communicator.rank, self.communicator.size, sizes[ROWS]))
        for part in self.own_parts(name):
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
        parts, divided = distribution.own_parts(name), distribution.divided(name)
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
            exchanges = [partial(communicator.all_reduce, *vectors) for vectors in sums.values()]
            if divided is not None and number >= len(parts) - 2:
                dividing: Any = communicator
                if number == len(parts) - 1:
                    weights = [executor.state.arrays[label] for label in divided.weights]
                    exchanges = [partial(dividing.gather_parts, vector, divided.parts) for vector in weights]
                else:
                    exchanges = [partial(dividing.reduce_scatter, *vectors, divided.parts) for vectors in sums.values()]
            self._stages.append((entering, compute, exchanges))
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
        for copies, run, exchanges in self._stages:
            for target, source in copies:
                target[...] = source
            run()
            for exchange in exchanges:
                exchange()
