"""Lets hints be given about the first step of a training, by a room that programs know nothing about.

Who gives them is said by the package's face, as `nnc.presentation` has it of pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from nnc.ir import Graph

Array = Any
_observers: list[str] = []


class TargetInput(NamedTuple):
    """Targets of an output.

    Args:
        label: name of the input of the graph that takes them.
        loss: name of the loss.
        is_checked: whether the loss says which numbers they may be, so that `fit` has checked them.
    """

    label: str
    loss: str
    is_checked: bool


class FirstBatch(NamedTuple):
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
    targets: tuple[TargetInput, ...]
    states: Mapping[str, Array]


class Move(NamedTuple):
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


class Observer(Protocol):
    """The module that looks: see `nnc.hints.registry`."""

    def look_at_data(self, batch: FirstBatch, told: set[str]) -> None:
        """Look at the data before the first step; `told` are the texts that were given before."""

    def look_at_update(self, moves: Sequence[Move], told: set[str]) -> None:
        """Look at how far the first update moved the weights."""


def observe_with(module: str) -> None:
    """Choose the module that looks, by its name; it is imported when it is first needed."""
    _observers[:] = [module]


def observer() -> Observer:
    """Return the module that looks."""
    found: Any = import_module(_observers[0])
    chosen: Observer = found
    return chosen
