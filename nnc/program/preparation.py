"""From what a user gives to `fit` and its like to arrays by input label."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.execution.executor import Executor
from nnc.execution.spec import ProgramSpec, unpacked
from nnc.labels import EVALUATE, OWN_ROWS, ROWS, STEPS, THIRD, WEIGHTED
from nnc.program.data import as_arrays, check_finite, check_targets, input_arrays, known_sizes
from nnc.program.sample_weights import as_weights, weights_suffix
from nnc.settings import SETTINGS

Array = Any
BATCH = 32


def prepare(
    executor: Executor,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    share: Callable[[int], range] = range,
) -> dict[str, Array]:
    """Check data for training or evaluation and return arrays by input label.

    Args:
        executor: has the program.
        x: input array or arrays.
        y: target array or arrays.
        sample_weight: weights of rows.
        class_weight: weights of classes.
        share: returns which of so many rows to look at; others look at the rest.

    Raises:
        DataError: something does not fit.
    """
    check_trains(executor.spec)
    if sample_weight is not None and (others := _beside_third(executor.spec)):
        y, sample_weight = [*_listed(y, others), sample_weight], None
    if x is None:
        raise DataError("inputs are missing: give x")
    if y is None and executor.spec.targets:
        raise DataError("targets are missing: give y")
    inputs = input_arrays(executor.spec, x)
    targets = _targets(executor, y)
    spec = executor.spec
    labels = [item.label for item in (*spec.inputs, *spec.targets)]
    sizes = known_sizes([*spec.inputs, *spec.targets], [*inputs, *targets])
    part = share(sizes[ROWS])
    check_finite(spec.inputs, inputs, "input", part)
    check_finite(spec.targets, targets, "target", part)
    check_targets(spec.targets, targets, part)
    arrays = dict(zip(labels, [*inputs, *targets], strict=True))
    names = _output_names(spec)

    def step_shapes() -> dict[str, tuple[int, ...]]:
        inputs = executor.graphs.graph(EVALUATE + WEIGHTED + STEPS).inputs
        return {label: tuple(map(int, value.type.bind(sizes).shape[1:])) for label, value in inputs.items()}

    if (nested := unpacked(spec.structure, sample_weight)) is not None:
        sample_weight = nested if len(nested) > 1 else nested[0]
    weights = as_weights(spec.targets, names, sample_weight, class_weight, targets, step_shapes)
    dtype = _float_type(spec)
    return arrays | {label: numpy.ascontiguousarray(array, dtype) for label, array in weights.items()}


def _beside_third(spec: ProgramSpec) -> int:
    """Return how many targets stand before the third array of a batch; 0 where steps take none."""
    labels = [target.label for target in spec.targets]
    return len(labels) - 1 if THIRD in labels else 0


def _listed(y: Any, count: int) -> list[Any]:
    """Return targets, of which there are so many."""
    if isinstance(y, Mapping):
        return list(y.values())
    return list(y) if count > 1 and isinstance(y, list | tuple) else [y]


def _targets(executor: Executor, y: Any) -> list[Array]:
    """Return the targets; losses that take several kinds settle for those of the first data."""
    spec = executor.spec
    if not spec.targets:
        return []
    given = _by_target(spec, y)
    try:
        return as_arrays(spec.targets, given, "target")
    except DataError:
        if isinstance(given, Mapping):
            parts = [given.get(target.label) for target in spec.targets]
        else:
            parts = list(given) if len(spec.targets) > 1 else [given]
        shapes = [shape for part in parts if (shape := _shape(part)) is not None]
        if len(shapes) != len(spec.targets) or not executor.take_targets(shapes):
            raise
    return as_arrays(executor.spec.targets, given, "target")


def _shape(given: Any) -> tuple[int, ...] | None:
    """Return the shape of an array, None for what is none."""
    try:
        return tuple(given.shape)
    except Exception:  # objects of others do as they like
        return None


def _output_names(spec: ProgramSpec) -> list[str]:
    """Return the name of the output that each of the targets belongs to; files of 0.1 have targets for all."""
    return [target.output or output.label for target, output in zip(spec.targets, spec.outputs, strict=False)]


def _by_target(spec: ProgramSpec, y: Any) -> Any:
    """Return targets that are given for all outputs, by output as in Keras, without those that nothing reads."""
    outputs, names = [output.label for output in spec.outputs], _output_names(spec)
    nested = None if isinstance(y, Mapping) and set(y) <= set(outputs) else unpacked(spec.structure, y)
    if nested is not None:
        y = nested if len(nested) > 1 else nested[0]
    if isinstance(y, Mapping) and set(names) <= set(y) <= set(outputs):
        return {target.label: y[name] for target, name in zip(spec.targets, names, strict=True)}
    if isinstance(y, list | tuple) and len(y) == len(outputs) > len(names):
        chosen = [y[outputs.index(name)] for name in names]
        return chosen if len(chosen) > 1 else chosen[0]
    return y


def check_trains(spec: ProgramSpec) -> None:
    """Check that a program has a loss.

    Raises:
        DataError: it has none.
    """
    if not spec.has_loss:
        raise DataError(f"program '{spec.name}' only predicts: compile the model with a loss to train or evaluate it")


def _float_type(spec: ProgramSpec) -> str:
    return next((item.dtype for item in spec.outputs if item.dtype.startswith("float")), "float32")


def batch_arrays(
    executor: Executor,
    name: str,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
) -> tuple[str, dict[str, Array]]:
    """Return the graph to use for one batch and its arrays by label."""
    arrays = prepare(executor, x, y, sample_weight, class_weight)
    return graph_name(name, arrays), arrays


def graph_name(name: str, arrays: Mapping[str, Array]) -> str:
    """Return the name of the graph that takes these arrays; see `nnc.labels.OWN_ROWS`."""
    own = OWN_ROWS if any(hasattr(array, "of_block") for array in arrays.values()) else ""
    return name + weights_suffix(arrays) + own


def split_rows(arrays: Mapping[str, Array], given: Any) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the first rows, to train on, and the last, to validate on.

    Args:
        arrays: arrays by label, of equal length.
        given: the fraction of the last rows.

    Raises:
        DataError: it is not a fraction, or nothing is left on one side.
    """
    fraction: Any = given
    if isinstance(given, bool) or not isinstance(given, Real) or not 0.0 < fraction < 1.0:
        raise DataError(f"validation_split must be a number between 0 and 1, got {given!r}")
    rows = len(next(iter(arrays.values())))
    kept = int(rows * (1.0 - fraction))
    if kept in (0, rows):
        raise DataError(f"validation_split {fraction} of {rows} rows leaves nothing to train or to validate on")
    first = {label: array[:kept] for label, array in arrays.items()}
    return first, {label: array[kept:] for label, array in arrays.items()}


