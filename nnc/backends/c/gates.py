"""Finds gates of recurrent layers, tanh x * 0.5 + 0.5, among elementwise steps: C has one function for all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Literal
from nnc.ir import FLOATING, Node, Op, Value
from nnc.ir.ops.arithmetic import Add, Multiply
from nnc.ir.ops.exponential import HyperbolicTangent


@dataclass
class Gates:
    """The gates among some steps.

    Attributes:
        operands: x, by the position of the step that adds 0.5.
        merged: positions of the steps before those: tanh x and its half, which are computed nowhere by themselves.
    """

    operands: dict[int, Value] = field(default_factory=dict)
    merged: set[int] = field(default_factory=set)


def find_gates(nodes: Iterable[Node], read: Mapping[Value, Array], is_passed_on: Callable[[Node], bool]) -> Gates:
    """Return the gates among elementwise steps.

    Args:
        nodes: the steps.
        read: what they read from elsewhere.
        is_passed_on: whether only one step reads what a step gives, and finds it in a register.
    """

    def taken_with_half(node: Node, op: type[Op]) -> Node | None:
        """Return the step whose result an op takes together with 0.5, None if it is no such op or not all there is."""
        if not isinstance(node.op, op) or node.types[0].dtype not in FLOATING:
            return None
        literals = [read[operand].literal for operand in node.operands if operand in read]
        if len(literals) != 1 or not isinstance(literals[0], Literal) or literals[0].value != 0.5:
            return None
        (given,) = (operand.node for operand in node.operands if operand not in read)
        return given if is_passed_on(given) else None

    found = Gates()
    for node in nodes:
        half = taken_with_half(node, Add)
        tangent = None if half is None else taken_with_half(half, Multiply)
        if half is not None and tangent is not None and isinstance(tangent.op, HyperbolicTangent):
            found.operands[node.index] = tangent.operands[0]
            found.merged |= {half.index, tangent.index}
    return found
