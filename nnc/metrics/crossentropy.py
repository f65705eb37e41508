"""The cross-entropies as metrics."""

from __future__ import annotations

from nnc.losses import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from nnc.losses.arguments import checked_axis, checked_fraction
from nnc.losses.categorical import check_sparse
from nnc.losses.measure import FunctionMeasure
from nnc.metrics.metric import Metric


class BinaryCrossentropy(FunctionMeasure, Metric):
    """The cross-entropy of yes-or-no targets; see `nnc.losses.binary_crossentropy`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards ½.

    Raises:
        ModelError: an argument is wrong.
    """

    function = binary_crossentropy
    settings = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = checked_fraction(self._where, "label_smoothing", label_smoothing)


class CategoricalCrossentropy(FunctionMeasure, Metric):
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

    function = categorical_crossentropy
    settings = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = checked_fraction(self._where, "label_smoothing", label_smoothing)
        self.axis = checked_axis(self._where, axis)


class SparseCategoricalCrossentropy(FunctionMeasure, Metric):
    """The cross-entropy of class indices; see `nnc.losses.sparse_categorical_crossentropy`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        from_logits: whether the output holds logits instead of probabilities.
        ignore_class: class index of targets that cost nothing, and do not count where there are weights.
        axis: axis of the classes, must be the last.

    Raises:
        ModelError: an argument is wrong.
    """

    function = sparse_categorical_crossentropy
    settings = ("from_logits", "ignore_class", "axis")

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        check_sparse(self._where, ignore_class, axis)
        self.from_logits = bool(from_logits)
        self.ignore_class = ignore_class
        self.axis = axis
