"""The loops over batches that change nothing: evaluation and prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy

from nnc.activity import is_shown
from nnc.backends.numpy import kernel_settings
from nnc.errors import DataError, NonFiniteError
from nnc.execution.executor import Executor
from nnc.execution.spec import Structure, outputs_of, packed
from nnc.execution.state import ProgramState
from nnc.labels import EVALUATE, PREDICT, ROWS
from nnc.program.batches import Feed
from nnc.program.data import as_arrays, check_rows, input_arrays, known_sizes
from nnc.program.direct_calls import DirectCalls
from nnc.program.executions import Executions, steps_per_execution
from nnc.program.predictions import Predictions
from nnc.program.preparation import batch_size_of, check_trains, prepare, steps_of
from nnc.program.progress import Count, Counted, Logs, batches_shown, line_of, no_logs, verbosity
from nnc.program.streams import (
    batches_of,
    check_alone,
    check_ends,
    is_stream,
    length_of,
    make_feed,
    parts_of,
    tell,
)

if TYPE_CHECKING:
    from nnc.callbacks import CallbackList
    from nnc.choices import Verbosity

Array = Any
PREDICT_BATCH = 256


class PredictHooks:
    """Calls the hooks of callbacks around batches of prediction.

    Args:
        callbacks: what is called.
        structure: how the outputs are nested.
        found: the outputs of each batch, to which more come.
    """

    def __init__(self, callbacks: CallbackList, structure: Structure, found: Sequence[Sequence[Array]]) -> None:
        self.callbacks, self.structure, self.found = callbacks, structure, found
        self._told = 0

    def begin(self, batch: int) -> None:
        """Call what wants to be called before a batch."""
        self.callbacks.on_predict_batch_begin(batch)

    def end(self, batch: int) -> bool:
        """Call what wants to be called after a batch, with the predictions since the last time."""
        news = zip(*self.found[self._told :], strict=True)
        outputs = [parts[0] if len(parts) == 1 else numpy.concatenate(parts) for parts in news]
        self._told = len(self.found)
        self.callbacks.on_predict_batch_end(batch, {"outputs": packed(self.structure, outputs)})
        return bool(self.callbacks.model.stop_predicting)


class TestHooks:
    """Calls the hooks of callbacks around batches of evaluation.

    Args:
        state: has what is measured.
        callbacks: what is called.
    """

    def __init__(self, state: ProgramState, callbacks: CallbackList) -> None:
        self.state, self.callbacks = state, callbacks

    def begin(self, batch: int) -> None:
        """Call what wants to be called before a batch."""
        self.callbacks.on_test_batch_begin(batch)

    def end(self, batch: int) -> bool:
        """Call what wants to be called after a batch."""
        self.callbacks.on_test_batch_end(batch, by_name(self.state.metric_values(EVALUATE)))
        return bool(self.callbacks.model.stop_evaluating)


def by_name(logs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was measured in the order of names, as Keras's callbacks get it."""
    return dict(sorted(logs.items()))


def run_evaluation(state: ProgramState, feed: Feed, callbacks: CallbackList, wants_batches: bool) -> dict[str, Any]:
    """Run an epoch of evaluation, with its hooks, and return loss and metrics.

    Args:
        state: what is evaluated.
        feed: the batches.
        callbacks: what is called.
        wants_batches: whether one of them, or one of another process, is called around batches.
    """
    steps = steps_per_execution(callbacks.model)
    hooks = Executions(TestHooks(state, callbacks), steps) if wants_batches else None
    callbacks.on_test_begin()
    state.reset_metrics()
    feed.restart()
    feed.begin_epoch(None)
    feed.run(hooks)
    if hooks is not None:
        hooks.finish()
    logs = state.metric_values(EVALUATE)
    callbacks.on_test_end(by_name(logs))
    return logs


