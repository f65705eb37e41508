"""Intersection over union of classes, for segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.losses.arguments import checked_axis, checked_number
from nnc.metrics.confusion import checked_index
from nnc.metrics.sums import SumsMetric, spread
from nnc.ops.comparison import NotEqual
from nnc.ops.elementwise import apply
from nnc.ops.gathering import ScatterAdd


class IoU(SumsMetric):
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

    result_name = "iou"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype if dtype in ("float32", "float64") else None)
        if dtype not in (None, "int", "int32", "int64", "float32", "float64"):
            raise ModelError(f"{self._where}: dtype must be 'int', 'int32', 'float32' or 'float64', got {dtype!r}")
        self.weights_dtype = "int64" if dtype in (None, "int") else dtype
        self.num_classes = checked_index(self._where, "num_classes", num_classes, 1) or 1
        self.target_class_ids = [checked_index(self._where, "target_class_ids", item, 0) for item in target_class_ids]
        if max(item or 0 for item in self.target_class_ids) >= num_classes:
            raise ModelError(
                f"{self._where}: target_class_ids must be below num_classes, {num_classes}, got {target_class_ids}"
            )
        self.ignore_class = checked_index(self._where, "ignore_class", ignore_class)
        self.sparse_y_true, self.sparse_y_pred = bool(sparse_y_true), bool(sparse_y_pred)
        self.axis = checked_axis(self._where, axis)

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
        if self.weights_dtype.startswith("int"):
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

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {
            "dtype": self.weights_dtype,
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _config(self, *keys: str) -> dict[str, Any]:
        config = IoU.get_config(self)
        return {key: config[key] for key in keys}


def _is_class(index: Value, count: int) -> Value:
    return ops.logical_and(index >= 0, index < count)


class BinaryIoU(IoU):
    """The mean of intersection / union of 0 and 1; see `IoU`.

    Args:
        target_class_ids: 0, 1 or both.
        threshold: number from which on an output means 1.
        name: see `Metric`.
        dtype: see `IoU`.

    Raises:
        ModelError: an argument is wrong.
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = checked_number(self._where, "threshold", threshold)

    def classes(self, y_pred: Value) -> Value:
        """Return 1 where the output reaches the threshold, otherwise 0, int32."""
        return ops.cast(y_pred >= self.threshold, "int32")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        config = IoU.get_config(self) | {"threshold": self.threshold}
        return {key: config[key] for key in ("target_class_ids", "threshold", "name", "dtype")}


class MeanIoU(IoU):
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

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        ids = range(num_classes)
        super().__init__(num_classes, ids, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return self._config("num_classes", "name", "dtype", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")


class OneHotIoU(IoU):
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

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return self._config("num_classes", "target_class_ids", "name", "dtype", "ignore_class", "sparse_y_pred", "axis")


class OneHotMeanIoU(MeanIoU):
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

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return self._config("num_classes", "name", "dtype", "ignore_class", "sparse_y_pred", "axis")
