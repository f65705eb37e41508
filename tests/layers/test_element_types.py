"""Element types of whole numbers through layers: as Keras's, or floating-point where Keras refuses them."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import ModelError
from nnc.readers import read_model
from tests.layers.cases import CASES
from tests.layers.cases.case import ROWS, Case

MORE = (
    Case("ReLU", {"max_value": 2.5}, ((5,),), (5,)),
    Case("ReLU", {"threshold": 1.5}, ((5,),), (5,)),
    Case("ReLU", {"negative_slope": 0.5}, ((5,),), (5,)),
    Case("Activation", {"activation": "linear"}, ((5,),), (5,)),
    Case("Activation", {"activation": "relu6"}, ((5,),), (5,)),
    Case("Activation", {"activation": "tanh"}, ((5,),), (5,)),
    Case("Masking", {"mask_value": 3}, ((4, 2),), (4, 2)),
    Case("Masking", {"mask_value": 0.5}, ((4, 2),), (4, 2)),
    Case("MaxPooling1D", {"pool_size": 2, "padding": "same"}, ((5, 2),), (3, 2)),
    Case("Dot", {"axes": (2, 1)}, ((3, 4), (4, 2)), (3, 2)),
    Case("TimeDistributed", lambda nn: {"layer": nn.layers.ReLU()}, ((3, 2),), (3, 2)),
)
DIFFERENT = {
    "Average": "float64 in TensorFlow",
    "LayerNormalization": "refused",
    "GroupNormalization": "refused",
    "RMSNormalization": "refused",
    "SpectralNormalization": "casts negative numbers, which TensorFlow leaves to the processor",
}
"""Layers that Keras gives other whole numbers."""
ALL = tuple({case.layer: case for case in reversed(CASES) if case.layer not in DIFFERENT}.values())
"""One of each other layer."""
FLOATING = (
    layers.Softmax(),
    layers.ELU(),
    layers.PReLU(),
    layers.UnitNormalization(),
    layers.Activation("sigmoid"),
    layers.Activation("gelu"),
    layers.Conv1D(1, 1),
    layers.AveragePooling1D(2),
    layers.ConvLSTM1D(1, 1),
)
"""Layers that Keras refuses for whole numbers."""


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def whole_numbers(case, dtype):
    """Return an array per input, with zeros and, where the type has them, negative numbers among them."""
    generator = numpy.random.default_rng(case.seed)
    bounds = case.integers or (0,) * len(case.shapes)
    low = -3 if dtype.startswith("int") else 0
    return [
        generator.integers(0 if bound else low, bound or (2 if dtype == "bool" else 5), (ROWS, *shape)).astype(dtype)
        for shape, bound in zip(case.shapes, bounds, strict=True)
    ]


def accepted(keras, cases, dtype):
    """Return those of the cases that Keras computes for whole numbers."""
    for case in cases:
        try:
            case.outputs(case.make(keras), whole_numbers(case, dtype))
        except refusals():
            continue
        yield case


def refusals():
    """Return the classes of errors that Keras ends with for element types that it does not compute with."""
    return TypeError, ValueError, AttributeError, pytest.importorskip("tensorflow").errors.OpError


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64", "bool"])
@pytest.mark.parametrize("cases", [MORE, pytest.param(ALL, marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.sampled(2)
def test_whole_numbers_are_what_keras_makes_of_them(cases, dtype, keras):
    inputs, outputs, arrays, names = [], [], [], []
    for number, case in enumerate(accepted(keras, cases, dtype)):
        given = whole_numbers(case, dtype)
        symbolic = [keras.Input(x.shape[1:], dtype=dtype) for x in given]
        try:
            found = case.outputs(case.make(keras, name=f"layer_{number}"), symbolic)
            keras.Model(symbolic, found)
        except ValueError:  # some take arrays only
            continue
        inputs += symbolic
        arrays += given
        outputs += found
        names += [str(case)] * len(found)
    assert len(names) > len(cases) / 3
    theirs = keras.Model(inputs, outputs)
    expected = theirs.predict(arrays, verbose=0)
    for backend in ("numpy", "c"):
        ours = read_model(theirs)
        nnc.compile(ours, backend=backend)
        for name, array, other in zip(names, ours.predict(arrays), expected, strict=True):
            assert array.dtype == other.dtype, f"{name}: {array.dtype}, Keras: {other.dtype}"
            numpy.testing.assert_allclose(array, other, rtol=1e-4, atol=1e-5, err_msg=name)


def test_inputs_and_layers_of_float64_compute_in_it(keras):
    keras.utils.set_random_seed(0)
    x = keras.Input((3,), dtype="float64")
    y = keras.layers.Dense(2)(keras.layers.Activation("tanh", dtype="float64")(keras.ops.sin(x)))
    theirs = keras.Model(
        x, [x, x / 3.0, keras.ops.sin(x), y, keras.layers.Activation("relu", dtype="float64")(y), y * 2.0]
    )
    rows = numpy.random.default_rng(0).normal(size=(4, 3)).astype("float32").astype("float64")
    expected = theirs.predict(rows, verbose=0)
    for backend in ("numpy", "c"):
        ours = read_model(theirs)
        nnc.compile(ours, backend=backend)
        for number, (found, other) in enumerate(zip(ours.predict(rows), expected, strict=True)):
            assert found.dtype == other.dtype, number
            if number < 3:
                numpy.testing.assert_allclose(found, other, rtol=1e-14)
            else:  # sums of float32, of which a small one has the rounding of its large terms
                numpy.testing.assert_allclose(found, other, rtol=1e-6, atol=1e-6 * numpy.abs(other).max())
        nnc.compile(ours, backend=backend, dtype="float32")
        assert {found.dtype.name for found in ours.predict(rows)} == {"float32"}


@pytest.mark.parametrize("layer", FLOATING, ids=lambda layer: layer.name)
def test_what_keras_refuses_is_computed_in_floating_point(layer, keras):
    shape = (4, 6, 2) if type(layer) is layers.ConvLSTM1D else (6, 2)
    x = numpy.random.default_rng(0).integers(0, 5, (3, *shape)).astype("int32")
    with pytest.raises(refusals()):
        getattr(keras.layers, type(layer).__name__).from_config(layer.get_config())(x)
    found, expected = layer(x), layer(x.astype("float32"))
    assert found.dtype == "float32"
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "layer", [layers.LayerNormalization, layers.RMSNormalization, lambda: layers.GroupNormalization(1)]
)
@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_normalisations_refuse_whole_numbers(layer, dtype):
    with pytest.raises(
        ModelError, match=r"got .*\[batch,3\].*Keras cuts to whole numbers; put Rescaling\(1.0\) in front"
    ):
        layer()(nnc.Input((3,), dtype=dtype))
    assert layers.Rescaling(1.0)(nnc.Input((3,), dtype=dtype)).dtype == "float32"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_average_of_whole_numbers_is_floating_point(dtype, keras):
    x = numpy.array([[1, 2], [4, 5]], "int32")
    pair = [nnc.Input((2,), dtype="int32") for _ in range(2)]
    model = nnc.Model(pair, layers.Average()(pair))
    nnc.compile(model, dtype=dtype)
    found = model.predict([x, x[::-1]])
    assert found.dtype == dtype
    assert keras.layers.Average()([keras.Input((2,), dtype="int32") for _ in range(2)]).dtype == "float32"
    numpy.testing.assert_array_equal(found, [[2.5, 3.5], [2.5, 3.5]])


def test_bytes_multiply_and_add_up_as_those_of_keras(keras):
    x, y = numpy.array([[200, 3], [255, 255]], "uint8"), numpy.array([[2, 100], [255, 1]], "uint8")
    found, expected = layers.Dot(1)([x, y]), numpy.asarray(keras.layers.Dot(1)([x, y]))
    assert found.dtype == expected.dtype == "uint8"
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "layer", [lambda: layers.Dropout(0.5), lambda: layers.GaussianNoise(0.5)], ids=["drop", "noise"]
)
def test_dropped_whole_numbers_are_floating_point_while_training_only(layer):
    model = nnc.Sequential([nnc.Input((3,), dtype="int32"), layer(), layers.Dense(1)])
    nnc.compile(model, optimizer="sgd", loss="mse")
    x = numpy.arange(12).reshape(4, 3).astype("int32")
    assert numpy.isfinite(model.train_on_batch(x, numpy.ones((4, 1))))
    alone = layer()
    assert alone(x).dtype == "int32"
    assert alone(x, training=True).dtype == "float32"
    numpy.testing.assert_array_equal(alone(x), x)
