"""Plans that an earlier process has made: what binds a run is at hand, and the steps are read if they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnc.plan.plan import Plan

_STEPS = ("graph", "storage", "loops", "windows")
"""What has to do with single steps."""
_FIRST = ("offsets", "peak_bytes", "lower_bound", "milestones", "bindings", "target", "_rooms", "_interfaces")
"""What runs of just the planned sizes are bound with; where a plan has loops, these too."""


class RecalledPlan(Plan):
    """A plan that reads its steps when they are first asked for."""

    def __getattr__(self, name: str) -> Any:
        if name not in _STEPS or "_read" not in self.__dict__:
            raise AttributeError(f"a plan has no attribute '{name}'")
        self.__dict__.update(self._read())
        return self.__dict__[name]

    def __getstate__(self) -> dict[str, Any]:
        self.__dict__.update(self.__dict__.get("_read", dict)())
        return {name: found for name, found in super().__getstate__().items() if name != "_read"}


def in_two(plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the attributes of a plan in two parts: what runs of just the planned sizes are bound with, and the others.

    The second is only needed where there are loops, or where somebody asks for steps.
    """
    known = {"bindings": plan.bindings, "target": plan.target}
    plan.interface(plan.bindings)
    found = {**plan.__getstate__(), **known}
    first = {name: value for name, value in found.items() if name in _FIRST or value == {}}
    return first, {name: value for name, value in found.items() if name not in first}


def recalled(first: Mapping[str, Any], read: Callable[[], Mapping[str, Any]]) -> Plan:
    """Return a plan of its two parts.

    Args:
        first: see `in_two`.
        read: returns the second, each time the same.
    """
    plan = RecalledPlan.__new__(RecalledPlan)
    plan.__dict__.update(first, _read=read)
    return plan
