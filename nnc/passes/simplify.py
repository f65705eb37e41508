"""Algebraic simplification by a table of small rules, none of which changes a result beyond rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

from nnc.ir import Constant, Graph, Node, Op, Rewriter, Shape, Value
from nnc.ir.decisions import decide, is_listened_to
from nnc.ir.ops.arithmetic import Add, Divide, Multiply, Negative, Subtract
from nnc.ir.ops.comparison import Comparison
from nnc.ir.ops.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionKernelGradient,
    Sliding,
    extent,
)
from nnc.ir.ops.elementwise import Binary, apply
from nnc.ir.ops.gathering import AddAlongAxis, ScatterAdd
from nnc.ir.ops.matmul import MatMul
from nnc.ir.ops.movement import (
    BroadcastTo,
    Concatenate,
    Copy,
    Reshape,
    Scatter,
    Transpose,
    broadcast_to,
    flip,
    reshape,
    transpose,
)
from nnc.ir.ops.packing import Pack
from nnc.ir.ops.pooling import WindowOp
from nnc.ir.ops.reduction import Reduction, Sum
from nnc.ir.ops.sizes import Cast, Size
from nnc.passes.base import Pass

Rule = Callable[[Node, tuple[Value, ...]], Value | None]
"""Takes a node and its (already rewritten) operands; returns what to put in its place, or None."""


@dataclass(frozen=True)
class Simplify(Pass, name="simplify"):
    """Applies algebraic rules to each node, operands first, until none holds."""

    def run(self, graph: Graph) -> Graph:
        """Return the simplified graph; nodes that became useless stay until ``dce``."""
        rewriter = Rewriter(graph)
        is_simpler = False
        for node in graph.nodes:
            if node.is_leaf:
                rewriter.keep(node)
                continue
            added = len(rewriter.graph.nodes)
            with rewriter.graph.scope(node.path, node.phase):
                replacement, rules = _simplified(node, rewriter.operands(node))
            if replacement is None:
                rewriter.keep(node)
                continue
            is_simpler = True
            rewriter.replace(node, (replacement,))
            _note(node, replacement, rules, rewriter.graph.nodes[added:])
        return rewriter.finish() if is_simpler else graph


def _simplified(node: Node, operands: tuple[Value, ...]) -> tuple[Value | None, Sequence[Rule]]:
    """Return what the rules make of a node, or None where they leave it as it is, and the rules that held."""
    simplest, used = None, []
    while len(node.types) == 1:
        for rule in _rules_for(type(node.op)):
            if (found := rule(node, operands)) is not None:
                break
        else:
            break
        used.append(rule)
        simplest, node, operands = found, found.node, found.node.operands
    return simplest, used


def _note(node: Node, replacement: Value, rules: Sequence[Rule], added: Sequence[Node]) -> None:
    if is_listened_to():
        found = replacement.node if replacement.node.operands and len(replacement.node.types) == 1 else replacement
        why = [rule.__name__.replace("_", " ") for rule in rules]
        before = node.operands[0].graph.results(node)
        after = (replacement,)
        decide(
            "simplified", node, "{} → {} ({})", node, found, why, before=before, after=after, gone=[node], added=added
        )


def _is_number(value: Value, number: float) -> bool:
    op = value.node.op
    return isinstance(op, Constant) and len(op.data) > 0 and all(item == number for item in op.data)


def _same_type(node: Node, value: Value) -> Value | None:
    return value if value.type == node.types[0] else None


def no_elements(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """What has no elements, and what adds up none, is zeros: nothing else need be computed."""
    (result,) = node.types
    adds_none = isinstance(node.op, _ADDING_UP) and any(0 in operand.shape for operand in operands)
    if not operands or not (0 in result.shape or adds_none):
        return None
    if isinstance(node.op, BroadcastTo) and isinstance(operands[0].node.op, Constant) and operands[0].rank == 0:
        return None
    return apply(BroadcastTo(result.shape), operands[0].graph.constant(0, result.dtype))


_ADDING_UP = (Sum, MatMul, Scatter, ScatterAdd, AddAlongAxis, Sliding)
"""Ops whose results are sums over elements of each operand, but for numbers of elements."""


def empty_parts(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """What has no elements adds nothing to what it is joined with."""
    if not isinstance(node.op, Concatenate):
        return None
    rest = [operand for operand in operands if operand.shape[node.op.axis] != 0]
    if len(rest) == len(operands) or not rest:
        return None
    return apply(node.op, *rest) if len(rest) > 1 else rest[0]


def neutral_element(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """x + 0, x - 0, x · 1 and x / 1 are x."""
    if isinstance(node.op, Add | Multiply):
        neutral = 0.0 if isinstance(node.op, Add) else 1.0
        for this, other in (operands, operands[::-1]):
            if _is_number(other, neutral) and this.type == node.types[0]:
                return this
    if isinstance(node.op, Subtract | Divide):
        neutral = 0.0 if isinstance(node.op, Subtract) else 1.0
        if _is_number(operands[1], neutral):
            return _same_type(node, operands[0])
    return None


def double_negative(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """-(-x) is x; x + (-y) is x - y; x - (-y) is x + y."""
    negated = [operand.node.operands[0] if isinstance(operand.node.op, Negative) else None for operand in operands]
    if isinstance(node.op, Negative) and negated[0] is not None:
        return negated[0]
    if isinstance(node.op, Add) and negated[1] is not None:
        return operands[0] - negated[1]
    if isinstance(node.op, Add) and negated[0] is not None:
        return operands[1] - negated[0]
    if isinstance(node.op, Subtract) and negated[1] is not None:
        return operands[0] + negated[1]
    return None


def implicit_broadcast(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """Elementwise ops broadcast by themselves: an operand need not be repeated first."""
    if not isinstance(node.op, Binary):
        return None
    narrow = tuple(map(_unrepeated, operands))
    if narrow == operands or node.op.result_types([value.type for value in narrow]) != node.types:
        return None
    return apply(node.op, *narrow)


def _unrepeated(value: Value) -> Value:
    if isinstance(value.node.op, BroadcastTo):
        value = value.node.operands[0]
    if isinstance(value.node.op, Reshape):
        inner = value.node.operands[0]
        if value.shape == (1,) * (value.rank - inner.rank) + inner.shape:
            return inner
    return value


def chained_movement(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """A reshape of a reshape is one reshape; a transpose of a transpose is one transpose or none."""
    if isinstance(node.op, Reshape):
        if operands[0].type == node.types[0]:
            return operands[0]
        if isinstance(operands[0].node.op, Reshape):
            inner = operands[0].node.operands[0]
            return inner if inner.type == node.types[0] else apply(node.op, inner)
    if isinstance(node.op, Transpose) and isinstance(operands[0].node.op, Transpose):
        inner_axes = operands[0].node.op.axes
        axes = tuple(inner_axes[axis] for axis in node.op.axes)
        inner = operands[0].node.operands[0]
        return inner if axes == tuple(range(len(axes))) else apply(Transpose(axes), inner)
    return None


def transposed_operands(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """f(xᵀ, yᵀ, 2) is f(x, y, 2)ᵀ where f is elementwise or says what it does per axis: transposes meet and cancel."""
    found = {operand.node.op.axes for operand in operands if isinstance(operand.node.op, Transpose)}
    if len(found) != 1:
        return None
    (axes,) = found
    op = _permuted(node.op, axes)
    inner = [_untransposed(operand, axes) for operand in operands]
    known = [value for value in inner if value is not None]
    if op is not None and not op.elementwise:  # nothing broadcasts there
        order = [axes.index(axis) for axis in range(len(axes))]
        shapes = [[operand.shape[axis] for axis in order] for operand in operands if operand.rank == len(axes)]
        known = [reshape(*pair) if pair[0].rank < len(axes) else pair[0] for pair in zip(known, shapes, strict=False)]
    return None if op is None or len(known) < len(inner) else apply(Transpose(axes), apply(op, *known))


def _permuted(op: Op, axes: tuple[int, ...]) -> Op | None:
    """Return the op that does the same before a transpose; None where there is none."""
    if op.elementwise:
        return op
    if isinstance(op, Concatenate):
        return Concatenate(axes[op.axis])
    if not op.per_axis:
        return None
    if isinstance(op, WindowOp):  # which of equal elements comes first depends on the order of the windows' axes
        wide = [axis for axis, size in zip(axes, op.window, strict=True) if size > 1]
        if wide != sorted(wide):
            return None
    items = {name: getattr(op, name) for name in op.per_axis}
    return replace(
        op, **{name: tuple(item[axes.index(axis)] for axis in range(len(axes))) for name, item in items.items()}
    )


def reduced_transpose(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """A sum or maximum over axes of a transpose is one over other axes of what is transposed."""
    op = node.op
    if not isinstance(op, Reduction) or not op.axes or not isinstance(operands[0].node.op, Transpose):
        return None
    axes = operands[0].node.op.axes
    result = apply(type(op)(tuple(sorted(axes[axis] for axis in op.axes)), op.keepdims), operands[0].node.operands[0])
    if op.keepdims:
        return transpose(result, axes)
    kept = [axis for position, axis in enumerate(axes) if position not in op.axes]
    return transpose(result, [sorted(kept).index(axis) for axis in kept])


def _untransposed(value: Value, axes: tuple[int, ...]) -> Value | None:
    """Return what has the value as its transpose; None where that would take a transpose the other way."""
    if isinstance(value.node.op, Transpose):
        return value.node.operands[0]
    if value.rank == 0:
        return value
    if value.rank != len(axes):
        return None
    op, order = value.node.op, tuple(axes.index(axis) for axis in range(len(axes)))
    if isinstance(op, Constant):
        return transpose(value, order)
    if isinstance(op, BroadcastTo) and value.node.operands[0].rank == 0:
        return broadcast_to(value.node.operands[0], [value.shape[axis] for axis in order])
    if isinstance(op, WindowOp) and len(value.node.operands) == 1:  # such as the numbers of elements in windows
        permuted, inner = _permuted(op, axes), _untransposed(value.node.operands[0], axes)
        return None if permuted is None or inner is None else apply(permuted, inner)
    if sum(dim != 1 for dim in value.shape) > 1:
        return None
    source = value.node.operands[0] if isinstance(value.node.op, Reshape) else value
    shape = [value.shape[axis] for axis in order]
    return reshape(source, shape[-1:] if all(dim == 1 for dim in shape[:-1]) else shape)


def repeated_number(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """One number repeated to a shape stays one number repeated, whatever it is reshaped to in between."""
    if not isinstance(node.op, Reshape | BroadcastTo):
        return None
    source = operands[0]
    while isinstance(source.node.op, Reshape | BroadcastTo):
        source = source.node.operands[0]
    if source is operands[0] or source.rank > 0 or (isinstance(node.op, Reshape) and node.types[0].size == 1):
        return None
    return apply(BroadcastTo(node.types[0].shape), source)


def packed_reshape(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """A pack takes the elements of its operands in order: their shapes do not matter."""
    if not isinstance(node.op, Pack):
        return None
    inner = tuple(operand.node.operands[0] if isinstance(operand.node.op, Reshape) else operand for operand in operands)
    if inner == operands or any(value.type.symbols for value in inner):
        return None
    return apply(node.op, *inner)


def cast_comparison(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """A comparison can write 0 and 1 in any element type, so its result need not be cast."""
    if not isinstance(node.op, Cast):
        return None
    if operands[0].dtype == node.op.dtype:
        return operands[0]
    source = operands[0].node
    if isinstance(source.op, Comparison):
        return apply(type(source.op)(dtype=node.op.dtype), *source.operands)
    return None


def divide_by_constant(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """x / c is x · (1/c), which is faster, where c is a power of two and the result the same to the bit."""
    if not isinstance(node.op, Divide) or not isinstance(operands[1].node.op, Constant):
        return None
    numbers = operands[1].node.op.data
    if len(numbers) != 1 or not isinstance(numbers[0], float) or not 1e-30 < abs(numbers[0]) < 1e30:
        return None
    mantissa, _ = numbers[0].as_integer_ratio()
    power = abs(mantissa) & (abs(mantissa) - 1) == 0
    return operands[0] * (1.0 / numbers[0]) if power and operands[0].type == node.types[0] else None


def unit_axes(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """A sum or maximum over axes of length 1 is a reshape; other axes of length 1 need not be reduced."""
    op = node.op
    if not isinstance(op, Reduction):
        return None
    (x,) = operands
    wide = tuple(axis for axis in op.axes if x.shape[axis] != 1)
    if wide == op.axes and op.axes:
        return None
    return reshape(apply(type(op)(wide, op.keepdims), x) if wide else x, node.types[0].shape)


def cancelled_factor(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """(x / s) · s is x where s is the size of something, which is never 0."""
    if not isinstance(node.op, Multiply):
        return None
    for quotient, factor in (operands, operands[::-1]):
        source = quotient.node
        if isinstance(source.op, Divide) and isinstance(factor.node.op, Size):
            divisor = source.operands[1]
            if divisor.node.op == factor.node.op and source.operands[0].type == node.types[0]:
                return source.operands[0]
    return None


def joined_parts(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """A sum of parts that lie next to each other in zeros is the parts joined."""
    if not isinstance(node.op, Add) or not all(isinstance(value.node.op, Add | Scatter) for value in operands):
        return None
    parts: list[Value] = []
    pending = list(operands)
    while pending:
        value = pending.pop()
        if isinstance(value.node.op, Scatter):
            parts.append(value)
        elif isinstance(value.node.op, Add) and value.type == node.types[0]:
            pending += value.node.operands
        else:
            return None
    axes = {axis for value in parts for axis, whole in enumerate(_cut(value)) if not whole}
    if len(axes) != 1 or any(value.type != node.types[0] for value in parts):
        return None
    (axis,) = axes
    parts.sort(key=lambda value: _begin(value, axis))
    end = 0
    for value in parts:
        op = value.node.op
        assert isinstance(op, Scatter)
        if _begin(value, axis) != end or op.steps[axis] != 1 or not isinstance(op.stops[axis], int):
            return None
        end = int(op.stops[axis])
    if end != node.types[0].shape[axis]:
        return None
    return apply(Concatenate(axis), *(value.node.operands[0] for value in parts))


def _cut(value: Value) -> list[bool]:
    """Return for each axis whether a part fills it."""
    pairs = zip(value.node.operands[0].shape, value.shape, strict=True)
    return [part == whole for part, whole in pairs]


def _begin(value: Value, axis: int) -> int:
    op = value.node.op
    assert isinstance(op, Scatter)
    start = op.starts[axis]
    return start if isinstance(start, int) else -1


def padded_window(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """A convolution of what has zeros around it may have them as its own padding; so may its kernel's gradient."""
    if not isinstance(node.op, Convolution | ConvolutionKernelGradient) or not isinstance(operands[0].node.op, Scatter):
        return None
    zeros, (x,) = operands[0].node.op, operands[0].node.operands
    kernel = node.types[0] if isinstance(node.op, ConvolutionKernelGradient) else operands[1].type
    widths = [
        (start, whole - start - part) for start, whole, part in zip(zeros.starts, zeros.shape, x.shape, strict=True)
    ]
    if any(step != 1 for step in zeros.steps) or any(
        before != 0 or after != 0 for before, after in (widths[0], widths[-1])
    ):
        return None
    inner = widths[1:-1]
    if any(pair != (0, 0) and size == 1 for pair, size in zip(inner, kernel.shape, strict=False)):
        return None  # without padding it is a product of matrices
    before = tuple(own + more for own, (more, _) in zip(node.op.before, inner, strict=True))
    after = tuple(own + more for own, (_, more) in zip(node.op.after, inner, strict=True))
    return apply(replace(node.op, before=before, after=after), x, operands[1])


