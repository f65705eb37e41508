"""The base class of metrics: how values per row add up to a mean, and the wrapper that makes a metric of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy

from nnc.arguments import passed_on
from nnc.eager_tensor import eager
from nnc.errors import ModelError
from nnc.identity import is_own
from nnc.ir import FLOATING, TensorType, Value, ops
from nnc.losses.arrays import as_floating
from nnc.losses.measure import FunctionMeasure, Masked, Measure, MeasureWrapper, function_name
from nnc.losses.weighting import divide_no_nan, merge_masks, merge_weights
from nnc.metrics.recording import MetricResult, MetricStates, are_in_graph, as_values, is_adding_up, metric_states
from nnc.metrics.shown_sums import ShownSum
from nnc.metrics.standalone import Standalone
from nnc.settings import SETTINGS
from nnc.structure import leaves
from nnc.variable import Variable


class Metric(Measure):
    """A mean over rows; a subclass says in `call` what is measured.

    Args:
        name: key in logs; the class name in snake case by default.
        dtype: element type to compute in, the output's own by default.

    Raises:
        ModelError: an argument is wrong.

    >>> class LargestError(Metric):
    ...     def call(self, y_true: Value, y_pred: Value) -> Value:
    ...         return ops.max(ops.absolute(y_true - y_pred), -1)
    >>> LargestError().name
    'largest_error'
    """

    noun: ClassVar[str] = "metric"
    registered: ClassVar[dict[str, type[Metric]]] = {}
    element_types = (*FLOATING, "int8", "int16", "int32", "int64")
    name: str = "metric"
    result_name: ClassVar[str] = "mean"
    """The rule that turns the sums into the result: ``mean``, or one of `nnc.results.rules.RESULTS`."""
    keeps_state: ClassVar[bool] = False
    """Whether a batch gives it a new state, by `next_state`, instead of adding to sums."""
    sum_names: ClassVar[tuple[str, ...]] = ("total", "count")
    """What Keras calls the variables of a metric that has none of its author's; they are attributes, too."""
    is_part: bool = False
    """Whether it is one of several numbers of a metric, whose names are keys of logs as they are."""
    is_a_layers: bool = False
    """Whether it is an attribute of a layer, whose call may update it."""
    _standalone: Standalone

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        if self.is_authored and self.dtype is None:  # which its author's code reads
            self.dtype = SETTINGS.floatx

    def lower(
        self, y_true: Value, y_pred: Value, sample_weight: Value | None = None, mask: Value | None = None
    ) -> tuple[Value, ...]:
        """Return the sum over rows and what to divide it by, scalars of y_pred's element type.

        As Keras's ``Mean``: several values of a row are one value, their mean; the divisor is the number of rows or
        the sum of the weights. A function that returns a scalar counts as one row. Values that the metric itself
        does not count, those of an ``ignore_class``, are left out only where there are weights or a mask.

        Args:
            y_true: targets, shape (batch, …).
            y_pred: the model's output, shape (batch, …).
            sample_weight: weights of shape (batch), or of more of the axes of what `call` returns.
            mask: bool, true where a value counts, shape (batch, …).

        Raises:
            ModelError: `call` returned something other than a graph value, or a scalar that is to be weighted.
            ShapeError: the operands do not fit together.
        """
        values, own_mask = self._values(y_true, y_pred)
        if sample_weight is not None or mask is not None:
            mask = merge_masks(mask, own_mask)
        return tuple(ops.cast(part, y_pred.dtype) for part in mean_parts(values, sample_weight, mask, self._where))

    def state_type(self, dtype: str) -> TensorType:
        """Return the type of its state, where it `keeps_state`, in a program that computes in an element type."""
        raise NotImplementedError

    def next_state(
        self, before: Value, y_true: Value, y_pred: Value, sample_weight: Value | None, mask: Value | None
    ) -> Value:
        """Return the state after a batch, where it `keeps_state`; see `lower` for the operands."""
        raise NotImplementedError

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return what the result depends on besides the sums, as plain data for the manifest.

        Args:
            shapes: the shape of each of the metric's sums.
        """
        return {}

    # ------------------------------------------------------------------ variables of its own

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: Any = None,
        name: Any = None,
    ) -> Variable:
        """Make a variable, which `update_state` assigns and `result` reads; `reset_state` makes it zeros.

        Args:
            shape: its shape.
            initializer: see `Variable`; zeros by default.
            dtype: element type.
            aggregation: see `Variable`.
            name: its name inside the metric.
        """
        label = name or f"variable_{len(self.own_variables)}"
        made = Variable(
            "zeros" if initializer is None else initializer, shape, dtype, False, aggregation=aggregation, name=label
        )
        made.owner = self
        self.__dict__.setdefault("_own_variables", []).append(made)
        return made

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: Any = None
    ) -> Variable:
        """Make a variable; see `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def own_variables(self) -> list[Variable]:
        """The variables that its author has made, among them those of the metrics among its attributes."""
        found = [*self.__dict__.get("_own_variables", ()), *leaves(list(vars(self).values()), Variable)]
        for inside in leaves(list(vars(self).values()), Metric):
            found += inside.own_variables
        return list({id(variable): variable for variable in found}.values())

    @property
    def variables(self) -> list[Variable]:
        """Its variables, and those of the metrics among its attributes; of Keras's metrics what is added up so far."""
        if self.is_authored:
            inside = [item for metric in leaves(list(vars(self).values()), Metric) for item in metric.variables]
            return list({id(variable): variable for variable in (*self.own_variables, *inside)}.values())
        return [ShownSum(value, name, self) for name, value in zip(self.sum_names, self.shown_sums(), strict=True)]

    def shown_sums(self) -> Sequence[Any]:
        """Return what has been added up by `update_state`, an array for each of `sum_names`."""
        return self.standalone.parts(len(self.sum_names))

    def __getattr__(self, name: str) -> Any:
        if name in type(self).sum_names and not type(self).is_authored.fget(self):  # type: ignore[attr-defined]
            return self.variables[type(self).sum_names.index(name)]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def is_authored(self) -> bool:
        """Whether its class says by itself what a batch does to its variables."""
        return not is_own(type(self).update_state)

    # ------------------------------------------------------------------ by itself

    @property
    def standalone(self) -> Standalone:
        """The sums of `update_state`."""
        if "_standalone" not in self.__dict__:
            self._standalone = Standalone(self.lower, self.dtype or SETTINGS.floatx)
        return self._standalone

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of arrays, without a model; see `result`.

        Args:
            y_true: targets, shape (batch, …).
            y_pred: outputs, shape (batch, …).
            sample_weight: weights of shape (batch), or of more of the axes.

        Raises:
            NncError: the arrays do not suit the metric.
        """
        if not are_in_graph(y_true, y_pred, sample_weight):
            self.standalone.add(y_true=y_true, y_pred=as_floating(y_pred), sample_weight=sample_weight)
            return
        states = metric_states(self._where, self.is_a_layers)
        if states is None:
            return
        operands = as_values(states.graph, y_true, y_pred, sample_weight)
        if self.keeps_state:
            raise ModelError(f"{self._where} was traced for compile(), and has no update_state in a step")
        self._add(states, self.lower(*operands))

    def _add(self, states: MetricStates, parts: Sequence[Value]) -> None:
        """Add to sums in a graph."""
        shapes = [tuple(int(dim) for dim in part.shape) for part in parts]
        packed = states.graph.add(ops.Pack(), *parts)[0]
        states.change(self, packed.type, shapes, lambda before: before + packed)

    def result_value(self, sums: Sequence[Value]) -> Value:
        """Return the result of sums as a graph value, for those who compute with it.

        Args:
            sums: what has been added up, of the metric's shapes.

        Raises:
            ModelError: it is no graph arithmetic.
        """
        if self.result_name == "mean":
            return divide_no_nan(sums[0], sums[1])
        if self.result_name == "sum":
            return sums[0]
        raise ModelError(
            f"{self._where}: its result is computed after a step, by NumPy, and nothing in a graph can be made of it;"
            " return it from the step as it is"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch of arrays and return the result so far; see `update_state`."""
        self.update_state(*args, **kwargs)
        return self.result()

    def result(self) -> Any:
        """Return the metric of what `update_state` added since the last `reset_state`: a number, or an array."""
        if is_adding_up():
            states = metric_states(self._where)
            assert states is not None
            return MetricResult(self, states)
        return eager(self.standalone.result(self.result_name, self.result_settings))

    def reset_state(self) -> None:
        """Start afresh; variables become zeros."""
        if "_standalone" in self.__dict__:
            self._standalone.reset()
        for variable in self.own_variables:
            variable.assign(numpy.zeros(variable.shape, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {"name": self.name, "dtype": self.dtype or SETTINGS.floatx} | super().get_config()


def mean_parts(values: Value, sample_weight: Value | None, mask: Value | None, what: str) -> tuple[Value, Value]:
    """Return the sum over rows and what to divide it by, scalars; see `Metric.lower`.

    Args:
        values: shape (batch, …).
        sample_weight: weights of shape (batch), or of more of the axes of the values.
        mask: bool, true where a value counts.
        what: the metric, for messages.

    Raises:
        ModelError: a scalar is to be weighted.
        ShapeError: weights or mask do not fit.
    """
    weights = merge_weights(values, sample_weight, mask, False, what)
    if weights is None:
        inner = range(1, values.rank)
        total, count = ops.sum(values), ops.size(values, range(min(values.rank, 1)))
        return total / ops.size(values, inner) if inner else total, count
    if values.rank == 0:
        raise ModelError(f"{what} returns one number for the whole batch, so rows cannot be weighted")
    values = _mean(values, range(weights.rank, values.rank))
    weights = ops.broadcast_to(weights, values.shape)  # what weighs several values counts for each of them
    inner = range(1, weights.rank)
    return ops.sum(_mean(values * weights, inner)), ops.sum(_mean(weights, inner))


def _mean(values: Value, axes: range) -> Value:
    return ops.mean(values, axes) if axes else values


class FunctionMetric(FunctionMeasure, Metric):
    """The mean of what one of Keras's functions computes, without arguments of its own before those of `Metric`."""

    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)


class MeanMetricWrapper(MeasureWrapper, Metric):
    """The mean of what a function of targets and output computes.

    Args:
        fn: returns values of shape (batch, …) of ``fn(y_true, y_pred, **arguments)``.
        name: the function's name by default.
        dtype: see `Metric`.
        **arguments: settings of the function.
    """

    def __init__(
        self, fn: Callable[..., Value | Masked], name: str | None = None, dtype: str | None = None, **arguments: Any
    ) -> None:
        super().__init__(name or function_name(fn), dtype)
        self.fn = fn
        self.arguments = arguments
