"""The base class of learning-rate schedules."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, dataclass_transform

import numpy

from nnc.arguments import Declared, argument, flag, number
from nnc.eager import computed
from nnc.errors import ModelError
from nnc.ir import Graph, Placeholder, TensorType, Value, interpret
from nnc.settings import SETTINGS


class LearningRateSchedule(Declared):
    """A learning rate that follows from the number of batches done; a subclass defines `__call__`.

    >>> from nnc.ir import ops
    >>> class InverseRoot(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 / ops.sqrt(step + 1.0)
    >>> round(InverseRoot().at(3), 6)
    0.05
    """

    noun = "learning-rate schedule"
    registered: ClassVar[dict[str, type[LearningRateSchedule]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__call__" in vars(cls):
            cls.__call__ = _on_numbers(vars(cls)["__call__"])  # type: ignore[method-assign]

    def __call__(self, step: Value) -> Value:
        """Return the learning rate as graph arithmetic.

        Args:
            step: the number of batches done, a floating-point scalar; of a number, the learning rate is one too.

        Raises:
            ModelError: the subclass does not define it.
        """
        raise ModelError(
            f"{self._where} must define __call__(self, step), graph arithmetic on the number of batches done"
        )

    def at(self, step: int, dtype: str = "float32") -> float:
        """Return the learning rate after a number of batches, as a number."""
        graph = Graph("schedule")
        result: object = self(graph.input("step", TensorType(dtype, ())))
        if not isinstance(result, Value):
            raise ModelError(f"{self._where} must return a graph value, got {result!r}")
        graph.output("rate", result)
        return float(interpret(graph, {"step": step})[0]["rate"])

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items() if key != "name")
        return f"{type(self).__name__}({arguments})"


def _on_numbers(rate: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method of a schedule that takes numbers too, of which it computes at once."""

    @wraps(rate)
    def taking(self: LearningRateSchedule, step: Any) -> Any:
        if isinstance(step, Value) or (isinstance(step, Placeholder) and step.has_value):
            return rate(self, step)
        return computed(lambda value: rate(self, value), numpy.asarray(step, SETTINGS.floatx))

    return taking


@dataclass_transform(eq_default=False, field_specifiers=(argument, flag, number))
class DeclaredLearningRateSchedule(LearningRateSchedule):
    """A learning-rate schedule whose class declares its arguments; see `nnc.arguments`."""
