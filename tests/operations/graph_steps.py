"""Steps that random graphs of `keras.ops` grow by: each draws operands and arguments, and adds a line of Python.

Where the derivative has a kink, or the function a jump, numbers must be a margin away from it, so that rounding decides
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy
from hypothesis import strategies as st

Arrays = tuple[Any, ...]
"""What a value is for each number of rows that is tried."""
MARGIN = 0.01
NUMBERS = (0.5, -0.75, 1.5, 2.0, -1.25)
WHOLE = ("int32", "int64", "uint8")


class Growing(Protocol):
    """A graph under construction."""

    draw: Callable[[Any], Any]
    is_traced: bool

    def pick(self, accepts: Callable[[Arrays], bool] = ...) -> str:
        """Draw a value."""

    def arrays(self, name: str) -> Arrays:
        """Return what a value is."""

    def add(self, text: str) -> str | None:
        """Add a line, if what it gives is fit to go on from."""


def is_float(arrays: Arrays) -> bool:
    """Whether a value holds floats."""
    return arrays[0].dtype.kind == "f"


def is_whole(arrays: Arrays) -> bool:
    """Whether a value holds whole numbers."""
    return arrays[0].dtype.kind in "iu"


def is_number(arrays: Arrays) -> bool:
    """Whether a value holds floats or whole numbers."""
    return is_float(arrays) or is_whole(arrays)


def has_axes(arrays: Arrays, least: int = 1) -> bool:
    """Whether a value has so many axes."""
    return arrays[0].ndim >= least


def known_axes(arrays: Arrays) -> list[int]:
    """Return the axes whose length is the same for each number of rows."""
    shapes = [array.shape for array in arrays]
    return [axis for axis, lengths in enumerate(zip(*shapes, strict=True)) if len(set(lengths)) == 1]


def away(arrays: Arrays, *points: float) -> bool:
    """Whether numbers are not near points."""
    return all(bool((numpy.abs(array - point) > MARGIN).all()) for array in arrays for point in points)


def away_from_multiples(arrays: Arrays, of: float = 1.0, offset: float = 0.0) -> bool:
    """Whether numbers are not near multiples of a number."""
    places = [(array - offset) / of for array in arrays]
    return all(bool((numpy.abs(place - numpy.rint(place)) * of > MARGIN).all()) for place in places)


def apart(first: Arrays, second: Arrays) -> bool:
    """Whether elements of two, which broadcast, are not near one another."""
    pairs = zip(first, second, strict=True)
    return all(bool((numpy.abs(one.astype("float64") - other) > MARGIN).all()) for one, other in pairs)


def spread(arrays: Arrays, axis: int | None) -> bool:
    """Whether no two floats along an axis are near each other; equal whole numbers stay in order."""
    if not is_float(arrays):
        return True
    found = [numpy.sort(array, axis=axis) if axis is not None else numpy.sort(array, axis=None) for array in arrays]
    return all(bool((numpy.diff(array, axis=-1 if axis is None else axis) > MARGIN).all()) for array in found)


# ---------------------------------------------------------------------- elementwise

ANYWHERE = (
    *("sin", "cos", "tanh", "sigmoid", "square", "erf", "arctan", "arcsinh", "softplus", "softsign", "silu", "gelu"),
    *("log_sigmoid", "negative", "tanh_shrink", "squareplus", "deg2rad", "cbrt", "sinc", "swish", "copy"),
    *("isnan", "isfinite", "isinf", "nan_to_num", "real", "zeros_like", "ones_like", "stop_gradient"),
)
POSITIVE = ("log", "sqrt", "rsqrt", "reciprocal", "log2", "log10", "log1p")
SMALL = ("exp", "expm1", "exp2", "sinh", "cosh", "tan")
INSIDE = ("arcsin", "arccos", "arctanh", "erfinv")
KINKS: dict[str, tuple[float, ...]] = {
    "abs": (0.0,),
    "relu": (0.0,),
    "relu6": (0.0, 6.0),
    "leaky_relu": (0.0,),
    "elu": (0.0,),
    "selu": (0.0,),
    "celu": (0.0,),
    "hard_sigmoid": (-3.0, 3.0),
    "hard_silu": (-3.0, 3.0),
    "hard_tanh": (-1.0, 1.0),
    "hard_shrink": (-0.5, 0.5),
    "soft_shrink": (-0.5, 0.5),
    "sparse_plus": (-1.0, 1.0),
    "sparse_sigmoid": (-1.0, 1.0),
    "sign": (0.0,),
    "signbit": (0.0,),
    "angle": (0.0,),
}


def smooth(grower: Growing) -> None:
    """Functions without kinks, inside their domains."""
    x = grower.pick(is_float)
    arrays = grower.arrays(x)
    low, high = min(array.min() for array in arrays), max(array.max() for array in arrays)
    kind = grower.draw(st.sampled_from((ANYWHERE, POSITIVE, SMALL, INSIDE, ("arccosh",))))
    function = grower.draw(st.sampled_from(kind))
    operand = x
    if kind is POSITIVE and low < 0.1:
        operand = f"ops.square({x}) + 0.5"
    elif kind is SMALL and max(abs(low), abs(high)) > 1.4:
        operand = f"ops.tanh({x})"
    elif kind is INSIDE and max(abs(low), abs(high)) > 0.9:
        operand = f"ops.tanh({x}) * 0.8"
    elif function == "arccosh" and low < 1.1:
        operand = f"ops.square({x}) + 1.2"
    elif (function == "cbrt" and not away(arrays, 0.0)) or (function == "sinc" and not away(arrays, 0.0)):
        return
    grower.add(f"ops.{function}({operand})")


def kinked(grower: Growing) -> None:
    """Functions with kinks or jumps."""
    x = grower.pick(is_float)
    function = grower.draw(st.sampled_from(sorted(KINKS)))
    if away(grower.arrays(x), *KINKS[function]):
        grower.add(f"ops.{function}({x})")


def rounded(grower: Growing) -> None:
    """Rounding."""
    x = grower.pick(is_float)
    text, of, offset = grower.draw(
        st.sampled_from(
            (
                ("ops.floor({x})", 1.0, 0.0),
                ("ops.ceil({x})", 1.0, 0.0),
                ("ops.trunc({x})", 1.0, 0.0),
                ("ops.round({x})", 1.0, 0.5),
                ("ops.round({x}, decimals=1)", 0.1, 0.05),
                ("ops.cast({x}, 'int32')", 1.0, 0.0),
                ("ops.cast({x}, 'int64')", 1.0, 0.0),
                ("{x} // 0.75", 0.75, 0.0),
                ("{x} % 0.75", 0.75, 0.0),
            )
        )
    )
    if away_from_multiples(grower.arrays(x), of, offset):
        grower.add(text.replace("{x}", x))


def of_whole_numbers(grower: Growing) -> None:
    """Functions of whole numbers."""
    x = grower.pick(is_whole)
    text = grower.draw(
        st.sampled_from(
            (
                *(
                    "ops.abs({x})",
                    "ops.square({x})",
                    "ops.sqrt(ops.abs({x}) + 1)",
                    "ops.sin({x})",
                    "ops.exp(-{x} * {x})",
                ),
                *(
                    "{x} // 2",
                    "{x} % 3",
                    "ops.divide({x}, 2)",
                    "{x} * 3",
                    "{x} + 1",
                    "{x} - 2",
                    "1 - {x}",
                    "{x} * 0.5",
                    "-{x}",
                ),
                *("ops.floor({x})", "ops.round({x})", "ops.sign({x})", "ops.cast({x}, 'bool')", "ops.clip({x}, 0, 3)"),
                *(
                    "ops.bitwise_and({x}, numpy.array(3, 'int32'))",
                    "ops.bitwise_or({x}, numpy.array(1, 'int32'))",
                    "ops.bitwise_xor({x}, numpy.array(5, 'int64'))",
                    "ops.right_shift({x}, numpy.array(1, 'int32'))",
                ),
                *(
                    "ops.one_hot({x} % 4, 4)",
                    "ops.one_hot({x} % 4, 4, axis=1)",
                    "ops.one_hot({x} % 3, 3, dtype='int32')",
                ),
                *(
                    "ops.relu({x})",
                    "ops.maximum({x}, 2)",
                    "ops.minimum({x}, 0.5)",
                    "{x} ** 2",
                    "abs({x})",
                    "ops.tanh({x})",
                ),
                *(
                    "ops.gcd({x}, numpy.array(6, 'int32'))",
                    "ops.isfinite({x})",
                    "ops.logical_not({x})",
                    "ops.nan_to_num({x})",
                    "~({x} > 1)",
                ),
            )
        )
    )
    grower.add(text.replace("{x}", x))


def of_truth_values(grower: Growing) -> None:
    """Functions of truth values."""
    x = grower.pick(lambda arrays: arrays[0].dtype.kind == "b")
    if grower.arrays(x)[0].dtype.kind != "b":
        return
    text = grower.draw(
        st.sampled_from(
            (
                *(
                    "ops.logical_not({x})",
                    "~{x}",
                    "ops.add({x}, 1)",
                    "ops.multiply({x}, 0.5)",
                    "{x} & {x}",
                    "{x} | (~{x})",
                    "{x} ^ True",
                ),
                *("ops.cast({x}, 'float32')", "ops.cast({x}, 'int32')", "ops.abs({x})", "ops.square({x})"),
                *("ops.where({x}, 1, 0)", "ops.where({x}, 0.5, -1)", "ops.where({x}, True, False)", "ops.sqrt({x})"),
                *("ops.maximum({x}, 0)", "ops.add({x}, {x})", "ops.multiply({x}, {x})", "ops.logical_xor({x}, True)"),
            )
        )
    )
    grower.add(text.replace("{x}", x))


def casts(grower: Growing) -> None:
    """Other element types."""
    x = grower.pick()
    kinds = ("float32", "float64", "bool") if is_float(grower.arrays(x)) else ("float32", "float64", "int64", "bool")
    dtype = grower.draw(st.sampled_from(kinds))
    if dtype == "bool" and is_float(grower.arrays(x)) and not away(grower.arrays(x), 0.0):
        return
    grower.add(f"ops.cast({x}, '{dtype}')")


# ---------------------------------------------------------------------- of two

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


def clipped(grower: Growing) -> None:
    """``clip``, between numbers."""
    x = grower.pick(is_float)
    if away(grower.arrays(x), -0.5, 0.75):
        grower.add(f"ops.clip({x}, -0.5, 0.75)")


# ---------------------------------------------------------------------- along axes

REDUCTIONS = (
    *("sum", "mean", "var", "std", "max", "min", "amax", "amin", "prod", "any", "all", "logsumexp", "count_nonzero"),
    *("argmax", "argmin", "norm", "median", "ptp", "nansum", "nanmean", "nanmax", "average", "moments"),
)


def reduced(grower: Growing) -> None:
    """Reductions over axes."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    rank = arrays[0].ndim
    name = grower.draw(st.sampled_from(REDUCTIONS))
    keepdims = grower.draw(st.booleans())
    axes = grower.draw(
        st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=rank, unique_by=lambda axis: axis % rank)
    )
    is_single = len(axes) == 1 or name in ("argmax", "argmin", "average", "norm")
    axis: Any = axes[0] if is_single else tuple(axes)
    if grower.draw(st.sampled_from((True, False, False, False, False))):
        axis = None
    ordered = name in ("max", "min", "amax", "amin", "argmax", "argmin", "median", "ptp", "nanmax")
    places = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    if ordered and is_float(arrays):
        others = [place for place in range(rank) if place not in {place % rank for place in places}]
        rows = [numpy.transpose(array, (*others, *[place % rank for place in places])) for array in arrays]
        flat = tuple(row.reshape(*row.shape[: len(others)], -1) for row in rows)
        if not spread(flat, -1):
            return
    if name == "prod" and any(place % rank not in known_axes(arrays) for place in places):
        return
    if name in ("count_nonzero", "any", "all") and is_float(arrays) and not away(arrays, 0.0):
        return
    if name in ("std", "norm") and is_float(arrays):
        found = [numpy.std(a, tuple(places)) if name == "std" else numpy.abs(a).sum(tuple(places)) for a in arrays]
        if min(item.min() for item in found) < 0.05:
            return
    if name == "moments":
        grower.add(f"ops.moments({x}, axes={list(places)}, keepdims={keepdims})[{grower.draw(st.integers(0, 1))}]")
    elif name in ("count_nonzero", "average"):
        grower.add(f"ops.{name}({x}, axis={axis})")
    else:
        grower.add(f"ops.{name}({x}, axis={axis}, keepdims={keepdims})")