def evaluate(
    executor: Executor,
    owner: Any,
    x: Any,
    y: Any = None,
    batch_size: int | None = None,
    sample_weight: Any = None,
    steps: int | None = None,
    callbacks: Any = None,
    verbose: Verbosity = "auto",
) -> dict[str, Any]:
    """Return loss and metrics on arrays.

    Args:
        executor: runs what is evaluated.
        owner: what callbacks see as their model.
        x: input array or arrays of shape (rows, …), or what yields batches (x, y) or (x, y, sample_weight).
        y: target array or arrays.
        batch_size: rows of a batch, 32 by default.
        sample_weight: weight of each row.
        steps: batches to look at; all by default.
        callbacks: what is called at the beginning, the end and around batches.
        verbose: 0 silent; 1 (and ``auto``) a live line on a terminal or in a notebook once that takes half a second,
            and a line at the end; 2 a line at the end. With ``auto`` there is none at the end but on a terminal, of
            what took more than a second: what is read from a pipe depends on no time.

    Raises:
        DataError: the arrays do not fit the model.
    """
    from nnc.callbacks import CallbackList

    limit, shown = steps_of("steps", steps), verbosity(verbose)
    spec, state = executor.spec, executor.state
    check_trains(spec)
    with state.turn, executor.deciding(), line_of(shown), kernel_settings():
        if is_stream(x):
            check_alone(x, y=y, sample_weight=sample_weight, batch_size=batch_size)
            given = x
        else:
            given = prepare(executor, x, y, sample_weight)
        feed = make_feed(executor, EVALUATE, given, batch_size_of(batch_size), limit)
        listed = CallbackList(callbacks, model=owner, verbose=shown, epochs=1, steps=feed.count)
        owner.stop_evaluating = False
        feed.is_watched = is_shown() or shown > 0
        # Metrics that are no means cost more than a look.
        measured = no_logs if spec.results else state.metric_values
        with _showing("evaluating", "Evaluated", verbose, feed, measured, spec.replication is not None):
            return run_evaluation(state, feed, listed, listed.wants_test_batches)


def predict(
    calls: DirectCalls,
    owner: Any,
    x: Any,
    batch_size: int | None = None,
    steps: int | None = None,
    callbacks: Any = None,
    verbose: Verbosity = "auto",
) -> Any:
    """Return the outputs for any number of rows, batch by batch.

    Outputs of batches are joined along their first axis. Where this is not that of the rows, or another axis is too, it
    matters how rows make batches, which are Keras's 32 rows by default.

    Outputs of floating-point numbers are float32 or float64, also where Keras's model returns float16 or bfloat16.

    Args:
        calls: predicts single batches.
        owner: what callbacks see as their model.
        x: input array or arrays of shape (rows, …), or what yields batches of them.
        batch_size: rows of a batch, 256 by default.
        steps: batches to predict; all by default.
        callbacks: what is called at the beginning, the end and around batches.
        verbose: what is shown, as of `evaluate`.

    Raises:
        DataError: the arrays do not fit the model.
    """
    limit, shown = steps_of("steps", steps), verbosity(verbose)
    with line_of(shown):
        return _predict(calls, owner, x, batch_size, limit, callbacks, verbose)


