"""The base class of learning-rate schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from nnc.errors import ModelError
from nnc.ir import Graph, TensorType, Value, interpret
from nnc.objects import build
from nnc.optimizers.arguments import positive


class LearningRateSchedule:
    """A learning rate that follows from the number of batches done; a subclass defines `__call__`.

    >>> from nnc import ops
    >>> class InverseRoot(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 / ops.sqrt(step + 1.0)
    >>> round(InverseRoot().at(3), 6)
    0.05
    """

    settings: ClassVar[tuple[str, ...]] = ()
    """The constructor's arguments, which are attributes of the same names, in the order of Keras's config."""

    def __call__(self, step: Value) -> Value:
        """Return the learning rate as graph arithmetic.

        Args:
            step: the number of batches done, a floating-point scalar.

        Raises:
            ModelError: the subclass does not define it.
        """
        raise ModelError(
            f"learning-rate schedule {type(self).__name__} must define __call__(self, step), graph arithmetic on the"
            " number of batches done"
        )

    def at(self, step: int, dtype: str = "float32") -> float:
        """Return the learning rate after a number of batches, as a number."""
        graph = Graph("schedule")
        result: object = self(graph.input("step", TensorType(dtype, ())))
        if not isinstance(result, Value):
            raise ModelError(f"learning-rate schedule {type(self).__name__} must return a graph value, got {result!r}")
        graph.output("rate", result)
        return float(interpret(graph, {"step": step})[0]["rate"])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return {key: getattr(self, key) for key in self.settings}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build the schedule from what `get_config` returned.

        Raises:
            ModelError: an argument is unknown, missing or wrong.
        """
        return build(cls, config, f"learning-rate schedule {cls.__name__}")

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items() if key != "name")
        return f"{type(self).__name__}({arguments})"

    def _positive(self, key: str, value: Any) -> Any:
        positive(f"learning-rate schedule {type(self).__name__}", key, value)
        return value