def accumulated(grower: Growing) -> None:
    """What keeps the shape: cumulative sums, sorting, softmax, flips."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    axis = grower.draw(st.integers(-arrays[0].ndim, arrays[0].ndim - 1))
    text = grower.draw(
        st.sampled_from(
            (
                *("ops.cumsum({x}, axis={axis})", "ops.cumprod({x}, axis={axis})", "ops.sort({x}, axis={axis})"),
                *("ops.argsort({x}, axis={axis})", "ops.flip({x}, axis={axis})", "ops.roll({x}, 1, axis={axis})"),
                *("ops.roll({x}, -2, axis={axis})", "ops.roll({x}, 3)", "ops.softmax({x}, axis={axis})"),
                *("ops.log_softmax({x}, axis={axis})", "ops.normalize({x}, axis={axis})", "ops.flip({x})"),
                *("ops.repeat({x}, 2, axis={axis})", "ops.diff({x}, axis={axis})", "ops.sparsemax({x}, axis=-1)"),
                *("ops.normalize({x}, axis={axis}, order=1)"),
                *("ops.expand_dims({x}, axis={axis})", "ops.unstack({x}, axis={axis})[0]", "ops.glu({x}, axis={axis})"),
                *("ops.top_k({x}, 1)[0]", "ops.top_k({x}, 1)[1]", "ops.quantile({x}, 0.3, axis={axis})"),
                *(
                    "ops.cumsum({x})",
                    "ops.layer_normalization({x}, axis={axis})",
                    "ops.rms_normalization({x}, axis={axis})",
                ),
            )
        )
    )
    function = text.partition("(")[0]
    if function in ("ops.sort", "ops.argsort", "ops.quantile") and not spread(arrays, axis):
        return
    if function in ("ops.top_k", "ops.sparsemax") and not spread(arrays, -1):
        return
    if function == "ops.sparsemax":
        found = tuple(numpy.sort(array, -1)[..., ::-1] for array in arrays)
        supports = tuple(1 + numpy.arange(1, row.shape[-1] + 1) * row - numpy.cumsum(row, -1) for row in found)
        if not is_float(arrays) or not away(supports, 0.0):
            return
    if "norm" in function:
        if not is_float(arrays) or min((array**2).sum(axis).min() for array in arrays) < 0.1:
            return
        if "order=1" in text and not away(arrays, 0.0):
            return
    grower.add(text.replace("{x}", x).replace("{axis}", str(axis)))


# ---------------------------------------------------------------------- movement


def moved(grower: Growing) -> None:
    """Axes exchanged, made and joined."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    rank, known = arrays[0].ndim, known_axes(arrays)
    kind = grower.draw(
        st.sampled_from(("transpose", "moveaxis", "swapaxes", "flatten", "merge", "split", "squeeze", "ravel", "tile"))
    )
    if kind == "transpose":
        axes = tuple(grower.draw(st.permutations(range(rank))))
        grower.add(f"ops.transpose({x}, {axes})")
    elif kind == "moveaxis":
        ends = st.integers(-rank, rank - 1)
        grower.add(f"ops.moveaxis({x}, {grower.draw(ends)}, {grower.draw(ends)})")
    elif kind == "swapaxes":
        ends = st.integers(-rank, rank - 1)
        grower.add(f"ops.swapaxes({x}, {grower.draw(ends)}, {grower.draw(ends)})")
    elif kind == "flatten" and 0 not in known and known == list(range(1, rank)):
        grower.add(f"ops.reshape({x}, (-1, {int(numpy.prod(arrays[0].shape[1:]))}))")
    elif kind == "merge" and rank > 1:
        axis = grower.draw(st.integers(0, rank - 2))
        rest = [arrays[0].shape[other] if other in known else None for other in range(rank)]
        shape = [*rest[:axis], -1, *rest[axis + 2 :]]
        if None not in shape:
            grower.add(f"ops.reshape({x}, {tuple(shape)})")
    elif kind == "split" and known:
        axis = grower.draw(st.sampled_from(known))
        length = arrays[0].shape[axis]
        parts = [part for part in range(1, length + 1) if length % part == 0]
        part = grower.draw(st.sampled_from(parts))
        shape = [arrays[0].shape[other] if other in known else -1 for other in range(rank)]
        if shape.count(-1) <= 1:
            grower.add(f"ops.reshape({x}, {(*shape[:axis], part, length // part, *shape[axis + 1 :])})")
    elif kind == "squeeze" and any(arrays[0].shape[axis] == 1 for axis in known):
        grower.add(f"ops.squeeze({x}, axis={next(axis for axis in known if arrays[0].shape[axis] == 1)})")
    elif kind == "ravel":
        grower.add(grower.draw(st.sampled_from((f"ops.ravel({x})", f"ops.reshape({x}, (-1,))"))))
    elif kind == "tile":
        grower.add(f"ops.tile({x}, {[grower.draw(st.integers(1, 2)) for _ in range(rank)]})")


