"""Evidence for hints, before the first step and after it: some rows of the data, the training graph, and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnc.hints.delivery import Hint
from nnc.ir import Graph

Array = Any


@dataclass(frozen=True)
class Target:
    """Targets of an output.

    Args:
        label: name of the input of the graph that takes them.
        loss: name of the loss.
        is_checked: whether the loss says which numbers they may be, so that `fit` has checked them.
    """

    label: str
    loss: str
    is_checked: bool


@dataclass(frozen=True)
class Evidence:
    """Everything known before the first step of a training.

    Args:
        graph: the training graph, its fusions opened.
        arrays: some rows of the data, by label of the graph's input.
        inputs: labels of those arrays that the model reads, in their order.
        targets: the targets, in their order.
        states: arrays of the graph's states by label; they are read only.
    """

    graph: Graph
    arrays: Mapping[str, Array]
    inputs: tuple[str, ...]
    targets: tuple[Target, ...]
    states: Mapping[str, Array]


@dataclass(frozen=True)
class Move:
    """The distance that the first update moved the weights of a layer.

    Args:
        path: layer.
        size: norm of its weights before, of those that were not all 0.
        distance: norm of their change.
        learning_rate: the learning rate, None where it follows a schedule.
    """

    path: str
    size: float
    distance: float
    learning_rate: float | None


AtFirst = Callable[[Evidence], Iterator[Hint]]
AtFirstUpdate = Callable[[Sequence[Move]], Iterator[Hint]]