def batch_size_of(given: int | None) -> int:
    """Return the rows of a batch, 32 by default.

    Raises:
        DataError: it is not a whole number of at least 1.
    """
    return BATCH if given is None else whole("batch_size", given, 1)


def whole(name: str, given: Any, least: int) -> int:
    """Return an argument that must be a whole number.

    Raises:
        DataError: it is something else.
    """
    number: Any = given
    if isinstance(given, bool) or not isinstance(given, Real) or number % 1 != 0 or number < least:
        raise DataError(f"{name} must be a whole number of at least {least}, got {given!r}")
    return int(number)


def whole_or_none(name: str, given: Any) -> int | None:
    """Return an argument that must be a whole number of at least 1, or None.

    Raises:
        DataError: it is something else.
    """
    return None if given is None else whole(name, given, 1)


def steps_of(name: str, given: Any, is_used: bool = True) -> int | None:
    """Return an argument that says how many batches there are, or the limit of the process where that is fewer.

    Args:
        name: the argument.
        given: what it is.
        is_used: whether there are batches at all.

    Raises:
        DataError: it is something else.
    """
    steps, limit = whole_or_none(name, given), SETTINGS.max_steps_per_epoch
    if limit is None or not is_used or (steps is not None and steps <= limit):
        return steps
    warnings.warn(f"Limiting steps_per_epoch to {limit}", stacklevel=5)
    return limit


def epochs_of(given: Any) -> int:
    """Return the argument that says how many epochs there are, or the limit of the process where that is fewer.

    Raises:
        DataError: it is something else.
    """
    epochs, limit = whole("epochs", given, 0), SETTINGS.max_epochs
    if limit is None or epochs <= limit:
        return epochs
    warnings.warn(f"Limiting epochs to {limit}", stacklevel=5)
    return limit