def cut(grower: Growing) -> None:
    """Parts of values, by numbers and by slices."""
    x = grower.pick(lambda arrays: has_axes(arrays) and bool(known_axes(arrays)))
    arrays = grower.arrays(x)
    known = known_axes(arrays)
    if not known:
        return
    axis = grower.draw(st.sampled_from(known))
    length, rank = arrays[0].shape[axis], arrays[0].ndim
    first, last = sorted((grower.draw(st.integers(0, length - 1)), grower.draw(st.integers(0, length - 1))))
    negative = first - length
    key = grower.draw(
        st.sampled_from(
            (
                *(
                    f"{first}:{last + 1}",
                    f"{negative}",
                    f"{first}",
                    f"{first}:",
                    "::2",
                    "::-1",
                    f"None, {first}:",
                    "None",
                ),
                *(f"[{last}, {first}, {last}]", f":{last + 1}:2", f"{last}::-1"),
            )
        )
    )
    text = grower.draw(
        st.sampled_from(
            (
                f"{x}[{':, ' * axis}{key}]",
                f"{x}[..., {key}{', :' * (rank - 1 - axis)}]",
                f"ops.take({x}, [{last}, {first}, {negative}], axis={axis})",
                f"ops.take({x}, {negative}, axis={axis - rank})",
                f"ops.take({x}, [[{first}, {last}], [{last}, {first}]], axis={axis})",
                f"ops.split({x}, [{max(first, 1)}, {max(last, 1)}], axis={axis})[{grower.draw(st.integers(0, 2))}]",
                f"ops.split({x}, {length}, axis={axis})[{first}]",
                f"ops.unstack({x}, axis={axis})[{last}]",
                f"ops.array_split({x}, 2, axis={axis})[{grower.draw(st.integers(0, 1))}]",
            )
        )
    )
    if "[[" in key or (key.startswith("[") and "..." in text):
        return
    grower.add(text)


