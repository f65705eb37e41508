"""The loops over batches: fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy

from nnc.backends.numpy import kernel_settings
from nnc.errors import DataError
from nnc.program.data import as_arrays, as_weights, check_finite, check_rows, check_targets
from nnc.program.history import History
from nnc.program.interrupt import deferred_interrupt
from nnc.program.program import EVALUATE, PREDICT, SAMPLE_WEIGHT, TRAIN, WEIGHTED
from nnc.program.progress import Progress

if TYPE_CHECKING:
    from nnc.program.program import Program

Array = Any
PREDICT_BATCH = 256
BATCH = 32


def prepare(
    program: Program,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
) -> dict[str, Array]:
    """Check data for training or evaluation and return arrays by input label.

    Raises:
        DataError: something does not fit.
    """
    spec = program.spec
    if not spec.targets:
        raise DataError(
            f"program '{program.name}' only predicts: compile the model with a loss to train or evaluate it"
        )
    if x is None:
        raise DataError("inputs are missing: give x")
    if y is None:
        raise DataError("targets are missing: give y")
    if isinstance(y, Mapping) and set(y) == {output.label for output in spec.outputs}:  # by output, as in Keras
        y = {target.label: y[output.label] for target, output in zip(spec.targets, spec.outputs, strict=True)}
    inputs, targets = as_arrays(spec.inputs, x, "input"), as_arrays(spec.targets, y, "target")
    labels = [item.label for item in (*spec.inputs, *spec.targets)]
    check_rows([*inputs, *targets], labels)
    check_finite(spec.inputs, inputs, "input")
    check_finite(spec.targets, targets, "target")
    check_targets(spec.targets, targets)
    arrays = dict(zip(labels, [*inputs, *targets], strict=True))
    weights = as_weights(sample_weight, class_weight, targets)
    if weights is not None:
        arrays[SAMPLE_WEIGHT] = numpy.ascontiguousarray(weights, _float_type(program))
    return arrays


def _float_type(program: Program) -> str:
    return next((item.dtype for item in program.spec.outputs if item.dtype.startswith("float")), "float32")


def batch_arrays(
    program: Program,
    name: str,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
) -> tuple[str, dict[str, Array]]:
    """Return the graph to use for one batch and its arrays by label."""
    arrays = prepare(program, x, y, sample_weight, class_weight)
    return (name + WEIGHTED if SAMPLE_WEIGHT in arrays else name), arrays


class Batches:
    """Cuts arrays into batches and runs a graph on each, without allocating anything per batch.

    Args:
        program: what to run.
        name: graph, without the suffix for weights.
        arrays: arrays by input label, of equal length.
        batch_size: rows of a batch; the last one may have fewer.
    """

    def __init__(self, program: Program, name: str, arrays: Mapping[str, Array], batch_size: int) -> None:
        name = name + WEIGHTED if SAMPLE_WEIGHT in arrays else name
        rows = len(next(iter(arrays.values())))
        self.order = numpy.arange(rows)
        self._sorted = numpy.arange(rows)
        size = min(batch_size, rows)
        starts = range(0, rows, size)
        program.bound(name, size)
        self.steps = []
        for start in starts:
            window = self.order[start : start + size]
            bound = program.bound(name, len(window))
            gathers = [(arrays[label].take, target) for label, target in bound.inputs.items()]
            self.steps.append((window, gathers, bound.run))

    def shuffle(self, generator: numpy.random.Generator) -> None:
        """Draw a new order, which depends on the generator's state alone."""
        numpy.copyto(self.order, self._sorted)
        generator.shuffle(self.order)

    def run(self, interrupted: Sequence[int] = ()) -> None:
        """Run every batch once; an interrupt ends the epoch between two batches."""
        for window, gathers, run in self.steps:
            for take, target in gathers:
                take(window, 0, target, "clip")
            run()
            if interrupted:
                return


