"""What tests of plans share: a graph, lowered for a target and planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnc.ir import Graph
from nnc.passes import lower
from nnc.plan import Plan, make_plan
from nnc.target import PLAIN, Target

NESTS = Target(in_nests=True)
"""Loop nests, and kernels that need nothing."""


def plan_of(graph: Graph, bindings: Mapping[str, int], target: Target = PLAIN, **options: Any) -> Plan:
    """Return the plan of a graph that may have fusions; options are those of `make_plan`."""
    return make_plan(lower(graph, target), bindings, target, **options)