def indexed(grower: Growing) -> None:
    """Elements by computed indices."""
    x = grower.pick(lambda arrays: has_axes(arrays) and bool(known_axes(arrays)))
    arrays = grower.arrays(x)
    known = known_axes(arrays)
    if not known:
        return
    axis = grower.draw(st.sampled_from(known))
    length = arrays[0].shape[axis]
    index = grower.pick(lambda arrays: is_whole(arrays) and arrays[0].ndim <= 2)
    if not is_whole(grower.arrays(index)):
        return
    kind = grower.draw(st.sampled_from(("take", "along", "segments", "scatter", "update")))
    if kind == "take":
        grower.add(f"ops.take({x}, {index} % {length}, axis={axis})")
    elif kind == "along":
        if spread(arrays, axis):
            grower.add(f"ops.take_along_axis({x}, ops.argsort({x}, axis={axis}), axis={axis})")
    elif kind == "segments" and is_number(arrays) and arrays[0].dtype != "uint8":
        ids = f"ops.reshape({index}, (-1,))"
        shapes = [array.size for array in grower.arrays(index)]
        if shapes == [array.shape[0] for array in arrays]:
            name = grower.draw(st.sampled_from(("segment_sum", "segment_sum", "segment_max")))
            if name == "segment_sum" or spread(tuple(array.reshape(-1) for array in arrays), 0):
                grower.add(f"ops.{name}({x}, {ids} % 3, num_segments=3)")
    elif kind == "scatter" and known == list(range(1, arrays[0].ndim)) and is_number(arrays):
        rows = [array.shape[0] for array in arrays]
        if [array.shape for array in grower.arrays(index)] == [(count,) for count in rows]:
            rest = arrays[0].shape[1:]
            grower.add(f"ops.scatter(ops.expand_dims({index} % 4, -1), {x}, {(4, *rest)})")
    elif kind == "update" and 0 in known:
        rest = arrays[0].shape[1:]
        if known == list(range(arrays[0].ndim)):
            grower.add(f"ops.scatter_update({x}, [[{length and 0}]], ops.ones({(1, *rest)}, dtype={x}.dtype))")


