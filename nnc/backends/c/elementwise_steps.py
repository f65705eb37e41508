"""What elementwise steps compute of each element, as assignments to registers and to what lies in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression
from nnc.backends.c.gates import find_gates
from nnc.backends.c.kernels import EXPRESSIONS, Unit
from nnc.backends.c.kernels.elementwise import behind_power, exponent, gate
from nnc.backends.c.kernels.registry import Formula
from nnc.backends.c.nests import Element
from nnc.backends.c.stages import Assignment
from nnc.backends.c.text import SUFFIXES
from nnc.ir import Node, Op, Value
from nnc.plan import Plan


class ElementwiseStep(NamedTuple):
    """What one step computes of each element.

    Args:
        op: the op, which a formula may ask for attributes.
        formula: gives the expression.
        sources: operands: numbers and registers as they are, else the arrays to read.
        dtypes: element types of the operands.
        result: the value that is computed.
    """

    op: Op
    formula: Formula
    sources: Sequence[Expression | Array]
    dtypes: Sequence[str]
    result: Value


def elementwise_steps(
    plan: Plan, nodes: Sequence[Node], read: Mapping[Value, Array], registers: Mapping[Value, Expression]
) -> list[ElementwiseStep]:
    """Return what nodes of a plan compute of each element; those that make a gate are one step.

    Args:
        plan: of the scope that they stand in.
        nodes: elementwise ones, in order.
        read: what they read from elsewhere.
        registers: what holds the results of those that they read of each other.
    """

    def is_passed_on(node: Node) -> bool:
        (result,) = plan.graph.results(node)
        return plan.storage.homes[result].register and len(plan.storage.readers[result]) == 1

    def found() -> Iterator[ElementwiseStep]:
        gates = find_gates(nodes, read, is_passed_on)
        for node in nodes:
            if node.index in gates.merged:
                continue
            (result,) = plan.graph.results(node)
            formula, operands = EXPRESSIONS[type(node.op)], node.operands
            if node.index in gates.operands:
                formula, operands = gate, (gates.operands[node.index],)
            given = [read[value] if value in read else registers[value] for value in operands]
            sources = [item.literal or item if isinstance(item, Array) else item for item in given]
            yield ElementwiseStep(node.op, formula, sources, [value.dtype for value in operands], result)

    return [*found()]


def assignments(
    steps: Sequence[ElementwiseStep],
    registers: Mapping[Value, Expression],
    stored: Mapping[Value, Array],
    unit: Unit,
    element: Element,
    powers: Mapping[Value, Expression],
) -> list[Assignment]:
    """Return the assignments that compute one element.

    Args:
        steps: what is computed.
        registers: what holds their results.
        stored: where those of them lie that are written to memory.
        unit: where functions come from.
        element: gives the element of an array.
        powers: what holds the powers that steps take before all else, where these are computed apart; steps that take
            the same one share it.
    """
    found, known = [], dict[str, Expression]()
    for op, formula, sources, types, result in steps:
        operands = [element(item) if isinstance(item, Array) else item for item in sources]
        dtype, power = result.dtype, powers.get(result)
        if power is None:
            value = formula(op, operands, types, dtype, unit)
        else:
            of = exponent(op, operands, dtype)
            if of.text not in known:
                known[of.text] = power
                found.append(Assignment(dtype, power, unit.call(f"nnc_exp_below_{SUFFIXES[dtype]}", of)))
            value = behind_power(op, operands, known[of.text], dtype, unit)
        target = element(stored[result]) if result in stored else None
        found.append(Assignment(dtype, registers[result], value, target, power is not None))
    return found
