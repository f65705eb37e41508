"""Batch normalisation while training, with masks, frozen, and folded into the product before it, against Keras."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    EinsumDense,
    GroupNormalization,
    LayerNormalization,
)
from tests.parity.networks import InFloat64

ROWS = 12


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("tensorflow")
        return pytest.importorskip("keras")


@pytest.fixture
def keras_in_float64(keras):
    """Keras itself, whose layers, losses and optimizers compute in float64."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield keras
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def dense(nn):
    return [nn.Input((5,)), nn.layers.Dense(4), nn.layers.BatchNormalization(), nn.layers.Dense(1)], ()


def channels_first(nn):
    layers = [nn.layers.BatchNormalization(axis=1, momentum=0.5, epsilon=0.01), nn.layers.Flatten(), nn.layers.Dense(1)]
    return [nn.Input((3, 4)), *layers], ()


def convolution(nn):
    layers = [nn.layers.Conv2D(4, 3, use_bias=False), nn.layers.BatchNormalization(scale=False), nn.layers.ReLU()]
    return [nn.Input((6, 6, 2)), *layers, nn.layers.Flatten(), nn.layers.Dense(1)], ()


def masked(nn):
    layers = [nn.layers.Masking(), nn.layers.BatchNormalization(center=False, momentum=0.75), nn.layers.Dense(1)]
    return [nn.Input((3, 4)), *layers], (0, 1)


def frozen(nn):
    return [nn.Input((5,)), nn.layers.BatchNormalization(trainable=False), nn.layers.Dense(1)], ()


def two_in_a_row(nn):
    layers = [nn.layers.Dense(4, activation="tanh"), nn.layers.BatchNormalization(), nn.layers.BatchNormalization()]
    return [nn.Input((5,)), *layers, nn.layers.Dense(1)], ()


def renormalized(nn):
    layer = nn.layers.BatchNormalization(renorm=True, renorm_momentum=0.75, momentum=0.5)
    return [nn.Input((5,)), nn.layers.Dense(4), layer, nn.layers.Dense(1)], ()


def clipped(nn):
    limits = {"rmin": 0.7, "rmax": 1.4, "dmax": 0.5}
    layer = nn.layers.BatchNormalization(axis=1, renorm=True, renorm_clipping=limits, renorm_momentum=0.5, center=False)
    return [nn.Input((3, 4)), layer, nn.layers.Flatten(), nn.layers.Dense(1)], ()


def renormalized_with_masks(nn):
    layer = nn.layers.BatchNormalization(renorm=True, renorm_clipping={"rmax": 2}, scale=False, epsilon=0.01)
    return [nn.Input((3, 4)), nn.layers.Masking(), layer, nn.layers.Dense(1)], (0, 1)


