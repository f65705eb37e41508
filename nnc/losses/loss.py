"""The base class of losses: how values per row become one number, and the wrapper that makes a loss of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from nnc.arguments import passed_on
from nnc.arrays import to_array
from nnc.checks import check_choice
from nnc.choices import Reduction
from nnc.eager_tensor import eager
from nnc.errors import ModelError
from nnc.identity import is_own
from nnc.ir import Graph, Placeholder, TensorType, Value, ops
from nnc.losses.arrays import ArrayFunction, as_floating
from nnc.losses.expected_targets import ExpectedTargets
from nnc.losses.measure import FunctionMeasure, Masked, Measure, MeasureWrapper, function_name
from nnc.losses.weighting import align, divide_no_nan, merge_masks, merge_weights
from nnc.settings import SETTINGS
from nnc.structure import leaves

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)
_SCALED = ("sum_over_batch_size", "mean")
_UNREDUCED = ("none", None)


class Loss(Measure):
    """A loss; a subclass says in `call` what a row costs, its gradient is derived.

    Args:
        name: shown in messages and logs; the class name in snake case by default.
        reduction: ``sum_over_batch_size`` (or ``mean``) divides the sum of all values by their number, ``sum`` does
            not divide, ``mean_with_sample_weight`` divides by the sum of the weights; None (or ``none``) leaves the
            values, which no model can be trained with.
        dtype: element type to compute in, the output's own by default.

    Raises:
        ModelError: an argument is wrong.

    >>> class Cubic(Loss):
    ...     def call(self, y_true: Value, y_pred: Value) -> Value:
    ...         return ops.mean(ops.absolute(y_true - y_pred) ** 3, -1)
    >>> Cubic().name
    'cubic'
    """

    noun: ClassVar[str] = "loss"
    registered: ClassVar[dict[str, type[Loss]]] = {}
    name: str = "loss"
    reduction: Reduction | None = "sum_over_batch_size"
    _row_shape: tuple[int, ...] | None = None

    def __init__(
        self, name: str | None = None, reduction: Reduction | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        super().__init__(name, dtype)
        self.reduction = check_choice(f"{self._where}: Invalid value for argument", "reduction", reduction, REDUCTIONS)

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return what the targets of an output must look like; by default they have its type.

        Raises:
            ModelError: the loss does not fit the output.
        """
        if not output.is_floating:
            raise ModelError(f"{self._where} needs an output of floating-point numbers, got {output}")
        shape = output.shape if self._row_shape is None else (*output.shape[:1], *self._row_shape)
        return ExpectedTargets(TensorType(output.dtype, shape))

    def take(self, output: TensorType, shape: Sequence[int]) -> bool:
        """Take targets of another shape from now on, and return True, where the loss takes several kinds.

        A loss that a user wrote takes what it is given, as in Keras.

        Args:
            output: type of the output.
            shape: the targets' shape.
        """
        if not self.wants_floating_targets or tuple(shape[1:]) == self.target(output).type.shape[1:]:
            return False
        self._row_shape = tuple(shape[1:])
        return True

    @property
    def wants_floating_targets(self) -> bool:
        """Whether targets of whole numbers become floating-point numbers as well: as in Keras for its author's call."""
        return not is_own(type(self).call)

    def lower(self, y_true: Any, y_pred: Any, sample_weight: Value | None = None, mask: Value | None = None) -> Value:
        """Return the loss of a batch, a scalar of y_pred's element type; without a reduction all of its values.

        As Keras's ``reduce_weighted_values``, but that one weight per row always weighs whole rows.

        Args:
            y_true: targets of the type that `target` returns, or several where the author's `call` takes them nested.
            y_pred: the model's output, shape (batch, …), or several, nested likewise.
            sample_weight: weights of shape (batch), or of more of the axes of what `call` returns.
            mask: bool, true where a value counts, shape (batch, …).

        Raises:
            ModelError: `call` returned something other than a graph value.
            ShapeError: the operands do not fit together.
        """
        values, own_mask = self._values(y_true, y_pred)
        scaled = self.reduction in _SCALED
        weights = merge_weights(values, sample_weight, merge_masks(mask, own_mask), scaled, self._where)
        if weights is not None:
            values = values * align(weights, values)[0]
        return ops.cast(self._reduced(values, weights), leaves(y_pred, Value)[0].dtype)

    def _reduced(self, values: Value, weights: Value | None) -> Value:
        if values.rank == 0 or self.reduction in _UNREDUCED:
            return values
        if self.reduction == "sum":
            return ops.sum(values)
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            return divide_no_nan(ops.sum(values), ops.sum(weights))
        return ops.mean(values)

    @property
    def is_reduced(self) -> bool:
        """Whether `lower` returns a scalar."""
        return self.reduction not in _UNREDUCED

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Return the loss of a batch: a graph value of graph values, see `lower`, or a number (or array) of arrays.

        Raises:
            NncError: the operands do not suit the loss.
        """
        if isinstance(y_pred, Value):
            return self.lower(*(_in_graph(item, y_pred.graph) for item in (y_true, y_pred, sample_weight, mask)))
        named = {"y_true": y_true, "y_pred": as_floating(y_pred), "sample_weight": sample_weight, "mask": mask}
        (found,) = ArrayFunction(lambda **values: [self.lower(**values)], self.dtype or SETTINGS.floatx)(named)
        return eager(found)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"name": self.name, "reduction": self.reduction} | super().get_config()


def _in_graph(item: Any, graph: Graph) -> Any:
    """Return an operand as a value of a graph; what is no array stays what it is."""
    meant = item.value if isinstance(item, Placeholder) else item
    if meant is None or isinstance(meant, Value):
        return meant
    array = to_array(meant, "the array")
    return graph.of_array(array.astype("float32") if array.dtype == "float64" else array)


class FunctionLoss(FunctionMeasure, Loss):
    """A loss that one of Keras's functions computes, without arguments of its own before those of `Loss`."""

    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)


class LossFunctionWrapper(MeasureWrapper, Loss):
    """The loss that a function of targets and output computes.

    Args:
        fn: returns values of shape (batch, …) of ``fn(y_true, y_pred, **arguments)``.
        reduction: see `Loss`.
        name: the function's name by default.
        dtype: see `Loss`.
        **arguments: settings of the function.
    """

    def __init__(
        self,
        fn: Callable[..., Value | Masked],
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name or function_name(fn), reduction, dtype)
        self.fn = fn
        self.arguments = arguments

    @property
    def wants_floating_targets(self) -> bool:
        """Whether targets of whole numbers become floating-point numbers as well: as in Keras for a user's function."""
        return not is_own(self.fn)
