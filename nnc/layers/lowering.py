"""Gives layers' weights their values in a graph: states that are unpacked, or one state per weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nnc.ir import PARAMETER, Graph, Placeholder, TensorType, Value, meaning
from nnc.layers.variable import Segment, Variable
from nnc.ops import Unpack, reshape

FROZEN = "frozen"


@contextmanager
def declare_weights(graph: Graph, weights: Sequence[Variable]) -> Iterator[None]:
    """Give each weight a state of its own inside the block."""
    meanings: dict[Placeholder, Value] = {}
    for weight in weights:
        role = PARAMETER if weight.trainable else FROZEN
        meanings[weight] = graph.state(weight.path, TensorType(weight.dtype, weight.shape), role)
    with meaning(meanings):
        yield


@contextmanager
def declare_segments(graph: Graph, segments: Sequence[tuple[Segment, str]]) -> Iterator[None]:
    """Unpack states that hold several weights each inside the block.

    Args:
        graph: where they are declared.
        segments: each with the role of its state.
    """
    meanings: dict[Placeholder, Value] = {}
    for segment, role in segments:
        state = graph.state(segment.label, TensorType(str(segment.array.dtype), segment.array.shape), role)
        if len(segment.variables) == 1:
            meanings[segment.variables[0]] = reshape(state, segment.variables[0].shape)
            continue
        unpack = Unpack(tuple(variable.shape for variable in segment.variables))
        values = graph.add(unpack, state, names=[variable.path for variable in segment.variables])
        meanings.update(zip(segment.variables, values, strict=True))
    with meaning(meanings):
        yield
