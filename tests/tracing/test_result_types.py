"""Element types of what is computed from whole numbers and truth values, beside Keras: operations by operands."""

from __future__ import annotations

import warnings
from itertools import product

import numpy
import pytest

import nnc
from nnc.errors import NncError
from nnc.readers import read_model

TYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
UNARY = {
    **{
        name: lambda ops, x, name=name: getattr(ops, name)(x, axis=-1)
        for name in (
            *("all", "any", "argmax", "argmin", "argsort", "average", "count_nonzero", "cumprod", "cumsum", "diff"),
            *("logsumexp", "max", "mean", "median", "min", "prod", "sort", "std", "sum", "var"),
        )
    },
    **{
        name: lambda ops, x, name=name: getattr(ops, name)(x)
        for name in (
            *("abs", "bitwise_not", "ceil", "exp", "floor", "isnan", "log1p", "logical_not", "negative", "reciprocal"),
            *("relu", "round", "sigmoid", "sign", "sqrt", "square", "tanh", "trunc", "zeros_like"),
        )
    },
    "one_hot": lambda ops, x: ops.one_hot(x, 4),
    "top_k": lambda ops, x: ops.top_k(x, 2)[1],
    "clip": lambda ops, x: ops.clip(x, 0, 2),
    "cast": lambda ops, x: ops.cast(x, "uint8"),
    "quantile": lambda ops, x: ops.quantile(x, 0.5, axis=-1),
    "digitize": lambda ops, x: ops.digitize(x, numpy.array([0.5, 1.5], "float32")),
    "plus a whole number": lambda ops, x: ops.add(x, 1),
    "plus more than it holds": lambda ops, x: ops.add(x, 253),
    "plus a float": lambda ops, x: ops.add(x, 1.5),
    "less 2": lambda ops, x: ops.subtract(2, x),
    "times True": lambda ops, x: ops.multiply(x, True),
    "divided by 2": lambda ops, x: ops.divide(x, 2),
    "2 divided": lambda ops, x: ops.divide(2, ops.add(x, 1)),
    "rest by another": lambda ops, x: ops.mod(x, ops.cast(2, x.dtype)),
    "half, rounded down": lambda ops, x: ops.floor_divide(x, 2),
    "cube": lambda ops, x: ops.power(x, 3),
    "root": lambda ops, x: ops.power(x, 0.5),
    "more than 1": lambda ops, x: ops.greater(x, 1),
    "where a number": lambda ops, x: ops.where(ops.greater(x, 1), x, 0),
    "where a float": lambda ops, x: ops.where(ops.greater(x, 1), x, 0.5),
    "an array of float32": lambda ops, x: ops.add(x, numpy.float32(1.5)),
    "an array of int64": lambda ops, x: ops.add(x, numpy.array([1], "int64")),
}
BINARY = {
    **{
        name: lambda ops, x, y, name=name: getattr(ops, name)(x, y)
        for name in (
            *("add", "arctan2", "bitwise_and", "divide", "equal", "floor_divide", "gcd", "hypot", "left_shift", "less"),
            *("logaddexp", "logical_and", "logical_xor", "maximum", "minimum", "mod", "multiply", "not_equal"),
            *("right_shift", "subtract"),
        )
    },
    "concatenate": lambda ops, x, y: ops.concatenate([x, y], axis=-1),
    "stack": lambda ops, x, y: ops.stack([x, y], axis=1),
    "where": lambda ops, x, y: ops.where(ops.greater(x, 1), x, y),
    "matmul": lambda ops, x, y: ops.matmul(x, ops.transpose(y, (0, 2, 1))),
    "einsum": lambda ops, x, y: ops.einsum("bij,bkj->bik", x, y),
}
REFUSED = {
    ("clip", "bool"): "needs numbers",
    ("matmul", "bool", "bool"): "needs numbers",
}
"""What Keras computes and nnc does not, which says so."""


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def rows(dtype, seed):
    numbers = numpy.random.default_rng(seed).integers(0, 4, (3, 2, 4))
    return numbers > 1 if dtype == "bool" else (numbers + (0.25 if dtype[0] == "f" else 0)).astype(dtype)


def computed(keras, functions, types, is_traced):
    """Return a model of all functions that Keras has for these types, with their names."""
    inputs = [keras.Input((2, 4), 3, dtype) for dtype in types]
    tensors = [keras.ops.convert_to_tensor(rows(dtype, seed)) for seed, dtype in enumerate(types)]
    known = {}
    for name, function in functions.items():
        try:
            known[name] = keras.Model(inputs, function(keras.ops, *inputs)), function(keras.ops, *tensors)
        except Exception:  # Keras's backend has no such operation
            continue
    names = [name for name in known if (name, *types) not in REFUSED]

    class Own(keras.layers.Layer):
        def __init__(self):
            super().__init__(autocast=False)

        def call(self, *given):
            return [functions[name](keras.ops, *given) for name in names]

    outputs = Own()(*inputs) if is_traced else [known[name][0].output for name in names]
    return keras.Model(inputs, outputs), {name: numpy.asarray(known[name][1]) for name in names}, known


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("is_traced", [False, True])
@pytest.mark.parametrize("types", [*((dtype,) for dtype in TYPES), *product(TYPES, TYPES)], ids="-".join)
@pytest.mark.sampled(1 / 10)
def test_types_and_numbers_are_keras(types, is_traced, keras):
    functions = UNARY if len(types) == 1 else BINARY
    theirs, expected, known = computed(keras, functions, types, is_traced)
    x = [rows(dtype, seed) for seed, dtype in enumerate(types)]
    model = read_model(theirs)
    found = nnc.compile(theirs, backend="numpy").predict(x if len(x) > 1 else x[0])
    assert len(expected) >= 10
    for (name, array), tensor, numbers in zip(expected.items(), model.outputs, found, strict=True):
        assert tensor.dtype == array.dtype.name, name
        numpy.testing.assert_allclose(
            numbers.astype("float64"), array.astype("float64"), rtol=1e-5, atol=1e-6, err_msg=name
        )
    for (name, *of), message in REFUSED.items():
        if tuple(of) == types and not is_traced:
            with pytest.raises(NncError, match=message):
                nnc.compile(known[name][0])


def test_powers_of_whole_numbers(keras):
    """Products keep their lowest bits; what may be less than 0 is no exponent."""
    for dtype in ("uint8", "int32", "int64"):
        inputs = keras.Input((5,), dtype=dtype)
        outputs = [inputs**2, inputs**0, inputs**33, keras.ops.power(inputs, keras.ops.cast(inputs, "uint8"))]
        theirs = keras.Model(inputs, outputs)
        x = numpy.array([[0, 1, 3, 7, 100]], dtype)
        for backend in ("numpy", "c"):
            for found, expected in zip(nnc.compile(theirs, backend=backend).predict(x), theirs(x), strict=True):
                numpy.testing.assert_array_equal(found, numpy.asarray(expected), err_msg=f"{dtype} {backend}")
    inputs = keras.Input((5,), dtype="int32")
    with pytest.raises(NncError, match="whole numbers are raised to numbers of at least 0"):
        nnc.compile(keras.Model(inputs, inputs**inputs))
