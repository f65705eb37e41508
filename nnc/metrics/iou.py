"""Intersection over union of classes, for segmentation."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Iterable, Sequence
from typing import Any

from nnc.arguments import argument, flag, number, passed_on, positive, whole
from nnc.checks import check_choice, check_whole
from nnc.errors import ModelError
from nnc.ir import FLOATING, Value, ops
from nnc.ir.ops.comparison import NotEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from nnc.losses.measure import DeclaredMeasure
from nnc.metrics.sums import SumsMetric, spread


def check_classes(where: str, key: str, given: Any) -> list[int]:
    """Return class indices.

    Raises:
        ModelError: they are not whole numbers of at least 0.
    """
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise ModelError(f"{where}: {key} must be several integers, got {given!r}")
    found = [check_whole(where, key, item, 0) for item in given]
    if not found:
        raise ModelError(f"{where}: {key} must not be empty")
    return found


def check_weights_dtype(where: str, key: str, given: Any) -> str:
    """Return the element type of weights, ``int64`` by default.

    Raises:
        ModelError: it is none.
    """
    check_choice(where, key, given, ("int", "int32", "int64", "float32", "float64", None))
    return "int64" if given in (None, "int") else str(given)


class IntersectionOverUnion(SumsMetric):
    """The mean of intersection / union over some classes."""

    result_name = "iou"
    num_classes: int = 2
    target_class_ids: Sequence[int]
    weights_dtype: str | None
    ignore_class: int | None = None
    sparse_y_true: bool = False
    sparse_y_pred: bool = True
    axis: int = -1

    def __post_init__(self) -> None:
        self.dtype = self.weights_dtype if self.weights_dtype in FLOATING else None
        if max(self.target_class_ids) >= self.num_classes:
            raise ModelError(
                f"{self._where}: target_class_ids must be below num_classes, {self.num_classes}, got"
                f" {list(self.target_class_ids)}"
            )

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Return the weight of each pair of target and output, shape (num_classes, num_classes)."""
        target = ops.cast(y_true if self.sparse_y_true else ops.argmax(y_true, self.axis), "int32")
        found = self.classes(y_pred)
        if target.type.size != found.type.size:
            raise ModelError(f"{self._where} needs a class for each target, got {y_pred.type} for {y_true.type}")
        dtype, count = self.compute_dtype(y_pred), self.num_classes
        amounts = ops.broadcast_to(y_pred.graph.constant(1.0, dtype), target.shape)
        if sample_weight is not None:
            amounts = spread(sample_weight, target)
        if self.weights_dtype not in FLOATING:
            amounts = ops.cast(ops.cast(amounts, "int32"), dtype)
        amounts, target, found = (ops.reshape(value, (-1,)) for value in (amounts, target, found))
        counted = ops.logical_and(_is_class(target, count), _is_class(found, count))
        if self.ignore_class is not None:
            counted = ops.logical_and(counted, apply(NotEqual(), target, self.ignore_class))
        place = ops.where(counted, target * count + found, 0)
        pairs = apply(ScatterAdd((count * count,)), ops.where(counted, amounts, 0.0), place)
        return [ops.reshape(pairs, (count, count))]

    def classes(self, y_pred: Value) -> Value:
        """Return the class that each output means, int32."""
        return ops.cast(y_pred if self.sparse_y_pred else ops.argmax(y_pred, self.axis), "int32")

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return the classes whose mean it is."""
        return {"target_class_ids": self.target_class_ids}


def _is_class(index: Value, count: int) -> Value:
    return ops.logical_and(index >= 0, index < count)


class AllClasses(IntersectionOverUnion):
    """The mean of intersection / union of all classes."""

    def __post_init__(self) -> None:
        self.target_class_ids = list(range(self.num_classes))
        super().__post_init__()


class IoU(DeclaredMeasure, IntersectionOverUnion, metaclass=ABCMeta, names=("IoU", "io_u")):
    """The mean of intersection / union over some classes (keras.io/api/metrics/segmentation_metrics).

    Args:
        num_classes: number of classes; targets and outputs outside 0 … num_classes - 1 do not count.
        target_class_ids: the classes whose mean it is; those that do not occur are left out.
        name: see `Metric`.
        dtype: element type of weights; with whole numbers, the default, they lose what is behind the point.
        ignore_class: class index of targets that do not count.
        sparse_y_true: whether targets are class indices instead of one-hot.
        sparse_y_pred: whether outputs are class indices instead of scores.
        axis: axis of the classes where they are one-hot or scores.

    Raises:
        ModelError: an argument is wrong.
    """

    num_classes: int = positive()
    target_class_ids: Sequence[int] = argument(check_classes)
    _name_given: str | None = passed_on(default=None, alias="name")
    weights_dtype: str | None = argument(check_weights_dtype, default=None, optional=False, alias="dtype")
    ignore_class: int | None = whole(default=None)
    sparse_y_true: bool = flag(default=True)
    sparse_y_pred: bool = flag(default=True)
    axis: int = whole(default=-1)


class BinaryIoU(DeclaredMeasure, IntersectionOverUnion, names=("BinaryIoU", "binary_io_u")):
    """The mean of intersection / union of 0 and 1; see `IoU`.

    Args:
        target_class_ids: 0, 1 or both.
        threshold: number from which on an output means 1.
        name: see `Metric`.
        dtype: see `IoU`.

    Raises:
        ModelError: an argument is wrong.
    """

    sparse_y_true = True

    target_class_ids: Sequence[int] = argument(check_classes, default=(0, 1))
    threshold: float = number(default=0.5)
    _name_given: str | None = passed_on(default=None, alias="name")
    weights_dtype: str | None = argument(check_weights_dtype, default=None, optional=False, alias="dtype")

    def classes(self, y_pred: Value) -> Value:
        """Return 1 where the output reaches the threshold, otherwise 0, int32."""
        return ops.cast(y_pred >= self.threshold, "int32")


class MeanIoU(DeclaredMeasure, AllClasses, metaclass=ABCMeta, names=("MeanIoU", "mean_io_u")):
    """The mean of intersection / union of all classes; see `IoU`.

    Args:
        num_classes: see `IoU`.
        name: see `Metric`.
        dtype: see `IoU`.
        ignore_class: see `IoU`.
        sparse_y_true: see `IoU`.
        sparse_y_pred: see `IoU`.
        axis: see `IoU`.

    Raises:
        ModelError: an argument is wrong.
    """

    num_classes: int = positive()
    _name_given: str | None = passed_on(default=None, alias="name")
    weights_dtype: str | None = argument(check_weights_dtype, default=None, optional=False, alias="dtype")
    ignore_class: int | None = whole(default=None)
    sparse_y_true: bool = flag(default=True)
    sparse_y_pred: bool = flag(default=True)
    axis: int = whole(default=-1)


class OneHotIoU(DeclaredMeasure, IntersectionOverUnion, names=("OneHotIoU", "one_hot_io_u")):
    """The mean of intersection / union over some classes, with one-hot targets; see `IoU`.

    Args:
        num_classes: see `IoU`.
        target_class_ids: see `IoU`.
        name: see `Metric`.
        dtype: see `IoU`.
        ignore_class: see `IoU`.
        sparse_y_pred: see `IoU`.
        axis: see `IoU`.

    Raises:
        ModelError: an argument is wrong.
    """

    num_classes: int = positive()
    target_class_ids: Sequence[int] = argument(check_classes)
    _name_given: str | None = passed_on(default=None, alias="name")
    weights_dtype: str | None = argument(check_weights_dtype, default=None, optional=False, alias="dtype")
    ignore_class: int | None = whole(default=None)
    sparse_y_pred: bool = flag(default=False)
    axis: int = whole(default=-1)


class OneHotMeanIoU(DeclaredMeasure, AllClasses, names=("OneHotMeanIoU", "one_hot_mean_io_u")):
    """The mean of intersection / union of all classes, with one-hot targets; see `IoU`.

    Args:
        num_classes: see `IoU`.
        name: see `Metric`.
        dtype: see `IoU`.
        ignore_class: see `IoU`.
        sparse_y_pred: see `IoU`.
        axis: see `IoU`.

    Raises:
        ModelError: an argument is wrong.
    """

    num_classes: int = positive()
    _name_given: str | None = passed_on(default=None, alias="name")
    weights_dtype: str | None = argument(check_weights_dtype, default=None, optional=False, alias="dtype")
    ignore_class: int | None = whole(default=None)
    sparse_y_pred: bool = flag(default=False)
    axis: int = whole(default=-1)


# in Keras these are subclasses, although their arguments are others
IoU.register(MeanIoU)
IoU.register(OneHotIoU)
IoU.register(BinaryIoU)
MeanIoU.register(OneHotMeanIoU)
