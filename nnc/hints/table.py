"""The hints that `fit` looks for: before the first step, and after the first update."""

from __future__ import annotations

from nnc.hints.data import labels_out_of_range, targets_among_inputs, unscaled_inputs
from nnc.hints.evidence import AtFirst, AtFirstUpdate
from nnc.hints.steps import large_first_update
from nnc.hints.units import dead_units

AT_FIRST: tuple[AtFirst, ...] = (
    unscaled_inputs,
    labels_out_of_range,
    targets_among_inputs,
    dead_units,
)

AT_FIRST_UPDATE: tuple[AtFirstUpdate, ...] = (large_first_update,)