def _predict(
    calls: DirectCalls,
    owner: Any,
    x: Any,
    batch_size: int | None,
    limit: int | None,
    callbacks: Any,
    verbose: Verbosity,
) -> Any:
    executor, spec = calls.executor, calls.executor.spec
    if is_stream(x):
        check_alone(x, batch_size=batch_size)
        return _predict_stream(calls, owner, x, limit, callbacks, verbose)
    if spec.edge is not None:
        return _predict_texts(calls, owner, as_arrays(spec.taken, x, "input"), batch_size, limit, callbacks, verbose)
    arrays = input_arrays(spec, x)
    sizes = known_sizes(spec.inputs, arrays)
    rows = sizes[ROWS]
    size = min(rows, PREDICT_BATCH if batch_size is None else batch_size_of(batch_size))
    if limit is not None or callbacks is not None or not spec.is_by_row:
        if batch_size is None:
            size = min(rows, batch_size_of(None))  # Keras's: callbacks and such outputs see its batches
        parts = [[array[start : start + size] for array in arrays] for start in range(0, rows, size)]
        return _predict_stream(calls, owner, _Parts(parts), limit, callbacks, verbose, sizes | {ROWS: size})
    with executor.deciding(), kernel_settings():
        executor.decide(PREDICT, -(-rows // size), sizes | {ROWS: size})
        predictions = Predictions(executor, arrays, sizes, size)
        batches = Count(-(-rows // size))
        with _showing("predicting", "Predicted", verbose, batches):
            for start in range(0, rows, size):
                try:
                    predictions.run(range(start, min(start + size, rows)))
                except NonFiniteError as error:
                    error.locate(batch=start // size, row=start)
                    raise
                batches.done += 1
    return packed(spec.structure, predictions.outputs)


def _showing(
    doing: str,
    done: str,
    verbose: Verbosity,
    batches: Counted,
    measured: Callable[[], Logs] = no_logs,
    of_replicas: bool = False,
) -> AbstractContextManager[None]:
    """Return a context that shows how far the batches are, see `batches_shown`, where anybody might see it."""
    is_seen = is_shown() or (verbose != "auto" and verbose)
    return batches_shown(doing, done, verbose, batches, measured, of_replicas) if is_seen else nullcontext()


class _Parts:
    """Batches of inputs by number, as lists of arrays."""

    def __init__(self, parts: list[list[Array]]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[tuple[list[Array]]]:
        return iter([(part,) for part in self.parts])


def _predict_texts(
    calls: DirectCalls,
    owner: Any,
    arrays: list[Array],
    batch_size: int | None,
    limit: int | None,
    callbacks: Any,
    verbose: Verbosity,
) -> Any:
    """Return the outputs for texts, which become numbers batch by batch: these may take much more memory.

    Where the longest text of a batch says how long all are, batches have Keras's size by default.
    """
    spec = calls.executor.spec
    is_open = any(not isinstance(dim, int) for item in spec.inputs for dim in item.shape)
    is_kerass = is_open or not spec.is_by_row or limit is not None or callbacks is not None
    by_default = batch_size is None and not is_kerass
    size = PREDICT_BATCH if by_default else batch_size_of(batch_size)
    rows = check_rows(arrays, [item.label for item in spec.taken])
    parts = [[array[start : start + size] for array in arrays] for start in range(0, rows, size)]
    return _predict_stream(calls, owner, _Parts(parts), limit, callbacks, verbose)


def _predict_stream(
    calls: DirectCalls,
    owner: Any,
    source: Any,
    limit: int | None,
    callbacks: Any,
    verbose: Verbosity,
    sizes: Mapping[str, int] | None = None,
) -> Any:
    from nnc.callbacks import CallbackList  # which predictions from arrays do without

    executor, count = calls.executor, limit or length_of(source)
    if limit is None:
        check_ends(source, "steps")
    with executor.deciding():
        executor.decide(PREDICT, count, sizes or {})
        listed = CallbackList(callbacks, model=owner, verbose=verbosity(verbose), epochs=1, steps=count)
        batches = Count(count)
        with _showing("predicting", "Predicted", verbose, batches):
            return _predict_batches(calls, owner, source, limit, batches, listed)


def _predict_batches(
    calls: DirectCalls, owner: Any, source: Any, limit: int | None, batches: Count, listed: CallbackList
) -> Any:
    spec = calls.executor.spec
    owner.stop_predicting = False
    listed.on_predict_begin()
    found: list[list[Array]] = []
    hooks = Executions(PredictHooks(listed, spec.structure, found), steps_per_execution(owner))
    tell(source, "on_epoch_begin")
    for number, item in enumerate(batches_of(source)):
        if number == limit:
            tell(source, "on_epoch_end")
            break
        hooks.begin(number)
        x, _, _ = parts_of(item)
        try:
            outputs = calls.of_arrays(tuple(input_arrays(spec, x)))
        except NonFiniteError as error:
            error.locate(batch=number)
            raise
        found.append(outputs_of(spec.structure, outputs))
        batches.done = number + 1
        if hooks.end(number):
            break
    else:
        tell(source, "on_epoch_end")
    hooks.finish()
    listed.on_predict_end()
    if not found:
        raise DataError("there is nothing to predict from: x yields no batch")
    for label, parts in zip([item.label for item in spec.outputs], zip(*found, strict=True), strict=True):
        shapes = {part.shape[1:] for part in parts}
        if len(shapes) > 1:
            shown = " and ".join(map(str, sorted(shapes)[:2]))
            raise DataError(f"output '{label}' has rows of different shapes, {shown}: predict batches one by one")
    results = [numpy.concatenate(parts) for parts in zip(*found, strict=True)]
    return packed(spec.structure, results)
