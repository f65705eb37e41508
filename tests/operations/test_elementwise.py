"""Operations on single elements beside Keras, for numbers that are special: NaN, infinity, zeros with signs, limits."""

from __future__ import annotations

import math
import warnings

import numpy
import pytest

import nnc
from nnc.errors import NncError
from nnc.layers.operation import Operation

NAN, INF = numpy.nan, numpy.inf
FLOATS = numpy.array(
    [0.0, -0.0, 0.25, -0.5, 1.0, -1.0, 1.5, -2.5, 3.0, 88.8, -89.2, 1e-30, 1e30, -1e30, INF, -INF, NAN], "float32"
)
WHOLE = numpy.array([0, 1, -1, 2, -3, 7, 31, 32, 33, -32, 2**31 - 1, -(2**31)], "int32")
ONE: dict[str, object] = {
    name: lambda ops, x, name=name: getattr(ops, name)(x)
    for name in (
        *("abs", "absolute", "angle", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil"),
        *("conj", "cosh", "deg2rad", "erf", "erfc", "erfinv", "exp2", "fabs", "floor", "imag", "isfinite", "isinf"),
        *("isnan", "isneginf", "isposinf", "isreal", "nan_to_num", "negative", "rad2deg", "real", "round", "sign"),
        *("sinh", "sqrt", "square", "tanh", "trunc"),
    )
}
TWO = (
    *("arctan2", "divide_no_nan", "floor_divide", "fmax", "fmin", "fmod", "heaviside", "hypot", "isclose"),
    *("logaddexp", "logaddexp2", "mod"),
)
OWN_ZEROS = {"erfinv", "fmax", "fmin", "mod"}
"""Zeros of these have the sign that NumPy or SciPy gives them, or one of both that are equal."""
WHOLE_ONE = ("abs", "bitwise_invert", "cosh", "imag", "isfinite", "negative", "sign", "square")
WHOLE_TWO = (
    *("bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "floor_divide", "fmax"),
    *("fmod", "heaviside", "hypot", "isclose", "left_shift", "mod", "right_shift"),
)
DIVISORS = ("gcd", "lcm")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def check(keras, calls, *arrays):
    """Compare calls on arrays, of which each row is one number, with Keras on both backends."""
    inputs = [keras.Input((1,), dtype=array.dtype.name) for array in arrays]
    theirs = keras.Model(inputs, [call(keras.ops, *inputs) for call in calls.values()])
    arrays = [array[:, None] for array in arrays]
    expected = theirs(arrays)
    for backend in ("numpy", "c"):
        found = nnc.compile(theirs, backend=backend)(arrays)
        for name, one, other in zip(calls, found, expected, strict=True):
            other = numpy.asarray(other)
            assert one.dtype == other.dtype, (name, backend)
            message = f"{name} on {backend} of {[array.ravel().tolist() for array in arrays]}"
            numpy.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-30, err_msg=message)
            if one.dtype.kind == "f" and name not in OWN_ZEROS:
                real = ~numpy.isnan(one)
                numpy.testing.assert_array_equal(numpy.signbit(one)[real], numpy.signbit(other)[real], err_msg=message)


def pairs(numbers):
    """All pairs of some numbers, as two arrays."""
    return [axis.ravel() for axis in numpy.meshgrid(numbers, numbers)]


def named(names):
    return {name: lambda ops, *x, name=name: getattr(ops, name)(*x) for name in names}


def test_special_numbers(keras):
    check(keras, ONE, FLOATS)


def test_pairs_of_special_numbers(keras):
    check(keras, named(TWO), *pairs(FLOATS))


def test_whole_numbers(keras):
    check(keras, named(WHOLE_ONE), WHOLE)


def test_pairs_of_whole_numbers(keras):
    x, y = pairs(WHOLE)
    x, y = x[y != 0], y[y != 0]  # TensorFlow divides by 0 as little as Python
    check(keras, named(WHOLE_TWO), x, y)
    tame = (x != WHOLE[-1]) & (y != WHOLE[-1])  # whose opposite is no number, which Keras's loop does not heed
    check(keras, named(DIVISORS), x[tame], y[tame])


def test_whole_numbers_by_zero_are_zero():
    x = nnc.Input((1,), dtype="int32")
    model = nnc.Model(x, [x // 0, x % 0])
    for backend in ("numpy", "c"):
        for found in nnc.compile(model, backend=backend)(WHOLE[:, None]):
            assert not found.any()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_relatives_of_the_error_function(backend, dtype):
    special = pytest.importorskip("scipy.special")
    x = nnc.Input((1,), dtype=dtype)
    program = nnc.compile(nnc.Model(x, [Operation("Erfinv")(x), Operation("Erfc")(x)]), backend=backend)
    parts = [numpy.linspace(-1.0, 1.0, 2001), 1.0 - 2.0 ** -numpy.arange(1.0, 52.0), [1e-30, INF, -INF, NAN]]
    parts += [numpy.linspace(-9.0, 9.0, 2001), *([numpy.linspace(9.0, 26.0, 500)] if dtype == "float64" else [])]
    rows = numpy.concatenate(parts).astype(dtype)[:, None]
    inverse, complement = program(rows)
    wide = rows.astype("float64")
    bound = 1e-14 if dtype == "float64" else 2e-6
    numpy.testing.assert_allclose(inverse, special.erfinv(wide), rtol=bound)
    numpy.testing.assert_allclose(complement, numpy.vectorize(math.erfc)(wide), rtol=bound)


REFUSED = {
    "BitwiseAnd": ("float32", "BitwiseAnd: operands must be whole numbers, got float32"),
    "BitwiseInvert": ("bool", "BitwiseInvert: operands must be whole numbers, got bool"),
    "Erfc": ("int32", "Erfc: x must be floating-point numbers, got int32"),
    "Erf": ("int32", "Erf: x must be floating-point numbers, got int32"),
    "Erfinv": ("int32", "Erfinv: x must be floating-point numbers, got int32"),
    "FloorDivide": ("bool", "FloorDivide: operands must be numbers, got bool"),
    "Gcd": ("float32", "Gcd: operands must be whole numbers, got float32"),
    "Lcm": ("float32", "Lcm: operands must be whole numbers, got float32"),
    "Ldexp": ("float32", "Ldexp: operands must be whole numbers, got float32"),
    "LeftShift": ("float32", "LeftShift: operands must be whole numbers, got float32"),
    "Negative": ("bool", "Negative: x must be numbers, got bool"),
    "Sign": ("bool", "Sign: x must be numbers, got bool"),
}
ALONE = {"BitwiseInvert", "Erf", "Erfc", "Erfinv", "Negative", "Sign"}


@pytest.mark.parametrize("name", REFUSED)
def test_element_types_that_have_no_such_operation_are_refused(name):
    dtype, message = REFUSED[name]
    x = nnc.Input((1,), dtype=dtype)
    with pytest.raises(NncError, match=message):
        Operation(name)(*[x] if name in ALONE else [x, x])


def test_scaling_by_powers_of_two(keras):
    x, n = [axis.ravel() for axis in numpy.meshgrid(FLOATS, numpy.int32([-120, -3, 0, 5, 200]))]
    check(keras, named(["ldexp", "multiply"]), x, n)


def operators(nn):
    x, n = nn.Input((4,)), nn.Input((4,), dtype="int32")
    b, c = x > 1.0, x <= 1.25
    found = [x // 0.3, n // 3, 7 // n, x % 0.3, n % -3, 7 % n, abs(-x), abs(n), 2.0**x, x >= 1.0, x < n, x != x // 1.0]
    found += [b & c, b | c, b ^ c, ~b, b & True, False | c, True ^ b, round(x * 3.0), round(x, 1), x == n]
    return nn.Model([x, n], [item for item in found if not isinstance(item, bool)])


def test_operators_are_those_of_keras(keras):
    ours, theirs = operators(nnc), operators(keras)
    x = numpy.random.default_rng(0).uniform(0.5, 1.5, (5, 4)).astype("float32")
    n = numpy.random.default_rng(1).choice([-5, -2, -1, 1, 2, 4], (5, 4)).astype("int32")
    for found, expected in zip(ours.predict([x, n]), theirs([x, n]), strict=True):
        assert found.dtype == numpy.asarray(expected).dtype
        numpy.testing.assert_allclose(found, numpy.asarray(expected), rtol=1e-6)


def test_operators_are_written_as_keras_reads_them(keras, tmp_path):
    model = operators(nnc)
    model.save(tmp_path / "operators.keras")
    rows = [numpy.ones((2, 4), "float32"), numpy.full((2, 4), 3, "int32")]
    theirs = keras.models.load_model(tmp_path / "operators.keras")
    for found, expected in zip(model.predict(rows), theirs(rows), strict=True):
        numpy.testing.assert_allclose(found, numpy.asarray(expected), rtol=1e-6)


def test_a_column_beside_a_square_is_broadcast(keras):
    """As in NumPy, where Keras on TensorFlow adds a row."""
    square, column = numpy.zeros((4, 3, 3), "float32"), numpy.arange(3, dtype="float32")[None, :, None]
    assert keras.ops.convert_to_numpy(keras.ops.add(square, column))[0, 0].tolist() == [0.0, 1.0, 2.0]
    x = nnc.Input((3, 3))
    program = nnc.compile(nnc.Model(x, Operation("Add")(x, column)))
    assert numpy.array_equal(program(square), square + column)
