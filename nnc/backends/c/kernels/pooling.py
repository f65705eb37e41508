"""Maxima and sums of windows and their gradients: windows one by one, all channels of a window at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product, takewhile

from nnc.backends.c.arrays import Array, Index
from nnc.backends.c.expressions import Expression, chain, choice, infix, number, operand, variable, whole
from nnc.backends.c.kernels.elementwise import is_nan
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.registry import KernelCall, kernel
from nnc.backends.c.nests import can_vectorise
from nnc.backends.c.statements import SIMD, Code, Directive, Statement, assign, block, declare, loop, when
from nnc.backends.c.thread_counts import PARALLEL_ROW, PARALLEL_SIZE, shared_loops
from nnc.ir import Dim
from nnc.ir.ops.pooling import MaxPool, MaxPoolGradient, SumPool, SumPoolGradient, WindowOp, padding_before

_UNROLLED = 32
"""Most positions of a window that are written out one after the other."""
_SHARED = 2
"""Most loops whose turns threads share: with that over a row, each window would find out where it lies by itself."""

_TOTAL, _FOUND, _BEST, _GIVEN, _CHOSEN, _IS_OPEN, _IS_CHOSEN = map(
    variable, ("total", "found", "best", "given", "chosen", "is_open", "is_chosen")
)
Combine = Callable[[Expression, Expression], Expression]
"""Makes one element of two."""


@dataclass(frozen=True)
class _Axis:
    """An axis: its length, the number of windows along it, their length and their distance."""

    number: int
    length: Dim
    count: Dim
    window: int
    stride: int
    padding: str

    @property
    def is_plain(self) -> bool:
        """Whether the windows are the elements."""
        return self.window == self.stride == 1

    @property
    def index(self) -> Index:
        """The number of the window."""
        return 0 if self.count == 1 else variable(f"i{self.number}")

    @property
    def before(self) -> Index:
        """The number of positions of the first window that lie before the axis."""
        if self.padding == "valid" or self.window == 1:
            return 0
        if isinstance(self.length, int):
            return padding_before(self.length, self.window, self.stride, self.padding)
        return variable(f"before{self.number}")

    @property
    def is_inside(self) -> bool:
        """Whether all windows are sure to lie inside the axis."""
        if self.is_plain or self.padding == "valid":
            return True
        if not isinstance(self.length, int) or not isinstance(self.count, int):
            return self.window == 1
        return self.before == 0 and (self.count - 1) * self.stride + self.window <= self.length

    @property
    def start(self) -> Index:
        """The position where the window begins."""
        index, before = self.index, self.before
        if isinstance(index, int):
            return 0 if before == 0 else (-whole(before)).grouped
        scaled = index if self.stride == 1 else index * self.stride
        return scaled if before == 0 else scaled - before

    @property
    def position(self) -> Expression:
        """The position inside the window."""
        return variable(f"p{self.number}")

    @property
    def begin(self) -> Expression:
        """The variable with the position where the window begins."""
        return variable(f"start{self.number}")

    @property
    def low(self) -> Expression:
        """The first position of the window that lies inside the axis."""
        return variable(f"low{self.number}")

    @property
    def high(self) -> Expression:
        """The position behind the last one of the window that lies inside the axis."""
        return variable(f"high{self.number}")

    def head(self) -> list[Code]:
        """Return the number of positions before the axis, where only the run knows it."""
        if isinstance(self.before, int):
            return []
        missing = operand(self.count - 1) * self.stride + self.window - self.length
        return [declare("const int64_t", self.before, choice(infix(">", missing, 0), missing / 2, 0))]

    def bounds(self) -> list[Code]:
        """Return which positions of a window lie inside."""
        room = variable(f"room{self.number}")
        kind = "const int64_t"
        return [
            declare(kind, self.begin, self.start),
            declare(kind, self.low, choice(infix("<", self.begin, 0), -self.begin, 0)),
            declare(kind, room, operand(self.length) - self.begin),
            declare(kind, self.high, choice(infix("<", room, self.window), room, self.window)),
        ]


class _Windows:
    """The loops over windows.

    Args:
        op: says which windows.
        larger: arrays that the windows lie in.
        pooled: arrays with one element per window.
        adds: whether something is added to elements that the windows lie in.
    """

    def __init__(self, op: WindowOp, larger: Sequence[Array], pooled: Sequence[Array], adds: bool = False) -> None:
        shapes = zip(larger[0].shape, pooled[0].shape, op.window, op.strides, strict=True)
        axes = [_Axis(0, length, count, window, stride, op.padding) for length, count, window, stride in shapes]
        self._larger, self._pooled, self._adds = larger, pooled, adds
        arrays = [*larger, *pooled]
        groups: list[list[int]] = []
        for position, axis in enumerate(axes):
            if groups and axis.is_plain and axes[groups[-1][-1]].is_plain and _joins(arrays, position):
                groups[-1].append(position)
            else:
                groups.append([position])
        self._groups = groups
        self.axes = [
            self._joined(number, [axes[position] for position in group]) for number, group in enumerate(groups)
        ]
        self.overlap = any(axis.window > axis.stride for axis in self.axes)
        self.positions = list(product(*(range(axis.window) for axis in self.axes)))
        self.moving = [axis for axis in self.axes if not axis.is_plain]
        self.edged = [axis for axis in self.axes if not axis.is_inside]
        count = len(self.axes)
        self.inner = [axis for axis in self.axes if all(other.is_plain for other in self.axes[axis.number : count])]
        self.outer = [axis for axis in self.axes if axis not in self.inner]

    @staticmethod
    def _joined(number: int, axes: Sequence[_Axis]) -> _Axis:
        length: Dim = 1
        for axis in axes:
            length = length * axis.length
        return replace(axes[0], number=number, length=length, count=length if len(axes) > 1 else axes[0].count)

    @property
    def volume(self) -> int:
        """Positions of a window."""
        return len(self.positions)

    def _seen(self, array: Array, is_pooled: bool) -> Array:
        strides = tuple(array.strides[group[-1]] for group in self._groups)
        shape = tuple(axis.count if is_pooled else axis.length for axis in self.axes)
        return Array(array.pointer, array.dtype, shape, strides, array.offset, array.literal)

    def window(self, array: Array) -> Expression:
        """Return the element of an array with one per window."""
        return self._seen(array, True).at(*(axis.index for axis in self.axes))

    def element(self, array: Array, position: Sequence[int] | None = None) -> Expression:
        """Return the element at a position inside the window, by default at p0, p1, …."""
        indices: list[Index] = []
        for axis in self.axes:
            if axis.is_plain:
                indices.append(axis.index)
            elif position is None:
                indices.append(axis.begin + axis.position)
            else:
                indices.append(_moved(axis.start, position[axis.number]))
        return self._seen(array, False).at(*indices)

    def write(self, inside: Sequence[Code], general: Sequence[Code]) -> list[Code]:
        """Return the loops.

        Args:
            inside: what to do with an element of each window that lies inside, all positions written out; nothing
                where there are too many.
            general: loops over the channels for windows of any kind; see `channels` and `positions_inside`.
        """
        heads = [line for axis in self.moving for line in axis.head()]
        bounds = [line for axis in self.moving for line in axis.bounds()]
        if not inside:
            lines = [*bounds, *general]
        elif not self.edged:
            lines = self.channels(inside, True, self.volume)
        else:
            tests = [
                test for axis in self.edged for test in (infix("==", axis.low, 0), infix("==", axis.high, axis.window))
            ]
            lines = [*bounds, when(chain("&&", tests), self.channels(inside, True, self.volume), general)]
        around = [axis for axis in self.outer if isinstance(axis.index, Expression)]
        has_loop = not inside or bool(self.edged) or any(axis.count != 1 for axis in self.inner)
        is_simd = bool(around) and not has_loop and self._are_apart(around[-1])
        is_simd = is_simd and self._can_vectorise(around[-1], self.volume)
        for position, axis in reversed(list(enumerate(around))):
            directive = SIMD if is_simd and axis is around[-1] else None
            if position == 0 and directive is None:
                directive = self._shared(around[:-1] if is_simd else around)
            assert isinstance(axis.index, Expression)
            lines = [loop(axis.index, axis.count, lines, directive)]
        return [block([*heads, *lines])]

    def _are_apart(self, axis: _Axis) -> bool:
        """Return whether the loop over the windows along an axis writes each element in one turn."""
        return not self._adds or axis.window <= axis.stride

    def _shared(self, axes: Sequence[_Axis]) -> Directive | None:
        """Return what the outermost of the loops over some axes is told."""
        lengths = [axis.count for axis in takewhile(self._are_apart, axes)][:_SHARED]
        size: Dim = 1
        for axis in self.axes:
            size = size * axis.length
        return shared_loops(lengths, size, PARALLEL_SIZE, PARALLEL_ROW) if lengths else None

    def _can_vectorise(self, axis: _Axis, positions: int) -> bool:
        """Return whether the loop over an axis may be marked so, where its turns see so many positions each."""
        last = self._groups[axis.number][-1]
        larger = [(array, array.strides[last] * axis.stride, positions) for array in self._larger]
        pooled = [(array, array.strides[last], 1) for array in self._pooled]
        seen = [
            replace(array, shape=(axis.count, count), strides=(step, 1)) for array, step, count in (*larger, *pooled)
        ]
        return can_vectorise(seen, 0, 1)

    def channels(self, lines: Sequence[Code], simd: bool, positions: int = 1) -> list[Code]:
        """Return the loops over the plain axes at the end; the lines have so many positions written out."""
        found = list(lines)
        looped = [axis for axis in self.inner if axis.count != 1]
        for axis in reversed(looped):
            is_simd = simd and axis is looped[-1] and self._can_vectorise(axis, positions)
            assert isinstance(axis.index, Expression)
            found = [loop(axis.index, axis.count, found, SIMD if is_simd else None)]
        return found if looped else [block(found)]

    def positions_inside(self, lines: Sequence[Code]) -> list[Code]:
        """Return the loops over the positions of a window that lie inside, in row-major order."""
        found = list(lines)
        for axis in reversed(self.moving):
            found = [loop(axis.position, axis.high, found, start=axis.low)]
        return found


def _moved(start: Index, position: int) -> Index:
    """Return the index at a position of the window that begins there."""
    if position == 0:
        return start
    return start + position


def _joins(arrays: Sequence[Array], axis: int) -> bool:
    """Whether every array steps through an axis and the one before it as through one."""
    return all(array.strides[axis - 1] == array.strides[axis] * array.shape[axis] for array in arrays)


def _pool(call: KernelCall, first: Expression, combine: Combine) -> list[Code]:
    """Fold the positions of a window; `first` is what no position gives, `combine` makes two elements one."""
    (x,), result = (array.wrapping for array in call.operands), call.result
    windows = _Windows(call.op, [x], [result])
    target, type = windows.window(result), x.c_type
    inside: list[Code] = []
    if windows.volume <= _UNROLLED:
        inside.append(declare(type, _TOTAL, windows.element(x, windows.positions[0])))
        for number, position in list(enumerate(windows.positions))[1:]:
            name = variable(f"x{number}")
            inside.append(declare(f"const {type}", name, windows.element(x, position)))
            inside.append(assign(_TOTAL, combine(_TOTAL, name)))
        inside.append(assign(target, _TOTAL))
    update = [declare(f"const {type}", _FOUND, windows.element(x)), assign(target, combine(target, _FOUND))]
    general = [
        *windows.channels([assign(target, first)], True),
        *windows.positions_inside(windows.channels(update, True)),
    ]
    return windows.write(inside, general)


@kernel(MaxPool)
def max_pool(call: KernelCall) -> Sequence[Code]:
    """The largest element of each window; NaN where there is one."""

    def larger(best: Expression, new: Expression) -> Expression:
        return choice(infix("|", infix(">", new, best), is_nan(new)).grouped, new, best)

    return _pool(call, -variable("INFINITY"), larger)


@kernel(SumPool)
def sum_pool(call: KernelCall) -> Sequence[Code]:
    """The sum of each window."""
    return _pool(call, number(0, call.result.dtype), lambda total, new: total + new)


def _is_covered(op: WindowOp, windows: _Windows) -> bool:
    """Whether every element is in exactly one window, whatever the run-time dimensions are."""
    return op.window == op.strides and all(
        axis.window == 1 or op.padding == "same" or (isinstance(axis.length, int) and axis.length % axis.window == 0)
        for axis in windows.axes
    )


@kernel(MaxPoolGradient)
def max_pool_gradient(call: KernelCall) -> Sequence[Code]:
    """Each window's cotangent to its first largest element, or its first NaN."""
    (x, maxima, cotangent), result = call.operands, call.result
    windows = _Windows(call.op, [x, result], [maxima, cotangent], adds=True)
    covered = _is_covered(call.op, windows)
    sign = "+=" if windows.overlap else "="
    kind = f"const {x.c_type}"
    head: list[Code] = [
        declare(kind, _BEST, windows.window(maxima)),
        declare(kind, _GIVEN, windows.window(cotangent)),
    ]
    zero = number(0, x.dtype)

    def is_largest(element: Expression) -> Expression:
        return infix("|", infix("==", element, _BEST), is_nan(element))

    inside: list[Code] = []
    if windows.volume <= _UNROLLED:  # the number of the position: a chain of conditions would become branches
        kind_of_number = (
            "int64_t" if x.dtype == "float64" else "int32_t"
        )  # as wide as an element, for vectors of as many
        inside = [*head, Statement(f"{kind_of_number} chosen = -1;")]
        for index, position in reversed(list(enumerate(windows.positions))):
            name = variable(f"x{index}")
            inside.append(declare(kind, name, windows.element(x, position)))
            inside.append(assign(_CHOSEN, choice(is_largest(name).grouped, index, _CHOSEN)))
        for index, position in enumerate(windows.positions):
            value = choice(infix("==", _CHOSEN, index), _GIVEN, zero)
            inside.append(assign(windows.element(result, position), value, sign))
    update = [
        declare(kind, _FOUND, windows.element(x)),
        declare("const bool", _IS_CHOSEN, infix("&", _IS_OPEN, is_largest(_FOUND))),
        assign(windows.element(result), choice(_IS_CHOSEN, _GIVEN, zero), sign),
        Statement("is_open &= !is_chosen;"),
    ]
    head.append(Statement("bool is_open = true;"))
    general = windows.channels([*head, *windows.positions_inside(update)], False)
    lines = windows.write(inside, general)
    return lines if covered else [*fill_lines(result, 0), *lines]


@kernel(SumPoolGradient)
def sum_pool_gradient(call: KernelCall) -> Sequence[Code]:
    """Each window's cotangent to all its elements."""
    (cotangent,), result = (array.wrapping for array in call.operands), call.result
    windows = _Windows(call.op, [result], [cotangent], adds=True)
    covered = _is_covered(call.op, windows)
    sign = "+=" if windows.overlap else "="
    inside: list[Code] = []
    if windows.volume <= _UNROLLED:
        inside.append(declare(f"const {cotangent.c_type}", _GIVEN, windows.window(cotangent)))
        inside += [assign(windows.element(result, position), _GIVEN, sign) for position in windows.positions]
    update = assign(windows.element(result), windows.window(cotangent), sign)
    general = windows.positions_inside(windows.channels([update], True))
    lines = windows.write(inside, general)
    return lines if covered else [*fill_lines(result, 0), *lines]