def fit(
    program: Program,
    x: Any,
    y: Any,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: int | str = "auto",
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    validation_batch_size: int | None = None,
    validation_freq: int = 1,
    on_epoch: Callable[[int, Mapping[str, float]], None] | None = None,
) -> History:
    """Train on arrays; the arguments are those of Keras's ``Model.fit``.

    Args:
        program: what to train.
        x: input array or arrays of shape (rows, …).
        y: target array or arrays, by output name where they are in a dictionary.
        batch_size: rows of a batch, 32 by default.
        epochs: number of the last epoch.
        verbose: 0 silent, 1 (and ``auto``) a live line, 2 a line per epoch.
        validation_split: fraction of the rows, from the end, that is kept for validation.
        validation_data: (x, y) or (x, y, sample_weight) to validate on.
        shuffle: whether each epoch takes the rows in a new order.
        class_weight: weight of each class index.
        sample_weight: weight of each row.
        initial_epoch: number of the first epoch.
        validation_batch_size: rows of a batch of validation.
        validation_freq: epochs between two validations.
        on_epoch: called after each epoch with its number and its logs.

    Raises:
        DataError: the arrays do not fit the model.
        KeyboardInterrupt: Ctrl-C; the state is that after a whole step.
    """
    size = _batch_size(batch_size)
    checking_size = size if validation_batch_size is None else _whole("validation_batch_size", validation_batch_size, 1)
    epochs, initial_epoch = _whole("epochs", epochs, 0), _whole("initial_epoch", initial_epoch, 0)
    validation_freq = _whole("validation_freq", validation_freq, 1)
    shown = _verbosity(verbose)
    arrays = prepare(program, x, y, sample_weight, class_weight)
    validation = _validation(program, validation_data)
    if validation is None and validation_split:
        arrays, validation = _split(arrays, validation_split)
    history = History(params={"epochs": epochs, "batch_size": size})
    with program.turn:
        batches = Batches(program, TRAIN, arrays, size)
        history.params["steps"] = len(batches.steps)
        checks = None
        if validation is not None:
            checks = Batches(program, EVALUATE, validation, checking_size)
        progress = Progress(epochs, shown)
        logs: dict[str, float] = {}
        epoch = initial_epoch
        try:
            with kernel_settings(), deferred_interrupt() as interrupted:
                for epoch in range(initial_epoch, epochs):
                    if shuffle:
                        batches.shuffle(program.shuffler)
                    program.reset_metrics()
                    batches.run(interrupted)
                    if interrupted:
                        break
                    logs = program.metric_values()
                    if checks is not None and (epoch + 1) % validation_freq == 0:
                        program.reset_metrics()
                        checks.run()
                        logs |= {f"val_{name}": number for name, number in program.metric_values().items()}
                    history.append(epoch, logs)
                    progress.epoch_done(epoch, logs)
                    if on_epoch is not None:
                        on_epoch(epoch, logs)
                    if interrupted:
                        break
        finally:
            progress.close(len(history.epoch) + initial_epoch, logs)
    return history


def evaluate(
    program: Program,
    x: Any,
    y: Any,
    batch_size: int | None = None,
    sample_weight: Any = None,
) -> dict[str, float]:
    """Return loss and metrics on arrays.

    Args:
        program: what to evaluate.
        x: input array or arrays of shape (rows, …).
        y: target array or arrays.
        batch_size: rows of a batch, 32 by default.
        sample_weight: weight of each row.

    Raises:
        DataError: the arrays do not fit the model.
    """
    arrays = prepare(program, x, y, sample_weight)
    with program.turn, kernel_settings():
        batches = Batches(program, EVALUATE, arrays, _batch_size(batch_size))
        program.reset_metrics()
        batches.run()
        return program.metric_values()


def predict(program: Program, x: Any, batch_size: int | None = None) -> Any:
    """Return the outputs for any number of rows; see `Program.predict`."""
    arrays = as_arrays(program.spec.inputs, x, "input")
    rows = check_rows(arrays, [item.label for item in program.spec.inputs])
    size = min(rows, PREDICT_BATCH if batch_size is None else _batch_size(batch_size))
    results = [numpy.empty((rows, *item.shape), item.dtype) for item in program.spec.outputs]
    with kernel_settings():
        program.bound(PREDICT, size)
        for start in range(0, rows, size):
            bound = program.bound(PREDICT, min(size, rows - start))
            for target, array in zip(bound.inputs.values(), arrays, strict=True):
                numpy.copyto(target, array[start : start + size])
            bound.run()
            for result, output in zip(results, bound.outputs.values(), strict=True):
                result[start : start + size] = output
    return results[0] if len(results) == 1 else results


def _batch_size(given: int | None) -> int:
    return BATCH if given is None else _whole("batch_size", given, 1)


def _whole(name: str, given: Any, least: int) -> int:
    number: Any = given
    if isinstance(given, bool) or not isinstance(given, Real) or number % 1 != 0 or number < least:
        raise DataError(f"{name} must be a whole number of at least {least}, got {given!r}")
    return int(number)


def _verbosity(given: Any) -> int:
    if isinstance(given, str) and given == "auto":
        return 1
    if isinstance(given, int | numpy.integer | numpy.bool_) and given in (0, 1, 2):
        return int(given)
    raise DataError(f"verbose must be 0, 1, 2 or 'auto', got {given!r}")


def _validation(program: Program, given: Any) -> dict[str, Array] | None:
    if given is None:
        return None
    if not isinstance(given, list | tuple) or len(given) not in (2, 3):
        raise DataError("validation_data must be (x, y) or (x, y, sample_weight)")
    return prepare(program, *given)


def _split(arrays: Mapping[str, Array], given: Any) -> tuple[dict[str, Array], dict[str, Array]]:
    fraction: Any = given
    if isinstance(given, bool) or not isinstance(given, Real) or not 0.0 < fraction < 1.0:
        raise DataError(f"validation_split must be a number between 0 and 1, got {given!r}")
    rows = len(next(iter(arrays.values())))
    kept = int(rows * (1.0 - fraction))
    if kept in (0, rows):
        raise DataError(f"validation_split {fraction} of {rows} rows leaves nothing to train or to validate on")
    first = {label: array[:kept] for label, array in arrays.items()}
    return first, {label: array[kept:] for label, array in arrays.items()}
