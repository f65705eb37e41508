"""Steps on single elements of one value."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.operations.graphs.growing import Growing, away, away_from_multiples, is_float, is_whole

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


def clipped(grower: Growing) -> None:
    """``clip``, between numbers."""
    x = grower.pick(is_float)
    if away(grower.arrays(x), -0.5, 0.75):
        grower.add(f"ops.clip({x}, -0.5, 0.75)")
