"""All steps that random graphs grow by."""

from __future__ import annotations

from collections.abc import Callable

from tests.operations.graphs import axes, elements, movement, pairs
from tests.operations.graphs.growing import Growing

STEPS: tuple[Callable[[Growing], None], ...] = (
    *(elements.smooth, elements.kinked, elements.rounded, elements.of_whole_numbers, elements.of_truth_values),
    *(elements.casts, elements.clipped, pairs.of_two, pairs.of_two, pairs.compared, pairs.combined, pairs.chosen),
    *(axes.reduced, axes.reduced, axes.accumulated, axes.accumulated, axes.multiplied),
    *(movement.moved, movement.moved, movement.cut, movement.indexed, movement.joined, movement.padded),
    movement.by_rows,
)
