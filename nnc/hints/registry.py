"""The hints that `fit` looks for: before the first step, and after the first update."""

from __future__ import annotations

from nnc.hints.data_ranges import labels_out_of_range, targets_among_inputs, unscaled_inputs
from nnc.hints.dead_units import dead_units
from nnc.hints.evidence import AtFirst, AtFirstUpdate
from nnc.hints.first_update import large_first_update

AT_FIRST: tuple[AtFirst, ...] = (
    unscaled_inputs,
    labels_out_of_range,
    targets_among_inputs,
    dead_units,
)

AT_FIRST_UPDATE: tuple[AtFirstUpdate, ...] = (large_first_update,)