def joined(grower: Growing) -> None:
    """Concatenation and stacks, of values of several element types."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    axis = grower.draw(st.integers(-arrays[0].ndim, arrays[0].ndim - 1))
    y = grower.pick(lambda others: [array.shape for array in others] == [array.shape for array in arrays])
    if [array.shape for array in grower.arrays(y)] != [array.shape for array in arrays]:
        y = x
    text = grower.draw(
        st.sampled_from(
            (
                *("ops.concatenate([{x}, {y}], axis={axis})", "ops.stack([{x}, {y}], axis={axis})"),
                *("ops.concatenate([{x}, {y}, {x}], axis={axis})", "ops.append({x}, {y}, axis={axis})"),
                *("ops.hstack([{x}, {y}])", "ops.vstack([{x}, {y}])", "ops.stack([{y}, {x}, {y}])"),
            )
        )
    )
    grower.add(text.replace("{x}", x).replace("{y}", y).replace("{axis}", str(axis)))


def padded(grower: Growing) -> None:
    """``pad`` in its modes, ``tril`` and ``triu``, ``image.resize``."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    rank, known = arrays[0].ndim, known_axes(arrays)
    widths = [
        (grower.draw(st.integers(0, 2)), grower.draw(st.integers(0, 2))) if axis in known else (0, 0)
        for axis in range(rank)
    ]
    kind = grower.draw(
        st.sampled_from(("constant", "zeros", "reflect", "symmetric", "triangle", "resize", "broadcast"))
    )
    if kind == "zeros":
        grower.add(f"ops.pad({x}, {widths})")
    elif kind == "constant" and is_float(arrays):
        grower.add(f"ops.pad({x}, {widths}, constant_values=0.5)")
    elif kind in ("reflect", "symmetric"):
        least = 1 if kind == "reflect" else 0
        limits = [arrays[0].shape[axis] - least if axis in known else 0 for axis in range(rank)]
        cut_off = [
            (min(before, limit), min(after, limit)) for (before, after), limit in zip(widths, limits, strict=True)
        ]
        grower.add(f"ops.pad({x}, {cut_off}, mode='{kind}')")
    elif kind == "triangle" and rank > 1:
        grower.add(f"ops.{grower.draw(st.sampled_from(('tril', 'triu')))}({x}, k={grower.draw(st.integers(-1, 1))})")
    elif kind == "resize" and rank == 4 and known == [1, 2, 3] and is_float(arrays):
        way = grower.draw(st.sampled_from(("nearest", "bilinear", "bicubic")))
        grower.add(f"ops.image.resize({x}, (3, 5), interpolation='{way}', data_format='channels_last')")
    elif kind == "broadcast":
        grower.add(
            f"ops.broadcast_to({x}, (2, {', '.join(map(str, arrays[0].shape))}))"
            if len(known) == rank
            else f"ops.stack([{x}, {x}])"
        )


