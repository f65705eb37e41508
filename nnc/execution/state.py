"""The state of a program: weights, sums of metrics, what the optimizer keeps, and the order of samples."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from nnc.aligned import aligned_zeros
from nnc.arrays import to_array
from nnc.errors import DataError, GraphError, nearest
from nnc.execution.prologue import Version
from nnc.execution.spec import ProgramSpec, ResultSpec, VariableSpec
from nnc.files import write_atomically
from nnc.fork_safety import renew_in_children
from nnc.ir import HOISTED
from nnc.labels import COUNT, ITERATIONS, LEARNING_RATE, TOTAL, sums_label

if TYPE_CHECKING:
    from nnc.execution.replication import Replication, StoppedReplicas
    from nnc.execution.signature import Signature

Array = Any
_AVERAGE = "/average/"


def _itself(array: Array) -> Array:
    return array


def is_shared(label: str, array: Array) -> bool:
    """Whether a state of a program with replicas is the same for all: the number of batches, where no rule needs it."""
    return label == ITERATIONS and array.ndim == 0


class LiveOptimizer:
    """The optimizer as callbacks see it, read from and written to a program's states.

    Args:
        states: a program's arrays by label.
        replication: how the states of replicas lie in them, None for one network.
    """

    def __init__(self, states: Mapping[str, Any], replication: Replication | None = None) -> None:
        self._states = states
        self._replication = replication

    @property
    def learning_rate(self) -> Any:
        """The learning rate; of replicas an array with one for each, which may be set to one number or as many.

        Raises:
            DataError: it follows a schedule, and is not a state; or there are not as many numbers as replicas.
        """
        rate = self._rate()
        return float(rate) if self._replication is None else self._replication.by_replica(rate).copy()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        rate = self._rate()
        if self._replication is None:
            rate[...] = value
            return
        given, count = numpy.asarray(value, rate.dtype), self._replication.count
        if given.shape not in ((), (count,)):
            raise DataError(f"learning_rate must be a number, or one for each of {count} replicas, got {given.shape}")
        rate[...] = self._replication.stacked(numpy.broadcast_to(given, (count,)))

    def _rate(self) -> Any:
        rate = self._states.get(LEARNING_RATE)
        if rate is None:
            raise DataError("this program has no learning rate: it only predicts, or the rate follows a schedule")
        return rate

    @property
    def iterations(self) -> int:
        """The number of batches done."""
        done = self._states.get(ITERATIONS)
        return 0 if done is None else int(done.flat[0])


class ProgramState:
    """The arrays of a program by label, common to all threads.

    Args:
        spec: what lies in them.
        arrays: arrays by label; states that are missing start as zeros.
        versions: count changes of states that other programs change as well.
        seed: seeds the order of samples.
        order: state of the generator of that order, to go on with; see `order_state`.

    Attributes:
        derived: arrays that a prologue derives from the others for predictions; they are not saved.
        turn: held by whoever trains or evaluates.
        stopped: the replicas that the training has done with, None where there are none.
        summed: returns the sum of an array over all processes that train together.
    """

    def __init__(
        self,
        spec: ProgramSpec,
        arrays: dict[str, Array],
        versions: Sequence[Version] = (),
        seed: int = 0,
        order: dict[str, Any] | None = None,
    ) -> None:
        self.arrays = arrays
        self.derived: dict[str, Array] = {}
        self.versions = tuple(versions) or (Version(),)
        self._spec = spec
        self._seed, self._order = seed, order
        if self.replication is not None:
            self._align()
        self.stopped: StoppedReplicas | None = None
        self._shuffler: numpy.random.Generator | None = None
        self._place: tuple[int, int] | None = None
        self.summed: Callable[[Array], Array] = _itself
        self._renew_locks()
        renew_in_children(self, type(self)._renew_locks)

    def _renew_locks(self) -> None:
        """Make the lock; in a child, because another thread may have held it while this process was forked."""
        self.turn = threading.RLock()
        if self._shuffler is not None:  # which has a lock as well
            self._shuffler, self._order = None, self.order_state

    def describe(self, spec: ProgramSpec) -> None:
        """Take over another description of the same weights."""
        self._spec = spec

    def add(self, signature: Signature) -> None:
        """Give states of a graph that are new their memory.

        Raises:
            GraphError: a state is there, and is of another type.
        """
        fresh: dict[str, tuple[tuple[int, ...], str]] = {}
        for label, (type, role) in signature.states.items():
            known = (self.derived if role == HOISTED else self.arrays).get(label)
            shape = tuple([int(dim) for dim in type.shape])
            if self.replication is not None:
                shape = self.replication.shape(shape)
            if known is None:
                fresh[label] = shape, type.dtype
            elif known.shape != shape or str(known.dtype) != type.dtype:
                raise GraphError(f"state '@{label}' of graph '{signature.name}' should be {known.shape}")
        for label, array in aligned_zeros(fresh).items():
            (self.derived if label in signature.hoisted else self.arrays)[label] = array

    def _align(self) -> None:
        """Let arrays of replicas begin where a vector register can be read at once."""
        from nnc.execution.replication import aligned

        for label, array in self.arrays.items():
            self.arrays[label] = aligned(array)

    @property
    def all_arrays(self) -> dict[str, Array]:
        """The arrays, and what is derived from them for predictions."""
        return {**self.arrays, **self.derived}

    def changed(self) -> None:
        """Say that arrays were written to, so that what was derived from them is derived anew.

        Training, `resume` and the ways to set weights do so by themselves.
        """
        for version in self.versions:
            version.change()

    @property
    def changes(self) -> tuple[int, ...]:
        """Numbers of which one is new once something has changed; see `nnc.execution.prologue.Version`."""
        return tuple(version.number for version in self.versions)

    @property
    def is_exposed(self) -> bool:
        """Whether arrays can be written to without a call."""
        return any(version.is_exposed for version in self.versions)

    @property
    def batch_counter(self) -> Array:
        """The number of batches done, an array without dimensions that is made when it is first needed."""
        return self.arrays.setdefault(ITERATIONS, numpy.zeros((), "int64"))

    @property
    def optimizer(self) -> LiveOptimizer:
        """The learning rate and the counter of steps, live."""
        return LiveOptimizer(self.arrays, self.replication)

    @property
    def replication(self) -> Replication | None:
        """How the states of replicas lie in the arrays; None for one network."""
        return self._spec.replication

    # ------------------------------------------------------------------ replicas

    def stop_replicas(self, which: Any) -> bool:
        """Let replicas stay as they are for the rest of a training, and return whether all do by now.

        Args:
            which: a truth value for each replica; those that have stopped before stay so.

        Raises:
            DataError: it is one network, or there are not as many values as replicas.
        """
        if self.replication is None:
            raise DataError(f"program '{self._spec.name}' is one network: set stop_training to end its training")
        given = numpy.asarray(which, bool)
        if given.shape != (self.replication.count,):
            raise DataError(f"stop_replicas takes {self.replication.count} truth values, got shape {given.shape}")
        if self.stopped is None:
            self.stopped = self.replication.stopping()
        self.stopped.stop(given, self._of_each())
        return bool(self.stopped.which.all())

    def restore_stopped(self) -> None:
        """Take back what a training has done to replicas that had stopped."""
        if self.stopped is not None:
            self.stopped.restore(self._of_each())

    def _of_each(self) -> dict[str, Array]:
        """Return the states that steps change for each replica by itself, but for sums of metrics."""
        others = {LEARNING_RATE, TOTAL, COUNT, *(result.label for result in self._spec.results)}
        return {
            label: array for label, array in self.arrays.items() if label not in others and not is_shared(label, array)
        }

    # ------------------------------------------------------------------ metrics

    def reset_metrics(self) -> None:
        """Start metrics afresh."""
        for label in (TOTAL, COUNT, *(result.label for result in self._spec.results), *self._spec.resets):
            if label in self.arrays:
                self.arrays[label].fill(0)

    def metric_values(self, graph: str = "") -> dict[str, Any]:
        """Return loss and metrics since the last reset, numbers or arrays; NaN where nothing was measured.

        Of replicas each is an array with a part for each of them.

        Args:
            graph: name of the graph that has measured them, without suffixes, where each measures something else.
        """
        if self._spec.logs:
            names = self._spec.logs.get(graph, self._spec.metrics)
            rules = {result.metric: result for result in self._spec.results}
            return {
                name: self._result(rules[name]) if rules[name].label in self.arrays else float("nan") for name in names
            }
        totals, counts = self.arrays.get(TOTAL), self.arrays.get(COUNT)
        if totals is None or counts is None:
            return dict.fromkeys(self._spec.metrics, float("nan"))
        totals, counts = self.summed(totals), self.summed(counts)
        if self.replication is not None:
            return self._of_replicas(self.replication, totals, counts)
        others = {result.metric: result for result in self._spec.results}
        pairs = iter(zip(totals.tolist(), counts.tolist(), strict=True))
        values: dict[str, Any] = {}
        for name in self._spec.metrics:
            if name in others:
                values[name] = self._result(others[name])
            else:
                total, count = next(pairs)
                values[name] = total / count if count else float("nan")
        return values

    def _result(self, spec: ResultSpec, sums: Array | None = None) -> Any:
        from nnc.results.rules import result_of

        sums = self.summed(self.arrays[spec.label]) if sums is None else sums
        return result_of(spec.kind, sums, spec.shapes, spec.settings)

    def _of_replicas(self, replication: Replication, totals: Array, counts: Array) -> dict[str, Any]:
        """Return loss and metrics with a part for each replica."""
        means = iter(replication.means(totals, counts))
        others = {result.metric: result for result in self._spec.results}
        values: dict[str, Any] = {}
        for name in self._spec.metrics:
            if name in others:
                sums = replication.by_replica(self.arrays[sums_label(name)])
                values[name] = numpy.stack([numpy.asarray(self._result(others[name], own)) for own in sums])
            else:
                values[name] = next(means)
        return values

    # ------------------------------------------------------------------ order of samples

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

    def follow_order(self, order: dict[str, Any]) -> None:
        """Draw the order of samples from this state of its generator on."""
        self._shuffler, self._order = None, order

    # ------------------------------------------------------------------ weights

    @property
    def variables(self) -> dict[str, Array]:
        """All weights by path, as views on the state; of replicas copies with a part for each, not to be written to."""
        if self.replication is not None:
            found = {path: self.replication.by_replica(array).copy() for path, array in self._views().items()}
            for array in found.values():
                array.flags.writeable = False
            return found
        for version in self.versions:
            version.expose()
        return self._views()

    def weights_in(self, label: str) -> dict[str, Array]:
        """Return the weights that lie in a state, by path, as views that are to be read only."""
        return {
            variable.path: self._views()[variable.path] for variable in self._spec.variables if variable.state == label
        }

    def _views(self) -> dict[str, Array]:
        found, replication = {}, self.replication
        for variable in self._spec.variables:
            size, array = int(numpy.prod(variable.shape)), self.arrays[variable.state]
            window = slice(variable.offset, variable.offset + size)
            if replication is None:
                found[variable.path] = array.reshape(-1)[window].reshape(variable.shape)
            else:
                lanes = array.shape[-1:] if replication.lanes > 1 else ()
                flat = array.reshape(replication.blocks, -1, *lanes)[:, window]
                found[variable.path] = flat.reshape(replication.blocks, *variable.shape, *lanes)
        return found

    def get_weights(self) -> list[Array]:
        """Return copies of all weights; of replicas each has a part for each, (replicas, *shape)."""
        if self.replication is not None:
            return [self.replication.by_replica(array).copy() for array in self._views().values()]
        return [array.copy() for array in self._views().values()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite all weights; of replicas each array has a part for each.

        Raises:
            DataError: number or shapes do not fit; nothing is changed then.
        """
        arrays = [to_array(array, "a weight") for array in weights]
        shapes = [self._shape_of(variable) for variable in self._spec.variables]
        if [array.shape for array in arrays] != shapes:
            raise DataError(
                f"program '{self._spec.name}' has weights of shapes {shapes}, got {[array.shape for array in arrays]}"
            )
        for array, value in zip(self._views().values(), arrays, strict=True):
            array[...] = value if self.replication is None else self.replication.stacked(value)
        self.changed()

    def _shape_of(self, variable: VariableSpec) -> tuple[int, ...]:
        """Return the shape of a weight, with that of replicas in front."""
        return variable.shape if self.replication is None else (self.replication.count, *variable.shape)

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
        own = dict(zip(self._views(), self.get_weights(), strict=True))
        for label in dict.fromkeys((*own, *found)):
            where = f"{str(path)!r}: weight '{label:.80}'"
            if label not in found:
                raise DataError(f"{where} of program '{self._spec.name}' is missing")
            if label not in own:
                raise DataError(f"{where} does not belong to program '{self._spec.name}'.{nearest(label, own)}")
            if found[label].shape != own[label].shape:
                raise DataError(f"{where} has shape {found[label].shape}, expected {own[label].shape}")
            if not numpy.can_cast(found[label].dtype, own[label].dtype, "same_kind"):
                raise DataError(f"{where} is {own[label].dtype}, got {found[label].dtype}")
        self.set_weights([found[label] for label in own])

    def save_weights(self, path: str | Path) -> None:
        """Write the weights to an ``.npz`` file, under their paths.

        Raises:
            DataError: the path ends otherwise; nothing is written then.
            OSError: the file cannot be written; what was there before is untouched.
        """
        if Path(path).suffix != ".npz":
            raise DataError(f"a program's weights are written to .npz files, got {str(path)!r}")
        buffer = io.BytesIO()
        numpy.savez(buffer, **dict(zip(self._views(), self.get_weights(), strict=True)))
        write_atomically(path, buffer.getbuffer())

    def averages(self, labels: Iterable[str]) -> list[tuple[Array, Array]]:
        """Return each state of weights with its moving average, by the labels of the latter.

        Whoever writes to them says so with `changed`.
        """
        return [(self.arrays[label.partition(_AVERAGE)[2]], self.arrays[label]) for label in labels]

    def take_averages(self, labels: Iterable[str]) -> None:
        """Let weights take over their moving averages, by the labels of the latter."""
        for weights, average in self.averages(labels):
            weights[...] = average
            self.changed()

    # ------------------------------------------------------------------ going on

    def checkpoint(self) -> dict[str, Any]:
        """Return a copy of all state but the weights, for `resume`: optimizer, random key, order of samples."""
        weights = {variable.state for variable in self._spec.variables}
        with self.turn:
            states = {label: array.copy() for label, array in self.arrays.items() if label not in weights}
            return {"states": states, "order": self.order_state}

    def resume(self, checkpoint: Mapping[str, Any]) -> None:
        """Take over what `checkpoint` returned, from a program of the same model; its element type may be another."""
        with self.turn:
            for label, array in checkpoint["states"].items():
                own = self.arrays.setdefault(label, array.copy())
                numpy.copyto(own, array, casting="same_kind")
            self._shuffler, self._order = None, checkpoint["order"]
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
        for label, own in self.arrays.items():
            found = states.get(label, own)
            if found.shape != own.shape:
                raise DataError(
                    f"state '@{label}' of program '{self._spec.name}' has shape {own.shape}, got {found.shape}"
                )
            if not numpy.can_cast(found.dtype, own.dtype, "same_kind"):
                raise DataError(f"state '@{label}' of program '{self._spec.name}' is {own.dtype}, got {found.dtype}")
        with self.turn:
            for label, array in states.items():
                numpy.copyto(self.arrays.setdefault(label, array.copy()), array)
            self._shuffler, self._order = None, order
            self._place = epoch, batch
            self.changed()

    def take_place(self, epoch: int) -> tuple[int, int]:
        """Return the epoch and the batch to begin with: what `restore` said, or the epoch given."""
        place, self._place = self._place, None
        return (epoch, 0) if place is None else place
