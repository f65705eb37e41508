"""The loop over epochs and batches that trains; Ctrl-C lets it finish the running step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING, Any

from nnc.activity import is_shown
from nnc.backends.numpy import kernel_settings
from nnc.callbacks import CallbackList, History
from nnc.errors import NonFiniteError
from nnc.execution.executor import Executor
from nnc.execution.state import ProgramState
from nnc.labels import EVALUATE, TRAIN, WEIGHTED
from nnc.program.batches import Batches, Feed, WholeEpochs, whole_epochs
from nnc.program.evaluation import by_name, run_evaluation
from nnc.program.executions import Executions, steps_per_execution
from nnc.program.first_step import FirstLook
from nnc.program.preparation import batch_size_of, check_trains, epochs_of, steps_of, whole
from nnc.program.progress import Progress, line_of, verbosity
from nnc.program.streams import make_feed
from nnc.program.training_data import training_arrays

if TYPE_CHECKING:
    from nnc.choices import Verbosity

Array = Any


class TrainHooks:
    """Calls the hooks of callbacks around batches of training.

    Args:
        state: has what is measured.
        callbacks: what is called.
    """

    def __init__(self, state: ProgramState, callbacks: CallbackList) -> None:
        self.state, self.callbacks = state, callbacks

    def begin(self, batch: int) -> None:
        """Call what wants to be called before a batch."""
        self.callbacks.on_train_batch_begin(batch)

    def end(self, batch: int) -> bool:
        """Call what wants to be called after a batch."""
        self.state.restore_stopped()
        logs = _without_stopped(self.state, by_name(self.state.metric_values(TRAIN)))
        self.callbacks.on_train_batch_end(batch, logs)
        return bool(self.callbacks.model.stop_training)


def _without_stopped(state: ProgramState, logs: dict[str, Any]) -> dict[str, Any]:
    return logs if state.stopped is None else state.stopped.silenced(logs)


@contextmanager
def deferred_interrupt() -> Iterator[list[int]]:
    """Collect interrupts in a list instead of raising at once; raise when the block ends.

    Outside the main thread, and where somebody else handles SIGINT, nothing is changed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed inside the block.
    """
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        del frame
        if received:  # the second time somebody means it
            raise KeyboardInterrupt
        received.append(number)

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield received
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if received:
        raise KeyboardInterrupt


def fit(
    executor: Executor,
    owner: Any,
    told: set[str],
    x: Any,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Verbosity = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: Any = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: int = 1,
    on_epoch: Callable[[int, Mapping[str, float]], None] | None = None,
    rows: Any = None,
    validation_rows: Any = None,
    distribute: Any = None,
) -> History:
    """Train on arrays; the arguments are those of Keras's ``Model.fit``.

    With the backend ``auto`` it runs on what its epochs are worth; ``program.choices`` has what that is, and why.

    Args:
        executor: runs what is trained.
        owner: what callbacks see as their model.
        told: names of hints that were given before.
        x: input array or arrays of shape (rows, …), or what yields batches (x, y) or (x, y, sample_weight): a
            generator, or an object with ``len`` and an index.
        y: target array or arrays, by output name where they are in a dictionary.
        batch_size: rows of a batch, 32 by default.
        epochs: number of the last epoch.
        verbose: 0 silent, 1 (and ``auto``) a live line on a terminal or in a notebook and a line per epoch elsewhere,
            of thousands in quick succession some of them; 2 a line per epoch.
        callbacks: what is called between epochs and around batches; see `nnc.callbacks`.
        validation_split: fraction of the rows, from the end, that is kept for validation.
        validation_data: (x, y) or (x, y, sample_weight) to validate on, or what yields such batches.
        shuffle: whether each epoch takes the rows in a new order.
        class_weight: weight of each class index; for replicas also a list of such, one for each.
        sample_weight: weight of each row.
        initial_epoch: number of the first epoch.
        steps_per_epoch: batches of an epoch; by default as many as there are.
        validation_steps: batches of a validation; by default as many as there are.
        validation_batch_size: rows of a batch of validation.
        validation_freq: epochs between two validations.
        on_epoch: called after each epoch with its number and its logs.
        rows: for replicas, numbers of the rows that each is trained on, of shape (replicas, rows of an epoch): a
            bootstrap sample, a fold; rows may occur several times.
        validation_rows: for replicas, numbers of the rows of x and y that each is validated on, likewise.
        distribute: ``mpi`` where all processes that ``mpiexec`` has started train together, each on its rows of every
            batch; or a `Communicator`. All are given the same arrays, and find the same losses.

    Raises:
        DataError: the arrays do not fit the model.
        DistributionError: the processes cannot train together.
        KeyboardInterrupt: Ctrl-C; the state is that after a whole step.
    """
    epochs, initial_epoch = epochs_of(epochs), whole("initial_epoch", initial_epoch, 0)
    validation_freq = whole("validation_freq", validation_freq, 1)
    size = batch_size_of(batch_size)
    checking_size = size if validation_batch_size is None else whole("validation_batch_size", validation_batch_size, 1)
    is_checked = validation_data is not None or validation_rows is not None or bool(validation_split)
    limits = steps_of("steps_per_epoch", steps_per_epoch), steps_of("validation_steps", validation_steps, is_checked)
    state, group = executor.state, _processes(executor, distribute)
    shown = verbosity(verbose) if group.is_first else 0
    check_trains(executor.spec)

    def feeds() -> tuple[Feed, Feed | None]:
        arrays, checked = training_arrays(
            executor,
            x,
            y,
            (sample_weight, class_weight),
            batch_size,
            validation_split,
            validation_data,
            rows,
            validation_rows,
            group.share,
        )
        given, validation = x if arrays is None else arrays, validation_data if checked is None else checked
        group.check(given, validation, {"shuffle": bool(shuffle), "validation_freq": validation_freq})
        first_look = FirstLook(executor, told) if executor.spec.replication is None else None
        feed = group.feed(TRAIN, given, size, limits[0], epochs, class_weight, first_look)
        if validation is None:
            return feed, None
        return feed, group.feed(EVALUATE, validation, checking_size, limits[1], epochs // validation_freq)

    with state.turn, executor.deciding(), line_of(shown), group.training():
        feed, checks = group.agreed(feeds)
        feed.restart()
        listed = CallbackList(group.own(callbacks), True, model=owner, verbose=shown, epochs=epochs, steps=feed.count)
        owner.stop_training, state.stopped = False, None
        group.agreed(listed.on_train_begin)
        first, skipped = group.begin(state.take_place(initial_epoch))
        progress = None
        if shown or is_shown():  # metrics that are not means cost more than a look
            measured = dict if executor.spec.results or not group.is_alone else state.metric_values
            progress = Progress(first, epochs, shown, measured, executor.spec.replication is not None)
        loop = TrainingLoop(state, listed, feed, checks, shuffle, validation_freq, progress, group)
        if on_epoch is None and checks is None and not skipped and shown < 2 and listed.only_records:
            loop.whole = whole_epochs(feed, shuffle)
        epoch = first
        with (
            nullcontext() if progress is None else progress.running(),
            kernel_settings(),
            deferred_interrupt() as interrupted,
        ):
            while epoch < epochs and not interrupted and not loop.is_over:
                try:
                    done = loop.run_several(epoch, epochs) or loop.run(epoch, skipped, interrupted)
                except NonFiniteError as error:
                    error.locate(epoch=epoch)
                    raise
                if not done:
                    break
                skipped = 0
                epoch += done
                if on_epoch is not None:
                    on_epoch(epoch - 1, loop.logs)
            if not interrupted:
                if epochs > 0:
                    state.take_averages(group.averages)
                listed.on_train_end(loop.logs)
    assert listed.history is not None
    return listed.history


class Alone:
    """A training that one process does; `nnc.program.distributed_training.Processes` is that of several.

    Args:
        executor: runs what is trained.

    Attributes:
        is_alone: whether it is one process.
        is_first: whether this process says and writes what all have found.
    """

    is_alone = is_first = True

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def share(self, rows: int) -> range:
        """Return which of so many rows this process looks at."""
        return range(rows)

    def check(self, arrays: Any, checked: Any, settings: Mapping[str, Any]) -> None:
        """Check what is given to train and to validate on, and how."""

    def agreed(self, work: Callable[[], Any]) -> Any:
        """Return what work returns."""
        return work()

    def any(self, wanted: bool) -> bool:
        """Return whether a process wants something that all have to do then."""
        return wanted

    def feed(self, name: str, given: Any, *arguments: Any) -> Feed:
        """Return what gives batches to a graph; see `make_feed`."""
        feed = make_feed(self.executor, name, given, *arguments)
        if name == TRAIN:  # which makes the optimizer's state, for callbacks to restore
            graphs = self.executor.graphs
            graphs.made(TRAIN if TRAIN in graphs.names else TRAIN + WEIGHTED)
        return feed

    def own(self, callbacks: Any) -> Any:
        """Return the callbacks of this process."""
        return callbacks

    def begin(self, place: tuple[int, int]) -> tuple[int, int]:
        """Return epoch and batch to begin with."""
        return place

    def training(self) -> AbstractContextManager[None]:
        """Return the context of the training."""
        return nullcontext()

    def end_epoch(self, epoch: int, stops: bool) -> bool:
        """Return whether the training is to stop."""
        del epoch
        return stops

    @property
    def averages(self) -> Sequence[str]:
        """Labels of the states that keep moving averages of weights."""
        return self.executor.graphs.averages


def _processes(executor: Executor, distribute: Any) -> Any:
    if distribute is None:
        return Alone(executor)
    from nnc.plugins import communicator
    from nnc.program.distributed_training import Processes  # one process starts without it

    return Processes(executor, communicator(distribute))


class TrainingLoop:
    """Runs epochs: batches, validation, and the hooks of callbacks.

    Args:
        state: what is trained.
        callbacks: what is called.
        feed: the batches to train on.
        checks: the batches to validate on, None for no validation.
        shuffle: whether each epoch takes the rows in a new order.
        validation_freq: epochs between two validations.
        progress: shows how far it is, where somebody looks.
        group: the processes that train, `Alone` or several.

    Attributes:
        logs: what the last epoch measured.
        is_over: whether there is to be no further epoch.
        whole: runs epochs without hooks, many in one call; None where each has to run by itself.
    """

    def __init__(
        self,
        state: ProgramState,
        callbacks: CallbackList,
        feed: Feed,
        checks: Feed | None,
        shuffle: bool,
        validation_freq: int,
        progress: Progress | None,
        group: Any,
    ) -> None:
        self.state, self.callbacks = state, callbacks
        self.feed, self.checks, self.validation_freq = feed, checks, validation_freq
        self.shuffle, self.progress, self.group = shuffle, progress, group
        self.hooks = None
        if group.any(callbacks.wants_train_batches):
            self.hooks = Executions(TrainHooks(state, callbacks), steps_per_execution(callbacks.model))
        self._is_checked_by_batch = checks is not None and group.any(callbacks.wants_test_batches)
        self.logs: dict[str, Any] = {}
        self.is_over = False
        self.whole: WholeEpochs | None = None
        if isinstance(feed, Batches) and feed.first is not None:
            feed.first.before(feed.name, feed.arrays)

    def run_several(self, epoch: int, end: int) -> int:
        """Run epochs without hooks, and return how many; 0 if each has to run by itself."""
        if self.whole is None or self.feed.first is not None:  # which wants to look at the first batch
            return 0
        logs = self.whole.run(end - epoch)
        count = len(next(iter(logs.values())))
        assert self.callbacks.history is not None
        self.callbacks.history.add_epochs(epoch, count, by_name(logs))
        last = {name: numbers[-1] for name, numbers in logs.items()}
        self.logs = {name: number if number.ndim else float(number) for name, number in last.items()}
        if self.progress is not None:
            self.progress.epochs_done(count, lambda index: {name: array[index] for name, array in logs.items()})
        self.is_over = bool(self.callbacks.model.stop_training)
        return count

    def run(self, epoch: int, first: int, interrupted: Sequence[int]) -> bool:
        """Run an epoch from its batch `first` on; return False where an interrupt ended it."""
        state = self.state
        if not first:  # otherwise metrics go on as well
            state.reset_metrics()
        if state.stopped is not None:
            state.stopped.begin_epoch()
        self.callbacks.on_epoch_begin(epoch)
        self.feed.begin_epoch(state.shuffler if self.shuffle else None)
        if self.progress is not None:
            self.progress.watch(self.feed)
        ran = self.feed.run(self.hooks, first, interrupted)
        if self.hooks is not None and not interrupted:  # a place that is kept must not be behind rows that did not run
            self.hooks.finish()
        state.restore_stopped()
        if interrupted:
            return False
        measured = state.metric_values(TRAIN)
        logs = by_name(measured)
        if self.checks is not None and (epoch + 1) % self.validation_freq == 0:
            if self.progress is not None:
                self.progress.watch(self.checks, is_validating=True)
            found = run_evaluation(state, self.checks, self.callbacks, self._is_checked_by_batch)
            measured |= {f"val_{name}": number for name, number in found.items()}
            logs |= {f"val_{name}": number for name, number in by_name(found).items()}
        logs = _without_stopped(state, logs)
        self.callbacks.on_epoch_end(epoch, logs)
        self.logs = logs
        if self.progress is not None:
            self.progress.epochs_done(1, lambda _: {name: logs[name] for name in (*measured, *logs) if name in logs})
        self.is_over = self.group.end_epoch(epoch, not ran or bool(self.callbacks.model.stop_training))
        return True
