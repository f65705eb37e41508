"""The arrays of a training: those to train on, and those to validate on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.arrays import is_array_like
from nnc.errors import DataError
from nnc.execution.executor import Executor
from nnc.program.preparation import prepare, split_rows
from nnc.program.streams import check_alone, is_stream

Array = Any
Arrays = dict[str, Array]


def training_arrays(
    executor: Executor,
    x: Any,
    y: Any,
    weights: tuple[Any, Any],
    batch_size: int | None,
    validation_split: float,
    validation_data: Any,
    rows: Any = None,
    validation_rows: Any = None,
    share: Callable[[int], range] = range,
) -> tuple[Arrays | None, Arrays | None]:
    """Return the arrays to train and to validate on, None for what comes in batches or is not given.

    Weights of classes are for training alone, as in Keras.

    Args:
        executor: has the program.
        x: what `fit` is given, as all that follows.
        y: likewise.
        weights: ``sample_weight`` and ``class_weight``.
        batch_size: see `fit`.
        validation_split: likewise.
        validation_data: likewise.
        rows: likewise.
        validation_rows: likewise.
        share: see `prepare`.

    Raises:
        DataError: the arrays do not fit the model, or not each other.
    """
    (sample_weight, class_weight), own = weights, None
    are_weights_own = executor.spec.replication is not None and isinstance(class_weight, list | tuple)
    if rows is not None or validation_rows is not None or are_weights_own:
        from nnc.program.replica_data import OwnRows  # one network starts without it

        own = OwnRows(executor, rows, validation_rows, class_weight)
        class_weight = own.common_class_weight
    arrays, checked = None, None
    if is_stream(x):
        check_alone(x, y=y, sample_weight=sample_weight, batch_size=batch_size)
        if validation_split and validation_data is None:
            raise DataError(f"validation_split cannot be given where x is {type(x).__name__}; give validation_data")
    else:
        arrays = prepare(executor, x, y, sample_weight, class_weight, share)
    if validation_data is not None and not is_stream(validation_data):
        checked = _validation(executor, validation_data, share)
    elif validation_data is None and validation_split and arrays is not None:
        unweighted = arrays if class_weight is None else prepare(executor, x, y, sample_weight, share=share)
        arrays, _ = split_rows(arrays, validation_split)
        _, checked = split_rows(unweighted, validation_split)
    return (arrays, checked) if own is None else own.divided(arrays, checked, validation_split > 0)


def _validation(executor: Executor, given: Any, share: Callable[[int], range]) -> Arrays:
    if is_array_like(given) and not executor.spec.targets:
        given = (given,)
    if not isinstance(given, list | tuple) or len(given) not in (1, 2, 3):
        raise DataError("validation_data must be (x, y) or (x, y, sample_weight)")
    x, y, sample_weight = (*given, None, None)[:3]
    return prepare(executor, x, y, sample_weight, share=share)
