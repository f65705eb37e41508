"""The hints that `fit` looks for: before the first step, and after the first update."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from nnc.hints.data_ranges import labels_out_of_range, targets_among_inputs, unscaled_inputs
from nnc.hints.dead_units import dead_units
from nnc.hints.delivery import Hint, tell, telling
from nnc.hints.first_update import large_first_update
from nnc.observation import FirstBatch, Move

AtFirst = Callable[[FirstBatch], Iterator[Hint]]
AtFirstUpdate = Callable[[Sequence[Move]], Iterator[Hint]]

AT_FIRST: tuple[AtFirst, ...] = (
    unscaled_inputs,
    labels_out_of_range,
    targets_among_inputs,
    dead_units,
)

AT_FIRST_UPDATE: tuple[AtFirstUpdate, ...] = (large_first_update,)


def look_at_data(batch: FirstBatch, told: set[str]) -> None:
    """Give the hints about the data that a training begins with.

    Args:
        batch: what is known before the first step.
        told: texts of hints that were given before; each is given once.
    """
    with telling(told):
        for rule in AT_FIRST:
            for hint in rule(batch):
                tell(hint)


def look_at_update(moves: Sequence[Move], told: set[str]) -> None:
    """Give the hints about how far the first update moved the weights of each layer."""
    with telling(told):
        for rule in AT_FIRST_UPDATE:
            for hint in rule(moves):
                tell(hint)
