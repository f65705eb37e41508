"""The signature of a graph: what it reads, keeps and gives; whoever binds and feeds it asks no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from nnc.ir import HOISTED, Graph, State, TensorType


@dataclass(frozen=True)
class Signature:
    """The signature of a graph.

    Args:
        name: the graph's own.
        symbols: names of its run-time dimensions, sorted.
        inputs: their types by label.
        states: type and role of each by label.
        outputs: their labels.
    """

    name: str
    symbols: tuple[str, ...]
    inputs: Mapping[str, TensorType]
    states: Mapping[str, tuple[TensorType, str]]
    outputs: tuple[str, ...]

    @staticmethod
    def of(graph: Graph) -> Signature:
        """Return the signature of a graph."""
        states = {label: (value.type, value.node.op) for label, value in graph.states.items()}
        return Signature(
            graph.name,
            graph.symbols,
            {label: value.type for label, value in graph.inputs.items()},
            {label: (type, op.role if isinstance(op, State) else "") for label, (type, op) in states.items()},
            tuple(graph.outputs),
        )

    @cached_property
    def hoisted(self) -> Mapping[str, TensorType]:
        """Types of the states that a prologue derives, by label."""
        return {label: type for label, (type, role) in self.states.items() if role == HOISTED}

    @property
    def rows(self) -> int | None:
        """How many rows its batches have, None where it takes any."""
        lengths = {type.shape[0] if type.shape else None for type in self.inputs.values()}
        length = lengths.pop() if len(lengths) == 1 else None
        return length if isinstance(length, int) else None
