"""What an update rule reads and writes beside the parameter: the learning rate, its slots and the step number."""

from __future__ import annotations

from nnc import ops
from nnc.ir import TensorType, Value

LEARNING_RATE = "optimizer/learning_rate"
"""Label of the state that holds the learning rate."""
ITERATIONS = "optimizer/iterations"
"""Label of the state that counts steps."""


class OptimizerState:
    """The optimizer's state in a graph, for one parameter.

    Args:
        label: label of the parameter's state.
        parameter: the parameter before the update.
    """

    def __init__(self, label: str, parameter: Value) -> None:
        self.label = label
        self.type = parameter.type
        self.graph = parameter.graph

    @property
    def learning_rate(self) -> Value:
        """The learning rate, a scalar of the parameter's element type."""
        return self.graph.state(LEARNING_RATE, TensorType(self.type.dtype, ()), "hyperparameter")

    @property
    def step(self) -> Value:
        """The number of this step, from 1, a scalar of the parameter's element type; using it makes steps counted."""
        done = self.graph.state(ITERATIONS, TensorType("int64", ()), "counter")
        if ITERATIONS not in self.graph.updates:
            self.graph.update(ITERATIONS, done + 1)
        return ops.cast(self.graph.updates[ITERATIONS], self.type.dtype)

    def slot(self, name: str) -> Value:
        """Return what `assign` stored in the step before, zeros at first; it has the parameter's type."""
        return self.graph.state(f"optimizer/{name}/{self.label}", self.type, "slot")

    def assign(self, name: str, value: Value) -> Value:
        """Store a value in a slot for the next step, and return it."""
        self.slot(name)
        self.graph.update(f"optimizer/{name}/{self.label}", value)
        return value
