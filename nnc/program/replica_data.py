"""What a user gives to train replicas on data of their own: rows for each, weights of classes for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from nnc.arrays import is_read_by_rows
from nnc.errors import DataError
from nnc.execution.executor import Executor
from nnc.execution.replica_rows import checked_rows, with_rows
from nnc.labels import TRAIN
from nnc.passes.replicate import obstacle_to_lanes
from nnc.program.sample_weights import class_weights, weight_labels

Array = Any
Arrays = dict[str, Array]


class OwnRows:
    """The rows and the weights of classes that differ from replica to replica.

    Args:
        executor: has the replicas.
        rows: numbers of rows to train on, (replicas, rows); None for all rows.
        validation_rows: numbers of rows to validate on, likewise; None for what else `fit` is given.
        class_weight: weights by class index, for all replicas or in a list with those of each.

    Raises:
        DataError: it is one network, or the graph has no form in lanes for inputs that differ.
    """

    def __init__(self, executor: Executor, rows: Any, validation_rows: Any, class_weight: Any) -> None:
        replication = executor.spec.replication
        if replication is None:
            raise DataError(
                "rows, validation_rows and a list of class_weight are those of replicas; compile the model with"
                " replicas="
            )
        self.replication, self.spec = replication, executor.spec
        self.rows, self.validation_rows, self.class_weight = rows, validation_rows, class_weight
        if replication.lanes > 1:
            obstacle = obstacle_to_lanes(executor.graphs.graph(TRAIN), own_inputs=True)
            if obstacle:
                raise DataError(
                    f"program '{self.spec.name}' has its replicas in lanes, and cannot take rows of their own"
                    f" ({obstacle}): compile it with lanes=1"
                )

    @property
    def common_class_weight(self) -> Mapping[int, float] | None:
        """Weights by class index that are the same for all replicas."""
        return None if isinstance(self.class_weight, list | tuple) else self.class_weight

    def divided(self, arrays: Arrays | None, checked: Arrays | None, is_split: bool) -> tuple[Arrays, Arrays | None]:
        """Return the arrays to train and to validate on, of which each replica sees its own rows.

        Args:
            arrays: the arrays to train on, None for what comes in batches.
            checked: those to validate on.
            is_split: whether the latter were split off the former.

        Raises:
            DataError: rows are out of range, or do not go together with other arguments.
        """
        if arrays is None:
            raise DataError("rows, validation_rows and a list of class_weight need arrays, not batches")
        if any(map(is_read_by_rows, (*arrays.values(), *(checked or {}).values()))):
            raise DataError(
                "rows, validation_rows and a list of class_weight need arrays in memory; numpy.asarray(x) reads one"
            )
        if is_split and (self.rows is not None or self.validation_rows is not None):
            raise DataError("validation_split is the same for all replicas: give validation_rows instead of it")
        if self.validation_rows is not None and checked is not None:
            raise DataError("validation_rows are rows of x and y: leave out validation_data")
        total = len(next(iter(arrays.values())))
        if self.validation_rows is not None:
            checked = with_rows(arrays, self._checked("validation_rows", self.validation_rows, total), self.replication)
        rows = None if self.rows is None else self._checked("rows", self.rows, total)
        if rows is None and not isinstance(self.class_weight, list | tuple):
            return arrays, checked
        weights = self._class_weights(arrays)
        return with_rows(arrays | weights, rows, self.replication, list(weights)), checked

    def _checked(self, name: str, given: Any, total: int) -> Array:
        return checked_rows(name, given, self.replication.count, total)

    def _class_weights(self, arrays: Arrays) -> Arrays:
        """Return weights of rows, (rows, replicas), by label, where each replica weighs classes in its own way."""
        given = self.class_weight
        if not isinstance(given, list | tuple):
            return {}
        count, targets = self.replication.count, self.spec.targets
        if len(given) != count:
            raise DataError(f"class_weight must be {count} dictionaries, one for each replica, got {len(given)}")
        if len(targets) != 1:
            raise DataError("class_weight needs a model with one output")
        (label,) = weight_labels([targets[0].label])
        if label in arrays and arrays[label].ndim > 1:
            raise DataError("a list of class_weight goes together with a weight per row, not with weights of steps")
        factors = numpy.stack([class_weights(item, arrays[targets[0].label]) for item in given], 1)
        if label in arrays:
            factors = factors * arrays[label][:, None]
        dtype = next((item.dtype for item in self.spec.outputs if item.dtype.startswith("float")), "float32")
        return {label: numpy.ascontiguousarray(factors, dtype)}
