"""Wrong arguments and inputs of layers: each is answered with one exact message."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError, GraphError, ModelError, ShapeError
from nnc.layers import (
    Activation,
    Add,
    AveragePooling2D,
    Concatenate,
    Cropping1D,
    Dense,
    Dot,
    Dropout,
    Flatten,
    GlobalMaxPooling3D,
    InputLayer,
    MaxPooling1D,
    MaxPooling2D,
    Permute,
    ReLU,
    RepeatVector,
    Reshape,
    Softmax,
    Subtract,
    UpSampling2D,
    ZeroPadding2D,
)

X = numpy.ones((2, 3), "float32")
INT, FLAG = "must be a positive integer", "must be True or False"

ARGUMENTS = [
    (lambda: Dense(0), f"Dense: units {INT}, got 0"),
    (lambda: Dense(-2), f"Dense: units {INT}, got -2"),
    (lambda: Dense(2.0), f"Dense: units {INT}, got 2.0"),
    (lambda: Dense(True), f"Dense: units {INT}, got True"),
    (lambda: Dense("two"), f"Dense: units {INT}, got 'two'"),
    (lambda: Dense(2, use_bias="no"), f"Dense: use_bias {FLAG}, got 'no'"),
    (lambda: Dense(2, trainable="no"), "Dense: trainable has to be a boolean, True or False, got 'no'"),
    (lambda: Dense(2, unit=2), "Dense has no argument 'unit'. Did you mean 'units'?"),
    (lambda: Dense(2, activation="rellu"), "unknown activation 'rellu'. Did you mean 'relu'?"),
    (lambda: Dense(2, quantization_config="int8"), "Dense: quantization_config is not supported; leave it out"),
    (lambda: Dense(2, kernel_regularizer="l3"), "unknown regularizer 'l3'."),
    (lambda: Dense(2, dtype="int32"), "Dense: dtype must be float32 or float64, got 'int32'"),
    (lambda: Dense(2, dtype="float8_e4m3fn"), "Dense: dtype must be float32 or float64, got 'float8_e4m3fn'"),
    (lambda: Dense(2, name=3), "Dense: name must be a non-empty string, got 3"),
    (lambda: Dense(2, name=""), "Dense: name must be a non-empty string, got ''"),
    (lambda: Dense(2, name="a/b"), "Dense: name must be printable text on one line without '/', got 'a/b'"),
    (lambda: Dense(2, name="a\nb"), "Dense: name must be printable text on one line without '/', got 'a\\nb'"),
    (lambda: Dense(2, input_dim=0), f"Dense: input_dim {INT}, got 0"),
    (lambda: Dense(2, input_shape="ab"), "Dense: input_shape must be a tuple such as (2,), got 'ab'"),
    (lambda: Dense(2, batch_input_shape=3), "Dense: batch_input_shape must be a tuple such as (None, 2), got 3"),
    (lambda: Activation(), "Activation: activation is missing, for example Activation('relu')"),
    (lambda: Activation(3), "an activation must be a name, a config, a function or an Activation, got 3"),
    (lambda: ReLU(-1), "ReLU: max_value of a ReLU layer cannot be a negative value, got -1"),
    (lambda: ReLU(negative_slope="a"), "ReLU: negative_slope must be a finite number of at least 0, got 'a'"),
    (lambda: ReLU(threshold=float("nan")), "ReLU: threshold must be a finite number of at least 0, got nan"),
    (lambda: Softmax("a"), "Softmax: Expected an int or a list/tuple of ints for the argument 'axis', got 'a'"),
    (lambda: Flatten("rows"), "Flatten: data_format must be channels_last or channels_first, got 'rows'"),
    (lambda: Reshape(3), "Reshape: each dimension must be a non-negative integer or -1, got target_shape=3"),
    (lambda: Reshape((0,)), "Reshape: a dimension of 0 leaves no elements, got target_shape=(0,)"),
    (lambda: Reshape((-1, -1)), "Reshape: at most one unknown dimension, -1, is possible, got target_shape=(-1, -1)"),
    (
        lambda: Dropout(1.5),
        "Dropout: Invalid value received for argument `rate`. Expected a float value between 0 and 1, got 1.5",
    ),
    (
        lambda: Dropout("half"),
        "Dropout: Invalid value received for argument `rate`. Expected a float value between 0 and 1, got 'half'",
    ),
    (lambda: Dropout(0.5, seed="a"), "Dropout: seed must be an integer or None, got 'a'"),
    (
        lambda: Dropout(0.5, 3),
        "Dropout: Invalid value received for argument `noise_shape`. Expected a tuple or list of integers, got 3",
    ),
    (lambda: Concatenate(0), "Concatenate: axis must be an integer other than 0 (the batch), got 0"),
    (lambda: Dot(0), "Dot: axes must be an integer other than 0 (the batch), or two of them, got 0"),
    (lambda: Dot((1, 2, 3)), "Dot: axes must be an integer other than 0 (the batch), or two of them, got (1, 2, 3)"),
    (
        lambda: Permute((0, 1)),
        "Permute: Invalid permutation of axes in dims: it must be the numbers from 1 to the number of axes, in any"
        " order, got (0, 1)",
    ),
    (lambda: RepeatVector(1.5), "RepeatVector: Expected an integer value for `n`, got 1.5"),
    (
        lambda: MaxPooling2D((2, 0)),
        "MaxPooling2D: The `pool_size` argument must be a tuple of 2 integers. Received pool_size=(2, 0), including"
        " values {0} that do not satisfy `value > 0`",
    ),
    (
        lambda: MaxPooling1D(2, 0),
        "MaxPooling1D: The `strides` argument must be an integer. Received strides=0, including values {0} that do"
        " not satisfy `value > 0`",
    ),
    (lambda: AveragePooling2D(2, padding="full"), "AveragePooling2D: padding must be valid or same, got 'full'"),
    (
        lambda: AveragePooling2D(2, data_format="rows"),
        "AveragePooling2D: data_format must be channels_last or channels_first, got 'rows'",
    ),
    (
        lambda: ZeroPadding2D((1, 2, 3)),
        "ZeroPadding2D: padding must be an integer, or 2 integers or pairs of integers, got (1, 2, 3)",
    ),
    (
        lambda: Cropping1D(-1),
        "Cropping1D: The `cropping` argument must be a tuple of 2 integers. Received cropping=-1, including values {-1}"
        " that do not satisfy `value >= 0`",
    ),
    (
        lambda: UpSampling2D(interpolation="cubic"),
        "UpSampling2D: interpolation must be one of bilinear, nearest, bicubic, area, lanczos3, lanczos5, got 'cubic'",
    ),
    (lambda: nnc.layers.InputLayer((2,), nam="x"), "InputLayer has no argument 'nam'. Did you mean 'name'?"),
    (lambda: nnc.Input(), "Input: shape is missing; pass a `shape` argument, for example Input(shape=(2,))"),
    (lambda: nnc.Input("ab"), "Input: shape must be a tuple such as (2,), got 'ab'"),
    (lambda: nnc.Input(batch_shape=()), "Input: batch_shape must be a tuple such as (None, 2), got ()"),
    (lambda: nnc.Input((2.0,)), f"dimension 1 of an input {INT} or None, got 2.0 in (None, 2.0)"),
    (lambda: nnc.Input((None, 0)), f"dimension 2 of an input {INT} or None, got 0 in (None, None, 0)"),
    (
        lambda: nnc.Input((2,), dtype="int16"),
        "InputLayer: dtype must be bool, float32, float64, int32, int64, string or uint8, got 'int16'",
    ),
    (lambda: InputLayer((2,), sparse=True), "Input: sparse is not supported; leave it out"),
    (lambda: Dense.from_config({"use_bias": True}), "Dense: units is missing"),
    (
        lambda: nnc.layers.layer_class("Dens"),
        "unknown layer 'Dens'. Did you mean 'Dense'? Layers of your own: @nnc.layers.register class Dens(...)",
    ),
    (lambda: nnc.layers.register(int), "only subclasses of nnc.layers.Layer can be registered, got <class 'int'>"),
]


@pytest.mark.parametrize(("make", "message"), ARGUMENTS, ids=lambda item: item if isinstance(item, str) else "")
def test_arguments(make, message):
    with pytest.raises(ModelError) as error:
        make()
    assert str(error.value) == message


def inputs(*rows):
    return [nnc.Input(row) for row in rows]


CALLS = [
    (Dense(2), [()], "expected an input with at least 2 dimensions, (batch, …, inputs), got (None,)"),
    (
        Reshape((2,)),
        [(3,)],
        "f32[batch,3] has 3*batch elements and cannot be reshaped to (batch, 2), which has 2*batch",
    ),
    (
        Reshape((-1, 2)),
        [(3,)],
        "f32[batch,3] has 3*batch elements and cannot be reshaped to (batch, 1, 2), which has 2*batch",
    ),
    (Softmax(4), [(3,)], "axis 4 is out of range for f32[batch,3]"),
    (Subtract(), [(3,)], "the layer should be called on exactly 2 inputs, in a list, got 1"),
    (Subtract(), [(3,), (3,), (3,)], "the layer should be called on exactly 2 inputs, in a list, got 3"),
    (Dot(1), [(3,), (2,)], "axis 1 of f32[batch,3] and axis 1 of f32[batch,2] have different lengths"),
    (Dot(2), [(3,), (2,)], "axis 2 is out of range for f32[batch,3]"),
    (Permute((2, 1)), [(3,)], "expected an input with 3 dimensions for dims (2, 1), got f32[batch,3]"),
    (RepeatVector(2), [(3, 2)], "expected an input with 2 dimensions, (batch, features), got f32[batch,3,2]"),
    (MaxPooling1D(), [(3,)], "expected an input with 3 dimensions, (batch, steps, channels), got f32[batch,3]"),
    (
        AveragePooling2D(2, data_format="channels_first"),
        [(3, 2)],
        "expected an input with 4 dimensions, (batch, channels, height, width), got f32[batch,3,2]",
    ),
    (
        GlobalMaxPooling3D(),
        [(3, 2)],
        "expected an input with 5 dimensions, (batch, depth, height, width, channels), got f32[batch,3,2]",
    ),
    (
        MaxPooling2D(3),
        [(5, 2, 1)],
        "'max_pool' with windows of [1, 3, 3, 1] finds none along axis 2 of f32[batch,5,2,1]",
    ),
    (
        Cropping1D((1, 2)),
        [(3, 1)],
        "the `cropping` parameter of `Cropping1D` layer must be smaller than the length of the input: "
        "((1, 2),) leaves nothing of axis 1 of f32[batch,3,1]",
    ),
    (Add(), [(3,), (2,)], "shapes (batch, 3) and (batch, 2) do not broadcast: axis -1 is 3 and 2"),
    (Concatenate(), [(3,), (2, 2)], "f32[batch,3] and f32[batch,2,2] cannot be concatenated along axis 1"),
    (Concatenate(1), [(3, 2), (3, 1)], "f32[batch,3,2] and f32[batch,3,1] cannot be concatenated along axis 1"),
    (Concatenate(-2), [(3,), (3,)], "axis -2 of f32[batch,3] is the batch, along which nothing can be joined"),
]


@pytest.mark.parametrize(("layer", "rows", "message"), CALLS)
def test_inputs_that_do_not_fit(layer, rows, message):
    with pytest.raises(ModelError) as error:
        layer(inputs(*rows))
    assert str(error.value) == f"Layer '{layer.name}' ({type(layer).__name__}): {message}"


def test_one_input_is_expected():
    with pytest.raises(ModelError, match=r"^Layer 'dense' \(Dense\) takes one input, got 2$"):
        Dense(2)(inputs((3,), (3,)))


def test_built_layer_keeps_its_width():
    layer = Dense(2)
    layer(X)
    message = (
        r"^Layer 'dense' \(Dense\): the input is incompatible with the layer: expected one whose last axis is 3 long, "
        r"got f32\[batch,4\]$"
    )
    with pytest.raises(ModelError, match=message):
        layer(numpy.ones((2, 4)))
    with pytest.raises(ModelError, match=message):
        layer(nnc.Input((4,)))


CONVERT = "convert them first, for example with x.astype('float32')"
ARRAYS = [
    (lambda: Dense(2)("abc"), f"Layer 'dense': the input must hold numbers, got elements of type <U3; {CONVERT}"),
    (lambda: Dense(2)(None), f"Layer 'dense': the input must hold numbers, got elements of type object; {CONVERT}"),
    (lambda: Dense(2)(3.0), "Layer 'dense' needs an array of numbers of shape (rows, …), got 3.0"),
    (lambda: Add()(X, X[:1]), "Layer 'add': all inputs must have the same number of rows, got 2, 1"),
]


@pytest.mark.parametrize(("run", "message"), ARRAYS)
def test_arrays_that_do_not_fit(run, message):
    with pytest.raises(DataError) as error:
        run()
    assert str(error.value) == message


def test_backward_needs_forward_and_the_output_shape():
    layer = Dense(2)
    with pytest.raises(ModelError, match=r"^Layer 'dense': call forward\(x\) before backward\(gradient\)$"):
        layer.backward(X)
    layer(X)
    with pytest.raises(ModelError, match=r"^Layer 'dense' has no gradients yet: call backward\(gradient\) first$"):
        print(layer.gradients)
    with pytest.raises(DataError, match=r"^Layer 'dense': gradient must have shape \(2, 2\), got \(2, 4\)$"):
        layer.backward(numpy.ones((2, 4)))


WEIGHTS = [
    (3, "Layer 'dense' needs a list of 2 weights, got int"),
    ([numpy.zeros((3, 2))], "Layer 'dense' has 2 weights, got 1"),
    ([numpy.zeros((3, 2)), numpy.zeros(3)], "weight 'dense/bias' has shape (2,), got (3,)"),
    ([numpy.zeros((3, 2)), ["a", "b"]], f"weight 'dense/bias' must hold numbers, got elements of type <U1; {CONVERT}"),
    (
        [numpy.zeros((3, 2)), [1j, 2]],
        f"weight 'dense/bias' must hold numbers, got elements of type complex128; {CONVERT}",
    ),
]


@pytest.mark.parametrize(("weights", "message"), WEIGHTS)
def test_weights_that_do_not_fit_change_nothing(weights, message):
    layer = Dense(2)
    layer(X)
    before = layer.get_weights()
    with pytest.raises(ModelError) as error:
        layer.set_weights(weights)
    assert str(error.value) == message
    for array, weight in zip(before, layer.get_weights(), strict=True):
        numpy.testing.assert_array_equal(array, weight)


def test_errors_have_the_class_that_fits():
    assert issubclass(ShapeError, ModelError)
    assert issubclass(ModelError, ValueError)  # who catches Keras's errors catches these
    assert issubclass(GraphError, ValueError)
    with pytest.raises(ShapeError):
        Add()(inputs((3,), (2,)))
