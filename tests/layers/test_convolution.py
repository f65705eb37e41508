"""What convolution layers refuse, and what their graphs look like."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import ModelError, NncError
from nnc.ir import Graph
from tests.layers.cases import CASES

FIRST = {"data_format": "channels_first"}


@pytest.mark.parametrize(
    ("make", "fragment"),
    [
        (lambda: layers.Conv2D(0, 3), "argument `filters`. Expected a strictly positive value. Received filters=0."),
        (
            lambda: layers.Conv2D(2, (3, 3, 3)),
            "Conv2D: The `kernel_size` argument must be an integer or a tuple of 2 integers. Received",
        ),
        (lambda: layers.Conv1D(2, 0), "Received kernel_size=0, including values {0} that do not satisfy `value > 0`"),
        (lambda: layers.Conv2D(2, 3, strides=(1, 0)), "Conv2D: The `strides` argument must be"),
        (lambda: layers.Conv2D(2, 3, padding="causal"), "Conv2D: padding must be valid or same, got 'causal'"),
        (lambda: layers.Conv1D(2, 3, padding="full"), "Conv1D: padding must be valid or same or causal, got 'full'"),
        (
            lambda: layers.Conv2D(2, 3, data_format="NHWC"),
            "Conv2D: data_format must be channels_last or channels_first",
        ),
        (
            lambda: layers.Conv2D(3, 3, groups=2),
            "must be evenly divisible by the number of groups. Received: groups=2, filters=3.",
        ),
        (
            lambda: layers.Conv2D(2, 3, strides=2, dilation_rate=2),
            "Conv2D: `strides > 1` not supported in conjunction with `dilation_rate > 1`",
        ),
        (lambda: layers.Conv2D(2, 3, lora_rank=4), "Conv2D: lora_rank is not supported; leave it out"),
        (lambda: layers.Conv2D(2, 3, kernel_sizes=4), "Conv2D has no argument 'kernel_sizes'"),
        (
            lambda: layers.Conv1DTranspose(2, 3, strides=2, output_padding=2),
            "Conv1DTranspose: `output_padding` must be strictly less than `strides`, got output_padding=(2,) and",
        ),
        (
            lambda: layers.DepthwiseConv2D(3, depth_multiplier=0),
            "DepthwiseConv2D: Invalid value for argument `depth_multiplier`",
        ),
        (lambda: layers.Conv2D(2, 3)(nnc.Input((5, 3))), "expected an input with 4 dimensions, got (None, 5, 3)"),
        (lambda: layers.Conv2D(2, 3, groups=2)(nnc.Input((5, 5, 3))), "groups must divide the input's channels"),
        (lambda: layers.Conv2D(2, 3)(nnc.Input((2, 5, 3))), "a window of [3, 3] does not fit into f32[batch,2,5,3]"),
    ],
)
def test_refuses(make, fragment):
    with pytest.raises(NncError) as caught:
        make()
    assert fragment in str(caught.value)


def test_another_number_of_channels_is_refused():
    layer = layers.Conv1D(2, 3)
    layer(nnc.Input((5, 3)))
    with pytest.raises(ModelError, match="expected an input with 3 channels in axis 2"):
        layer(nnc.Input((5, 4)))


@pytest.mark.parametrize(
    "name", sorted({case.layer for case in CASES if "Conv" in case.layer and "LSTM" not in case.layer})
)
def test_aliases_are_those_of_keras(name):
    alias = name.replace("Conv", "Convolution")
    assert hasattr(layers, alias) == ("Depthwise" not in name)
    assert "Depthwise" in name or getattr(layers, alias) is getattr(layers, name)


def predicting(model: nnc.Sequential) -> Graph:
    model.compile("sgd", "mse")
    return model.program.graph("predict")


def test_transposes_of_a_channels_first_chain_cancel():
    model = nnc.Sequential(
        [
            nnc.Input((3, 8, 9)),
            layers.Conv2D(4, 3, activation="relu", **FIRST),
            layers.DepthwiseConv2D(3, padding="same", **FIRST),
            layers.Activation("tanh"),
            layers.Conv2DTranspose(2, 2, **FIRST),
        ]
    )
    graph = predicting(model)
    names = [node.op.title for node in graph.nodes]
    assert names.count("transpose") == 2
    assert [name for name in names if "conv" in name] == ["fusion.conv_relu", "fusion.conv", "fusion.conv"]


def test_whole_networks_of_channels_first_move_axes_at_the_edges_only():
    x = nnc.Input((3, 12, 13))
    y = layers.ZeroPadding2D(1, **FIRST)(x)
    y = layers.BatchNormalization(axis=1)(layers.Conv2D(4, 3, use_bias=False, **FIRST)(y))
    y = layers.MaxPooling2D(2, **FIRST)(layers.ReLU()(y))
    z = layers.AveragePooling2D(2, strides=1, padding="same", **FIRST)(layers.Conv2D(4, 1, **FIRST)(y))
    y = layers.Concatenate(axis=1)([y, layers.Add()([y, z])])
    y = layers.GlobalAveragePooling2D(**FIRST)(layers.SeparableConv2D(5, 3, **FIRST)(y))
    model = nnc.Model(x, layers.Dense(2)(y))
    model.compile("sgd", "mse")
    names = [node.op.name for node in model.program.graph("predict").nodes]
    assert names.count("transpose") == 1  # behind the pooling, there are no axes to move
    training = [node.op for node in model.program.graph("train").nodes if node.op.name == "transpose"]
    assert sum(len(op.axes) == 4 for op in training) == 2  # and the gradient that the pooling repeats


def test_channels_first_is_channels_last_with_axes_moved():
    given = numpy.random.default_rng(3).normal(size=(2, 3, 6, 5)).astype("float32")
    first, last = layers.Conv2D(4, 3, **FIRST), layers.Conv2D(4, 3)
    expected = last(numpy.moveaxis(given, 1, -1))
    first(given)
    first.set_weights(last.get_weights())
    numpy.testing.assert_allclose(numpy.moveaxis(first(given), 1, -1), expected, rtol=1e-6, atol=1e-6)


def test_lengths_that_are_not_known_are_those_of_keras():
    keras = pytest.importorskip("tensorflow").keras

    def make(nn):
        x = nn.Input((None, 3))
        y = nn.layers.Conv1D(4, 3, padding="same", strides=2, activation="relu")(x)
        y = nn.layers.Conv1D(4, 3, padding="causal", strides=2)(y)
        y = nn.layers.Conv1DTranspose(2, 3, strides=2, padding="same")(y)
        model = nn.Model(x, nn.layers.DepthwiseConv1D(2)(y))
        model.compile("sgd", "mse")
        return model

    ours, theirs = make(nnc), make(keras)
    ours.set_weights(theirs.get_weights())
    generator = numpy.random.default_rng(5)
    for length in (9, 8, 12, 5):
        x = generator.normal(size=(2, length, 3)).astype("float32")
        expected = theirs.predict_on_batch(x)
        numpy.testing.assert_allclose(ours.predict(x), expected, rtol=1e-5, atol=1e-6)
        losses = [model.train_on_batch(x, numpy.ones_like(expected)) for model in (ours, theirs)]
        numpy.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.parametrize(("window", "strides", "more"), [(3, (4, 5), None), (2, 3, (1, 2)), (3, 4, 1)])
@pytest.mark.parametrize("backend", ["numpy", pytest.param("c", marks=pytest.mark.slow)])
def test_transposed_images_of_open_sizes(backend, window, strides, more):
    keras = pytest.importorskip("keras")
    models, made = [], []
    for module in (keras, nnc):
        x = module.Input((None, None, 2))
        made.append(module.layers.Conv2DTranspose(2, window, strides, "same", output_padding=more))
        models.append(module.Model(x, made[-1](x)))
    made[1].set_weights([numpy.asarray(weight) for weight in made[0].get_weights()])
    program = nnc.compile(models[1], backend=backend)
    for height, width in ((3, 4), (5, 2), (1, 7)):
        images = numpy.random.default_rng(height).normal(size=(2, height, width, 2)).astype("float32")
        expected = numpy.asarray(models[0](images))
        numpy.testing.assert_allclose(program.predict(images), expected, rtol=1e-4, atol=1e-5)


def test_padding_layers_become_padding_of_convolutions():
    """No zeros are copied around an image, in prediction or in training, and all weights are those of Keras."""
    keras = pytest.importorskip("keras")
    shape, models = (9, 8, 4), []
    for module in (keras, nnc):
        models.append(
            module.Sequential(
                [
                    module.layers.Input(shape),
                    module.layers.ZeroPadding2D(((1, 2), (0, 3))),
                    module.layers.Conv2D(5, 3, strides=2),
                    module.layers.ZeroPadding2D(((0, 1), (2, 1))),
                    module.layers.DepthwiseConv2D((2, 3)),
                    module.layers.GlobalAveragePooling2D(),
                ]
            )
        )
        models[-1].compile("sgd", "mse")
    theirs, ours = models
    ours.set_weights(theirs.get_weights())
    assert "scatter(" not in str(ours.program.graph("predict"))
    generator = numpy.random.default_rng(0)
    x, y = generator.normal(size=(6, *shape)).astype("float32"), generator.normal(size=(6, 5)).astype("float32")
    numpy.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-5)
    for model in models:
        model.fit(x, y, epochs=3, shuffle=False, verbose=0)
    for found, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(found, expected, atol=1e-5)
