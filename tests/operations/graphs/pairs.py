"""Steps on single elements of two values, which broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy
from hypothesis import strategies as st

from tests.operations.graphs.growing import Arrays, Growing, apart, is_float, is_number, is_whole

SMOOTH_OF_TWO = (
    *(
        "{x} + {y}",
        "{x} - {y}",
        "{x} * {y}",
        "ops.true_divide({x}, ops.square({y}) + 1)",
        "ops.add({x}, {y})",
        "ops.subtract({x}, {y})",
        "ops.multiply({x}, {y})",
    ),
    *("{x} / (ops.square({y}) + 1)", "ops.divide({x}, ops.exp(ops.tanh({y})))", "ops.logaddexp({x}, {y})"),
    *("ops.power(ops.square({x}) + 0.5, ops.tanh({y}))", "ops.arctan2({x}, ops.square({y}) + 0.5)"),
    *("ops.hypot({x}, ops.square({y}) + 0.5)", "ops.divide_no_nan({x}, ops.square({y}) + 0.5)"),
)
JUMPS_OF_TWO = (
    *("ops.maximum({x}, {y})", "ops.minimum({x}, {y})", "{x} > {y}", "{x} <= {y}", "ops.less({x}, {y})"),
    *(
        "ops.greater_equal({x}, {y})",
        "ops.equal({x}, {y})",
        "ops.not_equal({x}, {y})",
        "ops.where({x} > {y}, {x}, {y})",
    ),
    *("ops.where({x} < {y}, {y}, 2)", "ops.isclose({x}, {y})", "ops.fmax({x}, {y})", "ops.fmin({x}, {y})"),
)
LOGICAL = (
    *("ops.logical_and({x}, {y})", "ops.logical_or({x}, {y})", "ops.logical_xor({x}, {y})"),
    *("ops.logical_and({x}, ops.logical_not({y}))",),
)
OF_WHOLE_NUMBERS = (
    *("{x} // (ops.abs({y}) + 1)", "{x} % (ops.abs({y}) + 1)", "ops.bitwise_and({x}, {y})", "ops.gcd({x}, {y})"),
    *("ops.bitwise_xor({x}, {y})", "ops.bitwise_or({x}, {y})", "ops.lcm({x} % 5, {y} % 5)"),
)


NUMBERS = (0.5, -0.75, 1.5, 2.0, -1.25)


def pair(grower: Growing, accepts: Callable[[Arrays], bool]) -> tuple[str, str]:
    """Draw two values that broadcast: of one shape, one with fewer axes or of length 1, or a number."""
    x = grower.pick(accepts)
    shapes = [array.shape for array in grower.arrays(x)]
    kind = grower.draw(st.sampled_from(("any", "mean", "number", "constant")))
    if kind == "number":
        numbers: tuple[float, ...] = NUMBERS if is_float(grower.arrays(x)) else (1, 2, 3)
        return x, repr(grower.draw(st.sampled_from(numbers)))
    if kind == "constant" and shapes[0] and shapes[0][-1] == shapes[1][-1]:
        count = shapes[0][-1]
        numbers = [round(float(number), 3) for number in numpy.linspace(-0.8, 1.3, count)]
        dtype = "float32" if is_float(grower.arrays(x)) else "int32"
        numbers = numbers if dtype == "float32" else [number % 3 for number in range(count)]
        return x, f"numpy.array({numbers}, '{dtype}')"
    if kind == "mean" and shapes[0] and is_float(grower.arrays(x)):
        axis = grower.draw(st.integers(0, len(shapes[0]) - 1))
        return x, f"ops.mean({x}, axis={axis}, keepdims=True)"

    def fits(arrays: Arrays) -> bool:
        return accepts(arrays) and all(map(broadcasts, shapes, [array.shape for array in arrays]))

    return x, grower.pick(fits)


def broadcasts(first: Sequence[int], second: Sequence[int]) -> bool:
    """Whether shapes broadcast."""
    return all(a == b or 1 in (a, b) for a, b in zip(reversed(first), reversed(second), strict=False))


def of_two(grower: Growing) -> None:
    """Functions of two floats, or a float and whole numbers."""
    x, y = pair(grower, is_number)
    if not is_float(grower.arrays(x)):
        x, y = y, x
    if x[0] != "v" or not is_float(grower.arrays(x)):
        return
    grower.add(grower.draw(st.sampled_from(SMOOTH_OF_TWO)).replace("{x}", x).replace("{y}", y))


def compared(grower: Growing) -> None:
    """The larger of two, and comparisons."""
    x, y = pair(grower, is_number)
    first, second = grower.arrays(x), grower.arrays(y)
    if (is_float(first) or is_float(second)) and not apart(first, second):
        return
    grower.add(grower.draw(st.sampled_from(JUMPS_OF_TWO)).replace("{x}", x).replace("{y}", y))


def combined(grower: Growing) -> None:
    """Truth values, or whole numbers, by another of them."""
    is_logical = grower.draw(st.booleans())

    def accepts(arrays: Arrays) -> bool:
        return arrays[0].dtype.kind == "b" if is_logical else is_whole(arrays)

    x, y = pair(grower, accepts)
    if accepts(grower.arrays(x)) and accepts(grower.arrays(y)):
        grower.add(
            grower.draw(st.sampled_from(LOGICAL if is_logical else OF_WHOLE_NUMBERS))
            .replace("{x}", x)
            .replace("{y}", y)
        )


def chosen(grower: Growing) -> None:
    """``where`` with a condition of the graph."""
    x, y = pair(grower, is_number)
    condition = grower.pick(
        lambda arrays: (
            arrays[0].dtype.kind == "b"
            and all(broadcasts(one.shape, other.shape) for one, other in zip(arrays, grower.arrays(x), strict=True))
        )
    )
    if grower.arrays(condition)[0].dtype.kind == "b":
        grower.add(f"ops.where({condition}, {x}, {y})")
