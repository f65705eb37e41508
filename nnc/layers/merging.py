"""Layers that make one value of several."""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.ops import concatenate


class Merge(Layer):
    """Base of layers that take a list of inputs."""

    is_merging = True
    least_inputs: ClassVar[int] = 2

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < self.least_inputs:
            raise ModelError(f"expected a list of at least {self.least_inputs} inputs, got {len(input_shape)}")


class Add(Merge):
    """The sum of its inputs, with broadcasting."""

    def call(self, inputs: list[Value]) -> Value:
        return reduce(lambda x, y: x + y, inputs)


class Concatenate(Merge):
    """Inputs joined along an axis.

    Args:
        axis: the axis, the last by default; not the batch.
        options: arguments of `Layer`.
    """

    least_inputs: ClassVar[int] = 1

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        if isinstance(axis, bool) or not isinstance(axis, int) or axis == 0:
            raise ModelError(f"Concatenate: axis must be an integer other than 0 (the batch), got {axis!r}")
        self.axis = axis

    def call(self, inputs: list[Value]) -> Value:
        if self.axis == -inputs[0].rank:
            raise ModelError(f"axis {self.axis} of {inputs[0].type} is the batch, along which nothing can be joined")
        return concatenate(inputs, self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
