"""State that callbacks and users read and write while a program trains: weights, averages, learning rate."""

from __future__ import annotations

import io
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

from nnc.arrays import to_array
from nnc.backends.backend import EpochPlan, EpochsRun, Feed, FeedRun
from nnc.errors import DataError, nearest
from nnc.files import write_atomically
from nnc.ir import Graph, State
from nnc.program.prologue import Version
from nnc.program.spec import COUNT, TOTAL, ProgramSpec, ResultSpec, sums_label

Array = Any

LEARNING_RATE = "optimizer/learning_rate"
"""Label of the state that holds the learning rate."""
ITERATIONS = "optimizer/iterations"
"""Label of the state that counts batches."""


class LiveOptimizer:
    """The optimizer as callbacks see it, read from and written to a program's states.

    Args:
        states: a program's arrays by label.
    """

    def __init__(self, states: Mapping[str, Any]) -> None:
        self._states = states

    @property
    def learning_rate(self) -> float:
        """The learning rate.

        Raises:
            DataError: it follows a schedule, and is not a state.
        """
        return float(self._rate())

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rate()[...] = value

    def _rate(self) -> Any:
        rate = self._states.get(LEARNING_RATE)
        if rate is None:
            raise DataError("this program has no learning rate: it only predicts, or the rate follows a schedule")
        return rate

    @property
    def iterations(self) -> int:
        """The number of batches done."""
        return int(self._states.get(ITERATIONS, 0))


