"""Finds scans that compute each row by itself, so that blocks of rows can run through all steps on their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nnc.ir import Graph, Node, Op, Shape, SymbolicDim, Value
from nnc.ir.ops.matmul import MatMul
from nnc.ir.ops.movement import Concatenate, Reshape, Slice, Transpose
from nnc.ir.ops.reduction import Max, Sum
from nnc.ir.ops.scan import Scan

LARGEST_MATRIX = 1 << 18
"""Most elements of a matrix that all blocks read in every step; larger ones are better read once for all rows."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a separable body.

    Args:
        symbol: the run-time dimension that counts them.
        values: values of the body whose first axis they are; no other values are computed in the body.
    """

    symbol: str
    values: frozenset[Value]


def find_rows(op: Scan, body: Graph, constants: Collection[Value]) -> Rows | None:
    """Return the rows of a scan's body; None where a row may depend on another one.

    Args:
        op: the scan.
        body: a flat graph of one step, whose states are windows.
        constants: values of the body that are not steps.
    """
    shapes = [value.shape for value in list(op.body.inputs.values())[: op.carries + op.sequences]]
    symbol = _symbol(shapes[0][0]) if shapes[0] else None
    if symbol is None or any(_symbol(shape[0]) != symbol for shape in shapes if shape):
        return None
    values = {value for value in body.states.values() if _has_rows(value.shape, symbol)}
    if any(symbol in value.type.symbols for value in body.states.values() if value not in values):
        return None
    for node in body.nodes:
        results = body.results(node)
        if node.is_leaf or all(value in constants for value in results):
            continue
        if values.isdisjoint(node.operands):
            if type(node.op).view is Op.view:
                return None  # each block would compute it, in the same memory
            continue
        if not all(_has_rows(type.shape, symbol) for type in node.types) or not _is_by_rows(node, values, symbol):
            return None
        values.update(results)
    written = [*body.updates.values(), *(body.states[label] for label in body.updates)]
    return Rows(symbol, frozenset(values)) if values.issuperset(written) else None


def _symbol(dim: object) -> str | None:
    """Return the symbol that a dimension is, and nothing more."""
    if not isinstance(dim, SymbolicDim) or len(dim.symbols) != 1:
        return None
    (name,) = dim.symbols
    return name if str(dim) == name else None


def _has_rows(shape: Shape, symbol: str) -> bool:
    """Whether the first axis, and no other one, is the rows."""
    others = {name for dim in shape[1:] if isinstance(dim, SymbolicDim) for name in dim.symbols}
    return bool(shape) and _symbol(shape[0]) == symbol and symbol not in others


def _is_by_rows(node: Node, values: Collection[Value], symbol: str) -> bool:
    """Whether each row of the results depends only on the same row of the operands that have rows."""
    op, rank = node.op, node.types[0].rank
    if op.elementwise:
        return all(
            operand.rank == rank and _symbol(operand.shape[0]) == symbol
            if operand in values
            else operand.rank < rank or operand.shape[0] == 1
            for operand in node.operands
        )
    if isinstance(op, MatMul):
        x, y = node.operands
        matrix = y.shape[0] * y.shape[1] if y.rank == 2 else None
        return x in values and y not in values and x.rank == 2 and isinstance(matrix, int) and matrix < LARGEST_MATRIX
    if isinstance(op, Slice):
        return op.starts[0] == 0 and op.stops[0] == -1 and op.steps[0] == 1
    if isinstance(op, Transpose):
        return op.axes[0] == 0
    if isinstance(op, Concatenate):
        return op.axis not in (0, -rank) and all(operand in values for operand in node.operands)
    if isinstance(op, Sum | Max):
        return 0 not in op.axes
    return isinstance(op, Reshape)  # whose first axis is that of its operand, as checked above
