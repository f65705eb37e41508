"""A training that several processes do together: what each checks, feeds, sums up and writes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy

from nnc.arrays import is_read_by_rows, spread
from nnc.callbacks import CallbackList
from nnc.errors import DataError, DistributionError
from nnc.execution.distribution import Communicator, Distribution, agreed, rows_of
from nnc.execution.executor import Executor
from nnc.execution.state import ProgramState
from nnc.installation import DISTRIBUTION
from nnc.labels import ROWS, TRAIN
from nnc.program.batches import Batches, BatchHooks, Steps, Stretch
from nnc.program.data import known_sizes
from nnc.program.definition import divider_of
from nnc.program.preparation import graph_name

Array = Any
_SAMPLE = 64
"""Rows of each array by which processes tell whether they have the same."""


class DistributedBatches(Batches):
    """Cuts arrays into batches and runs a graph on this process's rows of each.

    Args:
        distribution: the graphs, divided among the processes.
        name: graph, without the suffix for weights.
        arrays: arrays by input label, of equal length, all rows of all processes; this one reads its own alone.
        batch_size: rows of a batch in all processes.
        limit: batches of an epoch; see `Batches`.
        times: epochs.
    """

    def __init__(
        self,
        distribution: Distribution,
        name: str,
        arrays: Mapping[str, Array],
        batch_size: int,
        limit: int | None = None,
        times: int = 1,
    ) -> None:
        self.distribution, self.times = distribution, times
        super().__init__(distribution.executor, name, arrays, batch_size, limit)

    def run(self, hooks: BatchHooks | None = None, first: int = 0, interrupted: Sequence[int] = ()) -> int:
        """Run the batches of an epoch, with states that are whole wherever somebody looks; see `Batches.run`."""
        if hooks is not None and self.distribution.watch(self.name):
            self.steps, self.stretches = self._steps(self.arrays, *self._cut)
        self.distribution.check_alike(self.name)
        done = super().run(hooks, first, interrupted)
        if not interrupted:  # which ends all processes
            self.distribution.make_whole(self.name)
        return done

    def _sizes(self, name: str, arrays: Mapping[str, Array]) -> dict[str, int]:
        """Return the size of each run-time dimension, without a graph of all rows."""
        spec = self.executor.spec
        described = [item for item in (*spec.inputs, *spec.targets) if item.label in arrays]
        return known_sizes(described, [arrays[item.label] for item in described])

    def _steps(self, arrays: Mapping[str, Array], size: int, lengths: Sequence[int]) -> tuple[Steps, list[Stretch]]:
        distribution, name, self._cut = self.distribution, self.name, (size, lengths)
        distribution.decide(name, self.limit or len(lengths), self.sizes | {ROWS: size}, self.times)
        runs = {length: distribution.bound(name, self.sizes | {ROWS: length}) for length in dict.fromkeys(lengths)}
        steps: Steps = []
        for number, length in enumerate(lengths):
            run, begin = runs[length], number * size
            window = self.order[begin + run.rows.start : begin + run.rows.stop]
            steps.append((window, [(arrays[label].take, target) for label, target in run.inputs.items()], run.run))
        return steps, []


class Processes:
    """The processes of a training, as one of them.

    Args:
        executor: runs what is trained.
        communicator: the processes.

    Attributes:
        is_first: whether this is the process that says and writes what all have found.
        has_begun: whether steps have been made, so that an error in one process has to end all.
    """

    is_alone = False

    def __init__(self, executor: Executor, communicator: Communicator) -> None:
        self.facts: dict[str, Any] = {}
        self._trained = TRAIN
        self.executor, self.communicator = executor, communicator
        if executor.divide is None and executor.spec.replication is None:
            executor.divide = divider_of(executor)
        self.distribution = Distribution(executor, communicator)
        self.is_first = communicator.rank == 0
        self.has_begun = False

    @property
    def state(self) -> ProgramState:
        """What is trained."""
        return self.executor.state

    def summed(self, array: Array) -> Array:
        """Return the sum of an array over all processes."""
        vector = numpy.ascontiguousarray(array).reshape(-1)
        sums = numpy.empty_like(vector)
        self.communicator.all_reduce(vector, sums)
        return sums.reshape(array.shape)

    def agreed(self, work: Callable[[], Any]) -> Any:
        """Return what work returns where it succeeds in all processes; see `nnc.execution.distribution.agreed`."""
        return agreed(self.communicator, work)

    def share(self, rows: int) -> range:
        """Return which of so many rows this process looks at, before it trains on those of each batch that it has."""
        return rows_of(self.communicator.rank, self.communicator.size, rows)

    def check(self, arrays: Any, checked: Any, settings: Mapping[str, Any]) -> None:
        """Check that what is given can be divided.

        Args:
            arrays: what is given to train on.
            checked: what is given to validate on.
            settings: what else has to be the same in all processes, by name.

        Raises:
            DataError: it comes in batches, there are replicas, or something is about one process.
        """
        executor = self.executor
        if executor.spec.replication is not None:
            raise DataError("replicas are trained by one process; leave out distribute, or replicas")
        if not isinstance(arrays, dict) or not isinstance(checked, dict | None):
            raise DataError("several processes divide arrays; x and validation_data cannot be what yields batches")
        if executor.check_nan:
            raise DataError("check_nan looks at the steps of one process; leave it out where several train together")
        if executor.plans.max_bytes is not None:
            raise DataError(
                "max_bytes is about graphs that one process runs; leave it out where several train together"
            )
        self.facts = facts_of(executor, arrays, checked) | dict(settings)

    def feed(
        self,
        name: str,
        given: Mapping[str, Array],
        size: int,
        limit: int | None,
        times: int = 1,
        class_weight: Any = None,
        first: Any = None,
    ) -> DistributedBatches:
        """Return what gives this process's rows of each batch to a graph; see `make_feed`."""
        del class_weight, first  # which arrays have in them; which looks at the first step of one process
        if name == TRAIN:
            self._trained = graph_name(name, given)
        feed = DistributedBatches(self.distribution, name, given, size, limit, times)
        texts = "".join(str(part.graph) for part in self.distribution.parts(graph_name(name, given)))
        self.facts |= {f"settings of '{name}'": (size, limit, times), f"graph '{name}'": zlib.crc32(texts.encode())}
        return feed

    def any(self, wanted: bool) -> bool:
        """Return whether a process wants something that all have to do then."""
        return True in self.communicator.all_gather(bool(wanted))

    def own(self, callbacks: Any) -> Any:
        """Return the callbacks of this process: those that write files are the first one's."""
        listed = CallbackList(callbacks).callbacks
        return [item for item in listed if self.is_first or not getattr(item, "writes_files", False)]

    @property
    def averages(self) -> Sequence[str]:
        """Labels of the states that keep moving averages of weights."""
        return [label for part in self.distribution.parts(self._trained) for label in part.averages]

    def check_alike(self) -> None:
        """Check that all processes are about to do the same.

        Raises:
            DistributionError: they are not; nothing has been trained.
        """
        everywhere = self.communicator.all_gather(self.facts)
        for name, own in everywhere[0].items():
            for rank, others in enumerate(everywhere):
                if others[name] != own:
                    raise DistributionError(
                        f"processes 0 and {rank} do not train the same: {name} {own!r:.200} and {others[name]!r:.200}"
                    )

    def begin(self, place: tuple[int, int]) -> tuple[int, int]:
        """Let all processes begin with the state of the first one, and return its place: epoch and batch."""
        state, communicator = self.state, self.communicator
        self.check_alike()
        order = state.order_state if self.is_first else None
        plain = communicator.all_gather((order, place) if self.is_first else None)[0]
        for label in sorted(state.arrays):
            communicator.broadcast(state.arrays[label])
        if not self.is_first:
            state.follow_order(plain[0])
        state.changed()
        self.has_begun = True
        found: tuple[int, int] = tuple(plain[1])
        return found

    def end_epoch(self, epoch: int, stops: bool) -> bool:
        """Check that all processes have the same weights, and return whether one of them wants to stop.

        Raises:
            DistributionError: a callback has changed them in one process only.
        """
        labels = sorted({variable.state for variable in self.executor.spec.variables})
        checksum = 0
        for label in labels:
            checksum = zlib.crc32(numpy.ascontiguousarray(self.state.arrays[label]).view("uint8").data, checksum)
        found = self.communicator.all_gather((checksum, bool(stops)))
        for rank, (other, _) in enumerate(found):
            if other != found[0][0]:
                raise DistributionError(
                    f"after epoch {epoch + 1} process {rank} has other weights than process 0; callbacks have to do the"
                    " same in all processes"
                )
        return True in [wanted for _, wanted in found]

    @contextmanager
    def training(self) -> Iterator[None]:
        """Sum up metrics over all processes inside the block; an error that one of them meets ends all of them."""
        state = self.state
        before, state.summed = state.summed, self.summed
        try:
            yield
        except BaseException as error:
            if self.has_begun and not isinstance(error, DistributionError):
                text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                self.communicator.abort(text)
            raise
        finally:
            state.summed = before
            self.distribution.end()


def sample_of(arrays: Mapping[str, Array] | None) -> dict[str, Any]:
    """Return by what processes tell whether they have the same arrays: types, and a checksum of some rows."""
    found: dict[str, Any] = {}
    for label, array in (arrays or {}).items():
        rows = array.sample(_SAMPLE) if is_read_by_rows(array) else spread(len(array), _SAMPLE)
        found[label] = array.shape, str(array.dtype), zlib.crc32(numpy.ascontiguousarray(array[rows]).data)
    return found


def facts_of(executor: Executor, arrays: Mapping[str, Array], checked: Mapping[str, Array] | None) -> dict[str, Any]:
    """Return what processes must have in common before they train together.

    Args:
        executor: runs what is trained.
        arrays: arrays by input label to train on.
        checked: likewise to validate on.
    """
    from importlib.metadata import version

    return {
        "version of nnc": version(DISTRIBUTION),
        "version of NumPy": numpy.__version__,
        "weights": [(variable.path, variable.shape) for variable in executor.spec.variables],
        "data": sample_of(arrays),
        "validation data": sample_of(checked),
    }
