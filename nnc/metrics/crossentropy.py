"""The cross-entropies as metrics."""

from __future__ import annotations

from typing import Any

from nnc.ir import Value
from nnc.losses import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from nnc.losses.categorical import check_sparse
from nnc.losses.config import checked_axis, checked_fraction
from nnc.metrics.metric import Metric


class BinaryCrossentropy(Metric):
    """The cross-entropy of yes-or-no targets; see `nnc.losses.binary_crossentropy`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards ½.

    Raises:
        ModelError: an argument is wrong.
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = checked_fraction(f"metric '{self.name}'", "label_smoothing", label_smoothing)

    def call(self, y_true: Value, y_pred: Value) -> Value:
        """Return the mean over the last axis, shape (batch, …)."""
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}


class CategoricalCrossentropy(Metric):
    """The cross-entropy of one-hot targets; see `nnc.losses.categorical_crossentropy`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards 1 / classes.
        axis: axis of the classes.

    Raises:
        ModelError: an argument is wrong.
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        where = f"metric '{self.name}'"
        self.from_logits = bool(from_logits)
        self.label_smoothing = checked_fraction(where, "label_smoothing", label_smoothing)
        self.axis = checked_axis(where, axis)

    def call(self, y_true: Value, y_pred: Value) -> Value:
        """Return the sum over the classes, shape (batch, …)."""
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
        }


class SparseCategoricalCrossentropy(Metric):
    """The cross-entropy of class indices; see `nnc.losses.sparse_categorical_crossentropy`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        from_logits: whether the output holds logits instead of probabilities.
        ignore_class: not supported, must be None.
        axis: axis of the classes, must be the last.

    Raises:
        ModelError: an argument is wrong or not supported.
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        check_sparse(f"metric '{self.name}'", ignore_class, axis)
        self.from_logits = bool(from_logits)
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true: Value, y_pred: Value) -> Value:
        """Return the cross-entropy of each row of classes, shape (batch, …)."""
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {
            "from_logits": self.from_logits,
            "ignore_class": self.ignore_class,
            "axis": self.axis,
        }
