"""What a trace reads and assigns besides its inputs: the variables of an optimizer or of a metric, by number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Graph, Value, ops


class HeldValue:
    """A variable while a trace is replayed.

    Args:
        name: what it is, for messages.

    Attributes:
        value: its value in the graph that is being built.
    """

    trainable = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None

    def assign(self, value: Any) -> None:
        """Give it a new value, of its shape and in its element type.

        Raises:
            ModelError: the value has another shape.
        """
        before: Value = self.value
        made = as_value(value, before.graph, before.dtype)
        if made.shape != before.shape:
            raise ModelError(f"variable '{self.name}' is {before.type}, and is assigned {made.type}")
        self.value = ops.cast(made, before.dtype)


class TracedState:
    """The variables that traces read and assign, as if they were the weights of a layer.

    Args:
        names: what they are, for messages.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.weights = [HeldValue(name) for name in names]


def as_value(item: Any, graph: Graph, dtype: str) -> Value:
    """Return a graph value as it is, or the constant that a number or an array is.

    Args:
        item: what a trace computed.
        graph: the graph that is being built.
        dtype: element type of a constant.
    """
    return item if isinstance(item, Value) else graph.constant(numpy.asarray(item), dtype)
