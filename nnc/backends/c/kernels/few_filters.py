"""Convolutions with so few filters that registers are for elements that lie side by side: what is called for that."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.bounded_bias import BoundedBias, bias_arguments
from nnc.backends.c.expressions import Expression, Operand
from nnc.backends.c.kernels.registry import Unit
from nnc.backends.c.kernels.sliding import Geometry
from nnc.backends.c.text import SUFFIXES

LANES = {"float32": 16, "float64": 8}
"""Elements of the widest register, by element type."""
_FUNCTIONS = {1: "one_filter", 2: "two_filters", 3: "three_filters", 4: "four_filters"}
"""What functions are called, by the number of filters: tiles, whose columns are filters, would be mostly empty."""


def has_few_filters(geometry: Geometry) -> bool:
    """Whether elements that lie side by side fill registers, and filters do not."""
    lanes = LANES.get(geometry.dtype)
    return lanes is not None and geometry.groups == 1 and geometry.filters in _FUNCTIONS and geometry.run % lanes == 0


def turned_kernel(unit: Unit, geometry: Geometry, kernel: Expression, target: Expression) -> Expression:
    """Return the call that lays the weights of each filter side by side."""
    filters, patch = geometry.filters, geometry.patch
    return unit.call(f"nnc_pack_{SUFFIXES[geometry.dtype]}", filters, patch, kernel, 1, filters, patch, target)


def results(unit: Unit, geometry: Geometry, given: Sequence[Operand], bias: BoundedBias | None) -> Expression:
    """Return the call that computes some places; see ``nnc_few_filters_f32``."""
    name = f"nnc_{_FUNCTIONS[geometry.filters]}_{SUFFIXES[geometry.dtype]}"
    return unit.call(name, *given, *bias_arguments(bias))


def kernel_gradients(unit: Unit, geometry: Geometry, given: Sequence[Operand]) -> Expression:
    """Return the call that computes what places add to some rows; see ``nnc_few_gradients_f32``."""
    return unit.call(f"nnc_{_FUNCTIONS[geometry.filters]}_gradient_{SUFFIXES[geometry.dtype]}", *given)
