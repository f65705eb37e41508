"""Places of the buffers and constants of a plan, including those of its loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from nnc.ir import Constant, Value
from nnc.ir.ops.movement import BroadcastTo
from nnc.ir.ops.sizes import Iota
from nnc.plan import Plan


def buffer_offset(plan: Plan, path: Sequence[int], buffer: int) -> int:
    """Return the byte at which a buffer begins in the arena.

    Args:
        plan: the plan of the function.
        path: steps of the scans that the buffer lies in.
        buffer: its number in the innermost plan.
    """
    base = 0
    for step in path:
        loop = plan.loops[step]
        base += plan.offsets[loop.arena]
        plan = loop.plan
    return base + plan.offsets[buffer]


class ConstantArrays:
    """The constants of a plan, and of its loops, for some sizes.

    Args:
        plan: the plan of the function.
        bindings: sizes of the run-time dimensions.
    """

    def __init__(self, plan: Plan, bindings: Mapping[str, int]) -> None:
        self.plan, self.bindings = plan, bindings
        self._known: dict[tuple[int, ...], Mapping[Value, Any]] = {}

    def array(self, path: Sequence[int], value: Value) -> Any:
        """Return a constant, dense; one element of it where all are sure to be the same.

        Args:
            path: steps of the scans that the constant lies in.
            value: the constant, of the innermost plan.
        """
        array = self._values(tuple(path))[value]
        if is_uniform(value) and array.size:
            array = array[(slice(0, 1),) * array.ndim]
        return numpy.ascontiguousarray(array)

    def _values(self, path: tuple[int, ...]) -> Mapping[Value, Any]:
        if path not in self._known:
            plan = self.plan
            for step in path:
                plan = plan.loops[step].plan
            self._known[path] = plan.constants(self.bindings)
        return self._known[path]


def is_uniform(value: Value) -> bool:
    """Whether all elements of a constant are sure to be one number, whatever the sizes."""
    node = value.node
    if isinstance(node.op, Constant):
        return len(node.op.data) == 1
    if isinstance(node.op, Iota):
        return False
    if not node.operands:
        return value.rank == 0
    if node.op.elementwise or isinstance(node.op, BroadcastTo):
        return all(is_uniform(operand) for operand in node.operands)
    return value.rank == 0
