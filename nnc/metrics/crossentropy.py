"""The cross-entropies as metrics."""

from __future__ import annotations

from nnc.arguments import flag, number, passed_on, whole
from nnc.losses import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from nnc.metrics.metric import FunctionMetric


class BinaryCrossentropy(FunctionMetric, names=("BinaryCrossentropy", "binary_crossentropy", "BCE", "bce")):
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

    _name_given: str | None = passed_on(default="binary_crossentropy", alias="name")
    from_logits: bool = flag(default=False)
    label_smoothing: float = number(0, 1, default=0)


class CategoricalCrossentropy(FunctionMetric, names=("CategoricalCrossentropy", "categorical_crossentropy")):
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

    _name_given: str | None = passed_on(default="categorical_crossentropy", alias="name")
    from_logits: bool = flag(default=False)
    label_smoothing: float = number(0, 1, default=0)
    axis: int = whole(default=-1)


class SparseCategoricalCrossentropy(
    FunctionMetric, names=("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy")
):
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

    _name_given: str | None = passed_on(default="sparse_categorical_crossentropy", alias="name")
    from_logits: bool = flag(default=False)
    ignore_class: int | None = whole(default=None)
    axis: int = whole(default=-1)
