"""Planning: order, lifetimes and arena offsets of a graph, so that every byte is known before it runs."""

from nnc.plan.allocate import ALIGNMENT, allocate, lower_bound
from nnc.plan.binding import bound_constants
from nnc.plan.flatten import TILE_ELEMENTS, Group, Workspace, flatten
from nnc.plan.loops import Carry, LoopPlan
from nnc.plan.plan import Place, Plan, is_step, make_plan
from nnc.plan.prepacking import Prepack, Prepacked, prepacked_offsets, prepacked_steps
from nnc.plan.storage import Buffer, Home, Storage

__all__ = [
    "ALIGNMENT",
    "TILE_ELEMENTS",
    "Buffer",
    "Carry",
    "Group",
    "Home",
    "LoopPlan",
    "Place",
    "Plan",
    "Prepack",
    "Prepacked",
    "Storage",
    "Workspace",
    "allocate",
    "bound_constants",
    "flatten",
    "is_step",
    "lower_bound",
    "make_plan",
    "prepacked_offsets",
    "prepacked_steps",
]