def turned_kernel(node: Node, operands: tuple[Value, ...]) -> Value | None:
    """The gradient of a convolution's input is a convolution with the kernel turned, where strides are 1."""
    op, (cotangent, kernel) = node.op, operands
    assert isinstance(op, ConvolutionInputGradient)
    *window, channels, filters = map(int, kernel.shape)
    is_depthwise = op.groups > 1 and channels == 1
    if max(op.strides) > 1 or prod(window) == 1 or is_depthwise or not _is_turning_worth(op.shape, cotangent.shape):
        return None
    axes = range(op.rank)
    before, after = (
        tuple(extent(window[axis], op.dilation[axis]) - 1 - zeros[axis] for axis in axes)
        for zeros in (op.before, op.after)
    )
    if not all(isinstance(zeros, int) and zeros >= 0 for zeros in (*before, *after)):
        return None
    turned, (down, along) = flip(kernel, axes), (op.rank, op.rank + 1)
    if op.groups == 1:
        turned = transpose(turned, (*axes, along, down))
    else:
        parts = reshape(turned, (*window, channels, op.groups, filters // op.groups))
        turned = reshape(transpose(parts, (*axes, along + 1, along, down)), (*window, filters // op.groups, -1))
    turned = apply(Copy(), turned)  # not a view, so that what predicts finds it made
    return apply(Convolution(op.strides, op.dilation, before, after, groups=op.groups), cotangent, turned)


TURNED_SHARE = 1.5
"""Elements of the input per place of the window up to which turning the kernel for its gradient pays."""


def _is_turning_worth(shape: Shape, result: Shape) -> bool:
    """Whether products at each element of the input pay, where the other way they are at each place of the window.

    Turning moves the whole kernel, which the other way moves as many elements per filter as an image has for it.
    """
    *places, filters = result[1:]
    if not all(isinstance(dim, int) for dim in (*shape, *places)):
        return list(shape) == places
    return int(filters) <= prod(map(int, shape)) <= TURNED_SHARE * prod(map(int, places))


RULES: tuple[tuple[Rule, tuple[type[Op], ...]], ...] = (
    (no_elements, (Op,)),
    (empty_parts, (Concatenate,)),
    (neutral_element, (Add, Multiply, Subtract, Divide)),
    (double_negative, (Negative, Add, Subtract)),
    (implicit_broadcast, (Binary,)),
    (chained_movement, (Reshape, Transpose)),
    (transposed_operands, (Op,)),
    (repeated_number, (Reshape, BroadcastTo)),
    (packed_reshape, (Pack,)),
    (cast_comparison, (Cast,)),
    (divide_by_constant, (Divide,)),
    (unit_axes, (Reduction,)),
    (reduced_transpose, (Reduction,)),
    (cancelled_factor, (Multiply,)),
    (joined_parts, (Add,)),
    (padded_window, (Convolution, ConvolutionKernelGradient)),
    (turned_kernel, (ConvolutionInputGradient,)),
)
"""The rules, in the order in which they are tried, and the ops whose nodes they may hold for."""


_RULES_FOR: dict[type[Op], tuple[Rule, ...]] = {}


def _rules_for(op: type[Op]) -> tuple[Rule, ...]:
    if op not in _RULES_FOR:
        _RULES_FOR[op] = tuple(rule for rule, classes in RULES if issubclass(op, classes))
    return _RULES_FOR[op]
