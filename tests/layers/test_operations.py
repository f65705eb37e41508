"""Functions between layers: arithmetic on symbolic tensors, and keras.ops in models of Keras's."""

from __future__ import annotations

import json
import warnings

import numpy
import pytest

import nnc
from frontends.yaml_file import read_text
from nnc.errors import ModelError
from nnc.layers.operation import Operation
from nnc.operations.element_types import result_type

X = numpy.random.default_rng(0).uniform(0.5, 1.5, (3, 4, 6)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def arithmetic(nn):
    x = nn.Input((4, 6))
    y = nn.layers.Dense(6)(2.0 * x - 1.0)
    z = -((x / y + 3.0 / x) ** 2) + (1.0 - y) @ nn.layers.Permute((2, 1))(x)[:, :, :4] @ y
    return nn.Model(x, [z[:, 1:3, ::2] * 0.5, y[:, -1], x[..., 0], x[:, 0, None, 2:]])


def test_arithmetic_on_symbolic_tensors_is_that_of_keras(keras):
    ours, theirs = arithmetic(nnc), arithmetic(keras)
    weights = [numpy.random.default_rng(1).normal(size=weight.shape).astype("float32") for weight in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    read = nnc.compile(theirs)
    for found, again, expected in zip(ours.predict(X), read(X), theirs.predict(X, verbose=0), strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        numpy.testing.assert_allclose(again, expected, rtol=1e-4, atol=1e-5)


def test_conditions_and_whole_numbers(keras):
    x, n = keras.Input((4, 6)), keras.Input((2,), dtype="int32")
    hot = keras.ops.one_hot(n, 3)
    theirs = keras.Model([x, n], [keras.ops.where(keras.ops.cast(n, "bool"), 1.0, 2.0), hot])
    numbers = numpy.array([[0, 1], [2, 0], [1, 1]], "int32")
    for found, expected in zip(nnc.compile(theirs)(X, numbers), theirs([X, numbers]), strict=True):
        numpy.testing.assert_allclose(found, numpy.asarray(expected))


WHOLE = {
    "argmin": lambda ops, x: ops.argmin(x, axis=-1),
    "max": lambda ops, x: ops.max(x, axis=-1),
    "min": lambda ops, x: ops.min(x, axis=-1),
    "prod": lambda ops, x: ops.prod(x, axis=-1),
    "sum": lambda ops, x: ops.sum(x, axis=-1),
    "tile": lambda ops, x: ops.tile(x, 2),
}
"""Functions that are others for whole numbers: bytes are added up in 32 bits, and have no negative."""


def test_whole_numbers_of_all_sizes(keras):
    """Keras's numbers and element types, at the ends of what each type holds too."""
    for dtype in ("uint8", "int32", "int64"):
        limits = numpy.iinfo(dtype)
        rows = numpy.array([[0, limits.max, 7], [limits.max, 200, limits.max], [limits.min, 1, 0]], dtype)
        x = keras.Input((3,), dtype=dtype)
        theirs = keras.Model(x, [call(keras.ops, x) for call in WHOLE.values()])
        for name, found, expected in zip(WHOLE, nnc.compile(theirs)(rows), theirs(rows), strict=True):
            assert found.dtype == numpy.asarray(expected).dtype, (name, dtype)
            numpy.testing.assert_array_equal(found, numpy.asarray(expected), f"{name} of {dtype}")


MIXED = {
    "number": lambda ops, f, n, b: n * 0.5,
    "quotient": lambda ops, f, n, b: n / 2,
    "mean": lambda ops, f, n, b: ops.mean(n, axis=1, keepdims=True),
    "floor": lambda ops, f, n, b: ops.floor(n),
    "comparison": lambda ops, f, n, b: n > 1.5,
    "floats and whole numbers": lambda ops, f, n, b: f + n,
    "bytes and whole numbers": lambda ops, f, n, b: ops.maximum(b, n),
    "joined": lambda ops, f, n, b: ops.concatenate([n, b], axis=1),
    "one joined": lambda ops, f, n, b: ops.concatenate([n], axis=1),
    "chosen": lambda ops, f, n, b: ops.where(f > 0.0, n, 0.5),
    "chosen numbers": lambda ops, f, n, b: ops.where(f > 0.0, 1, 0),
    "chosen by a constant": lambda ops, f, n, b: ops.where(numpy.array(True), n, b),
    "array of floats": lambda ops, f, n, b: ops.subtract(numpy.float32([0.5, 1.0]), n),
    "array of bytes": lambda ops, f, n, b: ops.add(numpy.uint8([250, 4]), b),
    "tensor": lambda ops, f, n, b: ops.power(ops.convert_to_tensor([2.0, 3.0], "float32"), f),
    "truth values": lambda ops, f, n, b: ops.where(numpy.array([True, False]), f, n),
    "all of an axis": lambda ops, f, n, b: f[0:, 0:],
}
"""Operands of several element types, and arrays among them."""


def test_element_types_are_those_of_keras(keras, tmp_path):
    f, n, b = (keras.Input((2,), dtype=dtype) for dtype in ("float32", "int32", "uint8"))
    calls = [call(keras.ops, f, n, b) for call in MIXED.values()]
    layers = ("Add", "Multiply", "Maximum", "Concatenate")
    calls += [getattr(keras.layers, name)()([n, n]) for name in layers]
    calls += [getattr(keras.layers, name)()([n, f]) for name in layers]
    calls += [keras.layers.Dot(1)([keras.ops.cast(n, "float32"), f]), keras.layers.Average()([n, f])]
    theirs = keras.Model([f, n, b], calls)
    theirs.save(tmp_path / "mixed.keras")
    large = numpy.array([[3, -7], [2**24 + 1, 1]], "int32")  # no float32 holds it
    x = [numpy.float32([[0.25, -1.5], [2.0, 0.0]]), large, numpy.uint8([[10, 3], [0, 255]])]
    expected = [numpy.asarray(item) for item in theirs(x)]
    for source in (theirs, tmp_path / "mixed.keras"):
        found = nnc.compile(source)(*x)
        for name, one, other in zip([*MIXED, *layers, *layers, "Dot", "Average"], found, expected, strict=True):
            assert one.dtype == other.dtype, name
            numpy.testing.assert_array_equal(one, other, name)


def test_element_types_of_pairs(keras):
    dtypes = ("bool", "uint8", "uint32", "int32", "int64", "float32", "float64")
    for one in dtypes:
        for other in dtypes:
            assert result_type(one, other) == keras.backend.result_type(one, other), (one, other)


SCALARS = (numpy.float64(0.64), numpy.float32(0.5), numpy.int64(3), numpy.bool_(True), numpy.array(0.5), 0.5, 3, True)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_scalars_of_numpy_have_their_element_type_live_and_none_in_files(dtype, keras, tmp_path):
    x = keras.Input((2,), dtype=dtype)
    calls = [function for y in SCALARS for function in (x * y, keras.ops.maximum(x, y), keras.ops.where(x > 1, x, y))]
    calls += [keras.ops.logical_xor(x > 1, y) for y in SCALARS]
    live = keras.Model(x, calls)
    live.save(tmp_path / "scalars.keras")
    rows = numpy.array([[0, 1], [2, 3]], dtype)
    for theirs, source in (
        (live, live),
        (keras.models.load_model(tmp_path / "scalars.keras"), tmp_path / "scalars.keras"),
    ):
        for number, (one, other) in enumerate(zip(nnc.compile(source)(rows), theirs(rows), strict=True)):
            assert one.dtype == numpy.asarray(other).dtype, number
            numpy.testing.assert_array_equal(one, numpy.asarray(other), str(number))


def test_arrays_among_symbolic_tensors_are_constants_and_stay_in_configs(keras):
    def make(nn):
        x = nn.Input((3,))
        return nn.Model(
            x, [nn.layers.Add()([x, numpy.arange(3.0).reshape(1, 3)]), x * numpy.arange(3, dtype="float32")]
        )

    ours, rows = make(nnc), X[0, :2, :3]
    expected = make(keras).predict(rows, verbose=0)
    again = nnc.Model.from_config(json.loads(json.dumps(ours.get_config())))
    for model in (ours, again, keras.models.model_from_json(ours.to_json())):
        for one, other in zip(model.predict(rows, verbose=0), expected, strict=True):
            assert one.dtype == other.dtype
            numpy.testing.assert_array_equal(one, other)


def test_arrays_that_are_no_constants(keras):
    x = keras.Input((2,), dtype="int32")
    theirs = keras.Model(x, keras.ops.add(x, numpy.int8([1, 2])))
    with pytest.raises(ModelError, match=r"a constant must be of element type bool, float32, .*, got 'int8'"):
        nnc.compile(theirs)
    config = theirs.to_json().replace("int8", "int32").replace("[1, 2]", "[1, [2]]")
    with pytest.raises(ModelError, match="a constant must be nested lists of numbers, all of one length"):
        read_text(config, "model.json", is_json=True)


EDGES = {
    "argmax of all": lambda ops, x: x + ops.cast(ops.argmax(-x), "float32"),
    "ceil": lambda ops, x: ops.ceil(x),
    "pad": lambda ops, x: ops.pad(x, [[0, 0], [1, 2], [2, 0]], constant_values=7.0),
    "pad all": lambda ops, x: ops.pad(x[:, 1:3, :2], ((0, 0), (1, 1), (1, 1)), mode="symmetric"),
    "prod of three": lambda ops, x: ops.prod(x[:, :3], axis=1),
    "round": lambda ops, x: ops.round(x),
    "tile in front": lambda ops, x: ops.tile(x, (2, 1, 1, 1))[1],
}


def test_halves_and_ends(keras):
    rows = numpy.arange(-12, 12, dtype="float32").reshape(1, 4, 6) / 2
    rows[0, 3, 5] = 8388609.0  # from here on there are no halves
    x = keras.Input((4, 6))
    theirs = keras.Model(x, [call(keras.ops, x) for call in EDGES.values()])
    for name, found, expected in zip(EDGES, nnc.compile(theirs)(rows), theirs(rows), strict=True):
        numpy.testing.assert_array_equal(found, numpy.asarray(expected), name)


def test_configs_and_errors():
    layer = Operation("Mean", {"axis": 1}, name="m")
    assert Operation.from_config(layer.get_config()).get_config() == layer.get_config()
    assert nnc.layers.layer_class("Operation") is Operation
    with pytest.raises(ModelError, match=r"unknown operation 'Maen' of keras.ops. Did you mean 'Mean'\?"):
        Operation("Maen")
    with pytest.raises(ModelError, match=r"unknown operation \[1\] of keras.ops."):
        Operation([1])
    x = nnc.Input((None, 2))
    for operation, settings, message in (
        ("Prod", {"axis": 1}, "Prod: axes must have known lengths, got f32"),
        ("Repeat", {"repeats": [1, 2]}, "Repeat: repeats must be one number, or one for each of 2.batch.unk"),
        ("Pad", {"pad_width": [[0, 1]], "mode": "edge"}, "Pad: mode must be constant, reflect or symmetric, got 'e"),
    ):
        with pytest.raises(ModelError, match=message):
            Operation(operation, settings)(x)
    with pytest.raises(ModelError, match="Round: decimals below 0 are for floating-point numbers only, got -1"):
        Operation("Round", {"decimals": -1})(nnc.Input((2,), dtype="int32"))


def test_functions_of_tensorflow_in_keras_2():
    tf_keras = pytest.importorskip("tf_keras")
    import tensorflow as tf

    x = tf_keras.Input((4, 6))
    y = tf.nn.relu(x - 1.0) + tf.reduce_mean(x, axis=1, keepdims=True) * 2.0
    theirs = tf_keras.Model(x, [tf.concat([y, x], axis=-1), x[:, 1:, 0], tf.transpose(x, (0, 2, 1)) / 3.0])
    for found, expected in zip(nnc.compile(theirs)(X), theirs(X), strict=True):
        numpy.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-6)
