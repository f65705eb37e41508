"""Models of float16 and bfloat16 beside Keras: computed in float32, they differ by the narrow type's rounding."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import NncError
from nnc.readers import read_model
from tests.tracing.narrow_models import MODELS, POLICIES

UNIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
"""The most that rounding a number to the type changes it by, relative to it."""


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def made(keras, name, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(1)
    try:
        return MODELS[name].make(keras)
    finally:
        keras.config.set_dtype_policy(before)


def wide(tensor):
    return numpy.asarray(tensor).astype("float32")


def unit_of(name, policy):
    """The coarsest of the narrow types in a model."""
    return max(UNIT[dtype] for dtype in (policy.removeprefix("mixed_"), *MODELS[name].types))


def in_float32(keras, name, narrow):
    """The same model in Keras, made under the policy float32, with the same weights."""
    found = made(keras, name, "float32")
    found.set_weights([wide(weight) for weight in narrow.get_weights()])
    return found


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.sampled(1)
def test_models_of_narrow_types(name, policy, keras, tmp_path):
    narrow = made(keras, name, policy)
    x = MODELS[name].rows(numpy.random.default_rng(2))
    expected = wide(narrow(x))
    y = numpy.random.default_rng(3).uniform(-1.0, 1.0, expected.shape).astype("float32")
    rounding = unit_of(name, policy) * MODELS[name].depth
    optimizer = keras.optimizers.SGD(0.02)
    if policy == "mixed_float16":  # the scale is less than Keras's, with which gradients of these models overflow
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=16.0)
    narrow.compile(optimizer, "mse")
    program = nnc.compile(narrow, backend="numpy")
    found = program.predict(x)
    assert found.dtype == numpy.float32
    numpy.testing.assert_allclose(found, expected, rtol=0, atol=rounding * abs(expected).max())
    if not MODELS[name].types and name != "own_layer_that_casts":  # whose constant is rounded when it is made
        numpy.testing.assert_allclose(found, wide(in_float32(keras, name, narrow)(x)), rtol=1e-5, atol=1e-6)
    if not MODELS[name].is_authors:
        for suffix in (".keras", ".h5"):
            narrow.save(tmp_path / f"model{suffix}")
            program_of_file = nnc.compile(tmp_path / f"model{suffix}", backend="numpy")
            numpy.testing.assert_array_equal(program_of_file.predict(x), found, err_msg=suffix)
    losses = [float(narrow.train_on_batch(x, y)) for _ in range(2)]
    history = program.fit(x, y, batch_size=len(x), epochs=2, shuffle=False, verbose=0)
    numpy.testing.assert_allclose(history.history["loss"], losses, rtol=rounding)


def test_both_backends_compute_in_float32(keras):
    narrow = made(keras, "own_layer", "mixed_bfloat16")
    x = MODELS["own_layer"].rows(numpy.random.default_rng(2))
    expected = wide(in_float32(keras, "own_layer", narrow)(x))
    for backend in ("numpy", "c"):
        with pytest.warns(UserWarning, match="layers of dtype mixed_bfloat16 are computed in float32"):
            program = nnc.compile(narrow, backend=backend)
        numpy.testing.assert_allclose(program.predict(x), expected, rtol=1e-5, atol=1e-6, err_msg=backend)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("source", ["live", ".keras", ".h5"])
@pytest.mark.slow
def test_the_optimizer_in_one_with_a_loss_scale_goes_on(source, keras, tmp_path):
    narrow = made(keras, "softmax_classes", "mixed_float16")
    x = MODELS["softmax_classes"].rows(numpy.random.default_rng(2))
    y = numpy.eye(3, dtype="float32")[[0, 1, 2, 0]]
    narrow.compile(keras.optimizers.Adam(0.1), "categorical_crossentropy")
    assert type(narrow.optimizer).__name__ == "LossScaleOptimizer"
    for _ in range(3):
        narrow.train_on_batch(x, y)
    program = nnc.compile(narrow if source == "live" else save(narrow, tmp_path / f"model{source}"), backend="numpy")
    losses = [float(narrow.train_on_batch(x, y)) for _ in range(3)]
    history = program.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    numpy.testing.assert_allclose(history.history["loss"], losses, rtol=0.01)  # started afresh, it is 20 times that


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("source", ["live", ".keras", ".h5"])
def test_state_in_a_narrow_type_comes_along(source, keras, tmp_path):
    narrow = made(keras, "softmax_classes", "bfloat16")
    x = MODELS["softmax_classes"].rows(numpy.random.default_rng(2))
    narrow.compile(keras.optimizers.SGD(0.5, momentum=0.5), "mse")
    for _ in range(3):
        narrow.train_on_batch(x, numpy.eye(3, dtype="float32")[[0, 1, 2, 0]])
    model = read_model(narrow if source == "live" else save(narrow, tmp_path / f"model{source}"))
    states = model.optimizer.export_variables(model.program.spec.variables, model.program.states)
    momenta = [wide(variable) for variable in narrow.optimizer.variables if variable.shape.rank]
    assert len(momenta) == 4
    for found, expected in zip([state for state in states if state.ndim], momenta, strict=True):
        numpy.testing.assert_array_equal(found, expected)
        assert found.dtype == numpy.float32 and found.any()


def test_layers_of_an_author_alone_are_said_to_be_computed_in_float32(keras):
    class Own(keras.layers.Layer):
        def call(self, x):
            return keras.ops.tanh(x)

    inputs = keras.Input((3,))
    with pytest.warns(UserWarning, match="layers of dtype mixed_float16 are computed in float32"):
        nnc.compile(keras.Model(inputs, Own(dtype="mixed_float16")(inputs)))


def save(model, path):
    model.save(path)
    return path


@pytest.mark.parametrize("operation", ["SaturateCast", "View"])
@pytest.mark.parametrize("is_authors", [False, True])
def test_operations_on_the_bits_of_a_narrow_type_are_refused(operation, is_authors, keras):
    function = {"SaturateCast": keras.ops.saturate_cast, "View": keras.ops.view}[operation]

    class Own(keras.layers.Layer):
        def call(self, x):
            return function(keras.ops.cast(x, "float16"), "float16")

    inputs = keras.Input((3,))
    outputs = Own()(inputs) if is_authors else function(keras.ops.cast(inputs, "float16"), "float16")
    with pytest.raises(NncError, match=f"{operation} to float16 depends on its limits or bits"):
        nnc.compile(keras.Model(inputs, outputs))


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "uint32"])
def test_inputs_of_other_whole_numbers_are_refused(dtype, keras):
    class Own(keras.layers.Layer):
        def call(self, x):
            return keras.ops.cast(x + x, "float32")  # which wraps around in 8 bits

    inputs = keras.Input((3,), dtype=dtype)
    with pytest.raises(NncError, match=f"dtype must be .* got '{dtype}'"):
        nnc.compile(keras.Model(inputs, Own()(inputs)))
