"""Planning: order, lifetimes and arena offsets of a graph, so that every byte is known before it runs."""

from nnc.plan.allocate import ALIGNMENT, allocate, lower_bound
from nnc.plan.places import Place
from nnc.plan.plan import Plan, Position, is_step, make_plan, prepacked_offsets, prepacked_steps
from nnc.plan.storage import Buffer, Home, StepGroup, Storage, bound_constants

__all__ = [
    "ALIGNMENT",
    "Buffer",
    "StepGroup",
    "Home",
    "Place",
    "Plan",
    "Position",
    "Storage",
    "allocate",
    "bound_constants",
    "is_step",
    "lower_bound",
    "make_plan",
    "prepacked_offsets",
    "prepacked_steps",
]
