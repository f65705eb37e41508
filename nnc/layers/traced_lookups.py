"""Traced updates of tables whose gradient is one of look-ups, as Keras on TensorFlow computes with these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.trace import Assignment, Reference, Trace, TracedCall, TraceValues
from nnc.layers.traced import results_of
from nnc.operations import OPERATIONS
from nnc.optimizers import OptimizerState
from nnc.optimizers.windows import Window
from nnc.structure import leaves

_OF_EACH = frozenset(
    {
        *("Abs", "Absolute", "Arcsin", "Arcsinh", "Arctan", "Arctanh", "Cast", "Ceil", "Expm1", "Fabs", "Floor"),
        *("Log1p", "Negative", "Round", "Sign", "Sin", "Sinh", "Sqrt", "Square", "Tan", "Tanh"),
    }
)
"""Operations of one operand that Keras on TensorFlow applies to each look-up."""
_PRODUCTS = frozenset({"Divide", "Multiply", "TrueDivide"})
"""Operations that it applies to each where the other operand is a number."""
_LINEAR = frozenset({"Cast", "Negative"})


class TracedLookups:
    """The values of a trace that consist of look-ups, which are added up only where Keras on TensorFlow does so.

    Args:
        trace: the update of a table.
        window: the table.
        gradient: its gradient.
        state: has the look-ups that make it.
        where: the optimizer, for messages.

    Raises:
        ModelError: rows are assigned, which leaves those that were not looked up as they are.
    """

    def __init__(self, trace: Trace, window: Window, gradient: Value, state: OptimizerState, where: str) -> None:
        self.window, self.gradient, self.state, self.where = window, gradient, state, where
        self._each: dict[int, Callable[[Value], Any]] = {0: lambda part: part}
        self._scaled: set[int] = set()
        self._assigned = {
            step.value.index
            for step in trace.steps
            if isinstance(step, Assignment) and isinstance(step.value, Reference)
        }

    def results(self, step: TracedCall, run: TraceValues) -> list[Value]:
        """Return the results of a call, of which look-ups are added up."""
        read = [item.index for item in leaves([list(step.args), dict(step.kwargs)], Reference)]
        if not any(index in self._each or index in self._scaled for index in read):
            return results_of(step, run)
        number, others = len(run.values), [index for index in read if index not in self._each]
        is_scalar = all(isinstance(run.values[index], Value) and run.values[index].rank == 0 for index in others)
        weights = [run.resolved(item) for item in step.args if not isinstance(item, Reference)]
        is_scalar &= all(not isinstance(item, Value) or item.rank == 0 for item in weights)
        divides = step.target != "Multiply" and step.args and not self._is_each(step.args[0])
        stays = step.target in _OF_EACH or (step.target in _PRODUCTS and is_scalar and not divides)
        if stays and any(index in self._scaled for index in read) and step.target not in _LINEAR:
            raise ModelError(
                f"{self.where}: {step.target} of the gradient of table '{self.window.path}' times a tensor depends on"
                " how often a row is looked up, which is not supported; take it of the gradient alone"
            )
        if step.target == "Multiply" and not is_scalar:
            self._scaled.add(number)
        elif not stays and OPERATIONS[step.target].module not in ("core", "numpy"):
            raise ModelError(
                f"{self.where}: {step.target} of the gradient of table '{self.window.path}' is not supported"
            )
        if number in self._assigned and (stays or number in self._scaled):
            raise ModelError(
                f"{self.where}: what is assigned to a variable is the gradient of table '{self.window.path}', of"
                " which Keras on TensorFlow assigns only the rows that were looked up; add it to something"
            )
        if not stays:
            return results_of(step, run)

        def of_each(part: Value) -> Any:
            values = {index: self._each[index](part) for index in read if index in self._each}
            inside = TraceValues([values.get(index, value) for index, value in enumerate(run.values)])
            (found,) = results_of(step, inside)
            return found

        self._each[number] = of_each
        if step.target in _LINEAR:
            return results_of(step, run)
        return [self.state.of_variable(self.window, of_each, self.gradient)]

    def _is_each(self, item: Any) -> bool:
        return isinstance(item, Reference) and item.index in self._each
