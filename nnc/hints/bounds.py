"""Bounds of values: between which numbers activations let them lie, and how far they are known to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import erf, exp, inf, isfinite, log1p, tanh
from types import MappingProxyType

from nnc.ir import Constant, Op, State, Value
from nnc.ir.ops.arithmetic import Absolute, Add, Divide, Maximum, Minimum, Multiply, Negative, Relu, Square, Subtract
from nnc.ir.ops.comparison import Comparison
from nnc.ir.ops.crossentropy import LogSoftmax, Softmax
from nnc.ir.ops.exponential import ErrorFunction, Exponential, HyperbolicTangent, LogAddExp, Sigmoid
from nnc.ir.ops.movement import BroadcastTo, Copy, Flip, Reshape, Slice, Transpose
from nnc.ir.ops.packing import Unpack
from nnc.ir.ops.reduction import Sum
from nnc.ir.ops.sizes import Cast

Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-inf, inf)
PROBABILITY: Bounds = (0.0, 1.0)
LARGEST_EXPONENT = 700.0
"""Beyond this, exp(x) is taken for infinite."""

MOVING = Copy | Reshape | Transpose | Flip | BroadcastTo | Slice | Unpack | Cast
"""Ops whose results are numbers of their operand."""
FIXED: Mapping[type[Op], Bounds] = MappingProxyType(
    {Sigmoid: PROBABILITY, Softmax: PROBABILITY, LogSoftmax: (-inf, 0.0)}
)
RISING: Mapping[type[Op], Callable[[float], float]] = MappingProxyType(
    {
        Relu: lambda x: max(x, 0.0),
        HyperbolicTangent: tanh,
        ErrorFunction: erf,
        Exponential: lambda x: exp(x) if x < LARGEST_EXPONENT else inf,
    }
)
"""Functions that are larger for larger numbers."""


def bounds(value: Value) -> Bounds:
    """Return numbers between which a value lies for certain; infinite ones where nothing is known."""
    found = _Walk(UNBOUNDED).bounds(value)
    return UNBOUNDED if found is None else found


def reach(value: Value) -> Bounds | None:
    """Return numbers that a value gets near to, whatever weights may be; None where nothing is known."""
    return _Walk(None).bounds(value)


class _Walk:
    """Goes from a value back to where its bounds are known.

    Args:
        unknown: what stands for values about which nothing is known.
    """

    def __init__(self, unknown: Bounds | None) -> None:
        self.unknown = unknown
        self._known: dict[Value, Bounds | None] = {}

    def bounds(self, value: Value) -> Bounds | None:
        if value not in self._known:
            self._known[value] = self._bounds(value.node.op, value.node.operands)
        return self._known[value]

    def _bounds(self, op: Op, operands: tuple[Value, ...]) -> Bounds | None:
        if isinstance(op, Constant):
            return (min(op.data), max(op.data)) if op.data else self.unknown
        if isinstance(op, Comparison):
            return PROBABILITY
        if type(op) in FIXED:
            return FIXED[type(op)]
        if op.kernel is not None:
            return UNBOUNDED if _is_weight(operands[op.kernel[0]]) else self.unknown
        if isinstance(op, Divide) and isinstance(operands[1].node.op, Sum):  # a softmax that is taken apart
            first = self.bounds(operands[0])
            if operands[1].node.operands[0] == operands[0] and first is not None and first[0] >= 0.0:
                return PROBABILITY
        if isinstance(op, Add | Subtract | Multiply | Divide | Maximum | Minimum | LogAddExp):
            return self._of_two(op, *operands)
        if not isinstance(op, MOVING | Negative | Absolute | Square) and type(op) not in RISING:
            return self.unknown
        inner = self.bounds(operands[0])
        return None if inner is None else _of_one(op, inner)

    def _of_two(self, op: Op, first: Value, second: Value) -> Bounds | None:
        left, right = self.bounds(first), self.bounds(second)
        if isinstance(op, Add | Subtract) and UNBOUNDED in (left, right):
            return UNBOUNDED
        if left is not None and (number := _number(second)) is not None:
            return _with_number(op, left, number)
        if right is not None and (number := _number(first)) is not None and not isinstance(op, Divide):
            return (
                _with_number(Add(), _of_one(Negative(), right), number)
                if isinstance(op, Subtract)
                else (_with_number(op, right, number))
            )
        return self.unknown


def _number(value: Value) -> float | None:
    """Return the finite number that a constant repeats."""
    op = value.node.op
    numbers = set(op.data) if isinstance(op, Constant) else set()
    return numbers.pop() if len(numbers) == 1 and isfinite(next(iter(numbers))) else None


def _of_one(op: Op, inner: Bounds) -> Bounds:
    low, high = inner
    if isinstance(op, Negative):
        return -high, -low
    if isinstance(op, Absolute | Square):
        ends = sorted((abs(low), abs(high)))
        least = 0.0 if low <= 0.0 <= high else ends[0]
        return (least, ends[1]) if isinstance(op, Absolute) else (least**2, ends[1] ** 2)
    function = RISING.get(type(op))
    return inner if function is None else (function(low), function(high))


def _with_number(op: Op, inner: Bounds, number: float) -> Bounds:
    low, high = inner
    if isinstance(op, Maximum):
        return max(low, number), max(high, number)
    if isinstance(op, Minimum):
        return min(low, number), min(high, number)
    if isinstance(op, LogAddExp):
        return number + _softplus(low - number), number + _softplus(high - number)
    if isinstance(op, Add | Subtract):
        shift = number if isinstance(op, Add) else -number
        return low + shift, high + shift
    if number == 0.0:
        return (0.0, 0.0) if isinstance(op, Multiply) else UNBOUNDED
    factor = number if isinstance(op, Multiply) else 1.0 / number
    return (low * factor, high * factor) if factor > 0.0 else (high * factor, low * factor)


def _softplus(x: float) -> float:
    return x if x > LARGEST_EXPONENT else log1p(exp(x))


def _is_weight(value: Value) -> bool:
    while isinstance(value.node.op, MOVING):
        value = value.node.operands[0]
    return isinstance(value.node.op, State)