class LiveState(ABC):
    """The part of `Program` that is about its states' numbers."""

    spec: ProgramSpec
    states: dict[str, Array]
    turn: threading.RLock
    _versions: tuple[Version, ...]
    _seed: int
    _shuffler: numpy.random.Generator | None
    _order: dict[str, Any] | None
    _place: tuple[int, int] | None

    @abstractmethod
    def graph(self, name: str) -> Graph:
        """Return a graph by name."""

    def changed(self) -> None:
        """Say that arrays of `states` were written to, so that what was derived from them is derived anew.

        Training, `resume` and the ways to set weights do so by themselves.
        """
        for version in self._versions:
            version.change()

    def step_of(self, name: str, run: Callable[[], None]) -> Callable[[], None]:
        """Return a function that runs a training graph, says that states have changed, and counts the batch.

        Args:
            name: name of the graph; where it counts by itself, because its rule needs the number, nothing is added.
            run: runs it.
        """
        changes = [version.change for version in self._versions]  # bound here, because it is called in every step
        if ITERATIONS in self.graph(name).states:

            def run_and_tell() -> None:
                try:
                    run()
                finally:
                    for change in changes:
                        change()

            return run_and_tell
        done = self.states.setdefault(ITERATIONS, numpy.zeros((), "int64"))
        counter = memoryview(done.reshape(1))  # a view; adding to it costs a tenth of a call of NumPy's

        def run_tell_and_count() -> None:
            try:
                run()
            finally:
                counter[0] += 1
                for change in changes:
                    change()

        return run_tell_and_count

    def feed_of(self, name: str, feed: Feed | None) -> Feed | None:
        """Return the same as `step_of` for what runs several batches in one call; see `BoundRun.feed`."""
        if feed is None:
            return None
        changes = [version.change for version in self._versions]
        counts = ITERATIONS not in self.graph(name).states

        def fed(arrays: Mapping[str, Array], order: Array) -> FeedRun | None:
            run = feed(arrays, order)
            if run is None:
                return None
            done = self.states.setdefault(ITERATIONS, numpy.zeros((), "int64")) if counts else None

            def run_tell_and_count(first: int, batches: int) -> None:
                try:
                    run(first, batches)
                finally:
                    if done is not None:
                        done[...] += batches
                    for change in changes:
                        change()

            return run_tell_and_count

        return fed

    def epochs_of(
        self, name: str, epochs: Callable[[EpochPlan], EpochsRun | None] | None
    ) -> Callable[[EpochPlan], EpochsRun | None] | None:
        """Return the same as `step_of` for what runs several epochs in one call; see `BoundRun.epochs`."""
        if epochs is None:
            return None
        changes = [version.change for version in self._versions]
        counts = ITERATIONS not in self.graph(name).states

        def planned(plan: EpochPlan) -> EpochsRun | None:
            run = epochs(plan)
            if run is None:
                return None
            done = self.states.setdefault(ITERATIONS, numpy.zeros((), "int64")) if counts else None
            batches = sum(number for _, _, number in plan.stretches)

            def run_tell_and_count(count: int, record: Array) -> None:
                try:
                    run(count, record)
                finally:
                    if done is not None:
                        done[...] += count * batches
                    for change in changes:
                        change()

            return run_tell_and_count

        return planned

    def reset_metrics(self) -> None:
        """Start metrics afresh."""
        for label in (TOTAL, COUNT, *(sums_label(result.metric) for result in self.spec.results)):
            if label in self.states:
                self.states[label].fill(0)

    def metric_values(self) -> dict[str, Any]:
        """Return loss and metrics since the last reset, numbers or arrays; NaN where nothing was measured."""
        totals, counts = self.states.get(TOTAL), self.states.get(COUNT)
        if totals is None or counts is None:
            return dict.fromkeys(self.spec.metrics, float("nan"))
        others = {result.metric: result for result in self.spec.results}
        pairs = iter(zip(totals.tolist(), counts.tolist(), strict=True))
        values: dict[str, Any] = {}
        for name in self.spec.metrics:
            if name in others:
                values[name] = self._result(others[name])
            else:
                total, count = next(pairs)
                values[name] = total / count if count else float("nan")
        return values

    def _result(self, spec: ResultSpec) -> Any:
        from nnc.program.results import result_of

        return result_of(spec.kind, self.states[sums_label(spec.metric)], spec.shapes, spec.settings)

    @property
    def shuffler(self) -> numpy.random.Generator:
        """Draws the order of samples; made when it is first needed, because NumPy loads it separately."""
        if self._shuffler is None:
            generator: Any = numpy.random.PCG64(self._seed)
            if self._order is not None:
                generator.state = self._order
            self._shuffler = numpy.random.Generator(generator)
        return self._shuffler

    @property
    def order_state(self) -> dict[str, Any]:
        """State of the generator that draws the order of samples."""
        if self._shuffler is None and self._order is not None:
            return self._order
        return dict(self.shuffler.bit_generator.state)

    @property
    def variables(self) -> dict[str, Array]:
        """All weights by path, as views on the state."""
        for version in self._versions:
            version.expose()
        return self._views()

    def weights_in(self, label: str) -> dict[str, Array]:
        """Return the weights that lie in a state, by path, as views that are to be read only."""
        return {
            variable.path: self._views()[variable.path] for variable in self.spec.variables if variable.state == label
        }

    def _views(self) -> dict[str, Array]:
        found = {}
        for variable in self.spec.variables:
            size = int(numpy.prod(variable.shape))
            flat = self.states[variable.state].reshape(-1)[variable.offset : variable.offset + size]
            found[variable.path] = flat.reshape(variable.shape)
        return found

    @property
    def optimizer(self) -> LiveOptimizer:
        """The learning rate and the counter of steps, live."""
        return LiveOptimizer(self.states)

    def get_weights(self) -> list[Array]:
        """Return copies of all weights."""
        return [array.copy() for array in self._views().values()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite all weights.

        Raises:
            DataError: number or shapes do not fit; nothing is changed then.
        """
        own, arrays = list(self._views().values()), [to_array(array, "a weight") for array in weights]
        if [array.shape for array in arrays] != [array.shape for array in own]:
            raise DataError(
                f"program '{self.spec.name}' has weights of shapes {[array.shape for array in own]}, got"
                f" {[array.shape for array in arrays]}"
            )
        for array, value in zip(own, arrays, strict=True):
            array[...] = value
        self.changed()

    def load_weights(self, path: str | Path) -> None:
        """Overwrite the weights with those of an ``.npz`` file that `save_weights` wrote.

        Raises:
            DataError: weights are missing, are not the program's, or have other shapes or elements of another
                kind; nothing is changed then.
        """
        from nnc.data.npz_table import stored_arrays

        try:
            found = stored_arrays(Path(path))
        except OSError as error:
            raise DataError(f"{str(path)!r} cannot be read: {error}") from error
        own = self._views()
        for label in dict.fromkeys((*own, *found)):
            where = f"{str(path)!r}: weight '{label:.80}'"
            if label not in found:
                raise DataError(f"{where} of program '{self.spec.name}' is missing")
            if label not in own:
                raise DataError(f"{where} does not belong to program '{self.spec.name}'.{nearest(label, own)}")
            if found[label].shape != own[label].shape:
                raise DataError(f"{where} has shape {found[label].shape}, expected {own[label].shape}")
            if not numpy.can_cast(found[label].dtype, own[label].dtype, "same_kind"):
                raise DataError(f"{where} is {own[label].dtype}, got {found[label].dtype}")
        for label, array in own.items():
            array[...] = found[label]
        self.changed()

    def save_weights(self, path: str | Path) -> None:
        """Write the weights to an ``.npz`` file, under their paths.

        Raises:
            DataError: the path ends otherwise; nothing is written then.
            OSError: the file cannot be written; what was there before is untouched.
        """
        if Path(path).suffix != ".npz":
            raise DataError(f"a program's weights are written to .npz files, got {str(path)!r}")
        buffer = io.BytesIO()
        numpy.savez(buffer, **self._views())
        write_atomically(path, buffer.getbuffer())

    def averages(self) -> list[tuple[Array, Array]]:
        """Return each state of weights with its moving average, where the optimizer keeps one.

        Whoever writes to them says so with `changed`.
        """
        if not self.spec.trains:
            return []
        prefix = "optimizer/average/"
        return [
            (self.states[label.removeprefix(prefix)], self.states[label])
            for label, value in self.graph("train").states.items()
            if isinstance(value.node.op, State) and value.node.op.role == "average"
        ]

    def take_averages(self) -> None:
        """Let weights take over their moving averages, at the end of training."""
        for weights, average in self.averages():
            weights[...] = average
            self.changed()

    def restore(self, states: Mapping[str, Array], order: dict[str, Any], epoch: int, batch: int) -> None:
        """Take over a whole state and let the next epoch of `fit` be `epoch`, from its batch `batch` on.

        Args:
            states: arrays by label.
            order: state of the generator of orders, as it was before that epoch.
            epoch: number of the epoch, from 0.
            batch: number of the batch, from 0.

        Raises:
            DataError: a state has another shape, or elements of another kind.
        """
        for label, own in self.states.items():
            found = states.get(label, own)
            if found.shape != own.shape:
                raise DataError(
                    f"state '@{label}' of program '{self.spec.name}' has shape {own.shape}, got {found.shape}"
                )
            if not numpy.can_cast(found.dtype, own.dtype, "same_kind"):
                raise DataError(f"state '@{label}' of program '{self.spec.name}' is {own.dtype}, got {found.dtype}")
        with self.turn:
            for label, array in states.items():
                numpy.copyto(self.states.setdefault(label, array.copy()), array)
            self._shuffler, self._order = None, order
            self._place = epoch, batch
            self.changed()

    def take_place(self, epoch: int) -> tuple[int, int]:
        """Return the epoch and the batch to begin with: what `restore` said, or the epoch given."""
        place, self._place = self._place, None
        return (epoch, 0) if place is None else place