def multiplied(grower: Growing) -> None:
    """Products of matrices and sums of products."""
    x = grower.pick(lambda arrays: is_number(arrays) and has_axes(arrays, 2))
    arrays = grower.arrays(x)
    rank, known = arrays[0].ndim, known_axes(arrays)
    if rank < 2 or not is_number(arrays):
        return
    letters = "abcdef"[:rank]
    last, first = arrays[0].shape[-1], ", ".join([":", *"0" * (rank - 1)])
    texts = [
        f"ops.matmul({x}, ops.swapaxes({x}, -1, -2))",
        f"{x} @ ops.swapaxes({x}, -1, -2)",
        f"ops.einsum('{letters},{letters}->{letters[0]}', {x}, {x})",
        f"ops.einsum('{letters}->{letters[::-1]}', {x})",
        f"ops.einsum('{letters}->{letters[0]}', {x})",
        f"ops.einsum('...{letters[-1]}->{letters[-1]}...', {x})",
        f"ops.einsum('{letters},{letters},{letters[0]}->{letters[-1]}', {x}, {x}, {x}[{first}])",
        f"ops.einsum('...{letters[-2:]},...{letters[-1]}->...{letters[-2]}', {x}, {x}[..., 0, :])",
        f"ops.tensordot({x}, {x}, axes=[[{rank - 1}], [{rank - 1}]])",
    ]
    if rank - 1 in known:
        numbers = [[round(0.3 * row - 0.4 * column, 2) for column in range(2)] for row in range(last)]
        constant = f"numpy.array({numbers}, 'float32')"
        texts += [
            f"ops.matmul({x}, {constant})",
            f"ops.dot({x}, {constant})",
            f"ops.tensordot({x}, {constant}, axes=1)",
            f"ops.einsum('...i,ij->...j', {x}, {constant})",
        ]
    if rank == 2 and len(known) == 1:
        texts += [f"ops.outer({x}[0], {x}[0])", f"ops.vdot({x}[0], {x}[0])", f"ops.inner({x}, {x})"]
    grower.add(grower.draw(st.sampled_from(texts)))


