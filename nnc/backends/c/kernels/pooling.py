"""Maxima and sums of windows and their gradients: windows one by one, all channels of a window at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.registry import Call, kernel
from nnc.backends.c.nests import can_vectorise, indented, loop_head
from nnc.backends.c.sharing import parallel_nest
from nnc.backends.c.text import dim_text, number_text
from nnc.ir import Dim
from nnc.ops.pooling import MaxPool, MaxPoolGradient, SumPool, SumPoolGradient, WindowOp, padding_before

_UNROLLED = 32
"""Most positions of a window that are written out one after the other."""

Texts = Sequence[str]
Elements = Callable[[Array, Texts | None], str]
"""Gives the element of an array of windows, or of the larger array at a position inside the window."""


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
    def index(self) -> str:
        """The number of the window."""
        return "0" if self.count == 1 else f"i{self.number}"

    @property
    def before(self) -> str:
        """The number of positions of the first window that lie before the axis."""
        if self.padding == "valid" or self.window == 1:
            return "0"
        if isinstance(self.length, int):
            return str(padding_before(self.length, self.window, self.stride, self.padding))
        return f"before{self.number}"

    @property
    def is_inside(self) -> bool:
        """Whether all windows are sure to lie inside the axis."""
        if self.is_plain or self.padding == "valid":
            return True
        if not isinstance(self.length, int) or not isinstance(self.count, int):
            return self.window == 1
        return self.before == "0" and (self.count - 1) * self.stride + self.window <= self.length

    @property
    def start(self) -> str:
        """The position where the window begins."""
        if self.index == "0":
            return "0" if self.before == "0" else f"(-{self.before})"
        scaled = self.index if self.stride == 1 else f"{self.index} * {self.stride}"
        return scaled if self.before == "0" else f"{scaled} - {self.before}"

    def head(self) -> list[str]:
        """Return the number of positions before the axis, where only the run knows it."""
        if self.before.isdigit():
            return []
        count, length = dim_text(self.count - 1), dim_text(self.length)
        missing = f"{count} * {self.stride} + {self.window} - {length}"
        return [f"const int64_t {self.before} = {missing} > 0 ? ({missing}) / 2 : 0;"]

    def bounds(self) -> list[str]:
        """Return which positions of a window lie inside."""
        low, high, room = f"low{self.number}", f"high{self.number}", f"room{self.number}"
        return [
            f"const int64_t start{self.number} = {self.start};",
            f"const int64_t {low} = start{self.number} < 0 ? -start{self.number} : 0;",
            f"const int64_t {room} = {dim_text(self.length)} - start{self.number};",
            f"const int64_t {high} = {room} < {self.window} ? {room} : {self.window};",
        ]


class _Windows:
    """The loops over windows.

    Args:
        op: says which windows.
        larger: arrays that the windows lie in.
        pooled: arrays with one element per window.
    """

    def __init__(self, op: WindowOp, larger: Sequence[Array], pooled: Sequence[Array]) -> None:
        shapes = zip(larger[0].shape, pooled[0].shape, op.window, op.strides, strict=True)
        axes = [_Axis(0, length, count, window, stride, op.padding) for length, count, window, stride in shapes]
        self._larger, self._pooled = larger, pooled
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

    def window(self, array: Array) -> str:
        """Return the element of an array with one per window."""
        return self._seen(array, True).at(*(axis.index for axis in self.axes))

    def element(self, array: Array, position: Sequence[int] | None = None) -> str:
        """Return the element at a position inside the window, by default at p0, p1, …."""
        texts = []
        for axis in self.axes:
            start = f"start{axis.number}" if position is None and not axis.is_plain else axis.start
            within = f"p{axis.number}" if position is None else str(position[axis.number])
            if axis.is_plain:
                texts.append(axis.index)
            elif within == "0":
                texts.append(start)
            else:
                texts.append(within if start == "0" else f"{start} + {within}")
        return self._seen(array, False).at(*texts)

    def write(self, inside: Sequence[str], general: Sequence[str], simd: bool) -> list[str]:
        """Return the loops.

        Args:
            inside: what to do with an element of each window that lies inside, all positions written out; nothing
                where there are too many.
            general: loops over the channels for windows of any kind; see `channels` and `positions_inside`.
            simd: whether windows that are neighbours may be worked on side by side.
        """
        heads = [line for axis in self.moving for line in axis.head()]
        bounds = [line for axis in self.moving for line in axis.bounds()]
        if not inside:
            lines = [*bounds, *general]
        elif not self.edged:
            lines = self.channels(inside, simd, self.volume)
        else:
            tests = [f"low{axis.number} == 0 && high{axis.number} == {axis.window}" for axis in self.edged]
            fast = self.channels(inside, simd, self.volume)
            lines = [*bounds, f"if ({' && '.join(tests)}) {{", *indented(fast), "} else {", *indented(general), "}"]
        around = self.outer
        is_loop = bool(inside) and not self.edged and not any(axis.count != 1 for axis in self.inner)
        for axis in reversed(around):
            if axis.count == 1:
                continue
            lines = [f"{loop_head(axis.index, axis.count)} {{", *indented(lines), "}"]
            if is_loop and simd and self._can_vectorise(axis, self.volume):
                lines = ["#pragma omp simd", *lines]
            elif axis is around[0] and axis.is_plain:  # no window is seen from two of its indices
                lines = [*parallel_nest(tuple(other.length for other in self.axes), axis.count), *lines]
            is_loop = False
        return ["{", *indented([*heads, *lines]), "}"]

    def _can_vectorise(self, axis: _Axis, positions: int) -> bool:
        """Return whether the loop over an axis may be marked so, where its turns see so many positions each."""
        last = self._groups[axis.number][-1]
        larger = [(array, array.strides[last] * axis.stride, positions) for array in self._larger]
        pooled = [(array, array.strides[last], 1) for array in self._pooled]
        seen = [
            replace(array, shape=(axis.count, count), strides=(step, 1)) for array, step, count in (*larger, *pooled)
        ]
        return can_vectorise(seen, 0, 1)

    def channels(self, lines: Sequence[str], simd: bool, positions: int = 1) -> list[str]:
        """Return the loops over the plain axes at the end; the lines have so many positions written out."""
        found = list(lines)
        looped = [axis for axis in self.inner if axis.count != 1]
        for axis in reversed(looped):
            found = [f"{loop_head(axis.index, axis.count)} {{", *indented(found), "}"]
            if simd and axis is looped[-1] and self._can_vectorise(axis, positions):
                found = ["#pragma omp simd", *found]
        return found if looped else ["{", *indented(found), "}"]

    def positions_inside(self, lines: Sequence[str]) -> list[str]:
        """Return the loops over the positions of a window that lie inside, in row-major order."""
        found = list(lines)
        for axis in reversed(self.moving):
            name = f"p{axis.number}"
            head = f"for (int64_t {name} = low{axis.number}; {name} < high{axis.number}; {name}++)"
            found = [f"{head} {{", *indented(found), "}"]
        return found


def _joins(arrays: Sequence[Array], axis: int) -> bool:
    """Whether every array steps through an axis and the one before it as through one."""
    return all(array.strides[axis - 1] == array.strides[axis] * array.shape[axis] for array in arrays)


def _pool(call: Call, first: str, combine: Callable[[str, str], str]) -> list[str]:
    """Fold the positions of a window; `first` is what no position gives, `combine` makes two elements one."""
    (x,), result = (array.wrapping for array in call.operands), call.result
    windows = _Windows(call.op, [x], [result])
    target, type = windows.window(result), x.c_type
    inside: list[str] = []
    if windows.volume <= _UNROLLED:
        inside.append(f"{type} total = {windows.element(x, windows.positions[0])};")
        for position in windows.positions[1:]:
            inside += [
                f"const {type} x{windows.positions.index(position)} = {windows.element(x, position)};",
                f"total = {combine('total', f'x{windows.positions.index(position)}')};",
            ]
        inside.append(f"{target} = total;")
    update = [
        f"const {type} found = {windows.element(x)};",
        f"{target} = {combine(target, 'found')};",
    ]
    general = [
        *windows.channels([f"{target} = {first};"], True),
        *windows.positions_inside(windows.channels(update, True)),
    ]
    return windows.write(inside, general, True)


@kernel(MaxPool)
def max_pool(call: Call) -> Sequence[str]:
    """The largest element of each window; NaN where there is one."""
    return _pool(call, "-INFINITY", lambda best, new: f"(({new} > {best}) | ({new} != {new})) ? {new} : {best}")


@kernel(SumPool)
def sum_pool(call: Call) -> Sequence[str]:
    """The sum of each window."""
    return _pool(call, number_text(0, call.result.dtype), lambda total, new: f"{total} + {new}")


def _is_covered(op: WindowOp, windows: _Windows) -> bool:
    """Whether every element is in exactly one window, whatever the run-time dimensions are."""
    return op.window == op.strides and all(
        axis.window == 1 or op.padding == "same" or (isinstance(axis.length, int) and axis.length % axis.window == 0)
        for axis in windows.axes
    )


@kernel(MaxPoolGradient)
def max_pool_gradient(call: Call) -> Sequence[str]:
    """Each window's cotangent to its first largest element, or its first NaN."""
    (x, maxima, cotangent), result = call.operands, call.result
    windows = _Windows(call.op, [x, result], [maxima, cotangent])
    covered = _is_covered(call.op, windows)
    sign = "+=" if windows.overlap else "="
    type = x.c_type
    head = [f"const {type} best = {windows.window(maxima)};", f"const {type} given = {windows.window(cotangent)};"]
    zero = number_text(0, x.dtype)
    inside: list[str] = []
    if windows.volume <= _UNROLLED:  # the number of the position: a chain of conditions would become branches
        whole = "int64_t" if x.dtype == "float64" else "int32_t"  # as wide as an element, for vectors of as many
        inside = [*head, f"{whole} chosen = -1;"]
        for number, position in reversed(list(enumerate(windows.positions))):
            inside.append(f"const {type} x{number} = {windows.element(x, position)};")
            inside.append(f"chosen = ((x{number} == best) | (x{number} != x{number})) ? {number} : chosen;")
        for number, position in enumerate(windows.positions):
            inside.append(f"{windows.element(result, position)} {sign} chosen == {number} ? given : {zero};")
    update = [
        f"const {type} found = {windows.element(x)};",
        "const bool is_chosen = is_open & ((found == best) | (found != found));",
        f"{windows.element(result)} {sign} is_chosen ? given : {zero};",
        "is_open &= !is_chosen;",
    ]
    head.append("bool is_open = true;")
    general = windows.channels([*head, *windows.positions_inside(update)], False)
    lines = windows.write(inside, general, not windows.overlap or bool(windows.inner))
    return lines if covered else [*fill_lines(result, 0), *lines]


@kernel(SumPoolGradient)
def sum_pool_gradient(call: Call) -> Sequence[str]:
    """Each window's cotangent to all its elements."""
    (cotangent,), result = (array.wrapping for array in call.operands), call.result
    windows = _Windows(call.op, [result], [cotangent])
    covered = _is_covered(call.op, windows)
    sign = "+=" if windows.overlap else "="
    given = f"const {cotangent.c_type} given = {windows.window(cotangent)};"
    inside: list[str] = []
    if windows.volume <= _UNROLLED:
        inside = [given, *(f"{windows.element(result, position)} {sign} given;" for position in windows.positions)]
    update = f"{windows.element(result)} {sign} {windows.window(cotangent)};"
    general = windows.positions_inside(windows.channels([update], True))
    lines = windows.write(inside, general, not windows.overlap or bool(windows.inner))
    return lines if covered else [*fill_lines(result, 0), *lines]
