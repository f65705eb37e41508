"""Each layer does what Keras's does on TensorFlow: shapes, outputs, gradients and configs."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc import layers
from tests.layers.cases import CASES, Case, with_others_slow


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def keras(tf):
    """Keras itself: ``tf.keras`` has a few classes of older versions."""
    return pytest.importorskip("keras")


@pytest.fixture(params=with_others_slow(CASES), ids=str)
def case(request) -> Case:
    return request.param


class WithChannelsFirst:
    """A convolution of Keras's with channels first, computed with channels last: TensorFlow's own needs oneDNN."""

    def __init__(self, case: Case, keras) -> None:
        arguments = case.arguments(keras)
        self.keras = keras
        self.layer = getattr(keras.layers, case.layer)(
            **arguments | {"data_format": "channels_last", "activation": None}
        )
        self.activation = keras.activations.get(arguments.get("activation"))

    def __call__(self, x):
        result = self.layer(self.keras.ops.moveaxis(x, 1, -1))
        return self.activation(self.keras.ops.moveaxis(result, -1, 1))

    def __getattr__(self, name: str):
        return getattr(self.layer, name)


def reference(case: Case, keras):
    """Return Keras's layer, which computes on any processor."""
    is_convolution = case.layer.startswith("Conv")
    is_first = is_convolution and case.arguments(keras).get("data_format") == "channels_first"
    return WithChannelsFirst(case, keras) if is_first else case.make(keras)


def assert_close(found, expected, tolerance: float) -> None:
    """Compare relative to the largest magnitude."""
    assert found.shape == expected.shape
    assert numpy.abs(found - expected).max() <= tolerance * max(numpy.abs(expected).max(), 1e-30)


def listed(value):
    """Return a value of a config with lists instead of tuples, as JSON has it, and no dtypes of layers inside."""
    if isinstance(value, dict):
        return {key: None if key == "dtype" else listed(item) for key, item in value.items()}
    return [listed(item) for item in value] if isinstance(value, tuple | list) else value


def test_every_layer_is_in_the_table():
    listed = {case.layer for case in CASES} | {"InputLayer", "Wrapper"}  # neither computes anything by itself
    own = {name: cls for name, cls in layers.layer_classes().items() if cls.__module__.startswith("nnc.")}
    assert listed == {name for name, cls in own.items() if not cls.takes_texts}  # which `tests/text` are about


def test_output_shape(case):
    outputs = case.outputs(case.make(), case.symbolic())
    assert [output.shape for output in outputs] == [(None, *shape) for shape in (case.output, *case.more)]
    arrays = case.outputs(case.make(), case.inputs())
    assert [array.shape for array in arrays] == [(len(case.inputs()[0]), *shape) for shape in (case.output, *case.more)]
    if not (getattr(layers, case.layer).keeps_integers_of_arrays and any(case.integers)):
        assert [output.dtype for output in outputs] == [str(array.dtype) for array in arrays]


def test_forward_and_backward_are_those_of_tensorflow(case, tf, keras):
    theirs, ours = reference(case, keras), case.make()
    xs = [tf.constant(x) for x in case.inputs()]
    case.call(theirs, xs), case.call(ours, case.inputs())
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
    weights = case.weights([tuple(weight.shape) for weight in theirs.weights])
    theirs.set_weights(weights), ours.set_weights(weights)

    variables = [*xs, *(weight.value for weight in theirs.weights)]
    with tf.GradientTape() as tape:
        tape.watch([variable for variable in variables if variable.dtype.is_floating])
        expected = case.outputs(theirs, xs)
    seeds = case.gradients()

    for found, output in zip(case.outputs(ours, case.inputs()), expected, strict=True):
        assert_close(found, output.numpy(), case.tolerance)
    if not all(output.dtype.is_floating for output in expected):
        return
    gradients = tape.gradient(expected, variables, [tf.constant(seed) for seed in seeds])
    found = ours.backward(seeds[0] if len(seeds) == 1 else seeds)
    found = [*(found if isinstance(found, list) else [found]), *(weight.gradient for weight in ours.weights)]
    assert len(found) == len(gradients)
    largest = max((numpy.abs(array).max() for array in found), default=0.0)
    paths = ["input"] * len(xs) + [weight.path for weight in ours.weights]
    for gradient, theirs_gradient, variable, path in zip(found, gradients, variables, paths, strict=True):
        if theirs_gradient is None:  # of whole numbers, and of weights that no gradient reaches
            assert not numpy.any(gradient)
            continue
        theirs_gradient = tf.convert_to_tensor(theirs_gradient)
        assert theirs_gradient.shape == variable.shape
        if path.endswith(case.without_effect):
            rounding = max(numpy.abs(gradient).max(), numpy.abs(theirs_gradient).max())
            assert rounding <= 10 * case.tolerance * largest, path
            continue
        assert_close(gradient, theirs_gradient.numpy(), 10 * case.tolerance)


def test_config_is_that_of_keras(case, keras):
    theirs, ours = case.make(keras, name="layer"), case.make(name="layer")
    expected, found = theirs.get_config(), ours.get_config()
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if key != "dtype":  # Keras's is a policy, ours a name
            assert listed(found[key]) == listed(value), key


def test_config_round_trip(case):
    layer = case.make(name="layer", trainable=False)
    case.call(layer, case.inputs())
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert type(again) is type(layer)
    assert again.get_config() == config
    case.call(again, case.inputs())
    again.set_weights(layer.get_weights())
    for found, expected in zip(case.outputs(again, case.inputs()), case.outputs(layer, case.inputs()), strict=True):
        numpy.testing.assert_array_equal(found, expected)


def test_keras_config_is_accepted(case, keras):
    theirs = case.make(keras, name="layer")
    ours = getattr(layers, case.layer).from_config(theirs.get_config())
    assert ours.weights_dtype == ("float32" if "dtype" in theirs.get_config() else None)
    assert ours.name == "layer"


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
@pytest.mark.parametrize("program_dtype", ["float32", "float64"])
def test_whole_numbers_become_floating_point_where_a_layer_computes(dtype, program_dtype):
    x = nnc.Input((3,), dtype=dtype)
    rows = numpy.array([[0, 1, 1], [1, 0, 0]], dtype)
    kept = layers.Reshape((1, 3))(layers.Flatten()(x))
    model = nnc.Model(x, [layers.Dense(1, kernel_initializer="ones")(x), layers.Softmax()(x), kept])
    nnc.compile(model, dtype=program_dtype)
    dense, softmax, reshaped = model.predict(rows)
    numpy.testing.assert_allclose(dense, [[2], [1]])
    numpy.testing.assert_allclose(softmax.sum(-1), 1, rtol=1e-6)
    assert (dense.dtype, softmax.dtype, reshaped.dtype) == (program_dtype, program_dtype, dtype)


@pytest.mark.parametrize(("argument", "row"), [((2, 3), (2, 3)), ([4], (4,)), (5, (5,)), ((), ())])
def test_input_is_that_of_keras(argument, row, keras):
    ours, theirs = nnc.Input(argument), keras.Input(argument if isinstance(argument, tuple | list) else (argument,))
    assert ours.shape == theirs.shape == (None, *row)
    config = ours.call.layer.get_config()
    expected = theirs._keras_history.operation.get_config()
    assert config.items() <= {**expected, "batch_shape": list(expected["batch_shape"]), "name": "input"}.items()
    assert nnc.layers.InputLayer.from_config(expected).output.shape == theirs.shape