def by_rows(grower: Growing) -> None:
    """Shapes that are read off tensors, in the call of an author's layer."""
    if not grower.is_traced:
        return
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    if 0 in known_axes(arrays):
        return
    rank, rows = arrays[0].ndim, f"ops.shape({x})[0]"
    others = "".join(f", {length}" for length in arrays[0].shape[1:])
    mean = f"ops.mean(ops.cast({x}, 'float32'), axis=0, keepdims=True)"
    texts = [
        f"ops.zeros(({rows}, 2)) + ops.mean(ops.cast({x}, 'float32'))",
        f"ops.ones(({rows}, 2))",
        f"ops.arange({rows})",
        f"ops.full(({rows},), 2)",
        f"ops.reshape({x}, ({rows}, -1))",
        f"ops.mean(ops.cast({x}, 'float32')) * {rows}",
        f"ops.tile({mean}, ({rows}{', 1' * (rank - 1)}))",
        f"ops.sum(ops.cast({x}, 'float32'), axis=0) / {rows}",
    ]
    if known_axes(arrays) == list(range(1, rank)):
        zeros = f"ops.zeros(({rows}{others},), dtype={x}.dtype)"
        texts += [
            f"ops.concatenate([{x}, {zeros}], axis=-1)",
            f"ops.reshape({x}, (1, {rows}{others}))",
            f"ops.reshape({x}, ({rows}, 1{others}))",
        ]
    grower.add(grower.draw(st.sampled_from(texts)))


STEPS: tuple[Callable[[Growing], None], ...] = (
    *(smooth, kinked, rounded, of_whole_numbers, of_truth_values, casts, of_two, of_two, compared, combined, chosen),
    *(
        clipped,
        reduced,
        reduced,
        accumulated,
        accumulated,
        moved,
        moved,
        cut,
        indexed,
        joined,
        padded,
        multiplied,
        by_rows,
    ),
)