@pytest.mark.parametrize(
    "make",
    [
        *(dense, channels_first, convolution, masked, frozen, two_in_a_row),
        *(renormalized, clipped, renormalized_with_masks),
    ],
)
@pytest.mark.sampled(1)
def test_training_predicting_and_moving_means(keras_in_float64, make):
    """In float64: what steps leave of weights are differences of sums, of which float32 keeps few digits."""
    keras = keras_in_float64
    layers, masked_steps = make(InFloat64(nnc))
    ours, theirs = nnc.Sequential(layers), keras.Sequential(make(keras)[0])
    generator = numpy.random.default_rng(1)
    x = generator.normal(1.0, 2.0, (ROWS, *ours.input_shape[1:]))
    if masked_steps:
        x[: ROWS // 2, list(masked_steps)] = 0.0
    y = generator.normal(size=(ROWS, *ours.output_shape[1:]))
    weights = [numpy.abs(generator.normal(0.0, 0.5, weight.shape)) + 0.1 for weight in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
    for model, optimizer in ((ours, nnc.optimizers.SGD(0.05)), (theirs, keras.optimizers.SGD(0.05))):
        model.compile(optimizer, "mse")
    for step in range(4):
        rows = slice(0, ROWS - step)
        found, expected = ours.train_on_batch(x[rows], y[rows]), float(theirs.train_on_batch(x[rows], y[rows]))
        assert found == pytest.approx(expected, rel=1e-9)
        numpy.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=1e-9, atol=1e-10)
        assert ours.evaluate(x, y, verbose=0) == pytest.approx(theirs.evaluate(x, y, verbose=0), rel=1e-9)
    for found, reference in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(found, reference, rtol=1e-9, atol=1e-10)


PRODUCTS = {
    "conv": lambda: Conv2D(4, 3),
    "grouped": lambda: Conv2D(4, 3, groups=2, use_bias=False),
    "depthwise": lambda: DepthwiseConv2D(3, depth_multiplier=2),
    "transposed": lambda: Conv2DTranspose(3, 2, strides=2),
    "dense": lambda: Dense(3),
    "einsum": lambda: EinsumDense("abcd,df->abcf", (None, None, 3), bias_axes="f"),
    "channels first": lambda: Conv2D(8, 3, data_format="channels_first", padding="same"),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_predictions_have_a_scaled_kernel_and_one_bias(name):
    axis = 1 if name == "channels first" else -1
    model = nnc.Sequential([nnc.Input((8, 8, 2)), PRODUCTS[name](), BatchNormalization(axis), Dense(2)])
    generator = numpy.random.default_rng(1)
    model.set_weights([generator.uniform(0.2, 1.0, weight.shape) for weight in model.weights])
    graph = model.program.graph()
    parts = [part for node in graph.nodes for part in opened(node)]
    assert sum(part.name in {"convolution", "convolution_input_gradient", "matmul"} for part in parts) == 2
    assert not {part.name for part in parts} & {"multiply", "sqrt", "divide", "reciprocal"}
    assert sum(part.name == "add" for part in parts) == 2
    assert {label.rpartition("/")[2] for label in graph.states if label.startswith("hoisted/")} >= {"kernel", "bias"}
    x = generator.normal(size=(3, 8, 8, 2)).astype("float32")
    expected = x
    for layer in model.layers:
        expected = layer.forward(expected)
    numpy.testing.assert_allclose(model.predict(x), expected, rtol=2e-5, atol=2e-5)


def opened(node):
    """Return a node's op, or those of a fusion's body."""
    return [inner.op for inner in node.op.body.nodes] if hasattr(node.op, "body") else [node.op]


def test_training_needs_no_prologue():
    model = nnc.Sequential([nnc.Input((3,)), Dense(2), BatchNormalization()])
    model.compile("sgd", "mse")
    model.fit(numpy.ones((8, 3)), numpy.ones((8, 2)), epochs=3, verbose=0)
    assert model.program.prologue is None or model.program.prologue.runs == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BatchNormalization(axis=[1, 2]), r"axis must be an integer, got \[1, 2\]"),
        (lambda: BatchNormalization(synchronized="yes"), "synchronized must be True or False"),
        (lambda: BatchNormalization(renorm=True, renorm_clipping=[1]), r"must be a dictionary with rmax, rmin, dmax"),
        (
            lambda: BatchNormalization(renorm=True, renorm_clipping={"r": 1}),
            "Received invalid keys for renorm_clipping, which has rmax, rmin, dmax only: 'r'",
        ),
        (lambda: BatchNormalization(renorm=True, renorm_clipping={"rmax": "1"}), "rmax must be a number, got '1'"),
        (lambda: BatchNormalization(renorm=True, renorm_clipping={"rmax": 1, "rmin": 2}), "got 1 and 2"),
        (lambda: BatchNormalization(renorm=True, renorm_clipping={"dmax": -1}), "dmax should be non-negative, got -1"),
        (lambda: BatchNormalization(axis=3)(nnc.Input((3,))), "axis 3 is out of bounds for an input of shape"),
        (
            lambda: LayerNormalization(axis=[]),
            r"Expected an int or a list/tuple of ints for the argument 'axis', got \[\]",
        ),
        (lambda: LayerNormalization(axis=2)(nnc.Input((3,))), "axis 2 is out of bounds"),
        (lambda: GroupNormalization(groups=0), "argument `groups` must be a positive integer"),
        (lambda: GroupNormalization(groups=2)(nnc.Input((3,))), "groups must divide the number of channels 3, got 2"),
        (lambda: GroupNormalization()(nnc.Input((3,))), "groups cannot be more than the number of channels 3, got 32"),
    ],
)
def test_arguments_that_do_not_fit(make, message):
    with pytest.raises(ModelError, match=message):
        make()


def test_first_standard_deviations_are_roots_of_the_variances():
    layer = BatchNormalization(renorm=True, moving_variance_initializer=nnc.initializers.Constant(4.0))
    layer(numpy.ones((2, 3)))
    names = ["gamma", "beta", "moving_mean", "moving_variance", "moving_stddev", "renorm_mean", "renorm_stddev"]
    assert [weight.name for weight in layer.weights] == names
    assert [float(weight.numpy()[0]) for weight in layer.weights] == [1, 0, 0, 4, 2, 0, 2]


def test_old_spellings():
    assert BatchNormalization(axis=[3]).axis == 3
    with pytest.warns(UserWarning, match="rms_scaling"):
        layer = LayerNormalization(rms_scaling=True)
    x = numpy.array([[1.0, 2.0, 6.0]])
    numpy.testing.assert_allclose(layer(x), x / numpy.sqrt(x.var() + 1e-3), rtol=1e-6)
    assert [weight.name for weight in layer.weights] == ["gamma"]
    groups = GroupNormalization(groups=-1)
    groups(numpy.ones((2, 3, 4)))
    assert groups.groups == 4
